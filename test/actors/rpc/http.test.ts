import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkExposure, DEFAULT_HTTP } from '../../../actors/rpc/exposure.ts'
import { hostName, isIpLiteral } from '../../../actors/rpc/host-name.ts'
import { admitHttp } from '../../../actors/rpc/http.ts'
import type { HttpSettings } from '../../../actors/rpc/messages.ts'
import type { HttpRequest } from '../../../runtime/capabilities.ts'
import { type Rig, rawBytes, rawRequest, startRig } from './rig.ts'

const CALL = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}'
const JSON_TYPE = { 'content-type': 'application/json' }

/** Status of each, sent one after the other on one connection. */
async function statusesOf(port: number, requests: readonly string[]): Promise<number[]> {
  const socket = connect({ host: '127.0.0.1', port })
  const statuses: number[] = []
  for (const request of requests) {
    const answered = new Promise<string>((resolve, reject) => {
      socket.once('data', (bytes) => resolve(bytes.toString()))
      socket.once('close', () => reject(new Error(`closed after ${statuses}`)))
    })
    socket.write(request)
    statuses.push(Number((await answered).slice('HTTP/1.1 '.length, 12)))
  }
  socket.destroy()
  return statuses
}

describe('an HTTP server', () => {
  let rig: Rig
  beforeAll(async () => {
    rig = await startRig({
      limits: { httpBodyBytesMax: 100_000, batchItemsMax: 10, batchResponseMax: 100, valuesMax: 5000 },
    })
  })
  afterAll(() => rig.stop())

  test('answers a call with 200, JSON and its length', async () => {
    const answer = await rawRequest(rig.port, { headers: JSON_TYPE, body: CALL })
    expect(answer.status).toBe(200)
    expect(answer.text).toBe('{"jsonrpc":"2.0","id":1,"result":"0x539"}')
    expect(answer.headers['content-type']).toBe('application/json')
    expect(answer.headers['content-length']).toBe(String(answer.text.length))
  })
  test('answers errors of calls with 200 too', async () => {
    expect(await rig.post('{"jsonrpc":"2.0"')).toMatchObject({
      status: 200,
      json: { jsonrpc: '2.0', id: null, error: { code: -32700, message: 'parse error' } },
    })
    expect((await rig.call('eth_nothing')).error).toEqual({
      code: -32601,
      message: 'the method eth_nothing does not exist/is not available',
    })
    expect((await rig.call('eth_subscribe', 'newHeads')).error).toEqual({
      code: -32601,
      message: 'notifications not supported',
    })
  })
  test('sends no body for notifications and for empty bodies', async () => {
    expect(await rig.post('{"jsonrpc":"2.0","method":"eth_chainId"}')).toMatchObject({ status: 200, text: '' })
    expect(await rig.post('[{"jsonrpc":"2.0","method":"eth_chainId"}]')).toMatchObject({ status: 200, text: '' })
    expect(await rawRequest(rig.port, { headers: JSON_TYPE })).toMatchObject({ status: 200, text: '' })
  })
  test.each(['__proto__', 'constructor', 'eth_', 'eth', '_', 'toString', 'hasOwnProperty', 'eth_constructor'])(
    'knows no method %s',
    async (name) => expect((await rig.call(name)).error.code).toBe(-32601),
  )

  describe('admits by host name', () => {
    test.each([
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      'evil.example:8545',
      '2130706433',
      'localhost.',
    ])('and refuses %s with a hint', async (host) => {
      const answer = await rawRequest(rig.port, { headers: { ...JSON_TYPE, host }, body: CALL })
      expect(answer.status).toBe(403)
      expect(answer.text).toContain('--http.vhosts')
      expect(answer.text).not.toContain('0x539')
    })
    test.each(['', 'localhost', 'LOCALHOST:8545', '127.0.0.1', '10.1.2.3:80', '[::1]:8545', '[2001:db8::1]'])(
      'and takes %s',
      async (host) =>
        expect((await rawRequest(rig.port, { headers: { ...JSON_TYPE, host }, body: CALL })).status).toBe(200),
    )
    test('before it says anything about health', async () =>
      expect((await rawRequest(rig.port, { method: 'GET', headers: { host: 'evil.example' } })).status).toBe(403))
    test('and never repeats more than a piece of a hostile name', async () => {
      const answer = await rawRequest(rig.port, {
        headers: { ...JSON_TYPE, host: `${'x'.repeat(5000)}.example` },
        body: CALL,
      })
      expect(answer.status).toBe(403)
      expect(answer.text.length).toBeLessThan(500)
      expect(answer.headers['content-type']).toContain('text/plain')
      expect(answer.headers['x-content-type-options']).toBe('nosniff')
    })
  })

  describe('admits by content type', () => {
    test.each([
      'application/json',
      'application/json; charset=utf-8',
      'Application/JSON',
      'application/json-rpc',
      'application/jsonrequest',
    ])('and takes %s', async (type) =>
      expect((await rawRequest(rig.port, { headers: { 'content-type': type }, body: CALL })).status).toBe(200),
    )
    // These are what a web page may send without asking first.
    test.each([
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      '',
      'text/plain, application/json',
      'application/jsonp',
    ])('and refuses %j', async (type) => {
      const answer = await rawRequest(rig.port, { headers: { 'content-type': type }, body: CALL })
      expect(answer.status).toBe(415)
      expect(answer.text).not.toContain('0x539')
    })
  })

  test('looks at every head of a connection that stays open', async () => {
    const head = (fields: string) => `POST / HTTP/1.1\r\nContent-Length: ${CALL.length}\r\n${fields}\r\n\r\n${CALL}`
    const good = head('Host: localhost\r\nContent-Type: application/json')
    const statuses = await statusesOf(rig.port, [
      good,
      good,
      head('Host: localhost\r\nContent-Type: application/text'),
      good,
      head('Host: evilhost_\r\nContent-Type: application/json'),
      good,
      good.replace('POST / ', 'POST /other '),
      good,
    ])
    expect(statuses).toEqual([200, 200, 415, 200, 403, 200, 404, 200])
  })

  test('tells no origin that it may read, unless it is listed', async () => {
    for (const method of ['POST', 'OPTIONS', 'GET']) {
      const headers = { ...JSON_TYPE, origin: 'http://evil.example', 'access-control-request-method': 'POST' }
      const answer = await rawRequest(rig.port, { method, headers, ...(method === 'POST' ? { body: CALL } : {}) })
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
    }
  })
  test('is healthy to GET, and refuses other methods and paths', async () => {
    expect(await rawRequest(rig.port, { method: 'GET' })).toMatchObject({ status: 200, text: '' })
    expect((await rawRequest(rig.port, { method: 'GET', path: '/?x' })).status).toBe(415)
    expect((await rawRequest(rig.port, { method: 'PUT', headers: JSON_TYPE, body: CALL })).status).toBe(405)
    expect((await rawRequest(rig.port, { method: 'DELETE', headers: JSON_TYPE })).status).toBe(405)
    expect((await rawRequest(rig.port, { path: '/other', headers: JSON_TYPE, body: CALL })).status).toBe(404)
  })

  describe('is bounded', () => {
    test('in the body it reads', async () => {
      expect((await rig.post(`"${'x'.repeat(100_001)}"`)).status).toBe(413)
      const endless = `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${'4000\r\n'.concat('['.repeat(0x4000), '\r\n').repeat(10)}`
      expect(await rawBytes(rig.port, endless)).toMatch(/^HTTP\/1.1 413/)
    })
    test('in the nesting and the number of values it parses', async () => {
      expect((await rig.post('['.repeat(99_000))).json.error.code).toBe(-32600)
      expect((await rig.post(`{"a":[${'0,'.repeat(10_000)}0]}`)).json.error.code).toBe(-32600)
    })
    test('in the calls of a batch', async () => {
      const batch = Array.from({ length: 11 }, (_, id) => ({ jsonrpc: '2.0', id: `n${id}`, method: 'eth_chainId' }))
      expect((await rig.post(batch)).json).toEqual([
        { jsonrpc: '2.0', id: 'n0', error: { code: -32600, message: 'batch too large' } },
      ])
      expect((await rig.post([])).json).toEqual({
        jsonrpc: '2.0',
        id: null,
        error: { code: -32600, message: 'empty batch' },
      })
    })
    test('in the answer to a batch: what fits is kept, the rest is refused one by one', async () => {
      const batch = Array.from({ length: 10 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'web3_clientVersion' }))
      const { json } = await rig.post(batch)
      expect(json.map((answer: any) => answer.id)).toEqual(batch.map(({ id }) => id))
      expect(json[0].result).toContain('Troupe')
      // 33 characters each: the fourth goes beyond the bound, and is the last.
      expect(json[3].result).toContain('Troupe')
      expect(json[4].error).toEqual({ code: -32003, message: 'response too large' })
    })
    test('against bytes that are no HTTP', async () => {
      expect(await rawBytes(rig.port, '\x16\x03\x01\x02\x00\x01\x00\r\n\r\n')).toMatch(/^(HTTP\/1.1 400|$)/)
      expect(await rawBytes(rig.port, `GET / HTTP/1.1\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`)).toMatch(
        /^(HTTP\/1.1 431|$)/,
      )
      expect((await rig.call('eth_chainId')).result).toBe('0x539')
    })
  })

  test('answers each call of a batch in order, junk with errors of its own', async () => {
    const { json } = await rig.post(
      '[1,{"jsonrpc":"2.0","id":18446744073709551616,"method":"eth_chainId"},{"jsonrpc":"2.0","method":"eth_chainId"},{"id":"x"}]',
    )
    expect(json).toHaveLength(3)
    expect(json[0]).toEqual({ jsonrpc: '2.0', id: null, error: { code: -32600, message: 'invalid request' } })
    expect(json[2]).toEqual({ jsonrpc: '2.0', id: 'x', error: { code: -32600, message: 'invalid request' } })
  })
  test('repeats large ids digit by digit', async () =>
    expect((await rig.post('{"jsonrpc":"2.0","id":18446744073709551617,"method":"eth_chainId"}')).text).toContain(
      '"id":18446744073709551617,',
    ))
  test('offers no admin, nor what else was not named', async () => {
    for (const method of ['admin_nodeInfo', 'admin_datadir', 'admin_pauseActor', 'admin_flightRecord'])
      expect((await rig.call(method, 'chain')).error.code).toBe(-32601)
    expect((await rig.call('rpc_modules')).result).toEqual({ eth: '1.0', net: '1.0', rpc: '1.0', web3: '1.0' })
  })
})

