import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectIpc, type Rig, rawBytes, startRig } from './rig.ts'

let rig: Rig
beforeAll(async () => {
  rig = await startRig({ limits: { httpBodyBytesMax: 50_000, headersTimeoutMs: 300, idleTimeoutMs: 300 } })
})
afterAll(() => rig.stop())

/** mulberry32: the same requests in every run. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const CALLS = [
  '{"jsonrpc":"2.0","id":1,"method":"eth_getBlockByNumber","params":["latest",true]}',
  '[{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":["0x1111111111111111111111111111111111111111",{"blockHash":"0x00"}]},{"id":2}]',
  '{"jsonrpc":"2.0","id":"x","method":"web3_sha3","params":["0x00"]}',
]
const JUNK = ['"', '{', '}', '[', ']', ',', '1e999', 'null', '\\', '\u0000', '0x', 'true', '-', '__proto__']

test('mutated calls over HTTP are answered 200 with a valid answer or nothing, and leave the actor as it was', async () => {
  const next = numbers(11)
  for (let run = 0; run < 300; run++) {
    let text = CALLS[Math.floor(next() * CALLS.length)]!
    for (let count = 1 + Math.floor(next() * 4); count > 0; count--) {
      const at = Math.floor(next() * text.length)
      text = text.slice(0, at) + JUNK[Math.floor(next() * JUNK.length)] + text.slice(at + Math.floor(next() * 5))
    }
    const answer = await rig.post(text)
    expect(answer.status, text).toBe(200)
    if (answer.text === '') continue
    for (const one of Array.isArray(answer.json) ? answer.json : [answer.json]) {
      expect(one.jsonrpc, text).toBe('2.0')
      expect(one.error?.code, text).not.toBe(-32603)
    }
  }
  const actors = (await rig.ipcCall('admin_actors')).result
  expect(actors.find((actor: any) => actor.path === 'rpc')).toMatchObject({ restarts: 0, state: 'running' })
})

test('a client that sends its request drop by drop is cut off', async () => {
  const began = Date.now()
  const text = await rawBytes(rig.port, 'POST / HTTP/1.1\r\nHost: loc', 5000)
  expect(text).toMatch(/^(HTTP\/1.1 408|$)/)
  expect(Date.now() - began).toBeLessThan(4500)
})
test('a body that never comes is not waited for', async () => {
  const began = Date.now()
  const head = 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{'
  expect(await rawBytes(rig.port, head, 5000)).toMatch(/^(HTTP\/1.1 408|$)/)
  expect(Date.now() - began).toBeLessThan(4500)
})
test('requests with two lengths, or a length and chunks, are refused', async () => {
  const both = 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'
  const twice = 'Content-Length: 5\r\nContent-Length: 6\r\n'
  for (const headers of [both, twice]) {
    const request = `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${headers}\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: localhost\r\n\r\n`
    expect(await rawBytes(rig.port, request, 1000)).toMatch(/^HTTP\/1.1 400/)
  }
})
test('a client of IPC that floods and reads nothing takes no memory beyond its bound', async () => {
  const client = await connectIpc(rig.ipc)
  client.socket.pause()
  const call = '{"jsonrpc":"2.0","id":1,"method":"web3_clientVersion"}'.repeat(1000)
  let isPushedBack = false
  for (let count = 0; count < 60 && !isPushedBack; count++) {
    if (!client.socket.write(call))
      isPushedBack = await Promise.race([
        new Promise<boolean>((resolve) => client.socket.once('drain', () => resolve(false))),
        new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 300)),
      ])
  }
  // The node stopped reading: what the client writes stays with the client.
  expect(isPushedBack).toBe(true)
  expect((await rig.call('eth_chainId')).result).toBe('0x539')
  client.socket.destroy()
})
