import { createSocket } from 'node:dgram'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { connect as connectSocket, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { HttpLimits, HttpRequest, HttpResponse, Listener } from '../../../runtime/capabilities.ts'
import { realClock } from '../../../runtime/real/clock.ts'
import { realDisk } from '../../../runtime/real/disk.ts'
import { actorLog, formatLine, type LogFormat, stderrSink, wantsColour } from '../../../runtime/real/log.ts'
import { realNet } from '../../../runtime/real/net.ts'
import { realRandom } from '../../../runtime/real/random.ts'
import { connectLocal } from '../../../runtime/real/tcp.ts'
import { resolveTexts } from '../../../runtime/real/texts.ts'
import { codeOf, granted } from './surroundings.ts'

const bugs: unknown[] = []
const net = realNet((bug) => bugs.push(bug))
const closers: (() => unknown)[] = []
let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'troupe-real-'))
})
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
  await rm(directory, { recursive: true })
  bugs.length = 0
})

test('a directory is refused where there can be none, below a file and where a file system has its own', async () => {
  await writeFile(join(directory, 'file'), '')
  expect(codeOf(await realDisk.makeDirectory(join(directory, 'file', 'a', 'b')))).toBe('DISK_NOT_FOUND')
  expect(codeOf(await realDisk.makeDirectory(join(directory, 'file')))).toBe('DISK_EXISTS')
  if (process.platform === 'linux') expect(codeOf(await realDisk.makeDirectory('/proc/none/a'))).toMatch(/^DISK_/)
})

describe('the real clock and randomness', () => {
  test('threads agree on the monotonic clock', async () => {
    const before = realClock.monotonic()
    const code = `const [s, n] = process.hrtime(); require('node:worker_threads').parentPort.postMessage(s * 1000 + n / 1e6)`
    const there = await new Promise<number>((resolve) => {
      new Worker(code, { eval: true }).once('message', resolve)
    })
    expect(there).toBeGreaterThan(before)
    expect(realClock.monotonic()).toBeGreaterThan(there)
  })

  test('a cancelled timer never fires, one beyond the limit of Node does not fire at once', async () => {
    const fired: string[] = []
    realClock.schedule(1, () => fired.push('cancelled')).cancel()
    const far = realClock.schedule(2 ** 32, () => fired.push('far'))
    await new Promise<void>((resolve) => realClock.schedule(20, resolve))
    far.cancel()
    expect(fired).toEqual([])
  })

  test('bytes are fresh and numbers within their range', () => {
    const random = realRandom()
    const seen = new Set<string>()
    for (let i = 0; i < 1000; i++) seen.add(Buffer.from(random.bytes(16)).toString('hex'))
    expect(seen.size).toBe(1000)
    expect(random.bytes(100_000)).toHaveLength(100_000)
    for (const below of [1, 2, 3, 2 ** 32, 2 ** 32 + 1, 2 ** 53]) {
      for (let i = 0; i < 100; i++) expect(random.integer(below)).toBeLessThan(below)
    }
    for (const below of [0, -1, 1.5, 2 ** 54]) expect(() => random.integer(below)).toThrow(RangeError)
    expect(random.float()).toBeLessThan(1)
  })
})

describe('local sockets', () => {
  test.skipIf(process.platform === 'win32')('stand in a directory of mode 0700, with mode 0600', async () => {
    const path = join(directory, 'run', 'node.ipc')
    const listener = granted(
      await net.listenLocal(path, (connection) => {
        connection.handle({ data: (bytes) => void connection.write(bytes), end: () => connection.end() })
      }),
    )
    closers.push(() => listener.close())
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect((await stat(join(directory, 'run'))).mode & 0o777).toBe(0o700)
    const connection = granted(await connectLocal(path, 1000))
    closers.push(() => connection.close())
    const echoed = new Promise<Uint8Array>((resolve) => connection.handle({ data: resolve, end: () => undefined }))
    connection.write(Uint8Array.of(7))
    expect(await echoed).toEqual(Uint8Array.of(7))
    expect(codeOf(await net.listenLocal(path, () => undefined))).toBe('NET_ADDRESS_IN_USE')
  })

  test.skipIf(process.platform === 'win32')('replace the file of a dead process, and nothing else', async () => {
    const path = join(directory, 'stale.ipc')
    const dead = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
    const { spawn } = await import('node:child_process')
    await new Promise((resolve) => spawn(process.execPath, ['-e', dead]).once('exit', resolve))
    expect((await stat(path)).isSocket()).toBe(true)
    const listener = granted(await net.listenLocal(path, () => undefined))
    await listener.close()

    const file = join(directory, 'file')
    await writeFile(file, 'keep me')
    expect(codeOf(await net.listenLocal(file, () => undefined))).toBe('NET_ADDRESS_IN_USE')
    expect((await stat(file)).size).toBe(7)
    const refused = await net.listenLocal(join(directory, 'x'.repeat(120)), () => undefined)
    expect(refused).toMatchObject({ ok: false, error: { code: 'NET_IO' } })
    if (!refused.ok) expect(refused.error.cause).toContain('bytes')
  })
})

