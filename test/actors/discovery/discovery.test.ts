/** Scripts after geth's `p2p/discover/v4_udp_test.go`: one node, and strangers who say what they want, on the virtual clock. */
import { describe, expect, test } from 'vitest'
import { REPLACEMENTS_MAX } from '../../../actors/discovery/bucket.ts'
import { compareDistance } from '../../../protocols/discv4/distance.ts'
import type { Packet } from '../../../protocols/discv4/packet.ts'
import { nodeIdOf } from '../../../protocols/enr/identity.ts'
import { type Node, nodeAt } from '../../../protocols/enr/node.ts'
import { formatRecord } from '../../../protocols/enr/text.ts'
import { bytesToHex } from '../../../protocols/hex.ts'
import { networkConstant } from '../../../protocols/ip/network.ts'
import { seededRandom } from '../../../runtime/simulation/random.ts'
import { simulatedNodeKey } from '../../protocols/simulated-identities.ts'
import {
  CHEAP_KEYS,
  identityOf,
  type NodeOptions,
  PORT,
  type SimulatedDiscovery,
  type Stranger,
  simulatedDiscovery,
} from './rig.ts'

type Lab = SimulatedDiscovery & {
  readonly node: Awaited<ReturnType<SimulatedDiscovery['start']>>
  readonly at: { readonly host: string; readonly port: number }
  readonly stranger: SimulatedDiscovery['stranger']
}

async function lab(options: NodeOptions = {}): Promise<Lab> {
  const rig = await simulatedDiscovery(1, { delayMsMin: 10, delayMsMax: 10 })
  const node = await rig.start(1, options)
  return { ...rig, node, at: { host: node.host, port: PORT } }
}
const seconds = (count: number): number => count * 1_000

/** Both have answered each other's ping. */
async function bond({ world, at }: Lab, stranger: Stranger): Promise<void> {
  stranger.answering()
  stranger.send(at, stranger.ping())
  await world.runFor(seconds(2))
}
const NOWHERE = { ip: undefined, udp: 0, tcp: 0 }
const keysOf = (nodes: readonly Node[]): string[] => nodes.map(({ publicKey }) => bytesToHex(publicKey).slice(0, 18))

describe('packets that nobody asked for (TestUDPv4_packetErrors)', () => {
  test.each([
    ['an expired ping', 'DISCV4_EXPIRED', (s: Stranger): Packet => s.ping({ expiration: 1n })],
    [
      'a pong',
      'UNSOLICITED',
      (s: Stranger): Packet => ({
        kind: 'pong',
        to: s.node.endpoint,
        pingHash: new Uint8Array(32),
        expiration: s.expiration(),
      }),
    ],
    [
      'a search of who has not answered a ping',
      'UNBONDED',
      (s: Stranger): Packet => ({ kind: 'findNode', target: new Uint8Array(64), expiration: s.expiration() }),
    ],
    [
      'neighbours',
      'UNSOLICITED',
      (s: Stranger): Packet => ({ kind: 'neighbours', nodes: [], expiration: s.expiration() }),
    ],
    [
      'a request for the record of who has not answered a ping',
      'UNBONDED',
      (s: Stranger): Packet => ({ kind: 'recordRequest', expiration: s.expiration() }),
    ],
    [
      'a record',
      'UNSOLICITED',
      (s: Stranger): Packet => ({ kind: 'recordResponse', requestHash: new Uint8Array(32), record: s.record }),
    ],
  ])('%s is dropped without an answer', async (_name, why, packetOf) => {
    const { node, world, at, stranger } = await lab()
    const alice = await stranger(2)
    alice.send(at, packetOf(alice))
    await world.runFor(seconds(3))
    expect(alice.got).toEqual([])
    expect((await node.ask('info')).dropped).toEqual({ [why]: 1 })
  })
  test('so is garbage of any size, and what signed nobody or ourselves', async () => {
    const { node, world, at, stranger } = await lab()
    const alice = await stranger(2)
    const random = seededRandom('garbage')
    for (const size of [0, 1, 97, 98, 99, 500, 1280, 1281, 9000]) alice.sendBytes(at, random.bytes(size))
    alice.send(at, alice.ping(), node.key)
    alice.send(at, alice.ping(), { ...alice.key, sign: () => new Uint8Array(65) })
    await world.runFor(seconds(3))
    expect(alice.got).toEqual([])
    const { dropped, nodes, pending } = await node.ask('info')
    expect(dropped).toEqual({ DISCV4_TOO_SHORT: 3, DISCV4_TOO_LARGE: 2, DISCV4_HASH: 4, SELF: 1, DISCV4_SIGNATURE: 1 })
    expect([nodes, pending]).toEqual([0, 0])
  })
})

