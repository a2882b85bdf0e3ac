import { createCipheriv } from 'node:crypto'
import type { Ciphers } from '../capabilities.ts'

const BLOCK_BYTES = 16

/** OpenSSL's, which uses the processor's own instructions; they take the same time whatever the key is. */
export const realCiphers: Ciphers = {
  counterMode(key, counter) {
    const cipher = createCipheriv(`aes-${bitsOf(key)}-ctr`, key, counter)
    return { next: (bytes) => bytesOf(cipher.update(bytes)) }
  },
  block(key) {
    const cipher = createCipheriv(`aes-${bitsOf(key)}-ecb`, key, null)
    return (block) => {
      // Part of a block would wait inside the cipher and shift all that follow.
      if (block.length !== BLOCK_BYTES) throw new RangeError(`a block of ${block.length} bytes instead of 16`)
      return bytesOf(cipher.update(block))
    }
  },
}

function bitsOf(key: Uint8Array): 128 | 256 {
  if (key.length === 16) return 128
  if (key.length === 32) return 256
  throw new RangeError(`a key of ${key.length} bytes instead of 16 or 32`)
}

/** The same memory without what `Buffer` adds. */
const bytesOf = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
