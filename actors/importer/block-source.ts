/** Blocks of a file whose format is found by its first bytes. */
import type { BatchedBlock } from '../../protocols/block-batch.ts'
import { type BlockStreamError, blockStream } from '../../protocols/block-stream.ts'
import { ERA1_VERSION } from '../../protocols/era1/entry-types.ts'
import { type Era1Error, era1Parser } from '../../protocols/era1/reader.ts'
import { ok, type Result } from '../../protocols/result.ts'

export type SourceBlock = BatchedBlock & { readonly number: bigint }
export type BlockSourceError = Era1Error | BlockStreamError

/** A push parser over chunks of any size. A fault is told after the blocks that stand before it. */
export type BlockSource = {
  readonly format: 'era1' | 'rlp'
  push(chunk: Uint8Array): Result<readonly SourceBlock[], BlockSourceError>
  /** After the last chunk; for era1 this vouches for accumulator and index. */
  end(): Result<void, BlockSourceError>
}

/** The parser answers for all that it is given at once: of what stands in one slice with a fault, nothing is imported. */
const ERA1_SLICE_BYTES = 1024

/** @param first the first bytes of the file, at least 2 unless it is shorter. An RLP list begins with 0xc0 or more. */
export function blockSource(first: Uint8Array): BlockSource {
  return first.length >= 2 && (first[0]! | (first[1]! << 8)) === ERA1_VERSION ? era1Source() : rlpSource()
}

function era1Source(): BlockSource {
  const parser = era1Parser()
  return {
    format: 'era1',
    push(chunk) {
      const blocks: SourceBlock[] = []
      for (let at = 0; at < chunk.length; at += ERA1_SLICE_BYTES) {
        const parsed = parser.push(chunk.subarray(at, at + ERA1_SLICE_BYTES))
        // The parser answers the same fault to what is pushed next.
        if (!parsed.ok) return blocks.length > 0 ? ok(blocks) : parsed
        blocks.push(...parsed.value)
      }
      return ok(blocks)
    },
    end() {
      const summary = parser.end()
      return summary.ok ? ok(undefined) : summary
    },
  }
}

function rlpSource(): BlockSource {
  const stream = blockStream()
  return {
    format: 'rlp',
    push(chunk) {
      const blocks = stream.push(chunk)
      return blocks.ok ? ok(blocks.value.map((block) => ({ ...block, totalDifficulty: undefined }))) : blocks
    },
    end: () => stream.end(),
  }
}
