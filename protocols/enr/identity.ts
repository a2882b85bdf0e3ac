/**
 * Who a node is: a key, and what is computed with it. Codecs get both as arguments, so that a simulation of many nodes
 * can bring keys and signatures that cost nothing.
 */
import { keccak256 } from '../keccak256.ts'
import { PUBLIC_KEY_BYTES, SECRET_KEY_BYTES } from '../secp256k1/backend.ts'
import { compressKey, decompressKey, isPoint } from '../secp256k1/point.ts'
import { secp256k1 } from '../secp256k1/secp256k1.ts'

/** What anybody can do. `hash` has 32 bytes, `publicKey` 64; other lengths are bugs, and thrown. */
export type Identities = {
  /** The key that made a signature of 65 bytes (`r ‖ s ‖ recovery`); undefined where there is none. */
  recover(hash: Uint8Array, signature: Uint8Array): Uint8Array | undefined
  /** Of a signature of 64 or 65 bytes, the recovery byte being passed over. */
  verify(hash: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean
  /** 33 bytes. */
  compress(publicKey: Uint8Array): Uint8Array
  /** 64 bytes, or undefined where `compressed` is no key. */
  decompress(compressed: Uint8Array): Uint8Array | undefined
  isKey(publicKey: Uint8Array): boolean
}

/** What the owner of a key can do. */
export type NodeKey = {
  readonly publicKey: Uint8Array
  /** 65 bytes: `r ‖ s ‖ recovery`. */
  sign(hash: Uint8Array): Uint8Array
}

/** The curve of the identity scheme `v4` (EIP-778). */
export const SECP256K1_IDENTITIES: Identities = {
  recover: secp256k1.recover,
  verify: secp256k1.verify,
  compress: compressKey,
  decompress: decompressKey,
  isKey: isPoint,
}

/** Undefined where `secretKey` is no scalar of the curve. @param secretKey 32 bytes, borrowed for the key's life */
export function secp256k1NodeKey(secretKey: Uint8Array): NodeKey | undefined {
  if (secretKey.length !== SECRET_KEY_BYTES) return undefined
  const publicKey = secp256k1.publicKey(secretKey)
  return publicKey && { publicKey, sign: (hash) => secp256k1.sign(hash, secretKey)! }
}

/** Address of a node in the table's space: keccak256 of its public key (EIP-778, `v4`). @returns 32 bytes */
export function nodeIdOf(publicKey: Uint8Array): Uint8Array {
  if (publicKey.length !== PUBLIC_KEY_BYTES) throw new RangeError(`${publicKey.length} bytes are no public key`)
  return keccak256(publicKey)
}