describe('HTTP', () => {
  const LIMITS: HttpLimits = {
    bodyBytesMax: 1000,
    connectionsMax: 5,
    headersTimeoutMs: 300,
    requestTimeoutMs: 300,
    idleTimeoutMs: 300,
  }
  const echo = async ({ method, url, body }: HttpRequest): Promise<HttpResponse> => ({
    status: 200,
    headers: { 'content-type': 'text/plain' },
    body: `${method} ${url} ${body.length}`,
  })
  async function serve(
    respond: (request: HttpRequest) => HttpResponse | Promise<HttpResponse> = echo,
  ): Promise<Listener> {
    const listener = granted(await net.listenHttp({ host: '127.0.0.1', port: 0 }, LIMITS, respond))
    closers.push(() => listener.close())
    return listener
  }
  /** Sends `text` and gathers what comes until the server closes. */
  function raw(
    { address }: Listener,
    ...texts: string[]
  ): { readonly socket: Socket; readonly answer: Promise<string> } {
    const socket = connectSocket({ host: '127.0.0.1', port: address.port })
    closers.push(() => socket.destroy())
    let got = ''
    const answer = new Promise<string>((resolve) => {
      socket.on('data', (chunk) => {
        got += chunk
      })
      socket.on('error', () => undefined).on('close', () => resolve(got))
    })
    for (const text of texts) socket.write(text)
    return { socket, answer }
  }
  const post = (length: number, rest = ''): string =>
    `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n${rest}`

  test('answers, keeps the connection, and closes it when idle', async () => {
    const { answer } = raw(
      await serve(),
      post(3, 'abc'),
      'OPTIONS /a?b HTTP/1.1\r\nHost: x\r\n\r\n',
      'HEAD / HTTP/1.1\r\nHost: x\r\n\r\n',
    )
    const text = await answer
    expect(text.match(/HTTP\/1.1 200/g)).toHaveLength(3)
    expect(text).toContain('POST / 3')
    expect(text).toContain('OPTIONS /a?b 0')
    expect(text).not.toContain('HEAD / 0')
  })

  test('refuses a body that is announced or found too long with 413', async () => {
    const listener = await serve()
    expect(await raw(listener, post(1001)).answer).toMatch(/^HTTP\/1.1 413/)
    const chunk = `${(600).toString(16)}\r\n${'x'.repeat(600)}\r\n`
    const head = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'
    expect(await raw(listener, head, chunk, chunk).answer).toMatch(/^HTTP\/1.1 413/)
    const response = await fetch(`http://127.0.0.1:${listener.address.port}`, {
      method: 'POST',
      body: 'x'.repeat(5_000_000),
    })
    expect(response.status).toBe(413)
  })

  test('refuses slow headers and slow bodies with 408, and silence', async () => {
    const listener = await serve()
    const slow = [raw(listener, post(10, 'abc')), raw(listener, 'POST / HTTP/1.1\r\nHo'), raw(listener)]
    const [body, headers] = await Promise.all(slow.map(({ answer }) => answer))
    expect(body).toMatch(/^HTTP\/1.1 408/)
    expect(headers).toMatch(/^HTTP\/1.1 408/)
  })

  test('refuses connections beyond the limit with 503', async () => {
    const listener = await serve()
    const held = Array.from({ length: 5 }, () => raw(listener))
    await Promise.all(held.map(({ socket }) => new Promise((resolve) => socket.once('connect', resolve))))
    expect(await raw(listener, post(0)).answer).toMatch(/^HTTP\/1.1 503/)
  })

  test('answers 500 without details when the responder throws, and reports the bug', async () => {
    const listener = await serve(async ({ url }) => {
      if (url === '/header') return { status: 200, headers: { 'bad\nname': 'x' }, body: '' }
      throw new Error('secret')
    })
    for (const path of ['/', '/header']) {
      const response = await fetch(`http://127.0.0.1:${listener.address.port}${path}`)
      expect(response.status).toBe(500)
      expect(await response.text()).toBe('Internal Server Error')
    }
    expect(bugs).toHaveLength(2)
  })

  test('survives nonsense and clients that leave', async () => {
    let release: () => void = () => undefined
    const listener = await serve(async (request) => {
      if (request.url === '/wait') await new Promise<void>((resolve) => (release = resolve))
      return echo(request)
    })
    expect(await raw(listener, 'nonsense\r\n\r\n').answer).toMatch(/^HTTP\/1.1 400/)
    expect(await raw(listener, `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`).answer).toMatch(/^HTTP\/1.1 431/)
    const { socket, answer } = raw(listener, 'GET /wait HTTP/1.1\r\nHost: x\r\n\r\n')
    await new Promise((resolve) => setTimeout(resolve, 50))
    socket.destroy()
    await answer
    release()
    const response = await fetch(`http://127.0.0.1:${listener.address.port}/`)
    expect(await response.text()).toBe('GET / 0')
  })

  describe('plain requests, read without node:http', () => {
    const now = ({ method, url, body, headers }: HttpRequest): HttpResponse => ({
      status: 200,
      headers: { 'content-type': 'text/plain' },
      body: `${method} ${url} ${new TextDecoder().decode(body)} ${headers.extra ?? ''}|`,
    })
    const asked = (text: string, extra = '') =>
      `POST /at HTTP/1.1\r\nHost: x\r\nContent-Length: ${Buffer.byteLength(text)}\r\n${extra}\r\n${text}`
    const rest = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

    test('are answered one after the other, whatever head and length each has', async () => {
      const { socket, answer } = raw(await serve(now))
      for (const text of [
        asked('one'),
        asked('two'),
        asked('three'),
        asked('ü', 'Extra: a  \r\n'),
        asked('', 'eXtra:b\r\n'),
      ]) {
        const came = new Promise((resolve) => socket.once('data', resolve))
        socket.write(text)
        await came
      }
      const text = await answer
      expect(text.match(/POST \/at [^|]*\|/g)).toEqual([
        'POST /at one |',
        'POST /at two |',
        'POST /at three |',
        'POST /at ü a|',
        'POST /at  b|',
      ])
      expect(text.match(/Content-Length: \d+/g)).toEqual([14, 14, 16, 14, 12].map((n) => `Content-Length: ${n}`))
      expect(text.match(/Date: .* GMT\r\n/g)).toHaveLength(5)
    })

    test('are answered in turn when a client does not wait, and when one comes in pieces', async () => {
      let release: () => void = () => undefined
      const listener = await serve(async (request) => {
        if (request.url === '/at') await new Promise<void>((resolve) => (release = resolve))
        return now(request)
      })
      const { socket, answer } = raw(listener, asked('first'))
      await rest(50)
      const second = asked('second').replace('/at', '/b')
      socket.write(second.slice(0, 20))
      await rest(20)
      socket.write(second.slice(20) + asked('third').replace('/at', '/c'))
      await rest(20)
      release()
      expect((await answer).match(/POST [^|]*\|/g)).toEqual(['POST /at first |', 'POST /b second |', 'POST /c third |'])
    })

    test('that are not quite plain are read by node:http, which refuses what no two servers read alike', async () => {
      const listener = await serve(now)
      const twice = asked('abc', 'Content-Length: 3\r\n')
      const other = asked('abc', 'Content-Length: 2\r\n')
      const chunked = asked('3\r\nabc\r\n0\r\n\r\n', 'Transfer-Encoding: chunked\r\n')
      const folded = asked('abc', 'Extra: a\r\n b\r\n')
      const bare = asked('abc').replace('Host: x\r\n', 'Host: x\n')
      const hostless = asked('abc').replace('Host: x\r\n', '')
      const spaced = asked('abc').replace('Host:', 'Host :')
      for (const text of [twice, other, chunked, bare, hostless, spaced])
        expect([text, await raw(listener, text).answer]).toEqual([text, expect.stringMatching(/^HTTP\/1.1 400/)])
      expect(await raw(listener, asked('abc', 'Connection: close\r\n')).answer).toContain('Connection: close')
      expect(await raw(listener, asked('abc').replace('1.1', '1.0')).answer).toContain('POST /at abc')
      // Obsolete, and read: as one line with a space.
      expect(await raw(listener, folded).answer).toMatch(/^HTTP\/1.1 (200|400)/)
      expect(await raw(listener, asked('abc', 'Expect: 100-continue\r\n')).answer).toMatch(/^HTTP\/1.1 100 Continue/)
    })

    test('after others go through node:http on the same connection', async () => {
      const { socket, answer } = raw(await serve(now), asked('one'))
      await rest(30)
      socket.write(`POST /chunks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`)
      await rest(30)
      socket.write('3\r\ntwo\r\n0\r\n\r\n')
      await rest(30)
      socket.write(asked('three'))
      expect((await answer).match(/POST [^|]*\|/g)).toEqual([
        'POST /at one |',
        'POST /chunks two |',
        'POST /at three |',
      ])
    })

    test('whose client does not read the answer are cut', async () => {
      const listener = await serve(() => ({ status: 200, headers: {}, body: 'x'.repeat(30_000_000) }))
      const { socket, answer } = raw(listener, asked('abc'))
      socket.pause()
      await rest(1_500)
      socket.resume()
      expect((await answer).length).toBeLessThan(30_000_000)
    })

    test('get a header only if it can be one', async () => {
      const listener = await serve(() => ({ status: 200, headers: { name: 'a\r\nb: c' }, body: '' }))
      expect(await raw(listener, asked('abc')).answer).toMatch(/^HTTP\/1.1 500/)
      expect(bugs).toHaveLength(1)
    })
  })

  test('closes at once when idle, and a port in use is refused', async () => {
    const listener = await serve()
    expect(codeOf(await net.listenHttp(listener.address, LIMITS, echo))).toBe('NET_ADDRESS_IN_USE')
    raw(listener)
    const { socket } = raw(listener, post(0))
    await new Promise((resolve) => socket.once('data', resolve))
    const before = Date.now()
    await Promise.all([listener.close(), listener.close()])
    expect(Date.now() - before).toBeLessThan(1000)
  })
})

