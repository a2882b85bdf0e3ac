import { randomBytes } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import type { NetError } from '../../../runtime/capabilities.ts'
import { simulatedDisk } from '../../../runtime/simulation/disk.ts'
import { allowReal } from '../../../runtime/simulation/forbidden.ts'
import { SimulatedNetwork } from '../../../runtime/simulation/network.ts'
import { seededRandom } from '../../../runtime/simulation/random.ts'
import { SimulatedWorld } from '../../../runtime/simulation/world.ts'
import { codeOf, granted } from './surroundings.ts'

const worlds: SimulatedWorld[] = []
function newWorld(seed: string | number): SimulatedWorld {
  const world = new SimulatedWorld({ seed })
  worlds.push(world)
  return world
}
afterEach(() => {
  for (const world of worlds.splice(0)) world.close()
})

/** Two hosts that play ping-pong by datagram and stream, note each ball on disk, and lose a partition and a crash between. */
async function pingPong(seed: string): Promise<{ hash: string; balls: number }> {
  const world = newWorld(seed)
  const network = new SimulatedNetwork(world, { lossRate: 0.2, duplicateRate: 0.05 })
  const [a, b] = [network.host('a'), network.host('b')]
  const disk = simulatedDisk(world, 'a')
  let balls = 0
  const file = granted(await world.settle(disk.open('/balls', 'create')))
  await world.settle(
    a.listen({ host: 'a', port: 1 }, (connection) => {
      connection.handle({
        data(bytes) {
          balls += bytes.length
          void file.write(balls, bytes).then(() => connection.write(bytes))
        },
        end: () => connection.end(),
      })
    }),
  )
  const udp = granted(await b.bindDatagrams({ host: 'b', port: 9 }, () => void balls++))
  const clock = (): void => {
    udp.send({ host: 'b', port: 9 }, Uint8Array.of(balls & 0xff))
    echo.send({ host: 'b', port: 9 }, Uint8Array.of(balls & 0xff))
    if (world.now() < world.startedAt + 9000) world.schedule(100, 'b', clock)
  }
  const echo = granted(await a.bindDatagrams({ host: 'a', port: 9 }, () => undefined))
  const connection = granted(await world.settle(b.connect({ host: 'a', port: 1 }, 5000)))
  connection.handle({ data: (bytes) => balls < 200 && connection.write(bytes), end: () => undefined })
  connection.write(Uint8Array.of(1, 2, 3))
  world.schedule(0, 'b', clock)
  await world.runFor(2000)
  const partition = network.partition(['a'], ['b'])
  await world.runFor(3000)
  partition.heal()
  await world.runFor(2000)
  disk.crash()
  await world.runFor(3000)
  return { hash: world.hash(), balls }
}

test('the same seed gives the same event log, another seed another', async () => {
  const first = await pingPong('one')
  expect(first.balls).toBeGreaterThan(50)
  expect(await pingPong('one')).toEqual(first)
  expect((await pingPong('two')).hash).not.toBe(first.hash)
})

test('what is ready runs in an order of the seed, and with its microtasks before the next', async () => {
  async function order(seed: number): Promise<string> {
    const world = newWorld(seed)
    let text = ''
    for (const name of 'abcdef') {
      world.ready({
        label: name,
        run() {
          text += name
          void Promise.resolve()
            .then(() => undefined)
            .then(() => {
              text += name.toUpperCase()
            })
        },
      })
    }
    await world.runUntilIdle(100)
    return text
  }
  const orders = new Set<string>()
  for (let seed = 0; seed < 10; seed++) orders.add(await order(seed))
  expect(orders.size).toBeGreaterThan(5)
  for (const text of orders) expect(text).toMatch(/^(aA|bB|cC|dD|eE|fF){6}$/)
})

test('time jumps to the next event, cancelled ones never happen', async () => {
  const world = newWorld(1)
  const seen: number[] = []
  const note = (): void => void seen.push(world.now() - world.startedAt)
  world.schedule(30, 'c', note)
  world.schedule(10, 'a', note)
  world.schedule(20, 'b', note).cancel()
  await world.runUntil(world.startedAt + 15)
  expect(seen).toEqual([10])
  expect(world.now()).toBe(world.startedAt + 15)
  expect(await world.runUntilIdle(10)).toBe(1)
  expect(seen).toEqual([10, 30])
})

