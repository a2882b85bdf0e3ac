import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeBase64Url, encodeBase64Url } from '../../protocols/base64url.ts'

test('is what Node writes, and is read back', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = encodeBase64Url(bytes)
      expect(text).toBe(Buffer.from(bytes).toString('base64url'))
      expect(decodeBase64Url(text)).toEqual({ ok: true, value: bytes })
    }),
  )
})

test('text that is taken has one form', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('A', 'B', '-', '_', '9', '=', '+', 'Q'), maxLength: 9 }), (text) => {
      const bytes = decodeBase64Url(text)
      if (bytes.ok) expect(encodeBase64Url(bytes.value)).toBe(text)
    }),
    { numRuns: 500 },
  )
})

test.each([
  ['A', 'BASE64_LENGTH', 1],
  ['AA==', 'BASE64_CHARACTER', 2],
  ['A+', 'BASE64_CHARACTER', 1],
  ['AB', 'BASE64_TRAILING_BITS', 1],
  ['AAB', 'BASE64_TRAILING_BITS', 2],
])('%j is refused', (text, code, offset) => {
  expect(decodeBase64Url(text)).toEqual({ ok: false, error: { code, offset } })
})
