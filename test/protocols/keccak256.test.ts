import { keccak_256 } from '@noble/hashes/sha3.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesToBareHex } from '../../protocols/hex.ts'
import { keccak256 } from '../../protocols/keccak256.ts'

test('hashes nothing to the code hash of an account without code', () =>
  expect(bytesToBareHex(keccak256(new Uint8Array(0)))).toBe(
    'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470',
  ))

test('agrees with @noble/hashes for all lengths around the rate of 136 bytes and beyond', () =>
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 700 }), (bytes) => {
      expect(keccak256(bytes)).toEqual(keccak_256(bytes))
    }),
  ))

test('hands out bytes that later calls leave alone', () => {
  const first = keccak256(Uint8Array.of(1))
  const copy = first.slice()
  keccak256(Uint8Array.of(2))
  expect(first).toEqual(copy)
})
