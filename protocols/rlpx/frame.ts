/**
 * Frames (devp2p rlpx.md, "Framing"): `header(16) ‖ MAC(16) ‖ body, padded to 16 ‖ MAC(16)`, where the body is a message's
 * code and its payload. Header and body are encrypted by one key stream per direction, so no frame may be lost or reordered.
 */
import type { Result } from '../result.ts'
import { err, ok } from '../result.ts'
import type { RlpError } from '../rlp.ts'
import { encodeRlpString, rlpReader, takeUint, uintToBytes } from '../rlp.ts'
import { BLOCK_BYTES, type CipherStream } from './ciphers.ts'
import { type FrameMac, MAC_BYTES } from './frame-mac.ts'
import { tagsEqual } from './tag.ts'

/** Each is the end of the connection: the states of both ends cannot be brought together again. */
export type FrameError =
  | { readonly code: 'FRAME_HEADER_MAC' } // damaged, forged, repeated or out of order
  | { readonly code: 'FRAME_BODY_MAC' }
  | { readonly code: 'FRAME_SIZE'; readonly bytes: number; readonly bytesMax: number }
  | { readonly code: 'FRAME_CODE'; readonly cause: RlpError } // the body does not begin with an integer

export type Frame = {
  readonly code: number
  /** The reader's, and never looked at again by it. */
  readonly payload: Uint8Array
}

/** A size has 24 bits. */
export const FRAME_BYTES_MAX = 2 ** 24 - 1
/** The list [0, 0] and zeros: fields that nobody uses. */
const HEADER_REST = Uint8Array.of(0xc2, 0x80, 0x80)
const SIZE_BYTES = 3
const HEADER_BYTES = BLOCK_BYTES + MAC_BYTES
/** Codes end far below: 2^32 - 1. */
const CODE_BYTES_MAX = 4
/** Codes up to this one are their own encoding, except 0. */
const CODE_SHORT_MAX = 0x7f
const CODE_ZERO = 0x80

/** Frames one message. @returns what is to be sent, in a buffer of its own; refuses only what does not fit one frame */
export type FrameWriter = (code: number, payload: Uint8Array) => Result<Uint8Array, FrameError>

export function frameWriter(stream: CipherStream, mac: FrameMac): FrameWriter {
  return (code, payload) => {
    const long = code === 0 || code > CODE_SHORT_MAX ? encodedCode(code) : undefined
    const codeBytes = long?.length ?? 1
    const size = codeBytes + payload.length
    if (size > FRAME_BYTES_MAX) return err({ code: 'FRAME_SIZE', bytes: size, bytesMax: FRAME_BYTES_MAX })
    const bodyEnd = HEADER_BYTES + padded(size)
    const out = new Uint8Array(bodyEnd + MAC_BYTES)
    // The header is laid before the body, where its MAC will be: so both are encrypted by one call.
    out[BLOCK_BYTES] = size >>> 16
    out[BLOCK_BYTES + 1] = size >>> 8
    out[BLOCK_BYTES + 2] = size
    out.set(HEADER_REST, BLOCK_BYTES + SIZE_BYTES)
    if (long === undefined) out[HEADER_BYTES] = code
    else out.set(long, HEADER_BYTES)
    out.set(payload, HEADER_BYTES + codeBytes)
    const ciphertext = stream.next(out.subarray(BLOCK_BYTES, bodyEnd))
    const header = ciphertext.subarray(0, BLOCK_BYTES)
    const body = ciphertext.subarray(BLOCK_BYTES)
    out.set(header)
    out.set(mac.header(header), BLOCK_BYTES)
    out.set(body, HEADER_BYTES)
    out.set(mac.body(body), bodyEnd)
    return ok(out)
  }
}

export type FrameReader = {
  /** Takes what the stream brought, in pieces of any size; they are the reader's from now on. */
  feed(chunk: Uint8Array): void
  /** The next frame, undefined until more is fed. After a refusal there is only that refusal. */
  next(): Result<Frame | undefined, FrameError>
  /** From the next header on, frames with a larger body are refused. */
  limit(bytesMax: number): void
}

