import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { PeerUp } from '../../../actors/inlet/messages.ts'
import { DisconnectReason } from '../../../protocols/devp2p/disconnect.ts'
import { SECP256K1_IDENTITIES } from '../../../protocols/enr/identity.ts'
import { parseNode, seqOf } from '../../../protocols/enr/node.ts'
import { decodeRecord, valueIn } from '../../../protocols/enr/record.ts'
import { bytesToBareHex } from '../../../protocols/hex.ts'
import { networkConstant } from '../../../protocols/ip/network.ts'
import { encodeRlpString } from '../../../protocols/rlp.ts'
import { enodeOf, keyOf, type Peer, type PeerOptions, realPeer, until } from './rig.ts'

const url = (node: Peer) => enodeOf(node)

/** `a` has dialled `b`, and both know. */
async function connected(a: Peer, b: Peer): Promise<{ readonly toB: PeerUp; readonly toA: PeerUp }> {
  expect(await a.ask('addPeer', { url: await url(b) })).toEqual({ ok: true, value: undefined })
  await until(() => a.heard.ups.length > 0 && b.heard.ups.length > 0)
  return { toB: a.heard.ups.at(-1)!, toA: b.heard.ups.at(-1)! }
}
const pair = async (a: PeerOptions = {}, b: PeerOptions = {}) => [await realPeer(1, a), await realPeer(2, b)] as const

const numbered = (number: number, bytes: number): Uint8Array => {
  const payload = new Uint8Array(bytes).fill(number)
  new DataView(payload.buffer).setUint32(0, number)
  return payload
}
const numberOf = (payload: Uint8Array): number => new DataView(payload.buffer, payload.byteOffset).getUint32(0)

test('two peers connect, and tell what the other is', async () => {
  const [a, b] = await pair()
  const { toB, toA } = await connected(a, b)
  expect(toB).toMatchObject({ clientName: 'troupe/2', isInbound: false, isStatic: true, version: 1 })
  expect(toA).toMatchObject({ clientName: 'troupe/1', isInbound: true, isStatic: false, version: 1 })
  const [[shownB], [shownA]] = [await a.ask('peers'), await b.ask('peers')]
  expect(shownB).toMatchObject({
    id: (await b.ask('nodeInfo')).id,
    enode: await url(b),
    enr: undefined,
    name: 'troupe/2',
    capabilities: [{ name: 'test', version: 1 }],
    running: [{ name: 'test', version: 1 }],
    isInbound: false,
    isStatic: true,
    isTrusted: false,
  })
  expect(shownA!.remote).toEqual(shownB!.local)
  expect(shownA!.enode).toContain(`@127.0.0.1:${shownA!.remote.port}`)
})

test.each([
  ['on one thread', {}],
  ['with the sockets on a thread of their own', { p2p: 'net' }],
])('1,000 messages arrive each way, whole and in order: %s', async (_where, placement) => {
  const [a, b] = [await realPeer(1, {}, placement), await realPeer(2, {}, placement)]
  const { toB, toA } = await connected(a, b)
  const sizes = [4, 100, 1_000, 40_000]
  for (let i = 0; i < 1_000; i++) {
    const message = (): Uint8Array => numbered(i, sizes[i % sizes.length]!)
    a.ctx.tell(toB.peer, 'send', { capability: 'test', code: i % 3, payload: message() })
    b.ctx.tell(toA.peer, 'send', { capability: 'test', code: i % 3, payload: message() })
  }
  for (const { heard } of [a, b]) {
    await until(() => heard.messages.length === 1_000, 20_000)
    for (const [i, { capability, code, payload }] of heard.messages.entries()) {
      expect({ capability, code }).toEqual({ capability: 'test', code: i % 3 })
      expect(Buffer.compare(payload, numbered(i, sizes[i % sizes.length]!))).toBe(0)
    }
  }
  const info = await a.ctx.ask(toB.peer, 'info')
  if (!info.ok) throw new Error(info.error.code)
  const test0 = info.value.codes.find(({ capability, code }) => capability === 'test' && code === 0)
  expect(test0).toMatchObject({ messagesIn: 334, messagesOut: 334 })
  expect(info.value.codes.find(({ capability }) => capability === 'p2p')).toMatchObject({ code: 0, messagesOut: 1 })
  expect(info.value).toMatchObject({ state: 'running', queuedBytes: 0, inflowBytes: 0, isResting: false })
})

