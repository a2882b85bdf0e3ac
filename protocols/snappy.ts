/**
 * Snappy block format (google/snappy, format_description.txt). Both ways are our own: `snappyjs` takes truncated streams
 * for whole ones, runs backwards over literals of 2 GiB, and compresses at a fifth of the speed of a kernel.
 */
import { startKernel } from './kernels/compiled-kernel.ts'
import { snappyKernel, snappyKernelPasses } from './kernels/snappy-kernel.ts'
import type { Result } from './result.ts'
import { err, ok } from './result.ts'

export type SnappyError = {
  readonly code: 'SNAPPY_LENGTH' | 'SNAPPY_TOO_LARGE' | 'SNAPPY_DAMAGED'
  /** Into the compressed bytes. */
  readonly offset: number
}

/** Bytes that `compressed` stands for; refused, before anything is allocated, when they are more than `bytesMax`. */
export function inflateSnappy(compressed: Uint8Array, bytesMax: number): Result<Uint8Array, SnappyError> {
  let at = 0
  let length = 0
  for (let scale = 1; ; scale *= 128) {
    const byte = compressed[at++]
    if (byte === undefined || at > LENGTH_BYTES_MAX) return err({ code: 'SNAPPY_LENGTH', offset: 0 })
    length += (byte & 0x7f) * scale
    if (byte < 0x80) break
  }
  if (length > bytesMax) return err({ code: 'SNAPPY_TOO_LARGE', offset: 0 })
  // A length that cannot come true takes no memory.
  if (length > EXPANSION_MAX * (compressed.length - at)) return damaged(0)
  const out = new Uint8Array(length)
  let written = 0
  while (at < compressed.length) {
    const tagAt = at
    const tag = compressed[at++]!
    let size = (tag >>> 2) + 1
    const kind = tag & 3
    if (kind === LITERAL) {
      if (size > LITERAL_INLINE_MAX) {
        const sizeBytes = size - LITERAL_INLINE_MAX
        if (at + sizeBytes > compressed.length) return damaged(tagAt)
        size = littleEndian(compressed, at, sizeBytes) + 1
        at += sizeBytes
      }
      if (size > compressed.length - at || size > length - written) return damaged(tagAt)
      out.set(compressed.subarray(at, at + size), written)
      at += size
      written += size
      continue
    }
    const offsetBytes = kind === 3 ? 4 : kind
    if (at + offsetBytes > compressed.length) return damaged(tagAt)
    let distance = littleEndian(compressed, at, offsetBytes)
    at += offsetBytes
    if (kind === 1) {
      size = ((tag >>> 2) & 7) + 4
      distance += (tag >>> 5) << 8
    }
    if (distance === 0 || distance > written || size > length - written) return damaged(tagAt)
    // Byte by byte: a copy may overlap what it writes.
    for (let end = written + size; written < end; written++) out[written] = out[written - distance]!
  }
  return written === length ? ok(out) : damaged(at)
}

/** A compressed form of `bytes`, in a buffer of its own. */
export const deflateSnappy: (bytes: Uint8Array) => Uint8Array = (
  await startKernel('snappy', snappyKernel, snappyKernelPasses)
).deflate

/** A copy of 3 bytes stands for 64 at most; no element makes more of its bytes. */
const EXPANSION_MAX = 64 / 3
const LITERAL = 0
/** Bytes of the length in front, a 32-bit varint. */
const LENGTH_BYTES_MAX = 5
/** Longer literals have their size behind the tag. */
const LITERAL_INLINE_MAX = 60

const damaged = (offset: number) => err({ code: 'SNAPPY_DAMAGED', offset } as const)

function littleEndian(bytes: Uint8Array, at: number, count: number): number {
  let value = 0
  for (let i = count - 1; i >= 0; i--) value = value * 256 + bytes[at + i]!
  return value
}
