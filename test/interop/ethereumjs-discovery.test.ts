/** `@ethereumjs/devp2p` on loopback: discovery with it as the one who begins, and as the one who is found. */
import { DPT } from '@ethereumjs/devp2p'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type DiscoveryNode, identityOf, REAL_KEYS, realNode } from '../actors/discovery/rig.ts'

const HOST = '127.0.0.1'

/** Numbers of keys that no test beside it has. */
async function foreign(
  number: number,
): Promise<{ readonly dpt: DPT; readonly port: number; readonly publicKey: Uint8Array }> {
  const identity = identityOf(number, HOST, 0, REAL_KEYS)
  const dpt = new DPT(identity.secretKey, {
    refreshInterval: 600_000,
    endpoint: { address: HOST, udpPort: null, tcpPort: null },
  })
  onTestFinished(() => dpt.destroy())
  const errors: Error[] = []
  dpt.events.on('error', (error: Error) => errors.push(error))
  // Its socket is not told by what it offers to users, and it must say its port in its pings.
  const server = (dpt as any)._server
  await new Promise<void>((resolve) => {
    dpt.events.once('listening', resolve)
    dpt.bind(0, HOST)
  })
  const { port } = server._socket.address()
  server._endpoint = { address: HOST, udpPort: port, tcpPort: port }
  return { dpt, port, publicKey: identity.key.publicKey }
}
const addressOf = async (node: DiscoveryNode) => {
  const { port } = (await node.ask('info')).address
  return { id: node.key.publicKey, address: HOST, udpPort: port, tcpPort: port }
}
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 15_000
  while (!(await condition())) {
    if (Date.now() > end) throw new Error('not within 15 s')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
const started = async (number: number, bootnodes: Parameters<typeof realNode>[1] = {}) => {
  const node = await realNode(number, { listen: { host: HOST, port: 0 }, ...bootnodes })
  onTestFinished(() => node.stop())
  return node
}
const nodeAtPort = (number: number, port: number) => identityOf(number, HOST, port, REAL_KEYS).node

describe('@ethereumjs/devp2p', () => {
  test('pings us, bonds, and is told our neighbours', async () => {
    const friend = await started(101)
    const friendPort = (await friend.ask('info')).address.port
    const us = await started(102, { bootnodes: [nodeAtPort(101, friendPort)] })
    // Before its first refresh is over nobody comes into its table by pinging.
    await until(async () => (await us.ask('info')).refreshes === 1)
    const { dpt, publicKey } = await foreign(103)
    const peer = await dpt.addPeer(await addressOf(us))
    expect(peer.udpPort).toBe((await us.ask('info')).address.port)
    // Our ping came back and was answered: it stands in our table.
    await until(async () => (await us.ask('info')).nodes === 2)
    const found: unknown[] = []
    ;(dpt as any)._server.events.on('peers', (peers: { udpPort: number }[]) =>
      found.push(...peers.map((one) => one.udpPort)),
    )
    ;(dpt as any)._server.findneighbours(await addressOf(us), publicKey)
    await until(() => found.includes(friendPort))
    expect((await us.ask('info')).packetsIn.findNode).toBeGreaterThanOrEqual(1)
  }, 30_000)
  test('is found by us: answers our ping, and our search with whom it knows', async () => {
    const friend = await started(104)
    const { dpt, port } = await foreign(105)
    await dpt.addPeer(await addressOf(friend))
    const us = await started(106, { bootnodes: [nodeAtPort(105, port)] })
    await until(async () => (await us.ask('info')).liveNodes === 2)
    const found = await us.ask('lookup', { target: friend.key.publicKey })
    expect(found.map(({ endpoint }) => endpoint.udp)).toContain((await friend.ask('info')).address.port)
    const { packetsIn } = await us.ask('info')
    expect(packetsIn.pong).toBeGreaterThanOrEqual(1)
    expect(packetsIn.neighbours).toBeGreaterThanOrEqual(1)
    // It pinged back, and knows us now.
    await until(() => dpt.getPeer(us.key.publicKey) !== null)
  }, 30_000)
})
