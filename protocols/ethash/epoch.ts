/** Sizes and seeds of ethash by epoch (Yellow Paper, appendix J; the values are listed on ethereum/wiki, "Ethash"). */
import { keccak256 } from '../keccak256.ts'

/** Blocks of one epoch. */
export const EPOCH_BLOCKS = 30_000n
/** Beyond it the cache passes 2 GiB; the last epoch that go-ethereum lists is 2,047. */
export const EPOCH_MAX = 16_000

const CACHE_BYTES_INIT = 2 ** 24
const CACHE_BYTES_GROWTH = 2 ** 17
const DATASET_BYTES_INIT = 2 ** 30
const DATASET_BYTES_GROWTH = 2 ** 23
const HASH_BYTES = 64
const MIX_BYTES = 128

/** Epoch of a block. */
export const epochOf = (blockNumber: bigint): number => Number(blockNumber / EPOCH_BLOCKS)

/** Bytes of the cache of an epoch. */
export const cacheSize = (epoch: number): number =>
  primeMultiple(CACHE_BYTES_INIT + CACHE_BYTES_GROWTH * checked(epoch), HASH_BYTES)

/** Bytes of the dataset of an epoch. */
export const datasetSize = (epoch: number): number =>
  primeMultiple(DATASET_BYTES_INIT + DATASET_BYTES_GROWTH * checked(epoch), MIX_BYTES)

/** Seed of an epoch's cache: 32 zero bytes, hashed once per epoch. */
export function seedHash(epoch: number): Uint8Array {
  let at = checked(epoch)
  for (const seed of seedHashes()) if (at-- === 0) return seed
  throw new Error('unreachable: there are as many seeds as epochs')
}

/** Seeds of all epochs, the first first. */
export function* seedHashes(): Generator<Uint8Array> {
  let seed: Uint8Array = new Uint8Array(32)
  for (let epoch = 0; epoch <= EPOCH_MAX; epoch++) {
    yield seed
    seed = keccak256(seed)
  }
}

/** The largest prime multiple of `unit` below `bytes`, an even multiple of it, by odd steps. */
function primeMultiple(bytes: number, unit: number): number {
  let count = bytes / unit - 1
  while (!isPrime(count)) count -= 2
  return count * unit
}

/** Of an odd number above 2. */
function isPrime(odd: number): boolean {
  for (let divisor = 3; divisor * divisor <= odd; divisor += 2) if (odd % divisor === 0) return false
  return true
}

function checked(epoch: number): number {
  if (!Number.isInteger(epoch) || epoch < 0 || epoch > EPOCH_MAX) throw new RangeError(`epoch ${epoch}`)
  return epoch
}
