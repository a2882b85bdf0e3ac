import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes } from '../../../protocols/bytes.ts'
import { decodePacket, encodePacket, openPacket } from '../../../protocols/discv4/codec.ts'
import { expirationAt, isExpired, PACKET_BYTES_MAX, type Packet } from '../../../protocols/discv4/packet.ts'
import { ip4Entry } from '../../../protocols/enr/entries.ts'
import { SECP256K1_IDENTITIES, secp256k1NodeKey } from '../../../protocols/enr/identity.ts'
import type { Endpoint } from '../../../protocols/enr/node.ts'
import { type NodeRecord, signRecord } from '../../../protocols/enr/record.ts'
import { bytesToBareHex, hexConstant } from '../../../protocols/hex.ts'
import { formatAddress, unmapped } from '../../../protocols/ip/address.ts'
import { keccak256 } from '../../../protocols/keccak256.ts'
import { encodeRlp, type RlpItem } from '../../../protocols/rlp.ts'
import { seededRandom } from '../../../runtime/simulation/random.ts'
import { SIMULATED_IDENTITIES, simulatedNodeKey } from '../simulated-identities.ts'
import { EIP8_SECRET_KEY, FIND_NODE, NEIGHBOURS, PING, PING_V555, PING_WITH_TAIL, PONG } from './eip8-packets.ts'
import { packetCase } from './packet-case.ts'

const KEY = secp256k1NodeKey(hexConstant(EIP8_SECRET_KEY))!
const CHEAP_KEY = simulatedNodeKey(Uint8Array.of(1))
const EXPIRATION = 1_136_239_445n

const shown = ({ ip, udp, tcp }: Endpoint) => [ip && formatAddress(ip), udp, tcp]
const received = (hex: string): Packet => {
  const bytes = hexConstant(hex)
  const decoded = decodePacket(bytes, SECP256K1_IDENTITIES)
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.error))
  expect(decoded.value.sender).toEqual(KEY.publicKey)
  expect(decoded.value.hash).toEqual(bytes.subarray(0, 32))
  return decoded.value.packet
}

describe('packets of EIP-8', () => {
  test.each([
    ['a ping without extensions', PING, undefined],
    ['a ping with additional elements', PING_WITH_TAIL, 1n],
  ])('%s', (_name, hex, recordSeq) => {
    const packet = received(hex)
    if (packet.kind !== 'ping') throw new Error(packet.kind)
    expect([packet.version, packet.expiration, packet.recordSeq]).toEqual([4n, EXPIRATION, recordSeq])
    expect(shown(packet.from)).toEqual(['127.0.0.1', 3322, 5544])
    expect(shown(packet.to)).toEqual(['::1', 2222, 3333])
  })
  test('a ping of version 555 with a list and bytes appended', () => {
    const packet = received(PING_V555)
    if (packet.kind !== 'ping') throw new Error(packet.kind)
    expect([packet.version, packet.expiration, packet.recordSeq]).toEqual([555n, EXPIRATION, undefined])
    expect(shown(packet.from)).toEqual(['2001:db8:3c4d:15::abcd:ef12', 3322, 5544])
    expect(shown(packet.to)).toEqual(['2001:db8:85a3:8d3:1319:8a2e:370:7348', 2222, 33338])
  })
  test('a pong with additional elements and bytes', () => {
    const packet = received(PONG)
    if (packet.kind !== 'pong') throw new Error(packet.kind)
    expect([packet.expiration, packet.recordSeq]).toEqual([EXPIRATION, undefined])
    expect(shown(packet.to)).toEqual(['2001:db8:85a3:8d3:1319:8a2e:370:7348', 2222, 33338])
    expect(bytesToBareHex(packet.pingHash)).toBe('fbc914b16819237dcd8801d7e53f69e9719adecb3cc0e790c57e91ca4461c954')
  })
  test('a findNode with additional elements and bytes', () => {
    const packet = received(FIND_NODE)
    if (packet.kind !== 'findNode') throw new Error(packet.kind)
    expect(packet.target).toEqual(KEY.publicKey)
    expect(packet.expiration).toBe(EXPIRATION)
  })
  test('neighbours with additional elements and bytes', () => {
    const packet = received(NEIGHBOURS)
    if (packet.kind !== 'neighbours') throw new Error(packet.kind)
    expect(packet.expiration).toBe(EXPIRATION)
    expect(packet.nodes.map(({ endpoint }) => shown(endpoint))).toEqual([
      ['99.33.22.55', 4444, 4445],
      ['1.2.3.4', 1, 1],
      ['2001:db8:3c4d:15::abcd:ef12', 3333, 3333],
      ['2001:db8:85a3:8d3:1319:8a2e:370:7348', 999, 1000],
    ])
    expect(packet.nodes.map(({ publicKey }) => bytesToBareHex(publicKey).slice(0, 8))).toEqual([
      '3155e142',
      '312c5551',
      '38643200',
      '8dcab861',
    ])
  })
  test('a ping is made byte for byte, but for the signature: theirs is of another nonce', () => {
    const { bytes, hash } = encodePacket(received(PING), KEY)
    expect(bytesToBareHex(bytes.subarray(97))).toBe(PING.slice(194))
    expect(received(bytesToBareHex(bytes))).toEqual(received(PING))
    expect(keccak256(bytes.subarray(32))).toEqual(hash)
  })
})

