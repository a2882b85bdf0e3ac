/**
 * The MAC of one direction (devp2p rlpx.md, "MAC"): a keccak-256 state that is never closed, into which pieces of itself
 * are mixed, encrypted with AES-256.
 */
import { BLOCK_BYTES, type BlockCipher } from './ciphers.ts'

/** Keccak-256 of all that was taken so far, however often it is asked for. */
export type RunningHash = { update(bytes: Uint8Array): unknown; digest(): Uint8Array }

export type FrameMac = {
  /** MAC of an encrypted header, 16 bytes. */
  header(ciphertext: Uint8Array): Uint8Array
  /** MAC of an encrypted body, padding included, 16 bytes. */
  body(ciphertext: Uint8Array): Uint8Array
}

export const MAC_BYTES = 16

/** @param hash has taken the seed and every packet of its direction. @param encrypt AES-256 under the MAC secret */
export function frameMac(hash: RunningHash, encrypt: BlockCipher): FrameMac {
  function mix(digest: Uint8Array, seed: Uint8Array): Uint8Array {
    const mixed = encrypt(digest.subarray(0, BLOCK_BYTES))
    for (let i = 0; i < BLOCK_BYTES; i++) mixed[i] = mixed[i]! ^ seed[i]!
    hash.update(mixed)
    return hash.digest().subarray(0, MAC_BYTES)
  }
  return {
    header: (ciphertext) => mix(hash.digest(), ciphertext),
    body(ciphertext) {
      hash.update(ciphertext)
      const digest = hash.digest()
      return mix(digest, digest)
    },
  }
}