export function frameReader(stream: CipherStream, mac: FrameMac, bytesMaxAtFirst = FRAME_BYTES_MAX): FrameReader {
  let bytesMax = bytesMaxAtFirst
  /** What was fed and is not taken yet. */
  let input: Uint8Array = NOTHING
  /** The beginning of what is waited for, when it came in several pieces; `gathered` bytes of it are there. */
  let partial: Uint8Array | undefined
  let gathered = 0
  /** Of the frame whose header was read: undefined between frames. */
  let size: number | undefined
  let refusal: { readonly ok: false; readonly error: FrameError } | undefined

  /** The next `count` bytes in one piece, a view where they came in one, or undefined. */
  function take(count: number): Uint8Array | undefined {
    if (gathered === 0 && input.length >= count) {
      const taken = input.subarray(0, count)
      input = input.subarray(count)
      return taken
    }
    const more = Math.min(count - gathered, input.length)
    partial = withRoom(partial, gathered, gathered + more, count)
    partial.set(input.subarray(0, more), gathered)
    gathered += more
    input = input.subarray(more)
    if (gathered < count) {
      input = NOTHING // lets go of the piece that it was a part of
      return undefined
    }
    const taken = partial.subarray(0, count)
    partial = undefined
    gathered = 0
    return taken
  }

  function readFrame(): Result<Frame | undefined, FrameError> {
    if (size === undefined) {
      const header = take(HEADER_BYTES)
      if (header === undefined) return NOTHING_YET
      const ciphertext = header.subarray(0, BLOCK_BYTES)
      if (!tagsEqual(mac.header(ciphertext), header.subarray(BLOCK_BYTES))) return err({ code: 'FRAME_HEADER_MAC' })
      const plain = stream.next(ciphertext)
      const announced = plain[0]! * 0x10000 + plain[1]! * 0x100 + plain[2]!
      if (announced > bytesMax) return err({ code: 'FRAME_SIZE', bytes: announced, bytesMax })
      size = announced
    }
    const bodyBytes = padded(size)
    const rest = take(bodyBytes + MAC_BYTES)
    if (rest === undefined) return NOTHING_YET
    const ciphertext = rest.subarray(0, bodyBytes)
    if (!tagsEqual(mac.body(ciphertext), rest.subarray(bodyBytes))) return err({ code: 'FRAME_BODY_MAC' })
    const body = stream.next(ciphertext).subarray(0, size)
    size = undefined
    return splitCode(body)
  }

  return {
    feed(chunk) {
      if (input.length === 0) {
        input = chunk
        return
      }
      const joined = new Uint8Array(input.length + chunk.length)
      joined.set(input)
      joined.set(chunk, input.length)
      input = joined
    },
    next() {
      if (refusal !== undefined) return refusal
      const frame = readFrame()
      if (!frame.ok) refusal = frame
      return frame
    },
    limit(bytes) {
      bytesMax = bytes
    },
  }
}

const NOTHING = new Uint8Array(0)
const NOTHING_YET = ok(undefined)

/**
 * A piece of memory for up to this many bytes is taken at once. What is larger grows with what has come, so that a
 * header alone, which may announce 16 MiB, costs the one who sent it as much as us.
 */
const AT_ONCE_BYTES_MAX = 256 * 1024

/** `partial`, or a larger copy of its first `used` bytes, with room for `needed` bytes of the `wanted` ones. */
function withRoom(partial: Uint8Array | undefined, used: number, needed: number, wanted: number): Uint8Array {
  if (partial !== undefined && partial.length >= needed) return partial
  const larger = new Uint8Array(Math.min(wanted, Math.max(AT_ONCE_BYTES_MAX, 2 * needed)))
  if (partial !== undefined) larger.set(partial.subarray(0, used))
  return larger
}

const padded = (size: number): number => (size + BLOCK_BYTES - 1) & -BLOCK_BYTES

/** RLP of an integer, for those that are not one byte of their own value. */
const encodedCode = (code: number): Uint8Array => encodeRlpString(uintToBytes(BigInt(code)))

function splitCode(body: Uint8Array): Result<Frame, FrameError> {
  const first = body[0]
  if (first !== undefined && first !== 0 && first <= CODE_ZERO)
    return ok({ code: first === CODE_ZERO ? 0 : first, payload: body.subarray(1) })
  const reader = rlpReader(body)
  const code = Number(takeUint(reader, CODE_BYTES_MAX))
  if (reader.error !== undefined) return err({ code: 'FRAME_CODE', cause: reader.error })
  return ok({ code, payload: body.subarray(reader.offset) })
}
