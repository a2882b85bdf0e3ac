/** A file of concatenated block encodings, as `geth export` writes it: a push parser over chunks of any size. */
import { type BlockEncodingError, bodyOfParts, splitBlock } from './block.ts'
import { headerHash, headerNumber } from './header.ts'
import { err, ok, type Result } from './result.ts'

/** Bytes of one block that are taken before it is refused: eight times what EIP-7934 allows. */
export const STREAM_BLOCK_BYTES_MAX = 64 * 1024 * 1024

export type StreamedBlock = {
  readonly number: bigint
  readonly hash: Uint8Array
  readonly headerBytes: Uint8Array
  readonly bodyBytes: Uint8Array
}
/** `offset`: of the offending block, from the start of the file. */
export type BlockStreamError =
  | { readonly code: 'STREAM_NOT_A_LIST'; readonly offset: number }
  | { readonly code: 'STREAM_BLOCK_SIZE'; readonly offset: number; readonly bytes: number }
  | { readonly code: 'STREAM_BLOCK'; readonly offset: number; readonly cause: BlockEncodingError }
  | { readonly code: 'STREAM_TRUNCATED'; readonly offset: number } // ends within a block

export function blockStream() {
  let pending: Uint8Array = new Uint8Array(0)
  /** Of the first byte of `pending`. */
  let offset = 0
  /** Whole blocks of what is pending. A fault waits until the blocks before it have been answered. */
  function take(): Result<readonly StreamedBlock[], BlockStreamError> {
    const blocks: StreamedBlock[] = []
    let at = 0
    let fault: BlockStreamError | undefined
    while (at < pending.length) {
      const size = listSize(pending, at)
      if (size === 'unknown') break
      if (size === 'not a list') fault = { code: 'STREAM_NOT_A_LIST', offset: offset + at }
      else if (size > STREAM_BLOCK_BYTES_MAX) fault = { code: 'STREAM_BLOCK_SIZE', offset: offset + at, bytes: size }
      if (fault !== undefined || size === 'not a list' || at + size > pending.length) break
      const block = streamed(pending.subarray(at, at + size))
      if (!block.ok) {
        fault = { code: 'STREAM_BLOCK', offset: offset + at, cause: block.error }
        break
      }
      blocks.push(block.value)
      at += size
    }
    pending = pending.subarray(at)
    offset += at
    return fault !== undefined && blocks.length === 0 ? err(fault) : ok(blocks)
  }

  return {
    push(chunk: Uint8Array): Result<readonly StreamedBlock[], BlockStreamError> {
      pending = joined(pending, chunk)
      return take()
    },
    /** After the last chunk. */
    end(): Result<void, BlockStreamError> {
      const left = take()
      if (!left.ok) return left
      return pending.length === 0 ? ok(undefined) : err({ code: 'STREAM_TRUNCATED', offset })
    },
  }
}

function streamed(bytes: Uint8Array): Result<StreamedBlock, BlockEncodingError> {
  const parts = splitBlock(bytes)
  if (!parts.ok) return parts
  const { header: headerBytes } = parts.value
  const number = headerNumber(headerBytes)
  if (!number.ok) return number
  return ok({ number: number.value, hash: headerHash(headerBytes), headerBytes, bodyBytes: bodyOfParts(parts.value) })
}

/** Bytes of the list that begins at `at`, its prefix included (Yellow Paper, appendix B). */
function listSize(bytes: Uint8Array, at: number): number | 'unknown' | 'not a list' {
  const prefix = bytes[at] as number
  if (prefix < 0xc0) return 'not a list'
  if (prefix <= 0xf7) return 1 + prefix - 0xc0
  const lengthBytes = prefix - 0xf7
  if (at + 1 + lengthBytes > bytes.length) return 'unknown'
  let length = 0
  for (let i = 0; i < lengthBytes; i++) length = length * 256 + (bytes[at + 1 + i] as number)
  return 1 + lengthBytes + length
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second
  const bytes = new Uint8Array(first.length + second.length)
  bytes.set(first)
  bytes.set(second, first.length)
  return bytes
}
