/** What RLPx needs of AES. Its caller brings it, because JavaScript alone is thirty times as slow as a processor. */

/** The next bytes of a key stream, applied: encrypting and decrypting are one operation. The answer is the caller's. */
export type CipherStream = { next(bytes: Uint8Array): Uint8Array }

export type Ciphers = {
  /** Counter mode (NIST SP 800-38A, 6.5). `key`: 16 or 32 bytes; `counter`: the first block, 16 bytes. */
  counterMode(key: Uint8Array, counter: Uint8Array): CipherStream
  /** Encrypts one block of 16 bytes at a time. `key`: 16 or 32 bytes. */
  block(key: Uint8Array): BlockCipher
}

export type BlockCipher = (block: Uint8Array) => Uint8Array

export const BLOCK_BYTES = 16
