/** Writes era1 files piece by piece: the pieces, in order, are the file. */

import { headerHash } from '../header.ts'
import { bytesToBareHex } from '../hex.ts'
import { accumulator, ERA1_BLOCKS_MAX, uint256LittleEndian } from './accumulator.ts'
import { encodeBlockIndex } from './block-index.ts'
import { encodeE2Entry } from './e2store.ts'
import {
  ERA1_ACCUMULATOR,
  ERA1_BODY,
  ERA1_HEADER,
  ERA1_RECEIPTS,
  ERA1_TOTAL_DIFFICULTY,
  ERA1_VERSION,
} from './entry-types.ts'
import type { Era1Block } from './reader.ts'
import { deflateFrames } from './snappy-frame.ts'

export type Era1Writer = {
  /** Entries of the next block, which must follow the one before; at most 8,192 blocks. */
  add(block: Omit<Era1Block, 'hash'>): readonly Uint8Array[]
  /** Accumulator and index, after at least one block. */
  finish(): { readonly pieces: readonly Uint8Array[]; readonly accumulatorRoot: Uint8Array }
}

export function era1Writer(): Era1Writer {
  const records = accumulator()
  const offsets: number[] = []
  let firstNumber = 0n
  let written = 0
  const counted = (pieces: Uint8Array[]): Uint8Array[] => {
    for (const piece of pieces) written += piece.length
    return pieces
  }
  return {
    add(block) {
      if (offsets.length === ERA1_BLOCKS_MAX) throw new Error('an era1 file holds 8,192 blocks')
      const pieces = offsets.length === 0 ? counted([encodeE2Entry(ERA1_VERSION, new Uint8Array(0))]) : []
      if (offsets.length === 0) firstNumber = block.number
      else if (block.number !== firstNumber + BigInt(offsets.length)) throw new Error(`gap before ${block.number}`)
      offsets.push(written)
      records.add(headerHash(block.headerBytes), block.totalDifficulty)
      const entries = counted([
        encodeE2Entry(ERA1_HEADER, deflateFrames(block.headerBytes)),
        encodeE2Entry(ERA1_BODY, deflateFrames(block.bodyBytes)),
        encodeE2Entry(ERA1_RECEIPTS, deflateFrames(block.receiptsBytes)),
        encodeE2Entry(ERA1_TOTAL_DIFFICULTY, uint256LittleEndian(block.totalDifficulty)),
      ])
      return [...pieces, ...entries]
    },
    finish() {
      if (offsets.length === 0) throw new Error('an era1 file holds at least one block')
      const accumulatorRoot = records.root()
      const pieces = counted([encodeE2Entry(ERA1_ACCUMULATOR, accumulatorRoot)])
      pieces.push(encodeBlockIndex({ firstNumber, offsets }, written))
      return { pieces, accumulatorRoot }
    },
  }
}

/** `<network>-<epoch>-<first 4 bytes of the accumulator>.era1` */
export const era1FileName = (network: string, epoch: number, accumulatorRoot: Uint8Array): string =>
  `${network}-${String(epoch).padStart(5, '0')}-${bytesToBareHex(accumulatorRoot.subarray(0, 4))}.era1`
