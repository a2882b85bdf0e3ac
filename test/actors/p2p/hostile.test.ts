/** Peers that keep to no rule: each is put out, counted by what it did, and the honest ones stay. */
import { connect, type Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { BaseCode, EMPTY_PAYLOAD } from '../../../protocols/devp2p/base-protocol.ts'
import { DisconnectReason, decodeDisconnect, encodeDisconnect } from '../../../protocols/devp2p/disconnect.ts'
import { type RawPeer, rawPeer } from './raw-peer.ts'
import { enodeOf, keyOf, type Peer, type PeerOptions, realPeer, until } from './rig.ts'

const portOf = async (peer: Peer): Promise<number> => (await peer.ask('nodeInfo')).ports.listener
const NODE = 1
const REMOTE = keyOf(NODE).publicKey
/** First code of `test/1`. */
const TEST_0 = 16

async function attacked(options: PeerOptions = {}): Promise<{ node: Peer; raw: RawPeer; ends(): Promise<object> }> {
  const node = await realPeer(NODE, options)
  const raw = await rawPeer(await portOf(node))
  const ends = async () => {
    const { setupEnds, peerEnds } = await node.ask('info')
    return { ...setupEnds, ...peerEnds }
  }
  return { node, raw, ends }
}
const reasonOf = (raw: RawPeer): number | undefined => {
  const last = raw.messages.find(({ code }) => code === BaseCode.disconnect)
  return last && decodeDisconnect(last.payload)
}

describe('before Hello', () => {
  test('garbage in the place of auth ends the connection unanswered', async () => {
    const { raw, ends } = await attacked()
    raw.socket.write(new Uint8Array(600).fill(1))
    await until(() => raw.isClosed())
    expect(await ends()).toEqual({ 'HANDSHAKE:HANDSHAKE_ECIES': 1 })
  })
  test('an auth beyond the largest size is refused at its prefix', async () => {
    const { raw, ends } = await attacked()
    raw.socket.write(Uint8Array.of(0xff, 0xff))
    await until(() => raw.isClosed())
    expect(await ends()).toEqual({ 'HANDSHAKE:HANDSHAKE_SIZE': 1 })
  })
  test('silence is over in time', async () => {
    const { raw, ends } = await attacked({ sessionLimits: { handshakeMs: 100 } })
    await until(() => raw.isClosed())
    expect(await ends()).toEqual({ HANDSHAKE_TIMEOUT: 1 })
  })
  test('a Hello beyond 2 KiB is refused by the size of its frame', async () => {
    const { raw, ends } = await attacked()
    await raw.shakeHands(REMOTE)
    raw.hello({ clientId: 'x'.repeat(3000) })
    await until(() => raw.isClosed())
    expect(await ends()).toEqual({ 'CHANNEL:FRAME_SIZE': 1 })
  })
  test('another message in the place of Hello ends the connection', async () => {
    const { raw, ends } = await attacked()
    await raw.shakeHands(REMOTE)
    raw.send(BaseCode.ping, EMPTY_PAYLOAD)
    await until(() => raw.isClosed())
    expect(await ends()).toEqual({ 'HELLO:HELLO_EXPECTED': 1 })
  })
  test('a Hello of another identity is told so', async () => {
    const { raw, ends } = await attacked()
    await raw.shakeHands(REMOTE)
    raw.hello({ publicKey: keyOf(77).publicKey })
    await until(() => raw.isClosed())
    expect(reasonOf(raw)).toBe(DisconnectReason.unexpectedIdentity)
    expect(await ends()).toEqual({ 'HELLO:HELLO_IDENTITY_UNEXPECTED': 1 })
  })
  test('a Hello of no identity is told so', async () => {
    const { raw } = await attacked()
    await raw.shakeHands(REMOTE)
    raw.hello({ publicKey: new Uint8Array(64) })
    await until(() => raw.isClosed())
    expect(reasonOf(raw)).toBe(DisconnectReason.invalidIdentity)
  })
  test('who shares no capability is useless', async () => {
    const { raw, ends } = await attacked()
    await raw.shakeHands(REMOTE)
    await raw.greet([{ name: 'other', version: 1 }])
    await until(() => raw.isClosed())
    expect(reasonOf(raw)).toBe(DisconnectReason.uselessPeer)
    expect(await ends()).toEqual({ [`REFUSED:${DisconnectReason.uselessPeer}`]: 1 })
  })
  test('a Disconnect in the place of Hello is understood', async () => {
    const { raw, ends } = await attacked()
    await raw.shakeHands(REMOTE)
    raw.send(BaseCode.disconnect, encodeDisconnect(DisconnectReason.tooManyPeers))
    await until(() => raw.isClosed())
    expect(await ends()).toEqual({ [`REMOTE:${DisconnectReason.tooManyPeers}`]: 1 })
  })
  test('an auth that is replayed is answered as geth answers it, and gets nowhere without the key', async () => {
    const { node, raw, ends } = await attacked({ sessionLimits: { readMs: 200 } })
    const written: Uint8Array[] = []
    const { write } = raw.socket
    raw.socket.write = ((bytes: Uint8Array) => {
      written.push(bytes)
      return write.call(raw.socket, bytes)
    }) as typeof write
    await raw.shakeHands(REMOTE)
    const replay = await rawPeer(await portOf(node))
    let answered = 0
    replay.socket.on('data', (chunk) => {
      answered += chunk.length
    })
    replay.socket.write(written[0]!)
    await until(() => answered > 300)
    replay.socket.write(new Uint8Array(64))
    await until(() => replay.isClosed())
    expect(await ends()).toMatchObject({ 'CHANNEL:FRAME_HEADER_MAC': 1 })
    expect(node.heard.ups).toEqual([])
  })
})

describe('a peer', () => {
  async function joined(options: PeerOptions = {}) {
    const scene = await attacked(options)
    await scene.raw.shakeHands(REMOTE)
    await scene.raw.greet()
    await until(() => scene.node.heard.ups.length === 1)
    return scene
  }
  /** Writes a frame, changed. */
  function sendChanged(raw: RawPeer, code: number, payload: Uint8Array, change: (frame: Uint8Array) => void): void {
    const frame = raw.channel.write(code, payload)
    if (!frame.ok) throw new Error(frame.error.code)
    change(frame.value)
    raw.socket.write(frame.value)
  }
  test.each([
    ['header', 20, 'FRAME_HEADER_MAC'],
    ['body', 35, 'FRAME_BODY_MAC'],
  ])('whose %s has one bit wrong is cut off', async (_part, at, code) => {
    const { node, raw, ends } = await joined()
    sendChanged(raw, TEST_0, new Uint8Array(100), (frame) => {
      frame[at]! ^= 1
    })
    await until(() => node.heard.downs.length === 1)
    expect(await ends()).toEqual({ [`CHANNEL:${code}`]: 1 })
    expect(node.heard.messages).toEqual([])
    expect(node.heard.downs[0]!.end).toEqual({ code: 'CHANNEL', cause: code })
  })
  test('that repeats a frame is cut off', async () => {
    const { node, raw, ends } = await joined()
    const frame = raw.channel.write(TEST_0, new Uint8Array(10))
    if (!frame.ok) throw new Error(frame.error.code)
    raw.socket.write(Buffer.concat([frame.value, frame.value]))
    await until(() => node.heard.downs.length === 1)
    expect(await ends()).toEqual({ 'CHANNEL:FRAME_HEADER_MAC': 1 })
    expect(node.heard.messages).toHaveLength(1)
  })
  test('that announces a snappy bomb is cut off before it is inflated', async () => {
    const { node, raw, ends } = await joined()
    // Whoever has not read a Hello of version 5 does not compress.
    raw.channel.helloReceived(4)
    raw.send(TEST_0, Uint8Array.of(0x80, 0x80, 0x80, 0x08)) // 2^24 bytes
    await until(() => node.heard.downs.length === 1)
    expect(await ends()).toEqual({ 'CHANNEL:SNAPPY_TOO_LARGE': 1 })
  })
  test('that uses a code behind all that runs is cut off', async () => {
    const { node, raw, ends } = await joined()
    raw.send(TEST_0 + 3, EMPTY_PAYLOAD)
    await until(() => node.heard.downs.length === 1)
    expect(await ends()).toEqual({ CODE_UNASSIGNED: 1 })
  })
  test('that says why it leaves is heard, and hears its reason again', async () => {
    const { node, raw, ends } = await joined()
    raw.send(BaseCode.disconnect, encodeDisconnect(DisconnectReason.quitting))
    await until(() => node.heard.downs.length === 1 && reasonOf(raw) !== undefined)
    expect(node.heard.downs[0]!.end).toEqual({ code: 'REMOTE', reason: DisconnectReason.quitting })
    expect(reasonOf(raw)).toBe(DisconnectReason.quitting)
    expect(await ends()).toEqual({ [`REMOTE:${DisconnectReason.quitting}`]: 1 })
  })
  test('that only vanishes is counted too', async () => {
    const { node, raw, ends } = await joined()
    raw.socket.destroy()
    await until(() => node.heard.downs.length === 1)
    expect(Object.keys(await ends())).toEqual([expect.stringMatching(/^SOCKET:/)])
  })
  test('that is silent is pinged, and cut off when it stays so', async () => {
    const { node, raw, ends } = await joined({ sessionLimits: { pingMs: 50, readMs: 200 } })
    await until(() => raw.messages.some(({ code }) => code === BaseCode.ping))
    await until(() => node.heard.downs.length === 1)
    expect(await ends()).toEqual({ READ_TIMEOUT: 1 })
  })
  test('that answers pings stays, and its round trip is known', async () => {
    const { node, raw } = await joined({ sessionLimits: { pingMs: 20, readMs: 200 } })
    const answering = setInterval(() => {
      for (const { code } of raw.messages.splice(0)) if (code === BaseCode.ping) raw.send(BaseCode.pong, EMPTY_PAYLOAD)
    }, 5)
    onTestFinished(() => clearInterval(answering))
    await new Promise((resolve) => setTimeout(resolve, 500))
    const [shown] = await node.ask('peers')
    expect(shown!.stats.roundTripMs).toBeLessThan(200)
    expect(node.heard.downs).toEqual([])
  })
  test('is answered its pings, however many, while it takes the answers', async () => {
    const { raw } = await joined()
    for (let i = 0; i < 200; i++) raw.send(BaseCode.ping, EMPTY_PAYLOAD)
    await until(() => raw.messages.filter(({ code }) => code === BaseCode.pong).length === 200)
  })
  test('that takes nothing is cut off when a write lasts too long', async () => {
    const { node, raw, ends } = await joined({ sessionLimits: { writeMs: 300, readMs: 10_000 } })
    raw.socket.pause()
    const { peer } = node.heard.ups[0]!
    // More than what systems take for a peer that does not read.
    for (let i = 0; i < 12; i++)
      node.ctx.tell(peer, 'send', { capability: 'test', code: 0, payload: noise(1024 * 1024) })
    await until(async () => ((await node.ask('info')).peerEnds.WRITE_TIMEOUT ?? 0) === 1)
    expect(await ends()).toEqual({ WRITE_TIMEOUT: 1 })
  })
  test('for which more waits than memory may hold is cut off at once', async () => {
    const { node, raw, ends } = await joined({ sessionLimits: { writeQueueBytes: 4 * 1024 * 1024 } })
    raw.socket.pause()
    const { peer } = node.heard.ups[0]!
    for (let i = 0; i < 20; i++)
      node.ctx.tell(peer, 'send', { capability: 'test', code: 0, payload: noise(1024 * 1024) })
    await until(() => node.heard.downs.length === 1)
    expect(await ends()).toEqual({ WRITE_QUEUE_FULL: 1 })
  })
  test.each([
    ['a capability that does not run', 'eth', 0, 'CAPABILITY_NOT_RUNNING'],
    ['a code that is none of its own', 'test', 3, 'MESSAGE_CODE'],
  ])('is told of our breach where a protocol of ours uses %s', async (_what, capability, code, cause) => {
    const { node, raw, ends } = await joined()
    const { peer } = node.heard.ups[0]!
    expect(await node.ctx.ask(peer, 'write', { capability, code, payload: EMPTY_PAYLOAD })).toEqual({
      ok: true,
      value: { ok: false, error: { code: cause } },
    })
    expect(node.heard.downs).toEqual([])
    node.ctx.tell(peer, 'send', { capability, code, payload: EMPTY_PAYLOAD })
    await until(() => raw.isClosed())
    expect(reasonOf(raw)).toBe(DisconnectReason.protocolBreach)
    expect(await ends()).toEqual({ [`MISUSED:${cause}`]: 1 })
  })
})

test('1,000 connections that never speak: few are held, an honest peer stays, and another gets in', async () => {
  const node = await realPeer(NODE)
  const port = await portOf(node)
  const friend = await realPeer(2)
  await friend.ask('addPeer', { url: await enodeOf(node) })
  await until(() => node.heard.ups.length === 1)
  const before = process.memoryUsage().rss
  const sockets: Socket[] = []
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
  })
  for (let i = 0; i < 1_000; i++) {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.on('error', () => undefined)
    sockets.push(socket)
  }
  await until(async () => {
    const { turnedAway, pendingInbound } = await node.ask('info')
    expect(pendingInbound).toBeLessThanOrEqual(50)
    return turnedAway.CROWDED + turnedAway.DISPLACED + pendingInbound === 1_000
  })
  await until(async () => {
    const raw = await rawPeer(port, 3)
    const hasEntered = raw.shakeHands(REMOTE).then(() => true)
    return Promise.race([hasEntered, closed(raw)])
  }, 5_000)
  expect((await node.ask('info')).turnedAway.DISPLACED).toBeGreaterThan(0)
  expect(await node.ask('peers')).toMatchObject([{ name: 'troupe/2' }])
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024)
}, 30_000)

const closed = (raw: RawPeer): Promise<false> => until(() => raw.isClosed()).then(() => false)

/** Bytes that snappy makes no smaller. */
function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let state = 1
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[i] = state >>> 24
  }
  return bytes
}
