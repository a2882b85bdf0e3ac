import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hexConstant } from '../../../protocols/hex.ts'
import { type Backend, backendPasses, secp256k1Of } from '../../../protocols/secp256k1/backend.ts'
import { nobleBackend } from '../../../protocols/secp256k1/noble.ts'
import { firstThatWorks, secp256k1 } from '../../../protocols/secp256k1/secp256k1.ts'
import { wasmBackend } from '../../../protocols/secp256k1/wasm.ts'

const ORACLE = secp256k1Of(nobleBackend)
/** Absent on machines that no prebuild fits. */
const native = await import('../../../protocols/secp256k1/native.ts').catch(() => undefined)
const OURS: readonly Backend[] = native === undefined ? [wasmBackend] : [native.nativeBackend, wasmBackend]
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const PRIME = 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2fn
const word = (value: bigint): Uint8Array => hexConstant(value.toString(16).padStart(64, '0'))
const bigintOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
const signatureOf = (r: bigint, s: bigint, recovery: number): Uint8Array =>
  Uint8Array.from([...word(r), ...word(s), recovery])

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
const secretKey = fc.bigInt({ min: 1n, max: ORDER - 1n }).map(word)
/** Numbers about the edges of their ranges, and any. */
const EDGES = [0n, 1n, 2n, ORDER / 2n, ORDER / 2n + 1n, ORDER - 1n, ORDER, PRIME - ORDER, PRIME, 2n ** 256n - 1n]
const number = fc.oneof(fc.constantFrom(...EDGES), fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }))
const RUNS = { numRuns: 60 }
/** More than WebAssembly survives (3,100) where each leaves its stack by a throw. */
const REFUSALS = 4_000

test.each([...OURS, nobleBackend])('$name passes its self-test', (backend) => {
  expect(backendPasses(backend)).toBe(true)
})

