/**
 * The handshake of RLPx version 4 (devp2p rlpx.md, EIP-8) as functions of values: what is random is drawn before and passed
 * in. The initiator's `initiate` and `completeHandshake` enclose the recipient's `acceptAuth`.
 */
import { bytesEqual } from '../bytes.ts'
import { keccak256 } from '../keccak256.ts'
import type { Result } from '../result.ts'
import { err, ok } from '../result.ts'
import { SECRET_KEY_BYTES } from '../secp256k1/backend.ts'
import { secp256k1 } from '../secp256k1/secp256k1.ts'
import { BLOCK_BYTES, type Ciphers } from './ciphers.ts'
import type { EciesDraw, EciesError } from './ecies.ts'
import {
  type Ack,
  type Auth,
  encodeAck,
  encodeAuth,
  encodePlainAck,
  encodePlainAuth,
  HANDSHAKE_VERSION,
  NONCE_BYTES,
} from './handshake-body.ts'
import { type Opened, type PacketForm, sealPacket, sealPlainPacket } from './handshake-packet.ts'
import { deriveSecrets, type Secrets, xor } from './secrets.ts'

/** A key pair: 32 and 64 bytes. */
export type KeyPair = { readonly secretKey: Uint8Array; readonly publicKey: Uint8Array }

/** All that is random in one end's part of one handshake. */
export type HandshakeDraw = {
  readonly ephemeral: KeyPair
  readonly nonce: Uint8Array
  readonly ecies: EciesDraw
  /** Behind the list of EIP-8. */
  readonly padding: Uint8Array
}

export type HandshakeError =
  | { readonly code: 'HANDSHAKE_KEY'; readonly which: 'static' | 'ephemeral' } // no point of the curve
  | { readonly code: 'HANDSHAKE_SIGNATURE' } // no key can have made it
  | { readonly code: 'HANDSHAKE_EPHEMERAL_HASH' } // plain form: of another key than the one that signed
  | { readonly code: 'HANDSHAKE_SEAL'; readonly cause: EciesError } // nothing can be sent to the remote's key

/** The initiator between auth and ack. Plain data. */
export type Initiation = {
  /** To be sent. */
  readonly auth: Uint8Array
  readonly remote: Uint8Array
  readonly ephemeralSecretKey: Uint8Array
  readonly nonce: Uint8Array
}

export type Established = {
  /** The other end's identity, 64 bytes, proved. */
  readonly remote: Uint8Array
  readonly secrets: Secrets
}

/** What is the same again when an auth is replayed, however its sealing and padding look. */
export type AuthTrace = { readonly nonce: Uint8Array; readonly ephemeralKey: Uint8Array }

/** geth pads with 100 to 199 bytes, EIP-8 asks for 100 at least. */
const PADDING_BYTES_MIN = 100
const PADDING_BYTES_SPREAD = 100
/** One draw in 2^128 is no key: more than one in a row means that the randomness is broken. */
const KEY_DRAWS_MAX = 8

/** @param random as many fresh, secret bytes as asked for */
export const drawHandshake = (random: (count: number) => Uint8Array): HandshakeDraw => ({
  ephemeral: drawKeyPair(random),
  nonce: random(NONCE_BYTES),
  ecies: { secretKey: drawKeyPair(random).secretKey, counter: random(BLOCK_BYTES) },
  padding: random(PADDING_BYTES_MIN + (random(1)[0]! % PADDING_BYTES_SPREAD)),
})

export function drawKeyPair(random: (count: number) => Uint8Array): KeyPair {
  for (let tries = 0; tries < KEY_DRAWS_MAX; tries++) {
    const secretKey = random(SECRET_KEY_BYTES)
    const publicKey = secp256k1.publicKey(secretKey)
    if (publicKey !== undefined) return { secretKey, publicKey }
  }
  throw new Error('the source of randomness gives no secret key')
}

