import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { EnodeUrl } from '../../../protocols/enr/enode-url.ts'
import { formatEnodeUrl, parseEnodeUrl } from '../../../protocols/enr/enode-url.ts'
import { ip4Entry, ip6Entry, portEntry } from '../../../protocols/enr/entries.ts'
import { SECP256K1_IDENTITIES } from '../../../protocols/enr/identity.ts'
import {
  endpointOf,
  enodeUrlOf,
  formatNode,
  nodeAt,
  nodeOfRecord,
  parseNode,
  seqOf,
  tcpOf,
  udpOf,
} from '../../../protocols/enr/node.ts'
import { type RecordPair, signRecord } from '../../../protocols/enr/record.ts'
import { bytesToBareHex, hexConstant } from '../../../protocols/hex.ts'
import { addressOfBytes, formatAddress, unmapped } from '../../../protocols/ip/address.ts'
import { seededRandom } from '../../../runtime/simulation/random.ts'
import { SIMULATED_IDENTITIES, simulatedNodeKey } from '../simulated-identities.ts'
import { enodeUrlCase } from './enode-url-case.ts'

const KEY =
  '1dd9d65c4552b5eb43d5ad55a2ee3f56c6cbc1c64a5c8d659f51fcd51bace24351232b8d7821617d2b29b54b81cdefb9b3e9c37d7fd5f63270bcc9e1a6f6a439'
const parse = (text: string) => parseNode(text, SECP256K1_IDENTITIES)

