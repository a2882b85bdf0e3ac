import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ipcClients } from '../../../actors/rpc/ipc.ts'
import { DEFAULT_RPC_LIMITS } from '../../../actors/rpc/limits.ts'
import type { RpcAnswer } from '../../../actors/rpc/messages.ts'
import { createSubscriptions } from '../../../actors/rpc/subscriptions.ts'
import type { Connection } from '../../../runtime/capabilities.ts'
import { connectIpc, type Rig, startRig } from './rig.ts'

const call = (id: number | string, method = 'eth_chainId') => JSON.stringify({ jsonrpc: '2.0', id, method })

describe('an IPC endpoint', () => {
  let rig: Rig
  beforeAll(async () => {
    rig = await startRig({ limits: { ipcMessageBytesMax: 10_000, ipcConnectionsMax: 3 } })
  })
  afterAll(() => rig.stop())

  test('takes values without delimiters, cut anywhere', async () => {
    const client = await connectIpc(rig.ipc)
    const bytes = Buffer.from(`${call('ü')}${call(2)} \n ${call(3)}`)
    for (let at = 0; at < bytes.length; at += 7) {
      client.socket.write(bytes.subarray(at, at + 7))
      await new Promise((resolve) => setImmediate(resolve))
    }
    const ids = [await client.line(), await client.line(), await client.line()].map((line) => JSON.parse(line!).id)
    expect(new Set(ids)).toEqual(new Set(['ü', 2, 3]))
    client.socket.destroy()
  })
  test('is open to its owner only', async () => {
    expect((await stat(rig.ipc)).mode & 0o777).toBe(0o600)
    expect((await stat(dirname(rig.ipc))).mode & 0o777).toBe(0o700)
  })
  test('offers admin too', async () => {
    expect((await rig.ipcCall('admin_datadir')).result).toBe(rig.datadir)
    expect(Object.keys((await rig.ipcCall('rpc_modules')).result)).toEqual([
      'admin',
      'debug',
      'eth',
      'net',
      'rpc',
      'web3',
    ])
  })
  test('has no limit of the calls in a batch', async () => {
    const client = await connectIpc(rig.ipc)
    client.socket.write(`[${Array.from({ length: 150 }, (_, id) => call(id)).join(',')}]`)
    expect(JSON.parse((await client.line())!)).toHaveLength(150)
    client.socket.destroy()
  })
  test('answers what is no JSON once, and closes', async () => {
    const client = await connectIpc(rig.ipc)
    client.socket.write('{"a":]} {"jsonrpc"')
    expect(JSON.parse((await client.line())!)).toEqual({
      jsonrpc: '2.0',
      id: null,
      error: { code: -32700, message: 'parse error' },
    })
    expect(await client.line()).toBeUndefined()
    await client.closed
  })
  test.each([
    ['too large', `"${'x'.repeat(20_000)}`],
    ['nested too deep', '['.repeat(2000)],
  ])('refuses a value that is %s before it has ended, and closes', async (_what, text) => {
    const client = await connectIpc(rig.ipc)
    client.socket.write(text)
    expect(JSON.parse((await client.line())!)).toMatchObject({ id: null, error: { code: -32600 } })
    await client.closed
  })
  test('drops connections beyond its limit and serves the others', async () => {
    const clients = [await connectIpc(rig.ipc), await connectIpc(rig.ipc), await connectIpc(rig.ipc)]
    await new Promise((resolve) => setTimeout(resolve, 20))
    const beyond = await connectIpc(rig.ipc)
    await beyond.closed
    clients[0]!.socket.write(call(1))
    expect(JSON.parse((await clients[0]!.line())!).result).toBe('0x539')
    for (const client of clients) client.socket.destroy()
  })
  test('answers a client that has ended its side', async () => {
    await new Promise((resolve) => setTimeout(resolve, 20))
    const client = await connectIpc(rig.ipc)
    client.socket.write(call(1))
    expect(JSON.parse((await client.line())!).result).toBe('0x539')
    client.socket.end()
    await client.closed
  })
})