describe('a ping', () => {
  test('is answered, and its sender pinged and taken into the table when it answers (TestUDPv4_successfulPing)', async () => {
    const { node, world, at, stranger } = await lab()
    const alice = await stranger(2)
    const hash = alice.send(at, alice.ping({ from: { ip: undefined, udp: 1, tcp: 4444 } }))
    await world.runFor(100)
    expect(alice.got.map(({ packet }) => packet.kind)).toEqual(['pong', 'ping'])
    const pong = alice.of('pong')[0]!.packet
    expect([pong.pingHash, pong.to, pong.recordSeq]).toEqual([
      hash,
      { ip: alice.node.endpoint.ip, udp: PORT, tcp: 4444 },
      node.record.seq,
    ])
    const ping = alice.of('ping')[0]!
    expect([ping.packet.to, ping.packet.from]).toEqual([
      { ip: alice.node.endpoint.ip, udp: PORT, tcp: 0 },
      node.node.endpoint,
    ])
    expect((await node.ask('info')).nodes).toBe(0)
    alice.send(at, { kind: 'pong', to: node.node.endpoint, pingHash: ping.hash, expiration: alice.expiration() })
    await world.runFor(100)
    const entries = (await node.ask('table')).flatMap((bucket) => bucket.entries)
    expect(entries).toHaveLength(1)
    expect(entries[0]).toMatchObject({
      // Where the packet came from, whatever it says; the port of TCP is all that it is believed.
      node: { endpoint: { ip: alice.node.endpoint.ip, udp: PORT, tcp: 4444 } },
      isLive: false,
      checks: 0,
    })
  })
  test('is not believed answered by a pong to another one, or from another address (TestUDPv4_pingMatch, pingMatchIP)', async () => {
    const { node, world, at, stranger } = await lab()
    const alice = await stranger(2)
    const elsewhere = await stranger(2, '23.9.9.1')
    alice.send(at, alice.ping())
    await world.runFor(100)
    const { hash } = alice.of('ping')[0]!
    const pong = (pingHash: Uint8Array): Packet => ({
      kind: 'pong',
      to: node.node.endpoint,
      pingHash,
      expiration: alice.expiration(),
    })
    alice.send(at, pong(new Uint8Array(32).fill(1)))
    elsewhere.send(at, pong(hash))
    await world.runFor(100)
    expect((await node.ask('info')).dropped).toEqual({ UNSOLICITED: 2 })
    alice.send(at, pong(hash))
    await world.runFor(100)
    expect(await node.ask('info')).toMatchObject({ nodes: 1, pending: 0 })
  })
  test('without an answer is forgotten after half a second (TestUDPv4_pingTimeout, responseTimeouts)', async () => {
    const { node, world, at, stranger } = await lab()
    const alice = await stranger(2)
    alice.send(at, alice.ping())
    await world.runFor(400)
    expect((await node.ask('info')).pending).toBe(1)
    await world.runFor(200)
    expect((await node.ask('info')).pending).toBe(0)
    alice.send(at, {
      kind: 'pong',
      to: node.node.endpoint,
      pingHash: alice.of('ping')[0]!.hash,
      expiration: alice.expiration(),
    })
    await world.runFor(100)
    expect(await node.ask('info')).toMatchObject({ nodes: 0, dropped: { UNSOLICITED: 1 } })
  })
})

/** Nodes that never answer, at addresses of their own. */
const silent = (count: number): Node[] =>
  Array.from({ length: count }, (_, i) => identityOf(1_000 + i, `24.${i}.1.1`, PORT, CHEAP_KEYS).node)

