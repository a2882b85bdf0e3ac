/**
 * What auth and ack say (devp2p rlpx.md, "Initial Handshake"): as lists since EIP-8, whose version, further items and
 * bytes behind the list are not looked at, and at fixed offsets before it.
 */
import { concatBytes } from '../bytes.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import type { RlpError, RlpReader } from '../rlp.ts'
import {
  encodeRlp,
  enterList,
  hasMore,
  leaveList,
  nextItem,
  rlpReader,
  takeFixed,
  takeUint,
  uintToBytes,
} from '../rlp.ts'

export type Auth = {
  /** 65 bytes, by the initiator's ephemeral key, over common secret XOR nonce. */
  readonly signature: Uint8Array
  /** The initiator's identity, 64 bytes. */
  readonly publicKey: Uint8Array
  /** 32 bytes */
  readonly nonce: Uint8Array
  /** Not compared with anything (EIP-8). */
  readonly version: bigint
  /** keccak256 of the initiator's ephemeral public key; only the form before EIP-8 has it. */
  readonly ephemeralKeyHash?: Uint8Array
}
export type Ack = {
  /** The recipient's, 64 bytes. */
  readonly ephemeralKey: Uint8Array
  /** 32 bytes */
  readonly nonce: Uint8Array
  readonly version: bigint
}

export const NONCE_BYTES = 32
export const HANDSHAKE_VERSION = 4n
const SIGNATURE_BYTES = 65
const KEY_BYTES = 64
const HASH_BYTES = 32
/** geth's `uint` on 64-bit machines. */
const VERSION_BYTES_MAX = 8

/** `signature ‖ hash of the ephemeral key ‖ public key ‖ nonce ‖ 00` */
export const PLAIN_AUTH_BYTES = SIGNATURE_BYTES + HASH_BYTES + KEY_BYTES + NONCE_BYTES + 1
/** `ephemeral key ‖ nonce ‖ 00` */
export const PLAIN_ACK_BYTES = KEY_BYTES + NONCE_BYTES + 1

export const encodeAuth = ({ signature, publicKey, nonce, version }: Auth): Uint8Array =>
  encodeRlp([signature, publicKey, nonce, uintToBytes(version)])

export const encodeAck = ({ ephemeralKey, nonce, version }: Ack): Uint8Array =>
  encodeRlp([ephemeralKey, nonce, uintToBytes(version)])

/** @param bytes the list, and any bytes behind it. Fields are views of `bytes`. */
export const decodeAuth = (bytes: Uint8Array): Result<Auth, RlpError> =>
  decodeList(bytes, (reader) => ({
    signature: takeFixed(reader, SIGNATURE_BYTES),
    publicKey: takeFixed(reader, KEY_BYTES),
    nonce: takeFixed(reader, NONCE_BYTES),
    version: takeUint(reader, VERSION_BYTES_MAX),
  }))

/** As `decodeAuth`. */
export const decodeAck = (bytes: Uint8Array): Result<Ack, RlpError> =>
  decodeList(bytes, (reader) => ({
    ephemeralKey: takeFixed(reader, KEY_BYTES),
    nonce: takeFixed(reader, NONCE_BYTES),
    version: takeUint(reader, VERSION_BYTES_MAX),
  }))

export const encodePlainAuth = (auth: Auth & { readonly ephemeralKeyHash: Uint8Array }): Uint8Array =>
  concatBytes(auth.signature, auth.ephemeralKeyHash, auth.publicKey, auth.nonce, NO_TOKEN)

export const encodePlainAck = (ack: Ack): Uint8Array => concatBytes(ack.ephemeralKey, ack.nonce, NO_TOKEN)

/** @param bytes PLAIN_AUTH_BYTES of them; the last, which says whether there was a session before, means nothing */
export function decodePlainAuth(bytes: Uint8Array): Auth {
  const hashAt = SIGNATURE_BYTES
  const keyAt = hashAt + HASH_BYTES
  const nonceAt = keyAt + KEY_BYTES
  return {
    signature: bytes.subarray(0, hashAt),
    ephemeralKeyHash: bytes.subarray(hashAt, keyAt),
    publicKey: bytes.subarray(keyAt, nonceAt),
    nonce: bytes.subarray(nonceAt, nonceAt + NONCE_BYTES),
    version: HANDSHAKE_VERSION,
  }
}

/** @param bytes PLAIN_ACK_BYTES of them */
export const decodePlainAck = (bytes: Uint8Array): Ack => ({
  ephemeralKey: bytes.subarray(0, KEY_BYTES),
  nonce: bytes.subarray(KEY_BYTES, KEY_BYTES + NONCE_BYTES),
  version: HANDSHAKE_VERSION,
})

/** Says that there was no session before whose token could be used again: nobody ever did. */
const NO_TOKEN = Uint8Array.of(0)

function decodeList<T>(bytes: Uint8Array, take: (reader: RlpReader) => T): Result<T, RlpError> {
  const reader = rlpReader(bytes)
  const end = enterList(reader)
  const value = take(reader)
  while (hasMore(reader)) nextItem(reader)
  leaveList(reader, end)
  return reader.error === undefined ? ok(value) : { ok: false, error: reader.error }
}
