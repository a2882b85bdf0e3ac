/** What two ends share after the handshake (devp2p rlpx.md, "Initial Handshake"). Plain data: it may cross threads. */
import { concatBytes } from '../bytes.ts'
import { keccak256 } from '../keccak256.ts'

export type Secrets = {
  /** AES-256 key of both directions, 32 bytes. */
  readonly aes: Uint8Array
  /** AES-256 key of the MACs, 32 bytes. */
  readonly mac: Uint8Array
  /** What the keccak state of the frames sent begins with. */
  readonly egressSeed: Uint8Array
  /** What the keccak state of the frames received begins with. */
  readonly ingressSeed: Uint8Array
}

export type Agreement = {
  /** x coordinate of the ephemeral keys' common point, 32 bytes. */
  readonly ephemeralCommon: Uint8Array
  readonly initiatorNonce: Uint8Array
  readonly recipientNonce: Uint8Array
  /** The packets as they were sent, size prefix included. */
  readonly auth: Uint8Array
  readonly ack: Uint8Array
}

export function deriveSecrets(role: 'initiator' | 'recipient', agreement: Agreement): Secrets {
  const { ephemeralCommon, initiatorNonce, recipientNonce, auth, ack } = agreement
  const shared = hashOf(ephemeralCommon, hashOf(recipientNonce, initiatorNonce))
  const aes = hashOf(ephemeralCommon, shared)
  const mac = hashOf(ephemeralCommon, aes)
  const fromInitiator = concatBytes(xor(mac, recipientNonce), auth)
  const fromRecipient = concatBytes(xor(mac, initiatorNonce), ack)
  return role === 'initiator'
    ? { aes, mac, egressSeed: fromInitiator, ingressSeed: fromRecipient }
    : { aes, mac, egressSeed: fromRecipient, ingressSeed: fromInitiator }
}

/** Of two arrays of one length. */
export const xor = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((byte, i) => byte ^ b[i]!)

const hashOf = (...parts: readonly Uint8Array[]): Uint8Array => keccak256(concatBytes(...parts))
