/**
 * era1: blocks of one epoch before the merge. A push parser: it is fed the file in order, in chunks of any size, and
 * answers the blocks that each chunk completes. It holds one unfinished block and an offset per block (at most 8,192),
 * however long the file; who feeds it decides how much is read ahead.
 */
import { bytesEqual } from '../bytes.ts'
import type { HeaderEncodingError } from '../header.ts'
import { decodeHeader, headerHash } from '../header.ts'
import type { Result } from '../result.ts'
import { err, ok } from '../result.ts'
import { rlpItemAt } from '../rlp.ts'
import { accumulator, ERA1_BLOCKS_MAX, littleEndianToUint } from './accumulator.ts'
import type { BlockIndexError } from './block-index.ts'
import { decodeBlockIndex } from './block-index.ts'
import type { E2Entry, E2StoreError } from './e2store.ts'
import { E2STORE_VALUE_MAX, e2storeParser } from './e2store.ts'
import {
  ERA1_ACCUMULATOR,
  ERA1_BLOCK_INDEX,
  ERA1_BODY,
  ERA1_HEADER,
  ERA1_RECEIPTS,
  ERA1_TOTAL_DIFFICULTY,
  ERA1_VERSION,
} from './entry-types.ts'
import type { SnappyFrameError } from './snappy-frame.ts'
import { inflateFrames } from './snappy-frame.ts'

export type Era1Block = {
  readonly number: bigint
  readonly hash: Uint8Array
  readonly headerBytes: Uint8Array
  readonly bodyBytes: Uint8Array
  /** The block's list of receipts, in consensus form with bloom. */
  readonly receiptsBytes: Uint8Array
  /** Sum of difficulties up to and including this block. */
  readonly totalDifficulty: bigint
}
export type Era1Summary = {
  readonly firstNumber: bigint
  readonly count: number
  readonly accumulatorRoot: Uint8Array
}
/** `offset`: of the offending entry, from the start of the file. */
export type Era1Error =
  | E2StoreError
  | BlockIndexError
  | { readonly code: 'ERA1_VERSION'; readonly offset: number } // the first entry is no version, or not an empty one
  | { readonly code: 'ERA1_ORDER'; readonly offset: number; readonly type: number } // another entry is due
  | { readonly code: 'ERA1_TOO_MANY_BLOCKS'; readonly offset: number }
  | { readonly code: 'ERA1_COMPRESSION'; readonly offset: number; readonly cause: SnappyFrameError }
  | { readonly code: 'ERA1_HEADER'; readonly offset: number; readonly cause: HeaderEncodingError }
  | { readonly code: 'ERA1_LIST'; readonly offset: number } // a body or receipts that are not one whole list
  | { readonly code: 'ERA1_CHAIN'; readonly offset: number } // number, parent hash or total difficulty do not follow
  | { readonly code: 'ERA1_VALUE_LENGTH'; readonly offset: number }
  | { readonly code: 'ERA1_ACCUMULATOR'; readonly offset: number; readonly computed: Uint8Array }
  | { readonly code: 'ERA1_INDEX_MISMATCH'; readonly offset: number }
  | { readonly code: 'ERA1_TRUNCATED'; readonly offset: number } // ends before the index

export type Era1Parser = {
  /** Blocks that `chunk` completes, in order. Their accumulator is not checked yet: only `end` vouches for them. */
  push(chunk: Uint8Array): Result<readonly Era1Block[], Era1Error>
  /** After the last chunk. */
  end(): Result<Era1Summary, Era1Error>
}

/** Due next. A block's first entry may also be the accumulator, after which only the index comes. */
type Due = 'version' | 'header' | 'body' | 'receipts' | 'totalDifficulty' | 'index' | 'nothing'

