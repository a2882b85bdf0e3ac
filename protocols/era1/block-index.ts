/** Block index, the last entry of an era1 file: `first number ‖ offset per block ‖ count`, all 8 bytes little-endian. */
import type { Result } from '../result.ts'
import { err, ok } from '../result.ts'
import { ERA1_BLOCKS_MAX } from './accumulator.ts'
import { E2STORE_HEADER_BYTES, encodeE2Entry } from './e2store.ts'
import { ERA1_BLOCK_INDEX } from './entry-types.ts'

export type BlockIndex = {
  readonly firstNumber: bigint
  /** Of each block's header entry, from the start of the file. */
  readonly offsets: readonly number[]
}
export type BlockIndexError = { readonly code: 'ERA1_INDEX'; readonly offset: number }

const WORD = 8

/** The value of the index entry that begins at `entryOffset` of the file. */
export function decodeBlockIndex(value: Uint8Array, entryOffset: number): Result<BlockIndex, BlockIndexError> {
  const refused = err({ code: 'ERA1_INDEX', offset: entryOffset } as const)
  if (value.length < 2 * WORD || value.length % WORD !== 0) return refused
  const view = new DataView(value.buffer, value.byteOffset, value.length)
  const count = view.getBigUint64(value.length - WORD, true)
  if (count > BigInt(ERA1_BLOCKS_MAX) || value.length !== (Number(count) + 2) * WORD) return refused
  const offsets: number[] = []
  for (let i = 1; i <= Number(count); i++) {
    const offset = entryOffset + Number(view.getBigInt64(i * WORD, true))
    if (offset < 0 || offset >= entryOffset) return refused
    offsets.push(offset)
  }
  return ok({ firstNumber: view.getBigUint64(0, true), offsets })
}

export function encodeBlockIndex(index: BlockIndex, entryOffset: number): Uint8Array {
  const value = new Uint8Array((index.offsets.length + 2) * WORD)
  const view = new DataView(value.buffer)
  view.setBigUint64(0, index.firstNumber, true)
  for (const [i, offset] of index.offsets.entries())
    view.setBigInt64((i + 1) * WORD, BigInt(offset - entryOffset), true)
  view.setBigUint64(value.length - WORD, BigInt(index.offsets.length), true)
  return encodeE2Entry(ERA1_BLOCK_INDEX, value)
}

/**
 * Where the index entry of a file of `fileBytes` begins, from the file's last 8 bytes: what random access reads first.
 * `decodeBlockIndex` then takes the entry's value, from 8 bytes behind that offset to the end of the file.
 */
export function blockIndexOffset(lastWord: Uint8Array, fileBytes: number): Result<number, BlockIndexError> {
  const refused = err({ code: 'ERA1_INDEX', offset: Math.max(0, fileBytes - WORD) } as const)
  if (lastWord.length !== WORD) return refused
  const count = new DataView(lastWord.buffer, lastWord.byteOffset, WORD).getBigUint64(0, true)
  if (count > BigInt(ERA1_BLOCKS_MAX)) return refused
  const offset = fileBytes - E2STORE_HEADER_BYTES - (Number(count) + 2) * WORD
  return offset < 0 ? refused : ok(offset)
}
