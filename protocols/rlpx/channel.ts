/**
 * The encrypted channel of a session after its handshake: messages into bytes for the socket and back, compressed once both
 * ends have said Hello (EIP-706).
 */
import { keccak256Stream } from '../keccak256.ts'
import type { Result } from '../result.ts'
import { err, ok } from '../result.ts'
import { deflateSnappy, inflateSnappy, type SnappyError } from '../snappy.ts'
import { BLOCK_BYTES, type Ciphers } from './ciphers.ts'
import { FRAME_BYTES_MAX, type FrameError, frameReader, frameWriter } from './frame.ts'
import { frameMac } from './frame-mac.ts'
import type { Secrets } from './secrets.ts'

export type ChannelError =
  | FrameError
  | SnappyError
  | { readonly code: 'MESSAGE_SIZE'; readonly bytes: number; readonly bytesMax: number } // ours, too large to be sent

export type Message = {
  readonly code: number
  /** The receiver's. */
  readonly payload: Uint8Array
  /** Of the payload as it was sent, compressed or not. */
  readonly wireBytes: number
}

export type Channel = {
  /** Takes what the socket brought, in pieces of any size; they are the channel's from now on. */
  feed(chunk: Uint8Array): void
  /** The next message, undefined until more is fed. After a refusal there is only that refusal: the connection is over. */
  next(): Result<Message | undefined, ChannelError>
  /** @returns bytes for the socket, to be sent in this order: what was written and is not sent ends the connection. */
  write(code: number, payload: Uint8Array): Result<Uint8Array, ChannelError>
  /**
   * The other end's Hello was read: from now on messages may be long, and are compressed if its version of the base protocol is
   * 5 or later. Only our own first message, which is Hello or the Disconnect in its place, never is.
   */
  helloReceived(version: number): void
}

/** Bytes of a payload, plain: geth's limit of 24 bits. */
export const MESSAGE_BYTES_MAX = 2 ** 24 - 1
/** From this version of the base protocol on, payloads are compressed (EIP-706). */
export const SNAPPY_VERSION = 5
/** A frame before Hello: geth's limit for messages of the base protocol, and the code. */
export const HELLO_FRAME_BYTES_MAX = 2048 + 1

/** @param secrets of a handshake that was completed */
export function rlpxChannel(ciphers: Ciphers, secrets: Secrets): Channel {
  const counter = new Uint8Array(BLOCK_BYTES) // zero: the key is used for this connection only
  const encrypt = ciphers.block(secrets.mac)
  const macOf = (seed: Uint8Array) => frameMac(keccak256Stream().update(seed), encrypt)
  const writeFrame = frameWriter(ciphers.counterMode(secrets.aes, counter), macOf(secrets.egressSeed))
  const frames = frameReader(
    ciphers.counterMode(secrets.aes, counter),
    macOf(secrets.ingressSeed),
    HELLO_FRAME_BYTES_MAX,
  )
  let isCompressed = false
  let hasWritten = false
  let refusal: { readonly ok: false; readonly error: ChannelError } | undefined

  return {
    feed: frames.feed,
    next() {
      if (refusal !== undefined) return refusal
      const frame = frames.next()
      if (!frame.ok) return frame
      if (frame.value === undefined) return ok(undefined)
      const { code, payload } = frame.value
      const wireBytes = payload.length
      if (!isCompressed) return ok({ code, payload, wireBytes })
      const inflated = inflateSnappy(payload, MESSAGE_BYTES_MAX)
      if (inflated.ok) return ok({ code, payload: inflated.value, wireBytes })
      refusal = inflated
      return inflated
    },
    write(code, payload) {
      if (payload.length > MESSAGE_BYTES_MAX)
        return err({ code: 'MESSAGE_SIZE', bytes: payload.length, bytesMax: MESSAGE_BYTES_MAX })
      const written = writeFrame(code, isCompressed && hasWritten ? deflateSnappy(payload) : payload)
      hasWritten = true
      return written
    },
    helloReceived(version) {
      isCompressed = version >= SNAPPY_VERSION
      frames.limit(FRAME_BYTES_MAX)
    },
  }
}
