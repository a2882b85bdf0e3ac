import fc from 'fast-check'
import { compress } from 'snappyjs'
import { describe, expect, test } from 'vitest'
import { bytesEqual } from '../../protocols/bytes.ts'
import { crc32c } from '../../protocols/crc32c.ts'
import { deflateFrames, inflateFrames } from '../../protocols/era1/snappy-frame.ts'
import { hexConstant } from '../../protocols/hex.ts'
import { deflateSnappy, inflateSnappy } from '../../protocols/snappy.ts'

const MANY = 1_000_000
/** Long and repetitive enough for every kind of copy. */
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 400 }),
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 6_000 }))
    .map(([part, times]) => Uint8Array.from({ length: part.length * times }, (_, i) => part[i % part.length]!)),
)

describe('snappy', () => {
  test('inflates what it deflates, and what snappyjs does', () => {
    fc.assert(
      fc.property(bytes, (plain) => {
        for (const compressed of [deflateSnappy(plain), compress(plain)]) {
          const back = inflateSnappy(compressed, MANY)
          expect(back.ok && bytesEqual(back.value, plain)).toBe(true)
        }
      }),
    )
  })
  test('refuses damage and truncation instead of guessing, and never throws', () => {
    fc.assert(
      fc.property(bytes, fc.nat(), fc.integer({ min: 1, max: 255 }), (plain, at, flip) => {
        const compressed = deflateSnappy(plain)
        for (const cut of [compressed.subarray(0, at % compressed.length)])
          expect(inflateSnappy(cut, MANY).ok).toBe(false)
        const damaged = compressed.slice()
        damaged[at % damaged.length]! ^= flip
        const inflated = inflateSnappy(damaged, MANY)
        if (inflated.ok) expect(inflated.value.length).toBeLessThanOrEqual(MANY)
      }),
    )
  })
  test('allocates nothing for a length above the bound', () => {
    expect(inflateSnappy(hexConstant('ffffffff0f00'), MANY)).toMatchObject({ error: { code: 'SNAPPY_TOO_LARGE' } })
    expect(inflateSnappy(hexConstant('ffffffffff0f'), MANY)).toMatchObject({ error: { code: 'SNAPPY_LENGTH' } })
    // A literal of 2^32 bytes: the size must not turn negative.
    expect(inflateSnappy(hexConstant('05fcffffffff00'), MANY)).toMatchObject({ error: { code: 'SNAPPY_DAMAGED' } })
  })
})

describe('CRC-32C', () => {
  test.each([
    ['zeros', new Uint8Array(32), 0x8a9136aa],
    ['ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['rising', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ['123456789', new TextEncoder().encode('123456789'), 0xe3069283],
  ])('of RFC 3720: %s', (_name, input, checksum) => expect(crc32c(input)).toBe(checksum))
})

describe('snappy frames', () => {
  test('come back, also over several chunks', () => {
    fc.assert(
      fc.property(bytes, (plain) => {
        const back = inflateFrames(deflateFrames(plain), MANY)
        expect(back.ok && bytesEqual(back.value, plain)).toBe(true)
      }),
    )
    const long = Uint8Array.from({ length: 200_000 }, (_, i) => (i * i) >> 3)
    expect(inflateFrames(deflateFrames(long), MANY)).toEqual({ ok: true, value: long })
    expect(inflateFrames(deflateFrames(long), 100_000)).toMatchObject({ error: { code: 'FRAME_TOO_LARGE' } })
  })
  test('say what is wrong', () => {
    const framed = deflateFrames(Uint8Array.of(1, 2, 3))
    const damaged = framed.slice()
    damaged[damaged.length - 1]! ^= 1
    expect(inflateFrames(damaged, MANY)).toEqual({ ok: false, error: { code: 'FRAME_CHECKSUM', offset: 10 } })
    expect(inflateFrames(framed.subarray(0, 15), MANY)).toMatchObject({ error: { code: 'FRAME_TRUNCATED' } })
    expect(inflateFrames(framed.subarray(1), MANY)).toMatchObject({ error: { code: 'FRAME_NO_IDENTIFIER' } })
    const unknown = framed.slice()
    unknown[10] = 2
    expect(inflateFrames(unknown, MANY)).toMatchObject({ error: { code: 'FRAME_CHUNK_TYPE', type: 2 } })
  })
})
