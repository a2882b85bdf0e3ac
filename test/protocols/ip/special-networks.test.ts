import { describe, expect, test } from 'vitest'
import { hexConstant } from '../../../protocols/hex.ts'
import { formatAddress, parseAddress } from '../../../protocols/ip/address.ts'
import { checkRelayed, isLan, isSpecialNetwork, locality } from '../../../protocols/ip/special-networks.ts'

const address = (text: string): Uint8Array => {
  const parsed = parseAddress(text)
  if (!parsed.ok) throw new Error(text)
  return parsed.value
}

describe('local addresses (geth, TestIsLAN)', () => {
  test.each([
    '127.0.0.1',
    '10.0.1.1',
    '10.22.0.3',
    '172.31.252.251',
    '192.168.1.4',
    '169.254.3.4',
    'fe80::f4a1:8eff:fec5:9d9d',
    'febf::ab32:2233',
    'fc00::4',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:10.10.0.2',
  ])('%s', (text) => expect(isLan(address(text))).toBe(true))
  test.each(['192.0.2.1', '1.0.0.0', '172.32.0.1', 'fec0::2233', '::ffff:88.99.100.2'])('not %s', (text) =>
    expect(isLan(address(text))).toBe(false),
  )
  test('also inside an IPv6 address that was not taken apart', () => {
    const mapped = hexConstant('00000000000000000000ffff0a000001')
    expect(formatAddress(mapped)).toBe('::ffff:10.0.0.1')
    expect(isLan(mapped)).toBe(true)
  })
})

describe('special networks (geth, TestIsSpecialNetwork)', () => {
  test.each([
    '0.0.0.0',
    '0.2.0.8',
    '192.0.2.1',
    '192.0.2.44',
    '2001:db8:85a3:8d3:1319:8a2e:370:7348',
    '255.255.255.255',
    '224.0.0.22',
    'ff05::1:3',
    '::ffff:255.255.255.255',
    '::ffff:192.0.2.1',
  ])('%s', (text) => expect(isSpecialNetwork(address(text))).toBe(true))
  test.each(['192.0.3.1', '1.0.0.0', '172.32.0.1', 'fec0::2233'])('not %s', (text) =>
    expect(isSpecialNetwork(address(text))).toBe(false),
  )
})

// geth, TestCheckRelayIP
test.each([
  ['127.0.0.1', '0.0.0.0', 'RELAY_UNSPECIFIED'],
  ['192.168.0.1', '0.0.0.0', 'RELAY_UNSPECIFIED'],
  ['23.55.1.242', '0.0.0.0', 'RELAY_UNSPECIFIED'],
  ['23.55.1.242', '::', 'RELAY_UNSPECIFIED'],
  ['127.0.0.1', '255.255.255.255', 'RELAY_SPECIAL'],
  ['192.168.0.1', '255.255.255.255', 'RELAY_SPECIAL'],
  ['23.55.1.242', '255.255.255.255', 'RELAY_SPECIAL'],
  ['192.168.0.1', '127.0.2.19', 'RELAY_LOOPBACK'],
  ['23.55.1.242', '192.168.0.1', 'RELAY_LAN'],
  ['127.0.0.1', '127.0.2.19', undefined],
  ['127.0.0.1', '192.168.0.1', undefined],
  ['127.0.0.1', '23.55.1.242', undefined],
  ['192.168.0.1', '192.168.0.1', undefined],
  ['192.168.0.1', '23.55.1.242', undefined],
  ['23.55.1.242', '23.55.1.242', undefined],
])('from %s the address %s: %s', (sender, told, code) => {
  const checked = checkRelayed(address(sender), address(told))
  expect(checked.ok ? undefined : checked.error.code).toBe(code)
})

test.each([
  ['0.0.0.0', 0],
  ['::', 0],
  ['127.9.9.9', 1],
  ['fe80::1', 2],
  ['10.0.0.1', 3],
  ['fd00::1', 3],
  ['8.8.8.8', 4],
  ['2a00::1', 4],
])('%s reaches %i far', (text, far) => expect(locality(address(text))).toBe(far))
