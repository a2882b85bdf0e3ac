/** Actors in a simulated world: any interleaving the seed chooses, every time the same one for the same seed. */
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { DEFAULT_SUPERVISION, defineActor, reentrant, serial } from '../../runtime/actor.ts'
import type { Connection } from '../../runtime/capabilities.ts'
import type { Ask, Lossy, Ref, Tell } from '../../runtime/messages.ts'
import { simulatedDisk } from '../../runtime/simulation/disk.ts'
import { SimulatedNetwork } from '../../runtime/simulation/network.ts'
import { type SimulatedNode, startSimulatedNode } from '../../runtime/simulation/node.ts'
import { SimulatedWorld } from '../../runtime/simulation/world.ts'

type SinkMessages = {
  item: Tell<{ from: number; value: number }>
  gauge: Tell<{ value: number }, Lossy<'coalesce'>>
  taken: Ask<void, { items: { from: number; value: number }[]; gauges: number[] }>
  nap: Ask<{ ms: number }, number>
}
type SourceMessages = { go: Tell<{ count: number }> }

const sink = defineActor<SinkMessages>({
  name: 'sink',
  mailbox: { capacity: 8 },
  lossy: { gauge: { coalesce: '*' } },
  behavior(ctx) {
    const items: { from: number; value: number }[] = []
    const gauges: number[] = []
    return {
      item: (item) => void items.push(item),
      gauge: ({ value }) => void gauges.push(value),
      taken: () => ({ items, gauges }),
      nap: serial(async ({ ms }) => {
        await new Promise<void>((resolve) => ctx.clock.schedule(ms, resolve))
        return ctx.now()
      }),
    }
  },
})

const source = defineActor<SourceMessages, { id: number; to: Ref<SinkMessages> }>({
  name: 'source',
  mailbox: { capacity: 8 },
  behavior(ctx, { id, to }) {
    let next = 0
    return {
      go({ count }) {
        ctx.tell(to, 'item', { from: id, value: next })
        ctx.tell(to, 'gauge', { value: next })
        next++
        if (next < count) ctx.after(ctx.random.integer(3), 'go', { count })
      },
    }
  },
})

type RootMessages = { result: Ask<void, { items: { from: number; value: number }[]; gauges: number[] }> }
const manySources = (sources: number, count: number) =>
  defineActor<RootMessages>({
    name: 'root',
    mailbox: { capacity: 64 },
    async behavior(ctx) {
      const to = ctx.spawn({ name: 'sink', actor: sink, deps: undefined })
      await to.started
      for (let id = 0; id < sources; id++) {
        const one = ctx.spawn({ name: `source-${id}`, actor: source, deps: { id, to: to.ref } })
        ctx.tell(one.ref, 'go', { count })
      }
      return {
        result: reentrant(async () => {
          const taken = await ctx.ask(to.ref, 'taken')
          if (!taken.ok) throw new Error(taken.error.code)
          return taken.value
        }),
      }
    },
  })

const worlds: SimulatedWorld[] = []
afterEach(() => {
  for (const world of worlds.splice(0)) world.close()
})
function newWorld(seed: number | string): SimulatedWorld {
  const world = new SimulatedWorld({ seed })
  worlds.push(world)
  return world
}
function nodeOf(
  world: SimulatedWorld,
  root: ReturnType<typeof manySources>,
  name = 'node',
): SimulatedNode<RootMessages> {
  const network = new SimulatedNetwork(world)
  const [net, disk] = [network.host(name), simulatedDisk(world, name)]
  return startSimulatedNode({ world, name, net, disk, definitions: new Map(), root, deps: undefined })
}

/** Runs sources against one slow mailbox and answers what arrived, with the hash of everything that happened. */
async function run(seed: number, sources = 4, count = 25) {
  const world = newWorld(seed)
  let answer: { items: { from: number; value: number }[]; gauges: number[] } | undefined
  const collector = defineActor<{ collect: Tell }, void>({
    name: 'root',
    mailbox: { capacity: 64 },
    async behavior(ctx) {
      const to = ctx.spawn({ name: 'sink', actor: sink, deps: undefined })
      await to.started
      for (let id = 0; id < sources; id++) {
        const one = ctx.spawn({ name: `source-${id}`, actor: source, deps: { id, to: to.ref } })
        ctx.tell(one.ref, 'go', { count })
      }
      ctx.after(60_000, 'collect')
      return {
        collect: reentrant(async () => {
          const taken = await ctx.ask(to.ref, 'taken')
          if (taken.ok) answer = taken.value
        }),
      }
    },
  })
  nodeOf(world, collector as never)
  await world.runFor(61_000)
  return { hash: world.hash(), answer, tail: world.tail() }
}