export function era1Parser(): Era1Parser {
  const entries = e2storeParser()
  const records = accumulator()
  const offsets: number[] = []
  let due: Due = 'version'
  let failed: Era1Error | undefined
  let firstNumber = 0n
  let root: Uint8Array = new Uint8Array(32)
  let header: { bytes: Uint8Array; hash: Uint8Array; number: bigint; difficulty: bigint } | undefined
  let body: Uint8Array | undefined
  let receipts: Uint8Array | undefined
  let last: Pick<Era1Block, 'hash' | 'number' | 'totalDifficulty'> | undefined

  function take(entry: E2Entry, blocks: Era1Block[]): Era1Error | undefined {
    const { offset, type, value } = entry
    const misplaced = { code: 'ERA1_ORDER', offset, type } as const
    switch (due) {
      case 'version':
        if (type !== ERA1_VERSION || value.length !== 0) return { code: 'ERA1_VERSION', offset }
        due = 'header'
        return undefined
      case 'header':
        if (type === ERA1_ACCUMULATOR && offsets.length > 0) return takeAccumulator(entry)
        return type === ERA1_HEADER ? takeHeader(entry) : misplaced
      case 'body':
        if (type !== ERA1_BODY) return misplaced
        due = 'receipts'
        return inflate(entry, (list) => {
          body = list
        })
      case 'receipts':
        if (type !== ERA1_RECEIPTS) return misplaced
        due = 'totalDifficulty'
        return inflate(entry, (list) => {
          receipts = list
        })
      case 'totalDifficulty':
        return type === ERA1_TOTAL_DIFFICULTY ? takeTotalDifficulty(entry, blocks) : misplaced
      case 'index':
        return type === ERA1_BLOCK_INDEX ? takeIndex(entry) : misplaced
      case 'nothing':
        return misplaced
    }
  }

  function inflate({ offset, value }: E2Entry, keep: (list: Uint8Array) => void): Era1Error | undefined {
    const inflated = inflateFrames(value, E2STORE_VALUE_MAX)
    if (!inflated.ok) return { code: 'ERA1_COMPRESSION', offset, cause: inflated.error }
    // A chunk whose type was damaged into one that may be passed over leaves a shorter payload.
    const list = rlpItemAt(inflated.value, 0)
    if (!list.ok || !list.value.isList || list.value.end !== inflated.value.length) return { code: 'ERA1_LIST', offset }
    keep(inflated.value)
    return undefined
  }

  function takeHeader({ offset, value }: E2Entry): Era1Error | undefined {
    if (offsets.length === ERA1_BLOCKS_MAX) return { code: 'ERA1_TOO_MANY_BLOCKS', offset }
    const bytes = inflateFrames(value, E2STORE_VALUE_MAX)
    if (!bytes.ok) return { code: 'ERA1_COMPRESSION', offset, cause: bytes.error }
    const decoded = decodeHeader(bytes.value)
    if (!decoded.ok) return { code: 'ERA1_HEADER', offset, cause: decoded.error }
    const { number, difficulty, parentHash } = decoded.value
    if (last !== undefined && (number !== last.number + 1n || !bytesEqual(parentHash, last.hash)))
      return { code: 'ERA1_CHAIN', offset }
    if (last === undefined) firstNumber = number
    header = { bytes: bytes.value, hash: headerHash(bytes.value), number, difficulty }
    offsets.push(offset)
    due = 'body'
    return undefined
  }

  function takeTotalDifficulty({ offset, value }: E2Entry, blocks: Era1Block[]): Era1Error | undefined {
    if (value.length !== 32) return { code: 'ERA1_VALUE_LENGTH', offset }
    const { bytes, hash, number, difficulty } = header!
    const totalDifficulty = littleEndianToUint(value)
    const follows =
      last !== undefined
        ? totalDifficulty === last.totalDifficulty + difficulty
        : number === 0n
          ? totalDifficulty === difficulty
          : totalDifficulty > difficulty
    if (!follows) return { code: 'ERA1_CHAIN', offset }
    records.add(hash, totalDifficulty)
    last = { hash, number, totalDifficulty }
    blocks.push({ number, hash, headerBytes: bytes, bodyBytes: body!, receiptsBytes: receipts!, totalDifficulty })
    header = undefined
    body = undefined
    receipts = undefined
    due = 'header'
    return undefined
  }

  function takeAccumulator({ offset, value }: E2Entry): Era1Error | undefined {
    if (value.length !== 32) return { code: 'ERA1_VALUE_LENGTH', offset }
    root = records.root()
    if (!bytesEqual(root, value)) return { code: 'ERA1_ACCUMULATOR', offset, computed: root }
    due = 'index'
    return undefined
  }

  function takeIndex({ offset, value }: E2Entry): Era1Error | undefined {
    const index = decodeBlockIndex(value, offset)
    if (!index.ok) return index.error
    const { offsets: indexed, firstNumber: indexedFirst } = index.value
    const same = indexed.length === offsets.length && indexed.every((at, i) => at === offsets[i])
    if (!same || indexedFirst !== firstNumber) return { code: 'ERA1_INDEX_MISMATCH', offset }
    due = 'nothing'
    return undefined
  }

  return {
    push(chunk) {
      if (failed !== undefined) return err(failed)
      const cut = entries.push(chunk)
      const blocks: Era1Block[] = []
      if (!cut.ok) failed = cut.error
      else
        for (const entry of cut.value) {
          failed = take(entry, blocks)
          if (failed !== undefined) break
        }
      return failed === undefined ? ok(blocks) : err(failed)
    },
    end() {
      if (failed !== undefined) return err(failed)
      const complete = entries.end()
      if (!complete.ok) return complete
      if (due !== 'nothing') return err({ code: 'ERA1_TRUNCATED', offset: entries.offset() })
      return ok({ firstNumber, count: offsets.length, accumulatorRoot: root })
    },
  }
}
