/** Blocks of a file whose format is found by its first bytes. */
import type { BatchedBlock } from '../../protocols/block-batch.ts'
import { type BlockStreamError, blockStream } from '../../protocols/block-stream.ts'
import { ERA1_VERSION } from '../../protocols/era1/entry-types.ts'
import { type Era1Error, era1Parser } from '../../protocols/era1/reader.ts'
import { ok, type Result } from '../../protocols/result.ts'

export type SourceBlock = BatchedBlock & { readonly number: bigint }
export type BlockSourceError = Era1Error | BlockStreamError

/** A push parser over chunks of any size. */
export type BlockSource = {
  readonly format: 'era1' | 'rlp'
  push(chunk: Uint8Array): Result<readonly SourceBlock[], BlockSourceError>
  /** After the last chunk; for era1 this vouches for accumulator and index. */
  end(): Result<void, BlockSourceError>
}

/** @param first the first bytes of the file, at least 2 unless it is shorter. An RLP list begins with 0xc0 or more. */
export function blockSource(first: Uint8Array): BlockSource {
  return first.length >= 2 && (first[0]! | (first[1]! << 8)) === ERA1_VERSION ? era1Source() : rlpSource()
}

function era1Source(): BlockSource {
  const parser = era1Parser()
  return {
    format: 'era1',
    push: (chunk) => parser.push(chunk),
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