describe('a search of another node', () => {
  test('is told the sixteen nearest that are alive, in packets of twelve and four (TestUDPv4_findnode)', async () => {
    const rig = await lab()
    const { node, at, stranger, world } = rig
    const living: Stranger[] = []
    for (let i = 0; i < 20; i++) {
      const one = await stranger(10 + i)
      await bond(rig, one)
      living.push(one)
    }
    const alice = await stranger(2)
    await bond(rig, alice)
    await world.runFor(seconds(600))
    const entries = (await node.ask('table')).flatMap((bucket) => bucket.entries)
    expect(entries.every(({ isLive }) => isLive)).toBe(true)
    // Of a bucket only sixteen stand in the table; the others wait.
    expect(entries.length).toBeGreaterThanOrEqual(16)
    alice.got.length = 0
    const target = living[7]!.key.publicKey
    alice.send(at, { kind: 'findNode', target, expiration: alice.expiration() })
    await world.runFor(100)
    const packets = alice.of('neighbours').map(({ packet }) => packet.nodes)
    expect(packets.map((nodes) => nodes.length)).toEqual([12, 4])
    const wanted = entries
      .map((entry) => entry.node)
      .sort((a, b) => compareDistance(nodeIdOf(target), a.id, b.id))
      .slice(0, 16)
    expect(packets.flat().map(({ publicKey }) => bytesToHex(publicKey))).toEqual(
      wanted.map(({ publicKey }) => bytesToHex(publicKey)),
    )
  })
  test('is told nothing of nodes that never answered, once one has', async () => {
    const rig = await lab({ bootnodes: silent(16), intervals: { fastMs: 300_000 } })
    const alice = await rig.stranger(2)
    await rig.world.runFor(seconds(60))
    await bond(rig, alice)
    const search = async () => {
      alice.got.length = 0
      alice.send(rig.at, { kind: 'findNode', target: new Uint8Array(64), expiration: alice.expiration() })
      await rig.world.runFor(100)
      return keysOf(
        alice.of('neighbours').flatMap(({ packet }) => packet.nodes.map((one) => nodeAt(one.publicKey, one.endpoint))),
      )
    }
    expect((await search()).length).toBeGreaterThan(1)
    for (let i = 0; i < 600 && (await rig.node.ask('info')).liveNodes === 0; i++) await rig.world.runFor(seconds(10))
    expect((await rig.node.ask('info')).nodes).toBeGreaterThan(2)
    expect(await search()).toEqual(keysOf([alice.node]))
  })
  test('gets one empty packet where there is nothing to tell', async () => {
    const rig = await lab()
    const alice = await rig.stranger(2)
    alice.answering()
    // Bonded, and in no table: the ping came while the table was still being filled.
    alice.send(rig.at, alice.ping())
    await rig.world.runFor(600)
    const { nodes } = await rig.node.ask('info')
    alice.send(rig.at, { kind: 'findNode', target: new Uint8Array(64), expiration: alice.expiration() })
    await rig.world.runFor(100)
    expect(alice.of('neighbours').map(({ packet }) => packet.nodes.length)).toEqual([nodes])
  })
})