/** A packet with a sound hash and signature, whatever its content. */
function sealed(type: number, content: Uint8Array, key = CHEAP_KEY): Uint8Array {
  const signed = concatBytes(Uint8Array.of(type), content)
  const behindHash = concatBytes(key.sign(keccak256(signed)), signed)
  return concatBytes(keccak256(behindHash), behindHash)
}
const codeOf = (bytes: Uint8Array): string | undefined => {
  const decoded = decodePacket(bytes, SIMULATED_IDENTITIES)
  return decoded.ok ? undefined : decoded.error.code
}
const packetOf = (type: number, item: RlpItem): Packet => {
  const decoded = decodePacket(sealed(type, encodeRlp(item)), SIMULATED_IDENTITIES)
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.error))
  return decoded.value.packet
}
const nothing = new Uint8Array(0)
const one = Uint8Array.of(1)

describe('refuses', () => {
  test('97 bytes, and 1,281', () => {
    expect(codeOf(new Uint8Array(97))).toBe('DISCV4_TOO_SHORT')
    expect(codeOf(nothing)).toBe('DISCV4_TOO_SHORT')
    const padded = (size: number) => sealed(5, concatBytes(encodeRlp([one]), new Uint8Array(size - 100)))
    expect(padded(PACKET_BYTES_MAX)).toHaveLength(1_280)
    expect(codeOf(padded(PACKET_BYTES_MAX))).toBeUndefined()
    expect(codeOf(padded(PACKET_BYTES_MAX + 1))).toBe('DISCV4_TOO_LARGE')
  })
  test('a packet with any bit changed', () => {
    const sound = hexConstant(PING)
    for (let at = 0; at < sound.length; at++) {
      const changed = sound.slice()
      changed[at]! ^= 0x10
      expect(openPacket(changed)).toEqual({ ok: false, error: { code: 'DISCV4_HASH' } })
    }
  })
  test('a signature that nobody made', () => {
    const packet = hexConstant(PING)
    packet[96] = 4
    packet.set(keccak256(packet.subarray(32)))
    expect(decodePacket(packet, SECP256K1_IDENTITIES)).toEqual({ ok: false, error: { code: 'DISCV4_SIGNATURE' } })
    packet.fill(0, 32, 97)
    packet.set(keccak256(packet.subarray(32)))
    expect(decodePacket(packet, SECP256K1_IDENTITIES)).toEqual({ ok: false, error: { code: 'DISCV4_SIGNATURE' } })
  })
  test.each([0, 7, 255])('the type %i', (type) => {
    expect(decodePacket(sealed(type, encodeRlp([one])), SIMULATED_IDENTITIES)).toEqual({
      ok: false,
      error: { code: 'DISCV4_TYPE', type },
    })
  })
  const endpoint = [nothing, one, one]
  test.each<[string, number, RlpItem]>([
    ['a ping without expiration', 1, [one, endpoint, endpoint]],
    ['a ping with an endpoint of two', 1, [one, [nothing, one], endpoint, one]],
    ['a ping with an endpoint of four', 1, [one, [nothing, one, one, one], endpoint, one]],
    ['a port of 17 bits', 1, [one, [nothing, hexConstant('010000'), one], endpoint, one]],
    ['an expiration above 64 bits', 5, [new Uint8Array(9).fill(1)]],
    ['a pong with a hash of 31 bytes', 2, [endpoint, new Uint8Array(31), one]],
    ['a target of 63 bytes', 3, [new Uint8Array(63), one]],
    ['neighbours that are no list', 4, [one, one]],
    ['a neighbour with a key of 65 bytes', 4, [[[nothing, one, one, new Uint8Array(65)]], one]],
    ['a neighbour with five elements', 4, [[[nothing, one, one, new Uint8Array(64), one]], one]],
    ['a record request with nothing in it', 5, []],
    ['a string for a packet', 5, one],
    ['an answer without record', 6, [new Uint8Array(32)]],
    ['an answer with a string for a record', 6, [new Uint8Array(32), one]],
  ])('%s', (_name, type, item) => {
    expect(codeOf(sealed(type, encodeRlp(item)))).toBe('DISCV4_ENCODING')
  })
  test('a list that goes on behind the packet, and an appended element that does', () => {
    expect(codeOf(sealed(5, hexConstant('c201')))).toBe('DISCV4_ENCODING')
    expect(codeOf(sealed(5, hexConstant('c20182')))).toBe('DISCV4_ENCODING')
    expect(codeOf(sealed(5, nothing))).toBe('DISCV4_ENCODING')
  })
  test('an answer whose record is none, with the cause', () => {
    const record = [new Uint8Array(64), one, one, one, one, one]
    expect(decodePacket(sealed(6, encodeRlp([new Uint8Array(32), record])), SIMULATED_IDENTITIES)).toEqual({
      ok: false,
      error: { code: 'DISCV4_RECORD', cause: { code: 'RECORD_KEY_TWICE', key: '\x01', after: '\x01' } },
    })
  })
  test('to make a packet that is too large, or of what is no port or address: those are bugs', () => {
    const packet = (endpoint: Endpoint, count = 1): Packet => ({
      kind: 'neighbours',
      nodes: Array.from({ length: count }, () => ({ publicKey: CHEAP_KEY.publicKey, endpoint })),
      expiration: 1n,
    })
    const ip = new Uint8Array(16).fill(1)
    expect(encodePacket(packet({ ip, udp: 65_535, tcp: 65_535 }, 12), CHEAP_KEY).bytes.length).toBeLessThan(1_281)
    expect(() => encodePacket(packet({ ip, udp: 65_535, tcp: 65_535 }, 13), CHEAP_KEY)).toThrow('a packet of')
    expect(() => encodePacket(packet({ ip, udp: 65_536, tcp: 0 }), CHEAP_KEY)).toThrow('no port')
    expect(() => encodePacket(packet({ ip: new Uint8Array(5), udp: 1, tcp: 0 }), CHEAP_KEY)).toThrow('no IP address')
  })
})