// geth, parseNodeTests
describe('enode URLs', () => {
  test.each([
    [`enode://${KEY}@127.0.0.1:52150`, '127.0.0.1', 52150, 52150],
    [`enode://${KEY}@[::]:52150`, '::', 52150, 52150],
    [`enode://${KEY}@[2001:db8:3c4d:15::abcd:ef12]:52150`, '2001:db8:3c4d:15::abcd:ef12', 52150, 52150],
    [`enode://${KEY}@127.0.0.1:52150?discport=22334`, '127.0.0.1', 52150, 22334],
    [`enode://${KEY}@127.0.0.1:52150?discport=0`, '127.0.0.1', 52150, 0],
    [`enode://${KEY}`, undefined, 0, 0],
  ])('%s', (text, ip, tcp, udp) => {
    const node = parse(text)
    if (!node.ok) throw new Error(node.error.code)
    const { endpoint, publicKey, hostname } = node.value
    expect(bytesToBareHex(publicKey)).toBe(KEY)
    expect([endpoint.ip && formatAddress(endpoint.ip), endpoint.tcp, endpoint.udp, hostname]).toEqual([
      ip,
      tcp,
      udp,
      undefined,
    ])
    expect(formatNode(node.value)).toBe(text)
    expect(seqOf(node.value)).toBe(0n)
  })
  test('keep a DNS name for who dials', () => {
    const node = parse(`enode://${KEY}@valid.:3`)
    expect(node).toMatchObject({ value: { hostname: 'valid.', endpoint: { ip: undefined, tcp: 3, udp: 3 } } })
    expect(node.ok && formatNode(node.value)).toBe(`enode://${KEY}@valid.:3`)
  })
  test('may be the key alone, in either case', () => {
    const url = parseEnodeUrl(KEY.toUpperCase(), SECP256K1_IDENTITIES)
    expect(url).toMatchObject({ value: { ip: undefined, tcp: 0, udp: 0 } })
    expect(url.ok && bytesToBareHex(url.value.publicKey)).toBe(KEY)
  })
  test('are read with other parameters in the query, and an IPv4 address written as IPv6', () => {
    expect(parse(`enode://${KEY}@1.2.3.4:5?a=b&discport=&discport=6`)).toMatchObject({
      value: { endpoint: { tcp: 5, udp: 6 } },
    })
    expect(parse(`enode://${KEY}@[::ffff:1.2.3.4]:5`)).toMatchObject({
      value: { endpoint: { ip: hexConstant('01020304') } },
    })
  })

  test.each([
    [`enode://${KEY}@127.0.0.1:foo`, 'ENODE_PORT', 'foo'],
    [`enode://${KEY}@127.0.0.1:65536`, 'ENODE_PORT', '65536'],
    [`enode://${KEY}@127.0.0.1`, 'ENODE_PORT', ''],
    [`enode://${KEY}@127.0.0.1:`, 'ENODE_PORT', ''],
    [`enode://${KEY}@127.0.0.1:1/path`, 'ENODE_PORT', '1/path'],
    [`enode://${KEY}@[::1]`, 'ENODE_PORT', ''],
    [`enode://${KEY}@127.0.0.1:3?discport=foo`, 'ENODE_DISCPORT', 'foo'],
    [`enode://${KEY}@127.0.0.1:3?discport=99999`, 'ENODE_DISCPORT', '99999'],
    [`enode://${KEY}@127.0.0.256:3`, 'ENODE_HOST', '127.0.0.256'],
    [`enode://${KEY}@:3`, 'ENODE_HOST', ''],
    [`enode://${KEY}@::1:3`, 'ENODE_HOST', '::1'],
    [`enode://${KEY}@[1.2.3.4]:3`, 'ENODE_HOST', '[1.2.3.4]'],
    [`enode://${KEY}@a b:3`, 'ENODE_HOST', 'a b'],
    ['enode://01010101@123.124.125.126:3', 'ENODE_KEY_LENGTH', '01010101'],
    ['enode://01010101', 'ENODE_KEY_LENGTH', '01010101'],
    [`enode://${'g'.repeat(128)}`, 'ENODE_KEY_DIGIT', 'g'.repeat(128)],
    [`enode://0x${KEY.slice(2)}`, 'ENODE_KEY_DIGIT', `0x${KEY.slice(2)}`],
    [`enode://${'1'.repeat(128)}@1.2.3.4:5`, 'ENODE_KEY_CURVE', '1'.repeat(128)],
    ['', 'NODE_TEXT_PREFIX', ''],
    [KEY, 'NODE_TEXT_PREFIX', KEY.slice(0, 64)],
    ['http://foobar', 'NODE_TEXT_PREFIX', 'http://foobar'],
    ['://foo', 'NODE_TEXT_PREFIX', '://foo'],
  ])('%s is refused: %s', (text, code, part) => {
    expect(parse(text)).toEqual({ ok: false, error: { code, text: part } })
  })

  test('what is written is read back', () => {
    const url = fc.record({
      publicKey: fc.uint8Array({ minLength: 1, maxLength: 8 }).map((seed) => simulatedNodeKey(seed).publicKey),
      ip: fc
        .oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 }))
        .map(unmapped),
      tcp: fc.nat(65_535),
      udp: fc.nat(65_535),
    })
    fc.assert(
      fc.property(url, (one: EnodeUrl) => {
        expect(parseEnodeUrl(formatEnodeUrl(one), SIMULATED_IDENTITIES)).toEqual({ ok: true, value: one })
      }),
    )
  })
  test('20,000 mutated URLs are refused or written as they are read', () => {
    const random = seededRandom('enode URLs')
    let accepted = 0
    for (let i = 0; i < 20_000; i++) if (enodeUrlCase(random)) accepted++
    expect(accepted).toBeGreaterThan(5_000)
    expect(accepted).toBeLessThan(19_000)
  })
})