describe.each(OURS)('$name answers as the oracle does', (backend) => {
  const curve = secp256k1Of(backend)

  test('an r that has wrapped around the order', () => {
    const wrapped = signatureOf(26n, 2n, 2)
    expect(ORACLE.recover(word(0n), wrapped)).toBeDefined()
    expect(curve.recover(word(0n), wrapped)).toEqual(ORACLE.recover(word(0n), wrapped))
  })
  test('what it signs, recovers and verifies', () => {
    fc.assert(
      fc.property(bytes32, secretKey, (hash, secret) => {
        const publicKey = curve.publicKey(secret)!
        const signature = curve.sign(hash, secret)!
        expect(publicKey).toEqual(ORACLE.publicKey(secret))
        expect(signature).toEqual(ORACLE.sign(hash, secret))
        expect(curve.recover(hash, signature)).toEqual(publicKey)
        expect(ORACLE.recover(hash, signature)).toEqual(publicKey)
        expect(curve.verify(hash, signature, publicKey)).toBe(true)
      }),
      RUNS,
    )
  })
  test('signatures of any numbers', () => {
    fc.assert(
      fc.property(bytes32, number, number, fc.integer({ min: 0, max: 5 }), (hash, r, s, recovery) => {
        const signature = signatureOf(r, s, recovery)
        const recovered = curve.recover(hash, signature)
        expect(recovered).toEqual(ORACLE.recover(hash, signature))
        if (recovered !== undefined)
          expect(curve.verify(hash, signature, recovered)).toBe(ORACLE.verify(hash, signature, recovered))
      }),
      RUNS,
    )
  })
  test('a signature with s in the upper half is recovered, and not verified', () => {
    fc.assert(
      fc.property(bytes32, secretKey, (hash, secret) => {
        const signature = curve.sign(hash, secret)!
        const [r, s] = [bigintOf(signature.subarray(0, 32)), bigintOf(signature.subarray(32, 64))]
        const mirrored = signatureOf(r, ORDER - s, signature[64]! ^ 1)
        const publicKey = curve.publicKey(secret)!
        expect(curve.recover(hash, mirrored)).toEqual(publicKey)
        expect(ORACLE.recover(hash, mirrored)).toEqual(publicKey)
        expect(curve.verify(hash, mirrored, publicKey)).toBe(false)
        expect(ORACLE.verify(hash, mirrored, publicKey)).toBe(false)
      }),
      RUNS,
    )
  })
  test('common points, the same from both sides', () => {
    fc.assert(
      fc.property(secretKey, secretKey, (a, b) => {
        const common = curve.ecdh(a, curve.publicKey(b)!)
        expect(common).toEqual(curve.ecdh(b, curve.publicKey(a)!))
        expect(common).toEqual(ORACLE.ecdh(a, ORACLE.publicKey(b)!))
      }),
      RUNS,
    )
  })
  test('keys and their compressed forms', () => {
    fc.assert(
      fc.property(secretKey, (secret) => {
        const publicKey = curve.publicKey(secret)!
        const compressed = Uint8Array.of(2 + (publicKey[63]! & 1), ...publicKey.subarray(0, 32))
        const mirrored = Uint8Array.of(compressed[0]! ^ 1, ...compressed.subarray(1))
        expect(curve.decompress(compressed)).toEqual(publicKey)
        expect(curve.decompress(mirrored)).toEqual(ORACLE.decompress(mirrored))
        expect(curve.decompress(mirrored)).not.toEqual(publicKey)
        expect(curve.isPoint(publicKey)).toBe(true)
        expect(ORACLE.isPoint(publicKey)).toBe(true)
      }),
      RUNS,
    )
  })
  test('compressed forms and points of any numbers', () => {
    fc.assert(
      fc.property(number, number, fc.integer({ min: 0, max: 8 }), (x, y, first) => {
        const compressed = Uint8Array.of(first, ...word(x))
        expect(curve.decompress(compressed)).toEqual(ORACLE.decompress(compressed))
        const publicKey = Uint8Array.of(...word(x), ...word(y))
        expect(curve.isPoint(publicKey)).toBe(ORACLE.isPoint(publicKey))
      }),
      { numRuns: 200 },
    )
  })
  test('compressed forms about zero and the prime', () => {
    for (let i = 0n; i < 20n; i++)
      for (const x of [i, PRIME - 1n - i, PRIME + i])
        for (const first of [2, 3]) {
          const compressed = Uint8Array.of(first, ...word(x))
          expect(curve.decompress(compressed)).toEqual(ORACLE.decompress(compressed))
        }
  })
  test('keys that are none', () => {
    fc.assert(
      fc.property(bytes32, number, number, (hash, x, y) => {
        const publicKey = Uint8Array.from([...word(x), ...word(y)])
        const secret = word(x)
        expect(curve.publicKey(secret)).toEqual(ORACLE.publicKey(secret))
        expect(curve.sign(hash, secret)).toEqual(ORACLE.sign(hash, secret))
        expect(curve.ecdh(word(7n), publicKey)).toEqual(ORACLE.ecdh(word(7n), publicKey))
        const signature = curve.sign(hash, word(7n))!
        expect(curve.verify(hash, signature, publicKey)).toBe(false)
      }),
      RUNS,
    )
  })
  test('many keys that are none, and takes a good one after them', () => {
    const offCurve = curve.publicKey(word(9n))!
    offCurve[63]! ^= 1
    const noPoint = signatureOf(5n, 1n, 0)
    const noX = Uint8Array.of(2, ...word(5n))
    const signature = curve.sign(word(1n), word(7n))!
    for (let i = 0; i < REFUSALS; i++) {
      if (curve.ecdh(word(7n), offCurve) !== undefined) expect.unreachable('a common point with what is none')
      if (curve.verify(word(1n), signature, offCurve)) expect.unreachable('a signature by what is no key')
      if (curve.decompress(noX) !== undefined) expect.unreachable('a point without y')
      if (curve.recover(word(1n), noPoint) !== undefined) expect.unreachable('a key from an r that is no x')
      if (curve.isPoint(offCurve)) expect.unreachable('a point off the curve')
    }
    const publicKey = curve.publicKey(word(7n))!
    expect(curve.verify(word(1n), signature, publicKey)).toBe(true)
    expect(curve.ecdh(word(7n), publicKey)).toEqual(ORACLE.ecdh(word(7n), publicKey))
    expect(curve.recover(word(1n), signature)).toEqual(publicKey)
  })
  test('views into larger buffers, left as they are', () => {
    const room = new Uint8Array(200).fill(0xee)
    const view = room.subarray(7, 39)
    view.set(word(1234n))
    expect(curve.publicKey(view)).toEqual(ORACLE.publicKey(word(1234n)))
    expect(curve.sign(view, view)).toEqual(ORACLE.sign(word(1234n), word(1234n)))
    expect(view).toEqual(word(1234n))
    expect(room.subarray(39)).toEqual(new Uint8Array(161).fill(0xee))
  })
})

test('lengths that are wrong are thrown', () => {
  const [hash, key] = [new Uint8Array(32), new Uint8Array(64)]
  expect(() => secp256k1.recover(hash, new Uint8Array(64))).toThrow(RangeError)
  expect(() => secp256k1.recover(hash.subarray(1), new Uint8Array(65))).toThrow(RangeError)
  expect(() => secp256k1.verify(hash, new Uint8Array(63), key)).toThrow(RangeError)
  expect(() => secp256k1.sign(hash, new Uint8Array(31))).toThrow(RangeError)
  expect(() => secp256k1.decompress(new Uint8Array(32))).toThrow(RangeError)
  expect(() => secp256k1.isPoint(new Uint8Array(65))).toThrow(RangeError)
  expect(() => secp256k1.ecdh(hash, new Uint8Array(65))).toThrow(RangeError)
})

describe('the choice', () => {
  const absent = (): Promise<Backend> => Promise.reject(new Error('no prebuild'))
  const wrong = (): Promise<Backend> => Promise.resolve({ ...wasmBackend, ecdh: () => new Uint8Array(32) })
  test('falls on the native one where it loads', () => {
    expect(secp256k1.backend).toBe(native === undefined ? 'wasm' : 'native')
  })
  test('passes over what cannot be loaded and what computes wrongly', async () => {
    expect((await firstThatWorks([absent, wrong, async () => wasmBackend])).backend).toBe('wasm')
  })
  test('throws when nothing is left', async () => {
    await expect(firstThatWorks([absent, wrong])).rejects.toThrow('no implementation')
  })
})