describe('is tolerant of', () => {
  test('an address of any size in an endpoint, which then is none', () => {
    const packet = packetOf(1, [one, [new Uint8Array(5), one, one], [new Uint8Array(200), one, one], one])
    expect(packet).toMatchObject({ from: { ip: undefined, udp: 1, tcp: 1 }, to: { ip: undefined } })
  })
  test('an IPv4 address inside an IPv6 one, which is taken out', () => {
    const mapped = hexConstant('00000000000000000000ffff01020304')
    expect(packetOf(2, [[mapped, one, one], new Uint8Array(32), one])).toMatchObject({
      to: { ip: hexConstant('01020304') },
    })
  })
  test('neighbours that name no address and no key of the curve: each is judged for itself', () => {
    const packet = packetOf(4, [[[nothing, nothing, nothing, new Uint8Array(64)]], one])
    expect(packet).toMatchObject({ nodes: [{ endpoint: { ip: undefined, udp: 0, tcp: 0 } }] })
  })
  test('the number of a record with leading zeros: it is as if absent', () => {
    const endpoint = [nothing, one, one]
    expect(packetOf(1, [one, endpoint, endpoint, one, hexConstant('0001')])).not.toHaveProperty('recordSeq')
    expect(packetOf(1, [one, endpoint, endpoint, one, nothing])).toHaveProperty('recordSeq', 0n)
  })
})