test('a throwing activity is told with its seed and step', async () => {
  const world = newWorld('bad')
  world.ready({
    label: 'chain',
    run() {
      throw new Error('broken invariant')
    },
  })
  await expect(world.step()).rejects.toThrow('chain threw (seed bad, step 1)')
})

test('real clocks, timers and randomness throw inside, and work outside', async () => {
  const world = newWorld(1)
  const calls: readonly (() => unknown)[] = [
    () => Date.now(),
    () => new Date(),
    () => Math.random(),
    () => performance.now(),
    () => setTimeout(() => undefined, 0),
    () => setInterval(() => undefined, 1),
    () => setImmediate(() => undefined),
    () => randomBytes(1),
    () => crypto.getRandomValues(new Uint8Array(1)),
    () => process.hrtime.bigint(),
  ]
  const outcomes: string[] = []
  const attempt = (call: () => unknown): void => {
    try {
      call()
      outcomes.push('passed')
    } catch (error) {
      outcomes.push(String(error))
    }
  }
  world.ready({
    label: 'actor',
    run() {
      for (const call of calls) attempt(call)
      void Promise.resolve().then(() => attempt(() => Math.random()))
      expect(allowReal(() => Date.now())).toBeGreaterThan(0)
      expect(new Date(0) instanceof Date && new Date(0).getTime()).toBe(0)
    },
  })
  await world.step()
  expect(outcomes).toHaveLength(calls.length + 1)
  for (const outcome of outcomes) expect(outcome).toContain('was called inside a simulation')
  expect(Date.now()).toBeGreaterThan(world.startedAt)
  expect(new Date()).toBeInstanceOf(Date)
  expect(randomBytes(2)).toHaveLength(2)
  await new Promise((resolve) => setTimeout(resolve, 1))
})

test('random streams are repeatable, independent by name, and even', () => {
  const draw = (random: { word(): number }): number[] => Array.from({ length: 5 }, () => random.word())
  const parent = seededRandom('s')
  const before = draw(parent.fork('a'))
  draw(parent)
  expect(draw(parent.fork('a'))).toEqual(before)
  expect(draw(parent.fork('b'))).not.toEqual(before)
  const counts = [0, 0, 0]
  for (let i = 0; i < 30_000; i++) counts[parent.integer(3)]!++
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500)
  for (let i = 0; i < 1000; i++) expect(parent.float()).toBeLessThan(1)
})

test('a crash keeps what was synced, and loses or tears some of the rest', async () => {
  const fates = new Set<string>()
  for (let seed = 0; seed < 60; seed++) {
    const world = newWorld(seed)
    const disk = simulatedDisk(world, 'h')
    const file = granted(await world.settle(disk.open('/f', 'create')))
    granted(await world.settle(file.write(0, new Uint8Array(8).fill(1))))
    granted(await world.settle(file.sync()))
    granted(await world.settle(disk.syncDirectory('/')))
    granted(await world.settle(file.write(4, new Uint8Array(8).fill(2))))
    granted(await world.settle(disk.rename('/f', '/g')))
    disk.crash()
    const [f, g] = [disk.contents('/f'), disk.contents('/g')]
    expect(f === undefined).toBe(g !== undefined)
    const left = [...(f ?? g ?? [])]
    expect(left.slice(0, 4)).toEqual([1, 1, 1, 1])
    fates.add(g === undefined ? 'rename lost' : 'rename kept')
    fates.add(left.length === 12 ? 'kept' : left.includes(2) ? 'torn' : 'lost')
    expect(codeOf(await world.settle(file.size()))).toBe('DISK_CLOSED')
  }
  expect([...fates].sort()).toEqual(['kept', 'lost', 'rename kept', 'rename lost', 'torn'])
})

test('disk faults strike where they are told to', async () => {
  const world = newWorld(1)
  const disk = simulatedDisk(world, 'h', { capacityBytes: 10 })
  const file = granted(await world.settle(disk.open('/f', 'create')))
  disk.inject({ code: 'DISK_IO', operation: 'write', at: 2 })
  const write = (size: number): Promise<string> => world.settle(file.write(0, new Uint8Array(size)).then(codeOf))
  expect([await write(1), await write(1), await write(10), await write(11)]).toEqual([
    'no error',
    'DISK_IO',
    'no error',
    'DISK_FULL',
  ])
  const always = disk.inject({ code: 'DISK_IO', rate: 1 })
  expect(await write(1)).toBe('DISK_IO')
  always.cancel()
  expect(await write(1)).toBe('no error')
})

