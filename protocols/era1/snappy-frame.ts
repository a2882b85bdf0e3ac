/** Snappy framing format (google/snappy, framing_format.txt): chunks with a type, a length and a checksum. */
import { bytesEqual, concatBytes } from '../bytes.ts'
import { crc32c } from '../crc32c.ts'
import type { Result } from '../result.ts'
import { err, ok } from '../result.ts'
import type { SnappyError } from '../snappy.ts'
import { deflateSnappy, inflateSnappy } from '../snappy.ts'

export type SnappyFrameError =
  | { readonly code: 'FRAME_TRUNCATED'; readonly offset: number }
  | { readonly code: 'FRAME_NO_IDENTIFIER'; readonly offset: number } // the stream does not begin with one
  | { readonly code: 'FRAME_CHUNK_TYPE'; readonly offset: number; readonly type: number }
  | { readonly code: 'FRAME_CHUNK_SIZE'; readonly offset: number }
  | { readonly code: 'FRAME_CHECKSUM'; readonly offset: number }
  | { readonly code: 'FRAME_TOO_LARGE'; readonly offset: number; readonly bytesMax: number }
  | { readonly code: 'FRAME_SNAPPY'; readonly offset: number; readonly cause: SnappyError }

const COMPRESSED = 0x00
const PLAIN = 0x01
/** Types 0x02 to 0x7f must not be passed over, 0x80 to 0xfe may. */
const SKIPPABLE = 0x80
const IDENTIFIER_TYPE = 0xff
/** Chunk type, length 6 and "sNaPpY". */
const IDENTIFIER = Uint8Array.of(0xff, 6, 0, 0, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59)
const CHUNK_HEADER_BYTES = 4
const CHECKSUM_BYTES = 4
/** Bytes that one chunk stands for. */
export const FRAME_CHUNK_BYTES = 65_536

/** All bytes of the framed stream that fills `framed`; never more than `bytesMax`. Offsets in errors are into it. */
export function inflateFrames(framed: Uint8Array, bytesMax: number): Result<Uint8Array, SnappyFrameError> {
  if (framed.length < IDENTIFIER.length) return err({ code: 'FRAME_TRUNCATED', offset: framed.length })
  if (!bytesEqual(framed.subarray(0, IDENTIFIER.length), IDENTIFIER))
    return err({ code: 'FRAME_NO_IDENTIFIER', offset: 0 })
  const parts: Uint8Array[] = []
  let total = 0
  for (let offset = IDENTIFIER.length; offset < framed.length; ) {
    if (offset + CHUNK_HEADER_BYTES > framed.length) return err({ code: 'FRAME_TRUNCATED', offset })
    const type = framed[offset]!
    const size = framed[offset + 1]! | (framed[offset + 2]! << 8) | (framed[offset + 3]! << 16)
    const start = offset + CHUNK_HEADER_BYTES
    const end = start + size
    if (end > framed.length) return err({ code: 'FRAME_TRUNCATED', offset })
    if (type === COMPRESSED || type === PLAIN) {
      if (size < CHECKSUM_BYTES) return err({ code: 'FRAME_CHUNK_SIZE', offset })
      const payload = framed.subarray(start + CHECKSUM_BYTES, end)
      const bytes = type === PLAIN ? ok(payload) : inflateSnappy(payload, FRAME_CHUNK_BYTES)
      if (!bytes.ok) return err({ code: 'FRAME_SNAPPY', offset, cause: bytes.error })
      if (bytes.value.length > FRAME_CHUNK_BYTES) return err({ code: 'FRAME_CHUNK_SIZE', offset })
      total += bytes.value.length
      if (total > bytesMax) return err({ code: 'FRAME_TOO_LARGE', offset, bytesMax })
      if (maskedChecksum(bytes.value) !== readUint32(framed, start)) return err({ code: 'FRAME_CHECKSUM', offset })
      parts.push(bytes.value)
    } else if (type === IDENTIFIER_TYPE) {
      if (!bytesEqual(framed.subarray(offset, end), IDENTIFIER)) return err({ code: 'FRAME_NO_IDENTIFIER', offset })
    } else if (type < SKIPPABLE) return err({ code: 'FRAME_CHUNK_TYPE', offset, type })
    offset = end
  }
  return ok(parts.length === 1 ? parts[0]! : concatBytes(...parts))
}

/** `bytes` as a framed stream. A chunk that would shrink by less than an eighth stays plain, as in golang/snappy. */
export function deflateFrames(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [IDENTIFIER]
  for (let at = 0; at < bytes.length; at += FRAME_CHUNK_BYTES) {
    const plain = bytes.subarray(at, at + FRAME_CHUNK_BYTES)
    const compressed = deflateSnappy(plain)
    const shrinks = compressed.length < plain.length - (plain.length >>> 3)
    const payload = shrinks ? compressed : plain
    const size = CHECKSUM_BYTES + payload.length
    const checksum = maskedChecksum(plain)
    const head = Uint8Array.of(shrinks ? COMPRESSED : PLAIN, size, size >>> 8, size >>> 16)
    parts.push(head, Uint8Array.of(checksum, checksum >>> 8, checksum >>> 16, checksum >>> 24), payload)
  }
  return concatBytes(...parts)
}

/** CRC-32C rotated and offset, because a checksum of data that holds checksums is weak (framing_format.txt, 3). */
function maskedChecksum(bytes: Uint8Array): number {
  const crc = crc32c(bytes)
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

const readUint32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