describe('our own search', () => {
  test('counts silence as a failure (TestUDPv4_findnodeTimeout)', async () => {
    const rig = await lab()
    const alice = await rig.stranger(2)
    await bond(rig, alice)
    const found = rig.node.ask('lookup', { target: new Uint8Array(64) })
    expect(keysOf(await found)).toEqual(keysOf([alice.node]))
    expect(alice.of('findNode')).toHaveLength(1)
    expect((await rig.node.ask('info')).pending).toBe(0)
  })
  test('takes what comes in several packets (TestUDPv4_findnodeMultiReply), and passes over what may not be told', async () => {
    const rig = await lab()
    const alice = await rig.stranger(2)
    await bond(rig, alice)
    const nodes = silent(4).map(({ publicKey, endpoint }) => ({ publicKey, endpoint }))
    const bad = [
      { publicKey: nodes[0]!.publicKey, endpoint: { ip: Uint8Array.of(127, 0, 0, 1), udp: PORT, tcp: PORT } },
      { publicKey: nodes[0]!.publicKey, endpoint: { ip: Uint8Array.of(10, 0, 0, 1), udp: PORT, tcp: PORT } },
      { publicKey: nodes[0]!.publicKey, endpoint: { ip: Uint8Array.of(224, 0, 0, 1), udp: PORT, tcp: PORT } },
      { publicKey: nodes[0]!.publicKey, endpoint: { ...nodes[0]!.endpoint, udp: 53 } },
      { publicKey: new Uint8Array(64), endpoint: nodes[0]!.endpoint },
    ]
    alice.answering(({ packet }, reply) => {
      if (packet.kind !== 'findNode') return
      reply({ kind: 'neighbours', nodes: [...bad, ...nodes.slice(0, 2)], expiration: alice.expiration() })
      reply({ kind: 'neighbours', nodes: nodes.slice(2), expiration: alice.expiration() })
    })
    const found = await rig.node.ask('lookup', { target: new Uint8Array(64) })
    expect(keysOf(found).sort()).toEqual(keysOf([alice.node, ...silent(4)]).sort())
    expect((await rig.node.ask('info')).dropped).toMatchObject({
      NEIGHBOUR_RELAY: 2,
      NEIGHBOUR_MULTICAST: 1,
      NEIGHBOUR_PORT: 1,
      NEIGHBOUR_KEY: 1,
    })
  })
  test('pings first whom it has not heard of, and leaves it time to ping back', async () => {
    const order: string[] = []
    const rig = await simulatedDiscovery(1)
    const alice = await rig.stranger(2)
    alice.onPacket(({ packet, hash, from }) => {
      order.push(packet.kind)
      if (packet.kind !== 'ping') return
      const to = { host: from.split(':')[0]!, port: PORT }
      alice.send(to, { kind: 'pong', to: NOWHERE, pingHash: hash, expiration: alice.expiration() })
      alice.send(to, alice.ping())
    })
    await rig.start(1, { bootnodes: [alice.node], intervals: { fastMs: 300_000 } })
    await rig.world.runFor(seconds(2))
    expect(order.slice(0, 3)).toEqual(['ping', 'pong', 'findNode'])
  })
})

describe('records (TestUDPv4_EIP868)', () => {
  test('are given to who is bonded, the newest', async () => {
    const rig = await lab()
    const alice = await rig.stranger(2)
    await bond(rig, alice)
    const ask = async () => {
      alice.got.length = 0
      const hash = alice.send(rig.at, { kind: 'recordRequest', expiration: alice.expiration() })
      await rig.world.runFor(100)
      const [answer] = alice.of('recordResponse')
      expect(answer!.packet.requestHash).toEqual(hash)
      return formatRecord(answer!.packet.record)
    }
    expect(await ask()).toBe(formatRecord(rig.node.record))
    const next = identityOf(1, rig.node.host, PORT, CHEAP_KEYS, 5n).record
    rig.node.ctx.tell(rig.node.ref, 'localRecord', { record: next.encoded })
    await rig.world.runFor(100)
    expect(await ask()).toBe(formatRecord(next))
    alice.got.length = 0
    alice.send(rig.at, alice.ping())
    await rig.world.runFor(100)
    expect(alice.of('pong')[0]!.packet.recordSeq).toBe(5n)
  })
  test('are asked for where a pong announces a newer one, and resolve a node', async () => {
    const rig = await lab()
    const alice = await rig.stranger(2)
    await bond(rig, alice)
    alice.answering(({ packet, hash }, reply) => {
      if (packet.kind === 'recordRequest') reply({ kind: 'recordResponse', requestHash: hash, record: alice.record })
    })
    expect(await rig.node.ask('resolve', { node: alice.node })).toMatchObject({ record: { seq: 1n } })
    expect(await rig.node.ask('resolve', { node: { ...alice.node, record: alice.record } })).toBeUndefined()
    await rig.world.runFor(seconds(60))
    const entry = (await rig.node.ask('table')).flatMap(({ entries }) => entries)[0]
    expect(entry).toMatchObject({ isLive: true, node: { record: { seq: 1n } } })
  })
  test('of another node, or of an address inside, are not taken', async () => {
    const rig = await lab()
    const alice = await rig.stranger(2)
    await bond(rig, alice)
    const records = [
      identityOf(3, '23.0.3.1', PORT, CHEAP_KEYS).record,
      identityOf(2, '10.0.0.1', PORT, CHEAP_KEYS).record,
    ]
    for (const record of records) {
      alice.answering(({ packet, hash }, reply) => {
        if (packet.kind === 'recordRequest') reply({ kind: 'recordResponse', requestHash: hash, record })
      })
      expect(await rig.node.ask('resolve', { node: alice.node })).toBeUndefined()
    }
  })
})