describe('expiration', () => {
  const request = (expiration: bigint): Packet => ({ kind: 'recordRequest', expiration })
  test('is 20 seconds after the sending', () => {
    expect(expirationAt(1_000_999)).toBe(1_020n)
  })
  test('is over a millisecond after its second began', () => {
    expect(isExpired(request(1_000n), 1_000_000)).toBe(false)
    expect(isExpired(request(1_000n), 1_000_001)).toBe(true)
    expect(isExpired(request(0n), 1)).toBe(true)
  })
  test('never comes where the number means a time before 1970 to others', () => {
    expect(isExpired(request(2n ** 63n - 1n), 1_000)).toBe(false)
    expect(isExpired(request(2n ** 63n), 1_000)).toBe(true)
  })
  test('is not asked of an answer with a record, which has none', () => {
    const record = signRecord(1n, [], CHEAP_KEY, SIMULATED_IDENTITIES)
    if (!record.ok) throw new Error(record.error.code)
    expect(isExpired({ kind: 'recordResponse', requestHash: new Uint8Array(32), record: record.value }, 1e15)).toBe(
      false,
    )
  })
})

describe('properties', () => {
  const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
  const port = fc.nat(65_535)
  const endpoint = fc.record({
    ip: fc.option(fc.oneof(bytes(4), bytes(16)).map(unmapped), { nil: undefined }),
    udp: port,
    tcp: port,
  })
  const expiration = uint64
  const recordSeq = fc.option(uint64, { nil: undefined }).map((seq) => (seq === undefined ? {} : { recordSeq: seq }))
  const record = fc.tuple(uint64, bytes(4)).map(([seq, ip]): NodeRecord => {
    const signed = signRecord(seq, [ip4Entry(ip)], CHEAP_KEY, SIMULATED_IDENTITIES)
    if (!signed.ok) throw new Error(signed.error.code)
    return signed.value
  })
  const kind = <K extends Packet['kind']>(name: K) => fc.constant(name)
  const packet: fc.Arbitrary<Packet> = fc.oneof(
    fc
      .tuple(fc.record({ kind: kind('ping'), version: uint64, from: endpoint, to: endpoint, expiration }), recordSeq)
      .map(([ping, seq]) => ({ ...ping, ...seq })),
    fc
      .tuple(fc.record({ kind: kind('pong'), to: endpoint, pingHash: bytes(32), expiration }), recordSeq)
      .map(([pong, seq]) => ({ ...pong, ...seq })),
    fc.record({ kind: kind('findNode'), target: bytes(64), expiration }),
    fc.record({
      kind: kind('neighbours'),
      nodes: fc.array(fc.record({ publicKey: bytes(64), endpoint }), { maxLength: 12 }),
      expiration,
    }),
    fc.record({ kind: kind('recordRequest'), expiration }),
    fc.record({ kind: kind('recordResponse'), requestHash: bytes(32), record }),
  )
  test('what is sent is received, with its sender', () => {
    fc.assert(
      fc.property(packet, (sent) => {
        const { bytes, hash } = encodePacket(sent, CHEAP_KEY)
        expect(decodePacket(bytes, SIMULATED_IDENTITIES)).toEqual({
          ok: true,
          value: { packet: sent, hash, sender: CHEAP_KEY.publicKey },
        })
      }),
      { numRuns: 500 },
    )
  })
  test('the same with real signatures', () => {
    fc.assert(
      fc.property(packet, (sent) => {
        expect(decodePacket(encodePacket(sent, KEY).bytes, SECP256K1_IDENTITIES)).toMatchObject({
          ok: true,
          value: { packet: sent, sender: KEY.publicKey },
        })
      }),
      { numRuns: 30 },
    )
  })
  test('a packet is borrowed: what was read stays when its buffer is used again', () => {
    const buffer = hexConstant(NEIGHBOURS)
    const decoded = decodePacket(buffer, SECP256K1_IDENTITIES)
    buffer.fill(0)
    expect(decoded).toEqual(decodePacket(hexConstant(NEIGHBOURS), SECP256K1_IDENTITIES))
  })
  test('20,000 mutated packets are refused or read to their end', () => {
    const random = seededRandom('discv4')
    const counts = new Map<string, number>()
    for (let i = 0; i < 20_000; i++) {
      const outcome = packetCase(random)
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
    }
    for (const outcome of ['accepted', 'DISCV4_HASH', 'DISCV4_TYPE', 'DISCV4_ENCODING', 'DISCV4_RECORD'])
      expect(counts.get(outcome) ?? 0, outcome).toBeGreaterThan(10)
  })
})