/** Auth to the owner of `remote`, 64 bytes. @param form 'plain' only for tests: nobody expects it since 2016 */
export function initiate(
  ciphers: Ciphers,
  own: KeyPair,
  remote: Uint8Array,
  draw: HandshakeDraw,
  form: PacketForm = 'eip8',
): Result<Initiation, HandshakeError> {
  const { ephemeral, nonce } = draw
  const common = secp256k1.ecdh(own.secretKey, remote)
  if (common === undefined) return err({ code: 'HANDSHAKE_KEY', which: 'static' })
  const signature = secp256k1.sign(xor(common, nonce), ephemeral.secretKey)
  if (signature === undefined) throw new Error('the ephemeral key is no secret key')
  const body = { signature, publicKey: own.publicKey, nonce, version: HANDSHAKE_VERSION }
  const sealed =
    form === 'eip8'
      ? sealPacket(ciphers, remote, encodeAuth(body), draw.padding, draw.ecies)
      : sealPlainPacket(
          ciphers,
          remote,
          encodePlainAuth({ ...body, ephemeralKeyHash: keccak256(ephemeral.publicKey) }),
          draw.ecies,
        )
  if (!sealed.ok) return err({ code: 'HANDSHAKE_SEAL', cause: sealed.error })
  return ok({ auth: sealed.value, remote, ephemeralSecretKey: ephemeral.secretKey, nonce })
}

/** The recipient's part: who initiates is proved to own the key it names, and is answered in the form it spoke. */
export function acceptAuth(
  ciphers: Ciphers,
  own: KeyPair,
  opened: Opened<Auth>,
  draw: HandshakeDraw,
): Result<Established & { readonly ack: Uint8Array; readonly trace: AuthTrace }, HandshakeError> {
  const { body: auth, form } = opened
  const common = secp256k1.ecdh(own.secretKey, auth.publicKey)
  if (common === undefined) return err({ code: 'HANDSHAKE_KEY', which: 'static' })
  const remoteEphemeral = secp256k1.recover(xor(common, auth.nonce), auth.signature)
  if (remoteEphemeral === undefined) return err({ code: 'HANDSHAKE_SIGNATURE' })
  if (auth.ephemeralKeyHash !== undefined && !bytesEqual(auth.ephemeralKeyHash, keccak256(remoteEphemeral)))
    return err({ code: 'HANDSHAKE_EPHEMERAL_HASH' })
  const ephemeralCommon = secp256k1.ecdh(draw.ephemeral.secretKey, remoteEphemeral)
  if (ephemeralCommon === undefined) return err({ code: 'HANDSHAKE_KEY', which: 'ephemeral' })

  const body: Ack = { ephemeralKey: draw.ephemeral.publicKey, nonce: draw.nonce, version: HANDSHAKE_VERSION }
  const sealed =
    form === 'eip8'
      ? sealPacket(ciphers, auth.publicKey, encodeAck(body), draw.padding, draw.ecies)
      : sealPlainPacket(ciphers, auth.publicKey, encodePlainAck(body), draw.ecies)
  if (!sealed.ok) return err({ code: 'HANDSHAKE_SEAL', cause: sealed.error })
  const secrets = deriveSecrets('recipient', {
    ephemeralCommon,
    initiatorNonce: auth.nonce,
    recipientNonce: draw.nonce,
    auth: opened.packet,
    ack: sealed.value,
  })
  const trace = { nonce: auth.nonce, ephemeralKey: remoteEphemeral }
  return ok({ remote: auth.publicKey, secrets, ack: sealed.value, trace })
}

/** The initiator's second part. That the other end owns the key that was dialled, it proved by opening the auth. */
export function completeHandshake(
  { auth, remote, ephemeralSecretKey, nonce }: Initiation,
  opened: Opened<Ack>,
): Result<Established, HandshakeError> {
  const ephemeralCommon = secp256k1.ecdh(ephemeralSecretKey, opened.body.ephemeralKey)
  if (ephemeralCommon === undefined) return err({ code: 'HANDSHAKE_KEY', which: 'ephemeral' })
  const secrets = deriveSecrets('initiator', {
    ephemeralCommon,
    initiatorNonce: nonce,
    recipientNonce: opened.body.nonce,
    auth,
    ack: opened.packet,
  })
  return ok({ remote, secrets })
}
