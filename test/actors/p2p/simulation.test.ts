/** Peer servers as nodes of a simulated world: its network delays, loses and parts, on a virtual clock. */
import { describe, expect, test } from 'vitest'
import { bytesToBareHex } from '../../../protocols/hex.ts'
import { enodeOf, hostOf, keyOf, type Peer, simulatedPeers } from './rig.ts'

/** Known before the node is there. */
const enodeAt = (number: number): string => `enode://${bytesToBareHex(keyOf(number).publicKey)}@${hostOf(number)}:30303`

test('a static peer that is lost is dialled again, at the earliest 35 s after the last dial', async () => {
  const { start, until, world } = await simulatedPeers('redial')
  const a = await start(1)
  const b = await start(2)
  const begun = world.now()
  await a.ask('addPeer', { url: await enodeOf(b) })
  await until(() => a.heard.ups.length === 1, 5_000)
  b.crash()
  await until(() => a.heard.downs.length === 1, 60_000)
  const again = await start(2)
  await until(() => again.heard.ups.length === 1, 120_000)
  const waited = world.now() - begun
  expect(waited).toBeGreaterThanOrEqual(35_000)
  expect(waited).toBeLessThan(75_000)
})

test('two nodes that dial each other at once end with one connection', async () => {
  const { start, until, world } = await simulatedPeers('cross')
  const [a, b] = [await start(1), await start(2)]
  await a.ask('addPeer', { url: await enodeOf(b) })
  await b.ask('addPeer', { url: await enodeOf(a) })
  await until(() => a.heard.ups.length - a.heard.downs.length === 1, 120_000)
  await world.runFor(120_000)
  const [[atA, ...moreA], [atB, ...moreB]] = [await a.ask('peers'), await b.ask('peers')]
  expect([moreA, moreB]).toEqual([[], []])
  expect(atA!.isInbound).toBe(!atB!.isInbound)
})

test('a peer behind a partition is given up by silence, within 30 s and a ping', async () => {
  const { start, until, world, network } = await simulatedPeers('partition')
  const [a, b] = [await start(1), await start(2)]
  await a.ask('addPeer', { url: await enodeOf(b) })
  await until(() => b.heard.ups.length === 1, 5_000)
  await world.runFor(60_000)
  expect([a.heard.downs, b.heard.downs]).toEqual([[], []])
  const [shown] = await a.ask('peers')
  expect(shown!.stats.roundTripMs).toBeGreaterThanOrEqual(20)
  const parted = world.now()
  const partition = network.partition([hostOf(1)], [hostOf(2)])
  await until(() => a.heard.downs.length === 1 && b.heard.downs.length === 1, 60_000)
  expect(a.heard.downs[0]!.end).toEqual({ code: 'READ_TIMEOUT' })
  expect(world.now() - parted).toBeLessThanOrEqual(45_000)
  partition.heal()
  await until(() => a.heard.ups.length === 2, 120_000)
})

test('a dial into the void takes 15 s and its slot comes back', async () => {
  const { start, until, world } = await simulatedPeers('void')
  const a = await start(1)
  const begun = world.now()
  await a.ask('addPeer', { url: enodeAt(99) })
  let ends = {}
  while (Object.keys(ends).length === 0) {
    await world.runFor(500)
    ends = (await a.ask('info')).setupEnds
  }
  expect(ends).toEqual({ 'CONNECT:NET_TIMEOUT': 1 })
  expect(world.now() - begun).toBeGreaterThanOrEqual(15_000)
  expect(world.now() - begun).toBeLessThan(17_000)
  expect(await a.ask('info')).toMatchObject({ pendingDials: 0 })
  const late = await start(99)
  await until(() => late.heard.ups.length === 1, 60_000)
})

test('a node keeps the peers it may have, and tells the others that there are too many', async () => {
  const { start, world } = await simulatedPeers('crowd')
  const hub = await start(1, { settings: { peersMax: 4, dialRatio: 4 } })
  const url = await enodeOf(hub)
  const others: Peer[] = []
  for (let number = 2; number <= 8; number++) {
    const other = await start(number)
    await other.ask('addPeer', { url })
    others.push(other)
  }
  await world.runFor(30_000)
  // One place of four is for whom it dials.
  expect(await hub.ask('info')).toMatchObject({ peers: 3, inboundPeers: 3, setupEnds: { 'REFUSED:4': 4 } })
  // Told before or after Hello, as it came.
  const refused: number[] = []
  for (const other of others) {
    const { setupEnds, peerEnds } = await other.ask('info')
    refused.push((setupEnds['REMOTE:4'] ?? 0) + (peerEnds['REMOTE:4'] ?? 0))
  }
  expect(refused.filter((count) => count > 0)).toHaveLength(4)
})

test('when it stops, a node says so to its peers', async () => {
  const { start, until } = await simulatedPeers('stop')
  const [a, b] = [await start(1), await start(2)]
  await a.ask('addPeer', { url: await enodeOf(b) })
  await until(() => a.heard.ups.length === 1 && b.heard.ups.length === 1, 5_000)
  await b.stop()
  await until(() => a.heard.downs.length === 1, 5_000)
  expect(a.heard.downs[0]!.end).toEqual({ code: 'REMOTE', reason: 8 })
})

describe('with a network that delays and cuts what it carries', () => {
  /** Ten nodes, each told of two others, while hosts are parted at random; then left alone. */
  async function run(seed: string): Promise<{ readonly hash: string; readonly peers: number[] }> {
    const { start, world, network } = await simulatedPeers(seed)
    const nodes: Peer[] = []
    for (let number = 1; number <= 10; number++) {
      for (let other = 1; other <= 10; other++)
        network.setLink(hostOf(number), hostOf(other), {
          delayMsMin: 1,
          delayMsMax: 1 + world.random.integer(200),
          lossRate: 0.05,
          bytesPerSecond: 20_000 + world.random.integer(1_000_000),
        })
      nodes.push(await start(number))
    }
    for (const [i, node] of nodes.entries())
      for (const step of [1, 3]) await node.ask('addPeer', { url: enodeAt(((i + step) % 10) + 1) })
    for (let round = 0; round < 5; round++) {
      const [a, b] = [world.random.integer(10), world.random.integer(10)]
      const partition = a === b ? undefined : network.partition([hostOf(a + 1)], [hostOf(b + 1)])
      await world.runFor(20_000)
      for (const { heard, ctx } of nodes)
        for (const { peer } of heard.ups.slice(-2))
          ctx.tell(peer, 'send', { capability: 'test', code: 0, payload: world.random.bytes(5_000) })
      await world.runFor(5_000)
      partition?.heal()
    }
    await world.runFor(150_000)
    const peers: number[] = []
    for (const node of nodes) peers.push((await node.ask('peers')).length)
    return { hash: world.hash(), peers }
  }
  test.each(['one', 'two', 'three'])(
    'all static peers are there in the end, and the same run is the same: seed %s',
    async (seed) => {
      const first = await run(seed)
      expect(first.peers).toEqual(Array.from({ length: 10 }, () => 4))
      if (seed === 'one') expect((await run(seed)).hash).toBe(first.hash)
    },
  )
})