describe('settings', () => {
  const settings = (changes: Partial<HttpSettings>): HttpSettings => ({ ...DEFAULT_HTTP, ...changes })
  test.each(['0.0.0.0', '::', '192.168.1.5', 'my-host', '127.evil.example', '128.0.0.1', '[::]'])(
    'that offer admin on %s are refused, unless forced',
    async (host) => {
      const exposed = settings({ host, namespaces: ['eth', 'admin'] })
      expect(checkExposure(exposed)).toMatchObject({ ok: false, error: { code: 'RPC_EXPOSED', namespaces: ['admin'] } })
      expect(checkExposure({ ...exposed, allowExposed: true }).ok).toBe(true)
      expect(checkExposure({ ...exposed, namespaces: ['eth'] }).ok).toBe(true)
    },
  )
  test.each(['127.0.0.1', 'localhost', '::1', '127.1.2.3'])('may offer admin on %s', (host) =>
    expect(checkExposure(settings({ host, namespaces: ['admin'] })).ok).toBe(true),
  )
  test('that expose admin keep the actor from starting', () =>
    expect(startRig({ http: { host: '0.0.0.0', namespaces: ['admin'] } })).rejects.toThrow('refusing to offer admin'))

  const request = (changes: Partial<HttpRequest>): HttpRequest => ({
    method: 'POST',
    url: '/',
    headers: { host: 'localhost', 'content-type': 'application/json' },
    remote: '127.0.0.1',
    body: new Uint8Array(1),
    ...changes,
  })
  test('list origins that get CORS headers', () => {
    const listed = settings({ corsOrigins: ['https://app.example'] })
    const from = (origin: string) => admitHttp(request({ headers: { ...request({}).headers, origin } }), listed)
    expect(from('https://app.example')).toMatchObject({
      headers: { 'access-control-allow-origin': 'https://app.example' },
    })
    for (const origin of ['https://app.example.evil', 'http://app.example', 'null', 'https://xapp.example'])
      expect(from(origin)).toEqual({ at: 'rpc', headers: { vary: 'Origin', 'content-type': 'application/json' } })
    const preflight = admitHttp(
      request({
        method: 'OPTIONS',
        headers: { host: 'localhost', origin: 'https://app.example', 'access-control-request-headers': 'content-type' },
      }),
      listed,
    )
    expect(preflight).toMatchObject({ response: { status: 204, headers: { 'access-control-max-age': '600' } } })
  })
  test('may take any host, or serve a prefix only', () => {
    expect(
      admitHttp(request({ headers: { ...request({}).headers, host: 'any.example' } }), settings({ vhosts: ['*'] })).at,
    ).toBe('rpc')
    const prefixed = settings({ prefix: '/rpc' })
    expect(admitHttp(request({ url: '/rpc/key?x=1' }), prefixed).at).toBe('rpc')
    expect(admitHttp(request({ url: '/' }), prefixed)).toMatchObject({ response: { status: 404 } })
  })
})