describe('a connection', () => {
  /** A peer that reads when told to, a clock that moves when told to. */
  function peer(limits: Partial<typeof DEFAULT_RPC_LIMITS> = {}) {
    const state = { isOpen: true, isPaused: false, hasRoom: true, written: [] as string[], isEnded: false }
    const timers: (() => void)[] = []
    const answers: ((answer: RpcAnswer) => void)[] = []
    let events!: Parameters<Connection['handle']>[0]
    const connection: Connection = {
      local: { host: 'x', port: 0 },
      remote: { host: '', port: 0 },
      handle: (handlers) => {
        events = handlers
      },
      write(bytes) {
        state.written.push(new TextDecoder().decode(bytes))
        return state.hasRoom
      },
      pause: () => {
        state.isPaused = true
      },
      resume: () => {
        state.isPaused = false
      },
      end: () => {
        state.isEnded = true
      },
      close: () => {
        state.isOpen = false
      },
    }
    const clock = {
      schedule(_delayMs: number, action: () => void) {
        timers.push(action)
        return { cancel: () => void timers.splice(timers.indexOf(action), 1) }
      },
    }
    const clients = ipcClients(
      { ...DEFAULT_RPC_LIMITS, ...limits },
      clock,
      createSubscriptions(),
      () => new Promise((resolve) => answers.push(resolve)),
    )
    clients.accept(connection)
    const settled = () => new Promise((resolve) => setImmediate(resolve))
    return {
      state,
      clients,
      timers,
      running: () => answers.length,
      send: (text: string) => events.data(new TextEncoder().encode(text)),
      drain: () => events.drain?.(),
      endOfPeer: () => events.end(),
      async answerOne(text: string | undefined = 'answer', close = false) {
        answers.shift()!({ text, close })
        await settled()
      },
    }
  }

  test('is read no further while as many calls run as may', async () => {
    const { send, state, running, answerOne } = peer({ ipcCallsMax: 2 })
    send('1 2 3 4 ')
    expect(running()).toBe(2)
    expect(state.isPaused).toBe(true)
    await answerOne()
    expect(running()).toBe(2)
    await answerOne()
    await answerOne()
    expect(running()).toBe(1)
    expect(state.isPaused).toBe(false)
  })
  test('that is not read by its client is not read either, and goes on when there is room', async () => {
    const { send, state, answerOne, drain, running } = peer()
    state.hasRoom = false
    send('1 2 3 ')
    await answerOne('a')
    expect(state.isPaused).toBe(true)
    await answerOne('b')
    await answerOne('c')
    expect(state.written).toEqual(['a\n'])
    state.hasRoom = true
    drain()
    expect(state.written).toEqual(['a\n', 'b\n', 'c\n'])
    expect(state.isPaused).toBe(false)
    send('4 ')
    expect(running()).toBe(1)
  })
  test('whose client leaves more unread than allowed is closed', async () => {
    const { send, state, answerOne, clients } = peer({ ipcUnsentMax: 10 })
    state.hasRoom = false
    send('1 2 3 ')
    await answerOne('a')
    await answerOne('12345678')
    expect(state.isOpen).toBe(true)
    await answerOne('123')
    expect(state.isOpen).toBe(false)
    expect(clients.count()).toBe(0)
  })
  test('whose client reads nothing for too long is closed', async () => {
    const { send, state, answerOne, timers } = peer()
    state.hasRoom = false
    send('1 ')
    await answerOne('a')
    timers[0]!()
    expect(state.isOpen).toBe(false)
  })
  test('ends after its running calls when the client has sent all', async () => {
    const { send, state, answerOne, endOfPeer, clients } = peer()
    send('1')
    endOfPeer()
    expect(state.isEnded).toBe(false)
    await answerOne('a')
    expect(state).toMatchObject({ written: ['a\n'], isEnded: true })
    expect(clients.count()).toBe(0)
  })
  test('that cannot be read on is ended, and closed if the client does not end it too', async () => {
    const { send, state, answerOne, timers, clients } = peer()
    send('x ')
    await answerOne('parse error', true)
    expect(state).toMatchObject({ written: ['parse error\n'], isEnded: true, isOpen: true })
    expect(clients.count()).toBe(1)
    send('1 ')
    timers[0]!()
    expect(state.isOpen).toBe(false)
    expect(clients.count()).toBe(0)
  })
})
