import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeBase32, encodeBase32 } from '../../protocols/base32.ts'

// RFC 4648, section 10, without the padding
test.each([
  ['', ''],
  ['f', 'MY'],
  ['fo', 'MZXQ'],
  ['foo', 'MZXW6'],
  ['foob', 'MZXW6YQ'],
  ['fooba', 'MZXW6YTB'],
  ['foobar', 'MZXW6YTBOI'],
])('%j is %j', (plain, text) => {
  expect(encodeBase32(Buffer.from(plain))).toBe(text)
  expect(decodeBase32(text)).toEqual({ ok: true, value: new TextEncoder().encode(plain) })
})

test.each([
  ['MY======', 'BASE32_CHARACTER', 2],
  ['my', 'BASE32_CHARACTER', 0],
  ['M1', 'BASE32_CHARACTER', 1],
  ['M', 'BASE32_LENGTH', 1],
  ['MZX', 'BASE32_LENGTH', 3],
  ['MZXW6Y', 'BASE32_LENGTH', 6],
])('%j is refused', (text, code, offset) => {
  expect(decodeBase32(text)).toEqual({ ok: false, error: { code, offset } })
})

test('bits behind the last byte may be any', () => {
  expect(decodeBase32('MZ')).toEqual(decodeBase32('MY'))
})

test('what is written is read back', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(decodeBase32(encodeBase32(bytes))).toEqual({ ok: true, value: bytes })
    }),
  )
})