test.each([
  ['LocalHost:80', 'localhost'],
  ['[::1]:80', '::1'],
  ['::1', '::1'],
  ['[::1', '[::1'],
  ['a', 'a'],
])('the Host header %s names %s', (header, name) => expect(hostName(header)).toBe(name))
test.each(['1.2.3.4', '::1', 'fe80::1%eth0', '::ffff:1.2.3.4'])('%s is an address', (host) =>
  expect(isIpLiteral(host)).toBe(true),
)
test.each(['1.2.3', '1.2.3.256', 'a.b.c.d', 'face', '1.2.3.4.5', '', 'example.com', '::g'])(
  '%s is no address',
  (host) => expect(isIpLiteral(host)).toBe(false),
)

test('too many requests at once are refused with their ids', async () => {
  const rig = await startRig({ limits: { requestsMax: 0 } })
  expect(
    await rig.post('[{"jsonrpc":"2.0","id":7,"method":"eth_chainId"},{"jsonrpc":"2.0","method":"eth_chainId"}]'),
  ).toMatchObject({
    status: 200,
    json: [{ id: 7, error: { code: -32005 } }],
  })
  await rig.stop()
})
test('a request that takes too long is answered -32002 for each call without an answer', async () => {
  const rig = await startRig({ limits: { requestTimeoutMs: 0 } })
  const { json } = await rig.post(
    '[{"jsonrpc":"2.0","id":7,"method":"eth_chainId"},{"jsonrpc":"2.0","id":8,"method":"eth_chainId"}]',
  )
  expect(json.map((answer: any) => [answer.id, answer.error.code])).toEqual([
    [7, -32002],
    [8, -32002],
  ])
  await rig.stop()
})
test('connections beyond the limit are not served', async () => {
  const rig = await startRig({ limits: { httpConnectionsMax: 1 } })
  const slow = rawBytes(rig.port, 'POST / HTTP/1.1\r\n', 600)
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(await rawBytes(rig.port, 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 400)).not.toMatch(
    /^HTTP\/1.1 200/,
  )
  await slow
  await rig.stop()
})

test('admin is offered over HTTP on loopback when it is named', async () => {
  const rig = await startRig({ http: { namespaces: ['admin'] } })
  expect((await rig.call('admin_datadir')).result).toBe(rig.datadir)
  expect((await rig.call('eth_chainId')).error.code).toBe(-32601)
  expect((await rig.call('rpc_modules')).result).toEqual({ admin: '1.0', rpc: '1.0' })
  await rig.stop()
})
