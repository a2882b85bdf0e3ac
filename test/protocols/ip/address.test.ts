import { isIPv4, isIPv6 } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytesToBareHex, hexConstant } from '../../../protocols/hex.ts'
import { addressOfBytes, formatAddress, formatHostPort, parseAddress, unmapped } from '../../../protocols/ip/address.ts'

const bytesOf = (text: string): string | undefined => {
  const parsed = parseAddress(text)
  return parsed.ok ? bytesToBareHex(parsed.value) : undefined
}

test.each([
  ['1.2.3.4', '01020304'],
  ['255.255.255.255', 'ffffffff'],
  ['::', '00000000000000000000000000000000'],
  ['::1', '00000000000000000000000000000001'],
  ['1::', '00010000000000000000000000000000'],
  ['2001:db8:85a3:8d3:1319:8a2e:370:7348', '20010db885a308d313198a2e03707348'],
  ['2001:DB8:3c4d:15::abcd:ef12', '20010db83c4d001500000000abcdef12'],
  ['1:2:3:4:5:6:7::', '00010002000300040005000600070000'],
  ['64:ff9b::1.2.3.4', '0064ff9b000000000000000001020304'],
  ['::ffff:1.2.3.4', '01020304'],
  ['::ffff:102:304', '01020304'],
])('reads %s', (text, bytes) => expect(bytesOf(text)).toBe(bytes))

test.each([
  '',
  '1.2.3',
  '1.2.3.4.5',
  '1.2.3.256',
  '01.2.3.4',
  '1.2.3.4 ',
  '0x1.2.3.4',
  ':',
  ':::',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7:8::',
  '::1.2.3.4.5',
  '1.2.3.4::',
  '12345::',
  'fe80::1%eth0',
  '[::1]',
  '1:',
  ':1',
  'g::',
])('refuses %j, and names it', (text) => {
  expect(parseAddress(text)).toEqual({ ok: false, error: { code: 'IP_SYNTAX', text } })
})

test.each([
  ['00000000000000000000000000000000', '::'],
  ['20010db8000000000000000000000001', '2001:db8::1'],
  ['20010db8000000010000000000000001', '2001:db8:0:1::1'],
  ['20010000000000010000000000010001', '2001::1:0:0:1:1'],
  ['20010000000000010000000000000001', '2001:0:0:1::1'],
  ['00010002000300040005000600070000', '1:2:3:4:5:6:7:0'],
  ['00000000000000000000ffff01020304', '::ffff:1.2.3.4'],
  ['7f000001', '127.0.0.1'],
])('writes %s as RFC 5952 does', (bytes, text) => expect(formatAddress(hexConstant(bytes))).toBe(text))

test('writes a port behind an address of either family', () => {
  expect(formatHostPort(hexConstant('01020304'), 30303)).toBe('1.2.3.4:30303')
  expect(formatHostPort(new Uint8Array(16), 1)).toBe('[::]:1')
})

test('takes addresses of 4 and 16 bytes only', () => {
  expect(addressOfBytes(new Uint8Array(5))).toBeUndefined()
  expect(addressOfBytes(new Uint8Array(0))).toBeUndefined()
  expect(() => formatAddress(new Uint8Array(5))).toThrow(RangeError)
})

describe('properties', () => {
  const address = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
    // Groups that are often zero, so that `::` falls everywhere.
    fc
      .array(fc.constantFrom(0, 0, 0, 1, 0xabcd), { minLength: 8, maxLength: 8 })
      .map((groups) => Uint8Array.from(groups.flatMap((group) => [group >>> 8, group & 255]))),
  )
  test('what is written is read back, and Node agrees that it is an address', () => {
    fc.assert(
      fc.property(address, (bytes) => {
        const text = formatAddress(bytes)
        expect(bytes.length === 4 ? isIPv4(text) : isIPv6(text)).toBe(true)
        expect(parseAddress(text)).toEqual({ ok: true, value: unmapped(bytes) })
      }),
      { numRuns: 1_000 },
    )
  })
  test('takes what Node takes', () => {
    const text = fc
      .array(fc.constantFrom('0', '1', '12', '255', '256', 'ffff', ':', '::', '.', 'g'), { maxLength: 14 })
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.oneof(text, fc.ipV6(), fc.ipV4(), fc.string()), (written) => {
        const isAddress = (isIPv4(written) || isIPv6(written)) && !written.includes('%')
        expect(parseAddress(written).ok).toBe(isAddress)
      }),
      { numRuns: 5_000 },
    )
  })
})
