/**
 * Auth and ack on the wire: `size(2) ‖ ECIES(list ‖ padding)` as EIP-8 says, with the size authenticated too, or before it
 * ECIES alone, of a fixed length. A reader takes either from a byte stream.
 */
import { concatBytes } from '../bytes.ts'
import type { Result } from '../result.ts'
import { err, ok } from '../result.ts'
import type { RlpError } from '../rlp.ts'
import type { Ciphers } from './ciphers.ts'
import { ECIES_OVERHEAD_BYTES, type EciesDraw, type EciesError, eciesDecrypt, eciesEncrypt } from './ecies.ts'
import {
  type Ack,
  type Auth,
  decodeAck,
  decodeAuth,
  decodePlainAck,
  decodePlainAuth,
  PLAIN_ACK_BYTES,
  PLAIN_AUTH_BYTES,
} from './handshake-body.ts'

export type PacketForm = 'eip8' | 'plain'

export type PacketError =
  | { readonly code: 'HANDSHAKE_SIZE'; readonly bytes: number } // the size prefix is out of bounds
  | { readonly code: 'HANDSHAKE_ECIES'; readonly cause: EciesError }
  | { readonly code: 'HANDSHAKE_BODY'; readonly cause: RlpError }

/** A packet that was opened. `packet` is all of it as it came, because the MACs of the frames begin with it. */
export type Opened<B> = { readonly form: PacketForm; readonly packet: Uint8Array; readonly body: B }

/** Bytes behind the size prefix: geth's limit for messages of the base protocol. */
export const PACKET_BYTES_MAX = 2048
const SIZE_BYTES = 2
/** First byte of the form before EIP-8, which begins with an uncompressed point. */
const PLAIN_FIRST_BYTE = 0x04
const NO_MAC_DATA = new Uint8Array(0)

/** @param padding put behind the list: at least 100 bytes, so that nobody takes it for the older form (EIP-8) */
export function sealPacket(
  ciphers: Ciphers,
  recipient: Uint8Array,
  list: Uint8Array,
  padding: Uint8Array,
  draw: EciesDraw,
): Result<Uint8Array, EciesError> {
  const message = concatBytes(list, padding)
  const size = ECIES_OVERHEAD_BYTES + message.length
  if (size > PACKET_BYTES_MAX) throw new RangeError(`a handshake packet of ${size} bytes`)
  const prefix = Uint8Array.of(size >>> 8, size)
  const sealed = eciesEncrypt(ciphers, recipient, message, prefix, draw)
  return sealed.ok ? ok(concatBytes(prefix, sealed.value)) : sealed
}

export const sealPlainPacket = (
  ciphers: Ciphers,
  recipient: Uint8Array,
  body: Uint8Array,
  draw: EciesDraw,
): Result<Uint8Array, EciesError> => eciesEncrypt(ciphers, recipient, body, NO_MAC_DATA, draw)

export type PacketReader<B> = {
  /**
   * Takes what the stream brought, in pieces of any size; nothing after an answer or a refusal. Keeps at most one packet.
   * @returns undefined: more is needed. `rest`: what came behind the packet, and belongs to the frames
   */
  feed(chunk: Uint8Array): Result<(Opened<B> & { readonly rest: Uint8Array }) | undefined, PacketError>
}

/** Reads the auth that was sent to the owner of `secretKey`. */
export const authReader = (ciphers: Ciphers, secretKey: Uint8Array): PacketReader<Auth> =>
  packetReader(ciphers, secretKey, PLAIN_AUTH_BYTES, decodePlainAuth, decodeAuth)

/** Reads the ack that was sent to the owner of `secretKey`. */
export const ackReader = (ciphers: Ciphers, secretKey: Uint8Array): PacketReader<Ack> =>
  packetReader(ciphers, secretKey, PLAIN_ACK_BYTES, decodePlainAck, decodeAck)

function packetReader<B>(
  ciphers: Ciphers,
  secretKey: Uint8Array,
  plainBodyBytes: number,
  decodePlain: (bytes: Uint8Array) => B,
  decodeEip8: (bytes: Uint8Array) => Result<B, RlpError>,
): PacketReader<B> {
  const plainBytes = ECIES_OVERHEAD_BYTES + plainBodyBytes
  let buffer: Uint8Array | undefined
  let filled = 0
  /** Costs a multiplication on the curve, so only once, however small the pieces are. */
  let triedPlain = false

  return {
    feed(chunk) {
      buffer ??= new Uint8Array(SIZE_BYTES + PACKET_BYTES_MAX)
      const kept = chunk.subarray(0, buffer.length - filled)
      buffer.set(kept, filled)
      filled += kept.length
      if (filled < SIZE_BYTES) return ok(undefined)
      const take = (form: PacketForm, bytes: number, body: B) =>
        ok({
          form,
          packet: buffer!.slice(0, bytes),
          body,
          rest: concatBytes(buffer!.subarray(bytes, filled), chunk.subarray(kept.length)),
        })

      // As a size this first byte would mean more than 1,024 bytes, so waiting for the shorter form delays nobody.
      if (buffer[0] === PLAIN_FIRST_BYTE && !triedPlain) {
        if (filled < plainBytes) return ok(undefined)
        triedPlain = true
        const plain = eciesDecrypt(ciphers, secretKey, buffer.subarray(0, plainBytes), NO_MAC_DATA)
        if (plain.ok) return take('plain', plainBytes, decodePlain(plain.value))
      }
      const size = buffer[0]! * 256 + buffer[1]!
      if (size < ECIES_OVERHEAD_BYTES || size > PACKET_BYTES_MAX) return err({ code: 'HANDSHAKE_SIZE', bytes: size })
      const end = SIZE_BYTES + size
      if (filled < end) return ok(undefined)
      const opened = eciesDecrypt(ciphers, secretKey, buffer.subarray(SIZE_BYTES, end), buffer.subarray(0, SIZE_BYTES))
      if (!opened.ok) return err({ code: 'HANDSHAKE_ECIES', cause: opened.error })
      const body = decodeEip8(opened.value)
      return body.ok ? take('eip8', end, body.value) : err({ code: 'HANDSHAKE_BODY', cause: body.error })
    },
  }
}
