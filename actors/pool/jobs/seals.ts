/** Ethash: caches are made, and seals checked against them. A thread keeps the caches that it used last. */
import { type EthashCache, makeCache, openCache } from '../../../protocols/ethash/cache.ts'
import { checkSeal } from '../../../protocols/ethash/seal.ts'
import { checkSeals } from '../../../protocols/ethash/seal-rows.ts'
import { keccak256 } from '../../../protocols/keccak256.ts'
import { moving } from '../../../runtime/moving.ts'

/** A cache that all threads read, of `cacheSize(epoch)` bytes. Whoever makes it writes; nobody writes after that. */
export type SharedCache = { readonly epoch: number; readonly shared: SharedArrayBuffer }
export type SealRows = SharedCache & { readonly rows: Uint8Array }

/** Caches in the memory of one thread, each of 16 MB and more: of the epoch at hand and of the one beside it. */
const KEPT_MAX = 2
/** The last used first. */
const kept: EthashCache[] = []

/** Rows of `protocols/ethash/seal-rows.ts`, all of the cache's epoch → verdicts. */
export function verifySeals({ epoch, shared, rows }: SealRows): Uint8Array {
  const cache = keep(kept.find((one) => one.epoch === epoch) ?? openCache(epoch, new Uint8Array(shared), oldest()))
  const verdicts = checkSeals(rows, (seal) => checkSeal(seal, cache))
  return moving(verdicts, [verdicts.buffer as ArrayBuffer])
}

/** Computes the cache of an epoch into the shared memory. @returns the keccak256 of it */
export function makeSharedCache({ epoch, shared }: SharedCache): Uint8Array {
  const cache = keep(makeCache(epoch, oldest()))
  new Uint8Array(shared).set(cache.bytes)
  return keccak256(cache.bytes)
}

/** keccak256 of what came from a disk. */
export const digestOfCache = ({ shared }: SharedCache): Uint8Array => keccak256(new Uint8Array(shared))

/** The cache that gives its memory to another; undefined while there is room for one more. */
const oldest = (): EthashCache | undefined => (kept.length < KEPT_MAX ? undefined : kept.pop())

function keep(cache: EthashCache): EthashCache {
  const at = kept.indexOf(cache)
  if (at >= 0) kept.splice(at, 1)
  kept.unshift(cache)
  return cache
}
