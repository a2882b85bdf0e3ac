import { err, ok, type Result } from '../result.ts'
import { isJsonObject, type JsonValue } from './json.ts'
import { type Parameter, readBytes, readQuantity, shapeOf } from './parameters.ts'

export const BLOCK_TAGS = ['latest', 'earliest', 'pending', 'safe', 'finalized'] as const
export type BlockTag = (typeof BLOCK_TAGS)[number]

/** Which block a call reads (EIP-1898). */
export type BlockSelector =
  | { readonly by: 'tag'; readonly tag: BlockTag }
  | { readonly by: 'number'; readonly number: bigint }
  | { readonly by: 'hash'; readonly hash: Uint8Array; readonly requireCanonical: boolean }

export const LATEST: BlockSelector = { by: 'tag', tag: 'latest' }

/** A tag or a hex number up to 2^63 − 1 (geth rpc.BlockNumber). */
export const blockNumber: Parameter<BlockSelector> = { optional: false, read: readBlockNumber }
/** A tag, a number, a 32-byte hash, or the object form of EIP-1898 (geth rpc.BlockNumberOrHash). */
export const blockSelector: Parameter<BlockSelector> = { optional: false, read: readBlockSelector }

function readBlockSelector(value: JsonValue): Result<BlockSelector, string> {
  if (isJsonObject(value)) return readObject(value)
  if (typeof value === 'string' && value.length === HASH_TEXT_LENGTH) return readHash(value, false)
  return readBlockNumber(value)
}

/** `0x` and 64 digits. */
const HASH_TEXT_LENGTH = 66
const BLOCK_NUMBER_BITS = 63

function readBlockNumber(value: JsonValue): Result<BlockSelector, string> {
  if (typeof value !== 'string') return err(`cannot read ${shapeOf(value)} as a block number`)
  const tag = BLOCK_TAGS.find((name) => name === value)
  if (tag !== undefined) return ok({ by: 'tag', tag })
  const number = readQuantity(value, 64)
  if (!number.ok) return number
  if (number.value >> BigInt(BLOCK_NUMBER_BITS) !== 0n) return err('block number larger than int64')
  return ok({ by: 'number', number: number.value })
}

function readObject(value: { readonly [member: string]: JsonValue | undefined }): Result<BlockSelector, string> {
  const { blockNumber: number, blockHash: hash, requireCanonical } = value
  const hasNumber = number !== undefined && number !== null
  const hasHash = hash !== undefined && hash !== null
  if (hasNumber && hasHash) return err('cannot specify both blockHash and blockNumber, choose one or the other')
  if (hasNumber) return readBlockNumber(number)
  if (!hasHash) return err('needs blockHash or blockNumber')
  if (requireCanonical !== undefined && requireCanonical !== null && typeof requireCanonical !== 'boolean') {
    return err(`cannot read ${shapeOf(requireCanonical)} as requireCanonical`)
  }
  return readHash(hash, requireCanonical ?? false)
}

function readHash(value: JsonValue, requireCanonical: boolean): Result<BlockSelector, string> {
  const hash = readBytes(value, 32)
  return hash.ok ? ok({ by: 'hash', hash: hash.value, requireCanonical }) : hash
}
