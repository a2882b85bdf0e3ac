import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Connection, Listener, NetError } from '../../../runtime/capabilities.ts'
import { codeOf, granted, SURROUNDINGS, type Surroundings } from './surroundings.ts'

const TIMEOUT_MS = 5000
const BIG_BYTES = 24_000_000

function pattern(size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >> 8)) & 0xff
  return bytes
}

/** Everything a connection delivers until its end. */
function collect(connection: Connection): Promise<{ bytes: Uint8Array; reason: NetError | undefined; ends: number }> {
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = []
    connection.handle({
      data: (chunk) => chunks.push(chunk),
      end: (reason) => resolve({ bytes: new Uint8Array(Buffer.concat(chunks)), reason, ends: 1 }),
    })
  })
}

describe.each(SURROUNDINGS)('a %s stream', (_name, surround) => {
  let at: Surroundings
  const opened: { close(): void | Promise<void> }[] = []
  beforeEach(async () => {
    at = await surround()
  })
  afterEach(async () => {
    for (const each of opened.splice(0).reverse()) await each.close()
    await at.close()
  })

  async function listen(accept: (connection: Connection) => void): Promise<Listener> {
    const listener = granted(
      await at.settle(
        at.server.listen({ host: at.host, port: 0 }, (connection) => {
          opened.push(connection)
          accept(connection)
        }),
      ),
    )
    opened.push(listener)
    return listener
  }
  async function connect(listener: Listener): Promise<Connection> {
    const connection = granted(await at.settle(at.client.connect(listener.address, TIMEOUT_MS)))
    opened.push(connection)
    return connection
  }

  test('carries every byte in order, under backpressure, and ends', async () => {
    const sent = pattern(BIG_BYTES)
    let refusedWrites = 0
    const listener = await listen((connection) => {
      let next = 0
      const fill = (): void => {
        while (next < sent.length) {
          const more = connection.write(sent.slice(next, next + 100_000))
          next += 100_000
          if (!more) {
            refusedWrites++
            return
          }
        }
        connection.end()
      }
      connection.handle({ data: () => undefined, drain: fill, end: () => undefined })
      fill()
    })
    const { bytes, reason } = await at.settle(collect(await connect(listener)))
    expect(reason).toBeUndefined()
    expect(Buffer.compare(bytes, sent)).toBe(0)
    expect(refusedWrites).toBeGreaterThan(0)
  })

  test('answers a peer that has already ended', async () => {
    const listener = await listen((connection) => {
      let got = 0
      connection.handle({
        data: (bytes) => {
          got += bytes.length
        },
        end: () => {
          connection.write(Uint8Array.of(got))
          connection.end()
        },
      })
    })
    const connection = await connect(listener)
    connection.write(Uint8Array.of(1, 2, 3))
    connection.end()
    const { bytes, reason } = await at.settle(collect(connection))
    expect([...bytes]).toEqual([3])
    expect(reason).toBeUndefined()
  })

  test('holds data back while paused', async () => {
    const listener = await listen((connection) => {
      connection.handle({ data: () => undefined, end: () => undefined })
      connection.write(Uint8Array.of(1))
    })
    const connection = await connect(listener)
    let resumed = false
    const early: boolean[] = []
    const data = new Promise<void>((resolve) => {
      connection.handle({
        data: () => {
          early.push(!resumed)
          resolve()
        },
        end: () => undefined,
      })
    })
    connection.pause()
    await at.settle(at.disk.list(at.directory))
    resumed = true
    connection.resume()
    await at.settle(data)
    expect(early).toEqual([false])
  })

  test('tells the peer of a close, and nothing to who closed', async () => {
    const accepted: Connection[] = []
    const listener = await listen((connection) => accepted.push(connection))
    const connection = await connect(listener)
    const told: string[] = []
    connection.handle({ data: () => undefined, end: () => told.push('end') })
    const peer = collect(accepted[0]!)
    connection.close()
    connection.close()
    expect(connection.write(Uint8Array.of(1))).toBe(false)
    await at.settle(peer)
    expect(told).toEqual([])
  })

  test('refuses where nobody listens, and a port in use', async () => {
    const listener = await listen(() => undefined)
    expect(codeOf(await at.settle(at.server.listen(listener.address, () => undefined)))).toBe('NET_ADDRESS_IN_USE')
    await listener.close()
    const refused = await at.settle(at.client.connect(listener.address, TIMEOUT_MS))
    expect(refused).toMatchObject({ ok: false, error: { code: 'NET_REFUSED' } })
    if (!refused.ok) expect(refused.error.address).toContain(String(listener.address.port))
  })

  test('gives datagrams whole, with their sender', async () => {
    const received = new Promise<{ port: number; bytes: Uint8Array }>((resolve) => {
      void at.server
        .bindDatagrams({ host: at.host, port: 30303 }, ({ port }, bytes) => resolve({ port, bytes }))
        .then((bound) => opened.push(granted(bound)))
    })
    await at.settle(at.disk.list(at.directory))
    const sender = granted(
      await at.settle(
        at.client.bindDatagrams({ host: at.host === '127.0.0.1' ? at.host : '', port: 0 }, () => undefined),
      ),
    )
    opened.push(sender)
    sender.send({ host: at.host, port: 30303 }, pattern(1280))
    const { port, bytes } = await at.settle(received)
    expect(port).toBe(sender.address.port)
    expect(bytes).toEqual(pattern(1280))
    sender.send({ host: at.host, port: 70000 }, pattern(1))
    sender.close()
    sender.close()
    sender.send({ host: at.host, port: 30303 }, pattern(1))
  })
})