describe('records', () => {
  const SOUND =
    'enr:-IS4QGrdq0ugARp5T2BZ41TrZOqLc_oKvZoPuZP5--anqWE_J-Tucc1xgkOL7qXl0puJgT7qc2KSvcupc4NCb0nr4tdjgmlkgnY0gmlwhH8AAAGJc2VjcDI1NmsxoQM6UUF2Rm-oFe1IH_rQkRCi00T2ybeMHRSvw1HDpRvjPYN1ZHCCdl8'
  test('of a text are verified, and written as they came', () => {
    const node = parse(SOUND)
    if (!node.ok) throw new Error(node.error.code)
    expect(node.value.endpoint).toEqual({ ip: hexConstant('7f000001'), udp: 30303, tcp: 0 })
    expect(seqOf(node.value)).toBe(99n)
    expect(formatNode(node.value)).toBe(SOUND)
    expect(enodeUrlOf(node.value)).toBe(`enode://${bytesToBareHex(node.value.publicKey)}@127.0.0.1:0?discport=30303`)
    expect(udpOf(node.value)).toEqual({ ip: hexConstant('7f000001'), port: 30303 })
    expect(tcpOf(node.value)).toBeUndefined()
  })
  test.each([
    ['enr:', 'RECORD_ENCODING'],
    ['enr:x', 'RECORD_TEXT_BASE64'],
    [
      'enr:-EmGZm9vYmFyY4JpZIJ2NIJpcIR_AAABiXNlY3AyNTZrMaEDOlFBdkZvqBXtSB_60JEQotNE9sm3jB0Ur8NRw6Ub4z2DdWRwgnZf',
      'RECORD_SIGNATURE',
    ],
  ])('%.12s… is refused: %s', (text, code) => {
    expect(parse(text)).toMatchObject({ ok: false, error: { code } })
  })

  const endpoint = (...pairs: RecordPair[]) => {
    const record = signRecord(1n, pairs, simulatedNodeKey(Uint8Array.of(1)), SIMULATED_IDENTITIES)
    if (!record.ok) throw new Error(record.error.code)
    const { ip, udp, tcp } = endpointOf(record.value)
    const node = nodeOfRecord(record.value, SIMULATED_IDENTITIES)
    expect(node.ok && node.value.endpoint).toEqual({ ip, udp, tcp })
    return [ip && formatAddress(ip), udp, tcp]
  }
  const ip4 = (hex: string) => ip4Entry(hexConstant(hex))
  const ip6 = (hex: string) => ip6Entry(hexConstant(hex.padEnd(32, '0')))
  const ports = [portEntry('udp', 1), portEntry('tcp', 2), portEntry('udp6', 3), portEntry('tcp6', 4)]
  test('prefer the family that reaches further, IPv4 where both do', () => {
    expect(endpoint(ip4('01020304'), ip6('2a00'), ...ports)).toEqual(['1.2.3.4', 1, 2])
    expect(endpoint(ip4('0a000001'), ip6('2a00'), ...ports)).toEqual(['2a00::', 3, 4])
    expect(endpoint(ip4('0a000001'), ip6('fd00'), ...ports)).toEqual(['10.0.0.1', 1, 2])
    expect(endpoint(ip6('2a00'), ...ports)).toEqual(['2a00::', 3, 4])
  })
  test('have one port for both families where there is no other', () => {
    expect(endpoint(ip6('2a00'), portEntry('udp', 1), portEntry('tcp', 2))).toEqual(['2a00::', 1, 2])
  })
  test('name no multicast address, and may name none', () => {
    expect(endpoint(ip4('e0000001'), ...ports)).toEqual([undefined, 1, 2])
    expect(endpoint(ip4('e0000001'), ip6('2a00'), ...ports)).toEqual(['2a00::', 3, 4])
    expect(endpoint(...ports)).toEqual([undefined, 1, 2])
  })
  test('take an IPv4 address out of an IPv6 one', () => {
    expect(endpoint(ip6('00000000000000000000ffff01020304'), ...ports)).toEqual(['1.2.3.4', 1, 2])
  })
})

test('a node is not reached at no address, nor at port 0', () => {
  const { publicKey } = simulatedNodeKey(Uint8Array.of(1))
  const at = (ip: string | undefined, udp: number, tcp: number) =>
    nodeAt(publicKey, { ip: ip === undefined ? undefined : addressOfBytes(hexConstant(ip)), udp, tcp })
  expect(udpOf(at('01020304', 5, 0))?.port).toBe(5)
  expect(tcpOf(at('01020304', 5, 0))).toBeUndefined()
  expect(udpOf(at('00000000', 5, 5))).toBeUndefined()
  expect(tcpOf(at(undefined, 5, 5))).toBeUndefined()
})
