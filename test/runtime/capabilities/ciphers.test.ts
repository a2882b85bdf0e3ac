import { describe, expect, test } from 'vitest'
import { realCiphers } from '../../../runtime/real/ciphers.ts'

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))

/** NIST SP 800-38A, appendix F: keys, the four blocks of plaintext, and the counter that F.5 begins at. */
const KEYS = [
  {
    name: 'AES-128 (F.1.1, F.5.1)',
    key: bytes('2b7e151628aed2a6abf7158809cf4f3c'),
    blocks:
      '3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf43b1cd7f598ece23881b00e3ed0306887b0c785e27e8ad3f8223207104725dd4',
    stream:
      '874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee',
  },
  {
    name: 'AES-256 (F.1.5, F.5.5)',
    key: bytes('603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4'),
    blocks:
      'f3eed1bdb5d2a03c064b5a7e3db181f8591ccb10d410ed26dc5ba74a31362870b6ed21b99ca6f4f9f153e7b1beafed1d23304b7a39f9f3ff067d8d8f9e24ecc7',
    stream:
      '601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c52b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6',
  },
]
const PLAIN = bytes(
  '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710',
)
const COUNTER = bytes('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff')

describe.each(KEYS)('$name', ({ key, blocks, stream }) => {
  test('encrypts block by block', () => {
    const encrypt = realCiphers.block(key)
    const answers = [0, 16, 32, 48].map((at) => encrypt(PLAIN.subarray(at, at + 16)))
    expect(Buffer.concat(answers).toString('hex')).toBe(blocks)
  })
  test('goes on with the counter wherever the bytes are cut', () => {
    for (const cut of [0, 1, 15, 16, 17, 63]) {
      const { next } = realCiphers.counterMode(key, COUNTER)
      expect(Buffer.concat([next(PLAIN.subarray(0, cut)), next(PLAIN.subarray(cut))]).toString('hex')).toBe(stream)
    }
  })
  test('answers in memory of its own', () => {
    const answer = realCiphers.counterMode(key, COUNTER).next(PLAIN)
    expect(answer.constructor).toBe(Uint8Array)
    expect(answer.buffer.byteLength).toBe(PLAIN.length)
  })
})

test('refuses keys and blocks of other lengths', () => {
  expect(() => realCiphers.counterMode(new Uint8Array(24), COUNTER)).toThrow('a key of 24 bytes')
  expect(() => realCiphers.block(new Uint8Array(0))).toThrow('a key of 0 bytes')
  expect(() => realCiphers.block(new Uint8Array(16))(new Uint8Array(15))).toThrow('a block of 15 bytes')
})