describe('failures of sockets', () => {
  test('a connection that is not answered in time is NET_TIMEOUT', async () => {
    const refused = await net.connect({ host: '192.0.2.1', port: 9 }, 50)
    expect(refused.ok).toBe(false)
    expect(['NET_TIMEOUT', 'NET_IO', 'NET_REFUSED']).toContain(codeOf(refused))
    expect(codeOf(await net.connect({ host: '127.0.0.1', port: 70_000 }, 50))).toBe('NET_IO')
  })

  test('a reset ends the connection with NET_CLOSED', async () => {
    const server = createServer((socket) => socket.once('data', () => socket.resetAndDestroy())).listen(0, '127.0.0.1')
    closers.push(() => server.close())
    await new Promise((resolve) => server.once('listening', resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    const connection = granted(await net.connect({ host: '127.0.0.1', port: address.port }, 1000))
    const ended = new Promise((resolve) => connection.handle({ data: () => undefined, end: resolve }))
    connection.write(Uint8Array.of(1))
    const reason = await ended
    expect(reason).toMatchObject({ code: 'NET_CLOSED', address: `127.0.0.1:${address.port}` })
  })
})

describe('log lines', () => {
  const at = new Date(2026, 7, 22, 10, 11, 12, 123).getTime()
  const line = (format: LogFormat, event: string, values: Parameters<typeof formatLine>[4]): string =>
    formatLine({ format, colour: false, now: () => at }, 'info', 'chain', event, values)

  test('are an event with values', () => {
    expect(line('terminal', 'Imported blocks', { count: 64, number: 19_000_064n, hash: '8f3a11..c2d4e5' })).toBe(
      `INFO [08-22|10:11:12.123] chain  ${'Imported blocks'.padEnd(40)} count=64 number=19000064 hash=8f3a11..c2d4e5\n`,
    )
    expect(line('logfmt', 'Imported blocks', { n: 1n })).toContain('lvl=info actor=chain msg="Imported blocks" n=1\n')
    expect(JSON.parse(line('json', 'Imported blocks', { n: 1n, t: 'x' }))).toMatchObject({
      n: '1',
      t_: 'x',
      lvl: 'info',
    })
  })

  test('hold nothing raw', () => {
    const evil = '\u001b[2J"\n\\\u202e\u0085é'
    for (const format of ['terminal', 'logfmt', 'json'] as const) {
      expect(line(format, evil, { [evil]: evil, long: 'x'.repeat(10_000) })).toMatch(/^[\x20-\x7e]{1,2000}\n$/)
    }
    expect(line('terminal', 'a', { v: evil })).toContain(String.raw`v="\u001b[2J\"\n\\\u202e\u0085\u00e9"`)
  })

  test('obey the verbosity, and colour only a terminal', () => {
    const lines: string[] = []
    const settings = {
      verbosity: 3,
      format: 'logfmt',
      colour: false,
      sink: (text: string) => lines.push(text),
    } as const
    const log = actorLog('a', { ...settings, sink: (text) => void lines.push(text), now: () => at })
    log.debug('no')
    log.info('yes')
    log.error('yes')
    expect(lines).toHaveLength(2)
    expect(wantsColour(true, {})).toBe(true)
    expect([wantsColour(false, {}), wantsColour(true, { TERM: 'dumb' }), wantsColour(true, { NO_COLOR: '1' })]).toEqual(
      [false, false, false],
    )
  })

  test('survive a stderr that is slow, full or closed', () => {
    const fail = (code: string): never => {
      throw Object.assign(new Error(code), { code })
    }
    let written = ''
    let full = 2
    const slow = stderrSink((_fd, bytes) => {
      if (full-- > 0) fail('EAGAIN')
      written += String.fromCharCode(bytes[0]!)
      return 1
    })
    slow('abc\n')
    full = 1000
    slow('lost\n')
    full = 0
    slow('d\n')
    expect(written).toBe('abc\n1 log lines were lost, stderr was full\nd\n')
    let calls = 0
    const closed = stderrSink(() => {
      calls++
      return fail('EPIPE')
    })
    closed('a\n')
    closed('b\n')
    expect(calls).toBe(1)
  })
})

describe('names', () => {
  /** A resolver on loopback that answers each question with `records`, or not at all. */
  async function resolverOn(records: readonly (readonly string[])[] | undefined): Promise<string> {
    const socket = createSocket('udp4')
    onTestFinished(() => void socket.close())
    socket.on('message', (query, from) => {
      if (records === undefined) return
      const question = query.subarray(12, query.indexOf(0, 12) + 5)
      const head = Buffer.from(query.subarray(0, 12))
      head.writeUInt16BE(records.length > 0 ? 0x8180 : 0x8183, 2)
      for (const [at, count] of [
        [4, 1],
        [6, records.length],
        [8, 0],
        [10, 0],
      ] as const)
        head.writeUInt16BE(count, at)
      const answers = records.map((pieces) => {
        const data = Buffer.concat(pieces.map((piece) => Buffer.from([piece.length, ...Buffer.from(piece)])))
        const fixed = Buffer.from([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, data.length >>> 8, data.length & 255])
        return Buffer.concat([fixed, data])
      })
      socket.send(Buffer.concat([head, question, ...answers]), from.port, from.address)
    })
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
    return `127.0.0.1:${socket.address().port}`
  }
  test('have texts, each in its pieces', async () => {
    const server = await resolverOn([['one'], ['two ', 'pieces']])
    expect(await resolveTexts('nodes.example.org', 5_000, [server])).toEqual({
      ok: true,
      value: [['one'], ['two ', 'pieces']],
    })
  })
  test('have none, or no resolver that answers in time', async () => {
    const none = await resolveTexts('nodes.example.org', 5_000, [await resolverOn([])])
    expect(none).toMatchObject({ error: { code: 'NET_NOT_FOUND', address: 'nodes.example.org' } })
    const startedAt = Date.now()
    expect(codeOf(await resolveTexts('nodes.example.org', 300, [await resolverOn(undefined)]))).toBe('NET_TIMEOUT')
    expect(Date.now() - startedAt).toBeLessThan(3_000)
  })
})
