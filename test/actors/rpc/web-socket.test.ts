import { afterEach, describe, expect, test } from 'vitest'
import WebSocket from 'ws'
import { isOriginAllowed } from '../../../actors/rpc/origin.ts'
import { connectIpc, type Rig, type RigOptions, startRig } from './rig.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const { close } of open.splice(0).reverse()) await close()
})

async function rigWith(options: RigOptions): Promise<Rig> {
  const rig = await startRig(options)
  open.push({ close: rig.stop })
  return rig
}

type Client = {
  readonly socket: WebSocket
  send(value: unknown): void
  /** The next message. */
  next(): Promise<any>
  readonly closed: Promise<{ code: number; reason: string }>
}
/** @returns the HTTP status where the handshake is refused */
function connect(url: string, headers: { [name: string]: string } = {}): Promise<Client | number> {
  const socket = new WebSocket(url, { headers })
  open.push({ close: () => socket.terminate() })
  const messages: any[] = []
  const waiting: ((message: any) => void)[] = []
  socket.on('message', (data) => {
    const message = JSON.parse(String(data))
    const take = waiting.shift()
    if (take === undefined) messages.push(message)
    else take(message)
  })
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.on('close', (code, reason) => resolve({ code, reason: String(reason) })),
  )
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode!))
    socket.on('open', () =>
      resolve({
        socket,
        closed,
        send: (value) => socket.send(typeof value === 'string' ? value : JSON.stringify(value)),
        next: () =>
          messages.length > 0 ? Promise.resolve(messages.shift()) : new Promise((take) => waiting.push(take)),
      }),
    )
  })
}
async function connected(url: string | undefined, headers?: { [name: string]: string }): Promise<Client> {
  const client = await connect(url!, headers)
  if (typeof client === 'number') throw new Error(`refused with ${client}`)
  return client
}
const call = (id: number, method: string, ...params: unknown[]) => ({ jsonrpc: '2.0', id, method, params })

describe('a WebSocket', () => {
  test('answers calls, batches and what is no JSON, on an address of its own', async () => {
    const rig = await rigWith({ ws: {} })
    const client = await connected(rig.wsUrl)
    client.send(call(1, 'eth_chainId'))
    expect(await client.next()).toEqual({ jsonrpc: '2.0', id: 1, result: '0x539' })
    client.send([call(2, 'eth_blockNumber'), call(3, 'admin_datadir')])
    expect(await client.next()).toMatchObject([{ result: '0x0' }, { error: { code: -32601 } }])
    client.send('{"jsonrpc')
    expect(await client.next()).toMatchObject({ id: null, error: { code: -32700 } })
    expect(await client.closed).toMatchObject({ code: 1000 })
    expect((await fetch(rig.wsUrl!.replace('ws:', 'http:'))).status).toBe(426)
  })
  test('shares the listener of HTTP on the same port', async () => {
    const rig = await rigWith({ ws: 'shared' })
    expect(rig.wsUrl).toBe(rig.url.replace('http:', 'ws:'))
    const client = await connected(rig.wsUrl)
    client.send(call(1, 'eth_chainId'))
    expect((await client.next()).result).toBe((await rig.call('eth_chainId')).result)
  })
  test('is refused to pages of other origins and on other paths', async () => {
    const rig = await rigWith({ ws: {} })
    expect(await connect(rig.wsUrl!, { origin: 'http://evil.example' })).toBe(403)
    expect(await connect(`${rig.wsUrl}/other`)).toBe(404)
    await connected(rig.wsUrl, { origin: 'http://localhost:3000' })
  })
  test('ends where a message is too large, and where there are too many connections', async () => {
    const rig = await rigWith({ ws: {}, limits: { wsMessageBytesMax: 1000, wsConnectionsMax: 1 } })
    const client = await connected(rig.wsUrl)
    expect(await connect(rig.wsUrl!)).toBe(503)
    client.send(call(1, 'web3_sha3', `0x${'00'.repeat(1000)}`))
    expect(await client.closed).toMatchObject({ code: 1009 })
  })
  test('whose peer answers no ping is cut', async () => {
    const rig = await rigWith({ ws: {}, limits: { wsPingMs: 50 } })
    const lively = await connected(rig.wsUrl)
    const socket = new WebSocket(rig.wsUrl!, { autoPong: false })
    open.push({ close: () => socket.terminate() })
    socket.on('error', () => {})
    expect(await new Promise((resolve) => socket.on('close', resolve))).toBe(1006)
    lively.send(call(1, 'eth_chainId'))
    expect((await lively.next()).result).toBe('0x539')
  })
  test('that subscribes and reads nothing is cut off, and told why', async () => {
    const rig = await rigWith({ ws: {} })
    const client = await connected(rig.wsUrl)
    client.send(Array.from({ length: 128 }, (_, id) => call(id, 'eth_subscribe', 'newHeads')))
    expect(await client.next()).toHaveLength(128)
    client.socket.pause()
    let isCut = false
    void client.closed.then(() => {
      isCut = true
    })
    // Each head is 200 KB to it: what the kernel keeps is full after some 30.
    for (let heads = 0; heads < 200; heads++) {
      await rig.grow()
      await rig.call('eth_chainId')
    }
    expect(isCut).toBe(false)
    client.socket.resume()
    expect(await client.closed).toEqual({ code: 1008, reason: 'notifications are not read' })
  })
  test('is told that the server stops', async () => {
    const rig = await startRig({ ws: {} })
    const client = await connected(rig.wsUrl)
    await rig.stop()
    expect(await client.closed).toEqual({ code: 1000, reason: 'the server stops' })
  })
  test('with administration is refused where others reach it', async () =>
    await expect(startRig({ ws: { host: '0.0.0.0', namespaces: ['admin'] } })).rejects.toThrow(
      '--ws.allow-exposed-admin',
    ))
})

