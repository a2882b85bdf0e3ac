/** Actors of the connection side that fail: what is lost, and who learns of it. */
import { expect, test } from 'vitest'
import { DisconnectReason } from '../../../protocols/devp2p/disconnect.ts'
import { SECP256K1_IDENTITIES } from '../../../protocols/enr/identity.ts'
import { type Node, parseNode } from '../../../protocols/enr/node.ts'
import { enodeOf, type Peer, simulatedPeers } from './rig.ts'

async function connectedPair(seed: string) {
  const peers = await simulatedPeers(seed)
  const [a, b] = [await peers.start(1), await peers.start(2)]
  await a.ask('addPeer', { url: await enodeOf(b) })
  await peers.until(() => a.heard.ups.length === 1 && b.heard.ups.length === 1, 5_000)
  return { ...peers, a, b }
}
const restart = (peer: Peer, path: string): void => expect(peer.ctx.system.restart(path)).toMatchObject({ ok: true })

test('a session that fails is no peer any more, on either side, and its protocols are told', async () => {
  const { a, b, until } = await connectedPair('session fails')
  restart(a, 'p2p/session-1')
  await until(() => a.heard.downs.length === 1 && b.heard.downs.length === 1, 5_000)
  expect(a.heard.downs[0]).toMatchObject({ session: 1, end: { code: 'FAILED' } })
  expect(b.heard.downs[0]!.end).toEqual({ code: 'REMOTE', reason: DisconnectReason.quitting })
  expect(await a.ask('info')).toMatchObject({ peers: 0, peerEnds: { FAILED: 1 } })
  await until(() => a.heard.ups.length === 2, 60_000)
})

test('an inlet that fails takes its session with it, and its protocols are told', async () => {
  const { a, b, until } = await connectedPair('inlet fails')
  restart(a, 'p2p/inlet-1')
  await until(() => a.heard.downs.length === 1 && b.heard.downs.length === 1, 60_000)
  expect(a.heard.downs[0]).toMatchObject({ session: 1, end: { code: 'FAILED' } })
  expect(b.heard.downs[0]!.end).toEqual({ code: 'REMOTE', reason: DisconnectReason.subprotocolError })
  await until(() => a.heard.ups.length === 2, 60_000)
})

test('a dialer that fails knows again whom to dial and who is there', async () => {
  const { a, b, until, world, start } = await connectedPair('dialer fails')
  const c = await start(3)
  restart(a, 'p2p/dialer')
  await world.runFor(90_000)
  expect([a.heard.ups.length, a.heard.downs.length]).toEqual([1, 0])
  await a.ask('addPeer', { url: await enodeOf(c) })
  await until(() => c.heard.ups.length === 1, 5_000)
  b.crash()
  await until(() => a.heard.downs.length === 1, 60_000)
  const again = await start(2)
  await until(() => again.heard.ups.length === 1, 60_000)
})

test('a peer server that fails comes back with its static nodes, and without its peers', async () => {
  const { start, until } = await simulatedPeers('p2p fails')
  const b = await start(2)
  const { enode } = await b.ask('nodeInfo')
  const a = await start(1, { staticNodes: [nodeOf(enode)], restarts: 5 })
  await until(() => a.heard.ups.length === 1, 5_000)
  restart(a, 'p2p')
  await until(() => b.heard.downs.length === 1, 5_000)
  await until(() => a.heard.ups.length === 2, 60_000)
  expect(await a.ask('peers')).toMatchObject([{ name: 'troupe/2' }])
})

function nodeOf(enode: string): Node {
  const node = parseNode(enode, SECP256K1_IDENTITIES)
  if (!node.ok) throw new Error(node.error.code)
  return node.value
}