test('a partition stalls a stream, which goes on when it heals and fails when it does not', async () => {
  const world = newWorld(3)
  const network = new SimulatedNetwork(world)
  const got: number[] = []
  await network.host('a').listen({ host: 'a', port: 1 }, (connection) => {
    connection.handle({ data: (bytes) => got.push(...bytes), end: () => undefined })
  })
  const connection = granted(await world.settle(network.host('b').connect({ host: 'a', port: 1 }, 1000)))
  const ends: (NetError | undefined)[] = []
  connection.handle({ data: () => undefined, end: (reason) => ends.push(reason) })
  const first = network.partition(['a'], ['b'])
  connection.write(Uint8Array.of(1, 2))
  connection.write(Uint8Array.of(3))
  await world.runFor(5000)
  expect(got).toEqual([])
  expect(codeOf(await world.settle(network.host('b').connect({ host: 'a', port: 1 }, 1000)))).toBe('NET_TIMEOUT')
  first.heal()
  await world.runFor(1000)
  expect(got).toEqual([1, 2, 3])
  network.partition(['a'], ['b'])
  connection.write(Uint8Array.of(4))
  await world.runFor(60_000)
  expect(ends.map((reason) => reason?.code)).toEqual(['NET_TIMEOUT'])
})

test('a crashed host resets its peers and refuses', async () => {
  const world = newWorld(4)
  const network = new SimulatedNetwork(world)
  await network.host('a').listen({ host: 'a', port: 1 }, (connection) => {
    connection.handle({ data: () => undefined, end: () => undefined })
  })
  const connection = granted(await world.settle(network.host('b').connect({ host: 'a', port: 1 }, 1000)))
  const ended = new Promise<NetError | undefined>((resolve) => {
    connection.handle({ data: () => undefined, end: resolve })
  })
  network.crash('a')
  expect((await world.settle(ended))?.code).toBe('NET_CLOSED')
  expect(codeOf(await world.settle(network.host('b').connect({ host: 'a', port: 1 }, 1000)))).toBe('NET_REFUSED')
})

test('an unread stream stops its sender', async () => {
  const world = newWorld(5)
  const network = new SimulatedNetwork(world)
  await network.host('a').listen({ host: 'a', port: 1 }, (connection) => {
    connection.handle({ data: () => undefined, end: () => undefined })
    connection.pause()
  })
  const connection = granted(await world.settle(network.host('b').connect({ host: 'a', port: 1 }, 1000)))
  let drained = 0
  connection.handle({ data: () => undefined, drain: () => drained++, end: () => undefined })
  let accepted = 0
  while (connection.write(new Uint8Array(4096))) accepted += 4096
  await world.runFor(20_000)
  expect(accepted).toBeLessThan(100_000)
  expect(drained).toBe(0)
})

test('simulated local sockets and HTTP answer', async () => {
  const world = newWorld(6)
  const net = new SimulatedNetwork(world).host('a')
  await net.listenLocal('/run/ipc', (connection) => {
    connection.handle({ data: (bytes) => void connection.write(bytes), end: () => connection.end() })
  })
  const connection = granted(await world.settle(net.connectLocal('/run/ipc')))
  const echoed = new Promise<Uint8Array>((resolve) => connection.handle({ data: resolve, end: () => undefined }))
  connection.write(Uint8Array.of(5))
  expect(await world.settle(echoed)).toEqual(Uint8Array.of(5))
  expect(codeOf(await world.settle(net.connectLocal('/run/other')))).toBe('NET_REFUSED')

  const limits = { bodyBytesMax: 4, connectionsMax: 1, headersTimeoutMs: 1, requestTimeoutMs: 1, idleTimeoutMs: 1 }
  await net.listenHttp({ host: '127.0.0.1', port: 8545 }, limits, async ({ method, body }) => {
    if (method === 'BAD') throw new Error('secret')
    return { status: 200, headers: {}, body: String(body.length) }
  })
  const ask = async (method: string, size: number): Promise<string> => {
    const { status, body } = await world.settle(net.request(8545, { method, body: new Uint8Array(size) }))
    return `${status} ${body}`
  }
  expect(await ask('POST', 4)).toBe('200 4')
  expect(await ask('POST', 5)).toBe('413 Payload Too Large')
  expect(await ask('BAD', 0)).toBe('500 Internal Server Error')
})