describe('who is hostile', () => {
  test('gets no more out of us for a forged address than a pong and a ping for each ping', async () => {
    const rig = await lab()
    const victim = await rig.stranger(2)
    const count = 500
    let sent = 0
    // All from the victim's address, each of another node: nobody answers from there.
    for (let i = 0; i < count; i++) {
      const key = simulatedNodeKey(Uint8Array.of(9, i >>> 8, i & 255))
      const before = victim.bytesOut
      victim.send(rig.at, { ...victim.ping({ from: NOWHERE, to: NOWHERE }) }, key)
      victim.send(rig.at, { kind: 'findNode', target: new Uint8Array(64), expiration: victim.expiration() }, key)
      victim.send(rig.at, { kind: 'recordRequest', expiration: victim.expiration() }, key)
      sent += victim.bytesOut - before
    }
    await rig.world.runFor(seconds(5))
    const kinds = new Set(victim.got.map(({ packet }) => packet.kind))
    expect([...kinds].sort()).toEqual(['ping', 'pong'])
    expect(victim.of('pong')).toHaveLength(count)
    // Pings are rationed by address, so that hardly more than the pongs comes.
    expect(victim.of('ping').length).toBeLessThanOrEqual(16)
    expect(victim.bytesIn).toBeLessThan(sent)
    expect(await rig.node.ask('info')).toMatchObject({ nodes: 0, pending: 0 })
  })
  test('does not fill the table from one /24, nor a search with it', async () => {
    const rig = await lab()
    const alice = await rig.stranger(2)
    await bond(rig, alice)
    const flood = Array.from({ length: 16 }, (_, i) => i)
    let told = 0
    alice.answering(({ packet }, reply) => {
      if (packet.kind !== 'findNode') return
      const nodes = flood.map(() => {
        const { publicKey } = simulatedNodeKey(Uint8Array.of(8, told >>> 8, told & 255))
        return { publicKey, endpoint: { ip: Uint8Array.of(66, 66, 66, told++ & 255), udp: PORT, tcp: PORT } }
      })
      reply({ kind: 'neighbours', nodes: nodes.slice(0, 12), expiration: alice.expiration() })
      reply({ kind: 'neighbours', nodes: nodes.slice(12), expiration: alice.expiration() })
    })
    for (let i = 0; i < 40; i++) {
      await rig.node.ask('lookup', { target: new Uint8Array(64).fill(i) })
      const buckets = await rig.node.ask('table')
      const fromThere = buckets.map(({ entries, replacements }) =>
        [...entries, ...replacements].filter(({ node }) => node.endpoint.ip![0] === 66),
      )
      expect(fromThere.flat().length).toBeLessThanOrEqual(10)
      for (const nodes of fromThere) expect(nodes.length).toBeLessThanOrEqual(2)
      expect(buckets.every(({ replacements }) => replacements.length <= REPLACEMENTS_MAX)).toBe(true)
    }
    expect(told).toBeGreaterThan(100)
  })
  test('is not led against networks that we are restricted from', async () => {
    const rig = await lab({ restrict: [networkConstant('23.0.0.0/16')], bootnodes: silent(3) })
    const alice = await rig.stranger(2)
    const bob = await rig.stranger(3, '24.7.7.1')
    await bond(rig, alice)
    await bond(rig, bob)
    expect(bob.got.map(({ packet }) => packet.kind)).toEqual(['pong'])
    alice.answering(({ packet }, reply) => {
      if (packet.kind === 'findNode')
        reply({
          kind: 'neighbours',
          nodes: silent(3).map(({ publicKey, endpoint }) => ({ publicKey, endpoint })),
          expiration: alice.expiration(),
        })
    })
    expect(keysOf(await rig.node.ask('lookup', { target: new Uint8Array(64) }))).toEqual(keysOf([alice.node]))
  })
})

describe('the endpoint that others see', () => {
  test('is told to the parent once ten hosts agree', async () => {
    const rig = await lab()
    const seen = { ip: Uint8Array.of(99, 1, 2, 3), udp: 40_000, tcp: 0 }
    for (let i = 0; i < 12; i++) {
      const one = await rig.stranger(20 + i)
      one.send(rig.at, one.ping({ to: seen }))
      await rig.world.runFor(50)
      expect(rig.node.statements).toEqual(i < 9 ? [] : [{ ip: seen.ip, port: seen.udp }])
    }
  })
})