describe('subscriptions', () => {
  test('to newHeads tell each new head after the id, until they are ended', async () => {
    const rig = await rigWith({ ws: {} })
    const client = await connected(rig.wsUrl)
    client.send(call(1, 'eth_subscribe', 'newHeads'))
    const { result: id } = await client.next()
    expect(id).toMatch(/^0x[1-9a-f][0-9a-f]*$/)
    const hash = await rig.grow()
    const notice = await client.next()
    expect(notice).toMatchObject({
      method: 'eth_subscription',
      params: { subscription: id, result: { number: '0x1', hash } },
    })
    expect(notice.params.result).not.toHaveProperty('transactions')
    client.send(call(2, 'eth_unsubscribe', id))
    expect((await client.next()).result).toBe(true)
    await rig.grow()
    client.send(call(3, 'eth_unsubscribe', id))
    expect((await client.next()).error).toEqual({ code: -32000, message: 'subscription not found' })
  })
  test('belong to their connection', async () => {
    const rig = await rigWith({ ws: {} })
    const [one, other] = [await connected(rig.wsUrl), await connected(rig.wsUrl)]
    one.send(call(1, 'eth_subscribe', 'newHeads'))
    const { result: id } = await one.next()
    other.send(call(1, 'eth_unsubscribe', id))
    expect((await other.next()).error).toMatchObject({ message: 'subscription not found' })
    other.socket.terminate()
    await rig.grow()
    expect((await one.next()).params.subscription).toBe(id)
  })
  test('to syncing tell how it stands, its beginning and its end', async () => {
    const rig = await rigWith({ ws: {} })
    const client = await connected(rig.wsUrl)
    client.send(call(1, 'eth_subscribe', 'syncing'))
    const { result: id } = await client.next()
    const told = async () => (await client.next()).params
    expect(await told()).toEqual({ subscription: id, result: false })
    rig.importing({ startingBlock: 0n, currentBlock: 1n, highestBlock: 9n })
    const status = { startingBlock: '0x0', currentBlock: '0x1', highestBlock: '0x9' }
    expect((await told()).result).toEqual({ syncing: true, status })
    rig.importing({ startingBlock: 0n, currentBlock: 2n, highestBlock: 9n })
    rig.importing(undefined)
    expect((await told()).result).toBe(false)
  })
  test('are taken over IPC too', async () => {
    const rig = await rigWith({})
    const client = await connectIpc(rig.ipc)
    open.push({ close: () => client.socket.destroy() })
    client.socket.write(JSON.stringify(call(1, 'eth_subscribe', 'newHeads')))
    const { result: id } = JSON.parse((await client.line())!)
    await rig.grow()
    expect(JSON.parse((await client.line())!).params).toMatchObject({ subscription: id, result: { number: '0x1' } })
  })
  test('of other kinds, too many, and over HTTP are refused', async () => {
    const rig = await rigWith({ ws: {} })
    const client = await connected(rig.wsUrl)
    client.send(call(1, 'eth_subscribe', 'logs', {}))
    expect((await client.next()).error).toEqual({ code: -32601, message: 'no "logs" subscription in eth namespace' })
    client.send(Array.from({ length: 129 }, (_, index) => call(index, 'eth_subscribe', 'newHeads')))
    const answers = await client.next()
    expect(answers[127].result).toMatch(/^0x/)
    expect(answers[128].error).toEqual({ code: -32000, message: 'too many subscriptions (max 128)' })
    expect((await rig.call('eth_subscribe', 'newHeads')).error).toMatchObject({
      message: 'notifications not supported',
    })
  })
})

test.each([
  ['http://localhost:3000', ['http://localhost'], true],
  ['https://localhost', ['http://localhost'], false],
  ['https://app.example', ['app.example'], true],
  ['http://app.example:81', ['app.example:80'], false],
  ['http://APP.example:80', ['http://app.EXAMPLE:80'], true],
  ['http://notapp.example', ['app.example'], false],
  ['null', ['http://localhost'], false],
  ['http://a b', ['*'], true],
  ['http://[::1]:80', ['[::1]'], true],
  ['http://x', [], false],
])('origin %s against %j: %s', (origin, rules, allowed) => expect(isOriginAllowed(origin, rules)).toBe(allowed))
