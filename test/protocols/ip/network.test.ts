import { BlockList } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatAddress, parseAddress } from '../../../protocols/ip/address.ts'
import { contains, formatNetwork, parseNetwork, parseNetworkList, samePrefix } from '../../../protocols/ip/network.ts'

const address = (text: string): Uint8Array => {
  const parsed = parseAddress(text)
  if (!parsed.ok) throw new Error(text)
  return parsed.value
}

// geth, TestParseNetlist
test.each([
  ['', []],
  ['127.0.0.0/8', ['127.0.0.0/8']],
  ['127.0.0.0/16, 23.23.23.23/24,', ['127.0.0.0/16', '23.23.23.23/24']],
  ['::ffff:10.0.0.0/104', ['10.0.0.0/8']],
])('reads the list %j', (text, networks) => {
  const list = parseNetworkList(text)
  expect(list.ok && list.value.map(formatNetwork)).toEqual(networks)
})

test.each([
  ['127.0.0.0/44', 'NETWORK_PREFIX'],
  ['127.0.0.0/', 'NETWORK_PREFIX'],
  ['127.0.0.0/-1', 'NETWORK_PREFIX'],
  ['127.0.0.0/08', 'NETWORK_PREFIX'],
  ['::/129', 'NETWORK_PREFIX'],
  ['::ffff:10.0.0.0/8', 'NETWORK_PREFIX'],
  ['127.0.0.0', 'NETWORK_SYNTAX'],
  ['127.0.0/8', 'NETWORK_ADDRESS'],
])('refuses %s', (text, code) => {
  expect(parseNetworkList(`10.0.0.0/8,${text}`)).toEqual({ ok: false, error: { code, text } })
})

// geth, TestSameNet
test.each([
  ['0.0.0.0', '0.0.0.0', 32, true],
  ['0.0.0.0', '0.0.0.1', 0, true],
  ['0.0.0.0', '0.0.0.1', 31, true],
  ['0.0.0.0', '0.0.0.1', 32, false],
  ['0.33.0.1', '0.34.0.2', 8, true],
  ['0.33.0.1', '0.34.0.2', 13, true],
  ['0.33.0.1', '0.34.0.2', 15, false],
  ['0.0.0.0', '::', 0, false],
])('%s and %s in one /%i: %s', (a, b, bits, same) => expect(samePrefix(address(a), address(b), bits)).toBe(same))

test('contains what Node says it contains', () => {
  const of = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
  const pair = fc.oneof(
    fc.tuple(of(4), of(4), fc.integer({ min: 0, max: 32 })),
    fc.tuple(of(16), of(16), fc.integer({ min: 0, max: 128 })),
  )
  fc.assert(
    fc.property(pair, fc.nat(16), ([network, other, prefixBits], kept) => {
      const asked = Uint8Array.from(other, (byte, i) => (i < kept ? network[i]! : byte))
      const family = network.length === 4 ? 'ipv4' : 'ipv6'
      const list = new BlockList()
      list.addSubnet(formatAddress(network), prefixBits, family)
      expect(contains({ address: network, prefixBits }, asked)).toBe(list.check(formatAddress(asked), family))
    }),
    { numRuns: 500 },
  )
})

test('what is written is read back', () => {
  const text = '2001:db8::/32'
  const network = parseNetwork(text)
  expect(network.ok && formatNetwork(network.value)).toBe(text)
})
