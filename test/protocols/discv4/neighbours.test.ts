import { describe, expect, test } from 'vitest'
import { decodePacket, encodePacket } from '../../../protocols/discv4/codec.ts'
import { checkNeighbour, neighboursPackets } from '../../../protocols/discv4/neighbours.ts'
import { type Neighbour, PACKET_BYTES_MAX } from '../../../protocols/discv4/packet.ts'
import { nodeIdOf } from '../../../protocols/enr/identity.ts'
import { networkConstant } from '../../../protocols/ip/network.ts'
import { SIMULATED_IDENTITIES, simulatedNodeKey } from '../simulated-identities.ts'

const KEY = simulatedNodeKey(Uint8Array.of(1))
const ip = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes)
const PUBLIC = ip(8, 8, 8, 8)

describe('nodes told to others', () => {
  const nodes = (count: number): Neighbour[] =>
    Array.from({ length: count }, (_, i) => ({
      publicKey: KEY.publicKey,
      endpoint: { ip: new Uint8Array(16).fill(0x20 + i), udp: 65_535, tcp: 65_535 },
    }))
  test.each([
    [0, [0]],
    [1, [1]],
    [12, [12]],
    [13, [12, 1]],
    [16, [12, 4]],
    [36, [12, 12, 12]],
  ])('%i come in packets of %j, each of a size that passes', (count, sizes) => {
    const told = nodes(count)
    const packets = neighboursPackets(told, 2n ** 64n - 1n)
    expect(packets.map((packet) => packet.nodes.length)).toEqual(sizes)
    expect(packets.flatMap((packet) => packet.nodes)).toEqual(told)
    for (const packet of packets) {
      const { bytes } = encodePacket(packet, KEY)
      expect(bytes.length).toBeLessThanOrEqual(PACKET_BYTES_MAX)
      expect(decodePacket(bytes, SIMULATED_IDENTITIES)).toMatchObject({ value: { packet } })
    }
  })
})

describe('a node that others tell of', () => {
  const sound: Neighbour = { publicKey: KEY.publicKey, endpoint: { ip: ip(1, 2, 3, 4), udp: 30303, tcp: 30304 } }
  const at = (address: Uint8Array | undefined, udp = 30303): Neighbour => ({
    publicKey: KEY.publicKey,
    endpoint: { ip: address, udp, tcp: 1 },
  })
  test('is one that may be contacted', () => {
    expect(checkNeighbour(PUBLIC, sound, SIMULATED_IDENTITIES)).toEqual({
      ok: true,
      value: { id: nodeIdOf(KEY.publicKey), publicKey: KEY.publicKey, endpoint: sound.endpoint },
    })
  })
  test.each([
    ['at a low port', at(ip(1, 2, 3, 4), 1_024), { code: 'NEIGHBOUR_PORT', udp: 1_024 }],
    ['at no address', at(undefined), { code: 'NEIGHBOUR_ADDRESS_MISSING' }],
    ['at a multicast address', at(ip(224, 0, 0, 1)), { code: 'NEIGHBOUR_MULTICAST' }],
    ['in our own network', at(ip(10, 0, 0, 1)), { code: 'NEIGHBOUR_RELAY', cause: { code: 'RELAY_LAN' } }],
    ['on this host', at(ip(127, 0, 0, 1)), { code: 'NEIGHBOUR_RELAY', cause: { code: 'RELAY_LOOPBACK' } }],
    ['nowhere', at(ip(0, 0, 0, 0)), { code: 'NEIGHBOUR_RELAY', cause: { code: 'RELAY_UNSPECIFIED' } }],
    ['with no key', { ...sound, publicKey: new Uint8Array(64) }, { code: 'NEIGHBOUR_KEY' }],
  ])('is refused %s', (_name, neighbour, error) => {
    expect(checkNeighbour(PUBLIC, neighbour, SIMULATED_IDENTITIES)).toEqual({ ok: false, error })
  })
  test('is refused outside the networks that are allowed', () => {
    const allowed = [networkConstant('1.2.0.0/16')]
    expect(checkNeighbour(PUBLIC, sound, SIMULATED_IDENTITIES, allowed).ok).toBe(true)
    expect(checkNeighbour(PUBLIC, at(ip(1, 3, 3, 4)), SIMULATED_IDENTITIES, allowed)).toEqual({
      ok: false,
      error: { code: 'NEIGHBOUR_NETRESTRICT' },
    })
    expect(checkNeighbour(PUBLIC, sound, SIMULATED_IDENTITIES, []).ok).toBe(false)
  })
  test('may be on this host where who tells of it is, too', () => {
    expect(checkNeighbour(ip(127, 0, 0, 1), at(ip(127, 0, 0, 2)), SIMULATED_IDENTITIES).ok).toBe(true)
  })
})