test('a slow consumer makes the writer wait, and memory of neither end grows with what waits', async () => {
  const [a, b] = await pair({}, { mailbox: 8 })
  const { toB, toA } = await connected(a, b)
  let letGo = (): void => {}
  const gate = new Promise<void>((resolve) => {
    letGo = resolve
  })
  b.heard.slow = () => gate
  const COUNT = 400
  const BYTES = 100_000 // 40 MB in all, of which snappy makes nothing
  let written = 0
  let over = false
  const writing = (async () => {
    for (let i = 0; i < COUNT && !over; i++) {
      const payload = noisy(i, BYTES)
      const answer = await a.ctx.ask(toB.peer, 'write', { capability: 'test', code: 0, payload })
      if (!answer.ok || !answer.value.ok) throw new Error(JSON.stringify(answer))
      written++
    }
  })()
  onTestFinished(() => {
    over = true
  })
  let before = -1
  await until(async () => {
    const isStill = written === before
    before = written
    await new Promise((resolve) => setTimeout(resolve, 200))
    return isStill && written === before
  })
  // What is under way: the buffers of the system, one turn of reading, the inflow, the inlet, a mailbox of 8.
  expect(written).toBeLessThan(COUNT / 2)
  const [atA, atB] = [await a.ctx.ask(toB.peer, 'info'), await b.ctx.ask(toA.peer, 'info')]
  if (!atA.ok || !atB.ok) throw new Error('no info')
  expect(atA.value.queuedBytes).toBeLessThanOrEqual(BYTES)
  expect(atB.value).toMatchObject({ isResting: true })
  expect(atB.value.inflowBytes).toBeLessThan(256 * 1024 + BYTES + 1)
  // Who rests still writes.
  b.ctx.tell(toA.peer, 'send', { capability: 'test', code: 1, payload: Uint8Array.of(7) })
  await until(() => a.heard.messages.length === 1)
  b.heard.slow = undefined
  letGo()
  await writing
  await until(() => b.heard.messages.length === COUNT)
  expect(b.heard.messages.map(({ payload }) => numberOf(payload))).toEqual(Array.from({ length: COUNT }, (_, i) => i))
})

test('what is sent before a disconnect arrives before it', async () => {
  const [a, b] = await pair()
  const { toB } = await connected(a, b)
  for (let i = 0; i < 50; i++)
    a.ctx.tell(toB.peer, 'send', { capability: 'test', code: 0, payload: numbered(i, 1_000) })
  a.ctx.tell(toB.peer, 'disconnect', { reason: DisconnectReason.uselessPeer })
  await until(() => b.heard.downs.length === 1)
  expect(b.heard.downs[0]!.end).toEqual({ code: 'REMOTE', reason: DisconnectReason.uselessPeer })
  expect(b.heard.messages.map(({ payload }) => numberOf(payload))).toEqual(Array.from({ length: 50 }, (_, i) => i))
})

