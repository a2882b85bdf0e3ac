import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hexConstant } from '../../../protocols/hex.ts'
import { compressKey, decompressKey, isPoint } from '../../../protocols/secp256k1/point.ts'
import { secp256k1 } from '../../../protocols/secp256k1/secp256k1.ts'

/** The generator (SEC 2, 2.4.1). */
const G = '79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'
const G_Y = '483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8'

test('the generator has its compressed form', () => {
  expect(compressKey(hexConstant(G + G_Y))).toEqual(hexConstant(`02${G}`))
  expect(decompressKey(hexConstant(`02${G}`))).toEqual(hexConstant(G + G_Y))
  expect(isPoint(hexConstant(G + G_Y))).toBe(true)
})

test('every key comes back from its compressed form', () => {
  const secret = fc.uint8Array({ minLength: 32, maxLength: 32 }).filter((bytes) => bytes[0] !== 0xff && bytes[0] !== 0)
  fc.assert(
    fc.property(secret, (bytes) => {
      const key = secp256k1.publicKey(bytes)!
      expect(decompressKey(compressKey(key))).toEqual(key)
      expect(isPoint(key)).toBe(true)
      const other = key.slice()
      other[63]! ^= 1
      expect(isPoint(other)).toBe(false)
    }),
    { numRuns: 50 },
  )
})

test('what is no point is refused', () => {
  expect(decompressKey(hexConstant(`04${G}`))).toBeUndefined()
  expect(decompressKey(hexConstant(`02${'ff'.repeat(32)}`))).toBeUndefined()
  expect(decompressKey(hexConstant(`02${'00'.repeat(31)}05`))).toBeUndefined()
  expect(decompressKey(hexConstant(G))).toBeUndefined()
  expect(isPoint(new Uint8Array(64))).toBe(false)
  expect(() => isPoint(new Uint8Array(65))).toThrow(RangeError)
})