describe('a simulated world', () => {
  test('loses nothing on suspending edges and keeps the order of each sender, whatever the seed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const { answer } = await run(seed, 4, 25)
        expect(answer?.items).toHaveLength(100)
        for (let id = 0; id < 4; id++)
          expect(answer?.items.filter(({ from }) => from === id).map(({ value }) => value)).toEqual(
            Array.from({ length: 25 }, (_, i) => i),
          )
      }),
      { numRuns: 20, seed: 20_261_123 },
    )
  })

  test('does the same twice for one seed', async () => {
    for (const seed of [1, 2, 3]) expect((await run(seed)).hash, `seed ${seed}`).toBe((await run(seed)).hash)
  })

  test('interleaves otherwise for another seed', async () => {
    const orders = new Set<string>()
    for (let seed = 0; seed < 8; seed++)
      orders.add(((await run(seed)).answer?.items ?? []).map(({ from }) => from).join(''))
    expect(orders.size).toBeGreaterThan(1)
  })

  test('lets hours pass in an instant', async () => {
    const world = newWorld('hours')
    let woken = 0
    const sleeper = defineActor<{ woken: Tell<{ at: number }> }>({
      name: 'root',
      mailbox: { capacity: 8 },
      behavior(ctx) {
        const to = ctx.spawn({ name: 'sink', actor: sink, deps: undefined })
        const nap = ctx.ask(to.ref, 'nap', { ms: 3 * 3_600_000 }, { deadlineMs: 24 * 3_600_000 })
        ctx.pipe(nap, 'woken', (settled) => ({ at: settled.ok && settled.value.ok ? settled.value.value : -1 }))
        return {
          woken({ at }) {
            woken = at
          },
        }
      },
    })
    nodeOf(world, sleeper as never)
    await world.runFor(4 * 3_600_000)
    expect(woken - world.startedAt).toBeGreaterThanOrEqual(3 * 3_600_000)
  })

  test('catches an actor that reads a real clock, and its supervisor restarts it', async () => {
    const world = newWorld('forbidden')
    let starts = 0
    const cheat = defineActor<{ cheat: Tell }>({
      name: 'cheat',
      mailbox: { capacity: 8 },
      behavior() {
        starts++
        return { cheat: () => void Date.now() }
      },
    })
    const root = defineActor<Record<never, never>>({
      name: 'root',
      mailbox: { capacity: 8 },
      supervision: DEFAULT_SUPERVISION,
      async behavior(ctx) {
        const child = ctx.spawn({ name: 'cheat', actor: cheat, deps: undefined })
        await child.started
        ctx.tell(child.ref, 'cheat')
        return {}
      },
    })
    nodeOf(world, root as never)
    await world.runFor(60_000)
    expect(starts).toBe(2)
  })

  test('joins nodes by its network, and a crashed node falls silent', async () => {
    const world = newWorld('two nodes')
    const network = new SimulatedNetwork(world)
    const heard: string[] = []
    const server = defineActor<Record<never, never>>({
      name: 'root',
      mailbox: { capacity: 8 },
      async behavior(ctx) {
        const listening = await ctx.net.listen({ host: 'b', port: 30303 }, (connection: Connection) => {
          connection.handle({
            data(bytes) {
              heard.push(String.fromCharCode(...bytes))
              connection.write(bytes)
            },
            end() {},
          })
        })
        if (!listening.ok) throw new Error(listening.error.code)
        ctx.own(listening.value)
        return {}
      },
    })
    let echoes = 0
    const client = defineActor<{ ping: Tell }>({
      name: 'root',
      mailbox: { capacity: 8 },
      async behavior(ctx) {
        const connected = await ctx.net.connect({ host: 'b', port: 30303 }, 5_000)
        if (!connected.ok) throw new Error(connected.error.code)
        connected.value.handle({ data: () => void echoes++, end() {} })
        ctx.every(1_000, 'ping')
        return { ping: () => void connected.value.write(Uint8Array.of(112)) }
      },
    })
    const start = (name: string, root: unknown) =>
      startSimulatedNode({
        world,
        name,
        net: network.host(name),
        disk: simulatedDisk(world, name),
        definitions: new Map(),
        root: root as ReturnType<typeof manySources>,
        deps: undefined,
      })
    const b = start('b', server)
    await world.runFor(1_000)
    start('a', client)
    await world.runFor(10_500)
    expect(heard.length).toBeGreaterThan(5)
    const before = echoes
    expect(before).toBeGreaterThan(5)
    b.crash()
    network.crash('b')
    await world.runFor(10_000)
    expect(echoes).toBeLessThanOrEqual(before + 1)
  })
})