describe('operators', () => {
  test('remove a peer, which hears why, and is not dialled again', async () => {
    const [a, b] = await pair()
    await connected(a, b)
    expect(await a.ask('removePeer', { url: await url(b) })).toEqual({ ok: true, value: undefined })
    expect(await a.ask('peers')).toEqual([])
    await until(() => b.heard.downs.length === 1 && a.heard.downs.length === 1)
    expect(a.heard.downs[0]!.end).toEqual({ code: 'LOCAL', reason: DisconnectReason.requested })
    expect(b.heard.downs[0]!.end).toEqual({ code: 'REMOTE', reason: DisconnectReason.requested })
  })
  test('remove a node that is no peer', async () => {
    const [a, b] = await pair()
    expect(await a.ask('removePeer', { url: await url(b) })).toEqual({ ok: true, value: undefined })
  })
  test('trust a node, which is let in although there is no room', async () => {
    const [a, b] = await pair({}, { settings: { peersMax: 0 } })
    expect(await b.ask('addTrustedPeer', { url: await url(a) })).toEqual({ ok: true, value: undefined })
    await connected(a, b)
    expect((await b.ask('peers'))[0]).toMatchObject({ isTrusted: true })
    expect(await b.ask('removeTrustedPeer', { url: await url(a) })).toEqual({ ok: true, value: undefined })
    expect((await b.ask('peers'))[0]).toMatchObject({ isTrusted: false })
  })
  test.each(['addPeer', 'removePeer', 'addTrustedPeer', 'removeTrustedPeer'] as const)(
    'are told what is wrong with the address they give: %s',
    async (kind) => {
      const node = await realPeer(1)
      expect(await node.ask(kind, { url: 'enode://12' })).toEqual({
        ok: false,
        error: { code: 'ENODE_KEY_LENGTH', text: '12' },
      })
    },
  )
  test('are told of peers that come and go', async () => {
    const [a, b] = await pair()
    await connected(a, b)
    await b.stop()
    await until(() => a.heard.events.length === 2)
    const { id } = (await realPeer(2).then((again) => again.ask('nodeInfo'))) as { id: string }
    expect(a.heard.events).toEqual([
      { type: 'add', id, local: expect.stringMatching(/^127.0.0.1:/), remote: expect.stringMatching(/^127.0.0.1:/) },
      expect.objectContaining({ type: 'drop', id, error: `REMOTE:${DisconnectReason.quitting}` }),
    ])
  })
})

test('nobody comes in from outside of the networks it is restricted to, nor is dialled there', async () => {
  const restrict = [networkConstant('10.0.0.0/8')]
  const [a, b] = await pair({}, { settings: { restrict } })
  await a.ask('addPeer', { url: await url(b) })
  await until(async () => (await b.ask('info')).turnedAway.RESTRICTED === 1)
  const before = await a.ask('info')
  await b.ask('addPeer', { url: await url(a) })
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(await a.ask('info')).toEqual(before)
  expect(await b.ask('info')).toMatchObject({ pendingDials: 0, setupEnds: {} })
})

test('a node does not dial itself', async () => {
  const node = await realPeer(1)
  const { enode } = await node.ask('nodeInfo')
  await node.ask('addPeer', { url: enode })
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(await node.ask('info')).toMatchObject({ pendingDials: 0, setupEnds: {} })
})

test('a second connection of one node is refused', async () => {
  const b = await realPeer(2)
  const [first, twin] = [await realPeer(1), await realPeer(1)]
  await connected(first, b)
  await twin.ask('addPeer', { url: await url(b) })
  const refused = `REMOTE:${DisconnectReason.alreadyConnected}`
  await until(async () => (await twin.ask('info')).setupEnds[refused] === 1)
  expect((await b.ask('info')).setupEnds).toEqual({ [`REFUSED:${DisconnectReason.alreadyConnected}`]: 1 })
})

test('a port where nobody listens, and one where somebody else does, are dials in vain that are counted', async () => {
  const node = await realPeer(1)
  const key = bytesToBareHex(keyOf(9).publicKey)
  await node.ask('addPeer', { url: `enode://${key}@127.0.0.1:1` })
  await until(async () => (await node.ask('info')).setupEnds['CONNECT:NET_REFUSED'] === 1)
  const other = await realPeer(2)
  const { ports } = await other.ask('nodeInfo')
  const wrong = bytesToBareHex(keyOf(10).publicKey)
  await node.ask('addPeer', { url: `enode://${wrong}@127.0.0.1:${ports.listener}` })
  await until(async () => ((await other.ask('info')).setupEnds['HANDSHAKE:HANDSHAKE_ECIES'] ?? 0) === 1)
})

