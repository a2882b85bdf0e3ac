/**
 * ECIES as RLPx has it (devp2p rlpx.md, "ECIES Encryption"): secp256k1, the concatenation KDF of NIST SP 800-56A over
 * SHA-256, AES-128 in counter mode, HMAC-SHA-256. `R(65) ‖ iv(16) ‖ ciphertext ‖ tag(32)`.
 */
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes } from '../bytes.ts'
import type { Result } from '../result.ts'
import { err, ok } from '../result.ts'
import { secp256k1 } from '../secp256k1/secp256k1.ts'
import { BLOCK_BYTES, type Ciphers } from './ciphers.ts'
import { tagsEqual } from './tag.ts'

export type EciesError =
  | { readonly code: 'ECIES_LENGTH'; readonly bytes: number } // shorter than point, counter and tag
  | { readonly code: 'ECIES_POINT' } // the sender's, or the recipient's key: no point of the curve
  | { readonly code: 'ECIES_TAG' } // damaged, or not for this key

/** Once per message: a secret key of 32 bytes that is used never again, and the first counter block, 16 bytes. */
export type EciesDraw = { readonly secretKey: Uint8Array; readonly counter: Uint8Array }

/** `04 ‖ x ‖ y` (SEC 1, 2.3.3). */
const POINT_BYTES = 65
const UNCOMPRESSED = 0x04
const TAG_BYTES = 32
/** Half of the 32 bytes of key material encrypts, the other half, hashed, authenticates. */
const KEY_BYTES = 16

/** What a message grows by. */
export const ECIES_OVERHEAD_BYTES = POINT_BYTES + BLOCK_BYTES + TAG_BYTES

/** For the owner of `publicKey` (64 bytes). @param macData also authenticated, but not sent: RLPx's size prefix */
export function eciesEncrypt(
  ciphers: Ciphers,
  publicKey: Uint8Array,
  message: Uint8Array,
  macData: Uint8Array,
  draw: EciesDraw,
): Result<Uint8Array, EciesError> {
  const common = secp256k1.ecdh(draw.secretKey, publicKey)
  if (common === undefined) return err({ code: 'ECIES_POINT' })
  const { encryption, mac } = deriveKeys(common)
  const out = new Uint8Array(ECIES_OVERHEAD_BYTES + message.length)
  out[0] = UNCOMPRESSED
  out.set(secp256k1.publicKey(draw.secretKey)!, 1)
  out.set(draw.counter, POINT_BYTES)
  out.set(ciphers.counterMode(encryption, draw.counter).next(message), POINT_BYTES + BLOCK_BYTES)
  const tagAt = out.length - TAG_BYTES
  out.set(tagOf(mac, out.subarray(POINT_BYTES, tagAt), macData), tagAt)
  return ok(out)
}

/** @returns the message, the caller's. The tag is compared before anything is decrypted. */
export function eciesDecrypt(
  ciphers: Ciphers,
  secretKey: Uint8Array,
  packet: Uint8Array,
  macData: Uint8Array,
): Result<Uint8Array, EciesError> {
  if (packet.length < ECIES_OVERHEAD_BYTES) return err({ code: 'ECIES_LENGTH', bytes: packet.length })
  if (packet[0] !== UNCOMPRESSED) return err({ code: 'ECIES_POINT' })
  // No point is taken for one: computing with coordinates off the curve would leak the secret key.
  const common = secp256k1.ecdh(secretKey, packet.subarray(1, POINT_BYTES))
  if (common === undefined) return err({ code: 'ECIES_POINT' })
  const { encryption, mac } = deriveKeys(common)
  const tagAt = packet.length - TAG_BYTES
  const tag = tagOf(mac, packet.subarray(POINT_BYTES, tagAt), macData)
  if (!tagsEqual(tag, packet.subarray(tagAt))) return err({ code: 'ECIES_TAG' })
  const bodyAt = POINT_BYTES + BLOCK_BYTES
  const counter = packet.subarray(POINT_BYTES, bodyAt)
  return ok(ciphers.counterMode(encryption, counter).next(packet.subarray(bodyAt, tagAt)))
}

const KDF_FIRST_ROUND = Uint8Array.of(0, 0, 0, 1)

/** One round of the KDF gives all 32 bytes; it has no further information to take in. */
function deriveKeys(common: Uint8Array): { readonly encryption: Uint8Array; readonly mac: Uint8Array } {
  const material = sha256(concatBytes(KDF_FIRST_ROUND, common))
  return { encryption: material.subarray(0, KEY_BYTES), mac: sha256(material.subarray(KEY_BYTES)) }
}

const tagOf = (key: Uint8Array, counterAndCiphertext: Uint8Array, macData: Uint8Array): Uint8Array =>
  hmac(sha256, key, concatBytes(counterAndCiphertext, macData))