describe('the own record', () => {
  test('says where the node is, and grows with what it is told', async () => {
    const node = await realPeer(1, { udp: 4_000 })
    const before = await node.ask('nodeInfo')
    expect(before).toMatchObject({ ip: '127.0.0.1', ports: { discovery: 4_000 }, name: 'troupe/1' })
    expect(before.enode).toMatch(/^enode:\/\/[0-9a-f]{128}@127\.0\.0\.1:\d+\?discport=4000$/)
    expect(before.listenAddress).toBe(`127.0.0.1:${before.ports.listener}`)
    const seqOfText = (text: string): bigint => {
      const parsed = parseNode(text, SECP256K1_IDENTITIES)
      if (!parsed.ok) throw new Error(parsed.error.code)
      return seqOf(parsed.value)
    }
    node.ctx.tell(node.ref, 'setEntry', { key: 'eth', value: encodeRlpString(Uint8Array.of(1)) })
    node.ctx.tell(node.ref, 'setAddress', { ip: Uint8Array.of(8, 8, 8, 8) })
    const after = await node.ask('nodeInfo')
    expect(after).toMatchObject({ ip: '8.8.8.8', ports: before.ports })
    expect(seqOfText(after.enr)).toBe(seqOfText(before.enr) + 2n)
    node.ctx.tell(node.ref, 'setAddress', { ip: Uint8Array.of(8, 8, 8, 8) })
    expect((await node.ask('nodeInfo')).enr).toBe(after.enr)
  })
  test('is kept in a file: its number goes on, and stands still where nothing changes', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'troupe-p2p-'))
    onTestFinished(() => rm(directory, { recursive: true, force: true }))
    const recordFile = join(directory, 'record')
    const stored = async () => {
      const record = decodeRecord(await readFile(recordFile))
      if (!record.ok) throw new Error(record.error.code)
      return record.value
    }
    const first = await realPeer(1, { recordFile })
    const { listener } = (await first.ask('nodeInfo')).ports
    first.ctx.tell(first.ref, 'setEntry', { key: 'x', value: encodeRlpString(Uint8Array.of(9)) })
    await until(async () => valueIn(await stored().catch(() => ({ pairs: [] }) as any), 'x') !== undefined)
    await first.stop()
    const { seq } = await stored()

    const same = await realPeer(1, { recordFile, listen: { host: '127.0.0.1', port: listener } })
    expect((await same.ask('nodeInfo')).enr).toContain('enr:')
    await same.stop()
    expect((await stored()).seq).toBe(seq)

    const moved = await realPeer(1, { recordFile, ip: Uint8Array.of(9, 9, 9, 9) })
    await until(async () => (await stored()).seq === seq + 1n)
    await moved.stop()

    await writeFile(recordFile, 'no record')
    const anew = await realPeer(1, { recordFile })
    await until(async () => (await stored().catch(() => ({ seq: 0n }))).seq > seq + 1n)
    await anew.stop()
  })
})

test('a node key that is none is said so at the start', async () => {
  await expect(realPeer(1, { nodeKey: new Uint8Array(32) })).rejects.toThrow(/node key/)
})

test('a port that is taken is said so at the start', async () => {
  const first = await realPeer(1)
  const { listener } = (await first.ask('nodeInfo')).ports
  await expect(realPeer(2, { listen: { host: '127.0.0.1', port: listener } })).rejects.toThrow(/NET_ADDRESS_IN_USE/)
})

/** The number, and bytes that snappy makes no smaller. */
function noisy(number: number, bytes: number): Uint8Array {
  const payload = new Uint8Array(bytes)
  let state = number + 1
  for (let i = 4; i < bytes; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    payload[i] = state >>> 24
  }
  new DataView(payload.buffer).setUint32(0, number)
  return payload
}
