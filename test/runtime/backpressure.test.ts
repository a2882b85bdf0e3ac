/** A producer far faster than its consumer: nothing piles up, nothing is lost uncounted, on every placement. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { actorModule } from '../../runtime/actor.ts'
import type { ConsumerDeps, ConsumerMessages, ProducerMessages } from './actors/consumer/messages.ts'
import type { RingMessages } from './actors/ring/messages.ts'
import { answered, passes, raise, type Stage, until } from './stage.ts'

const file = new URL('./actors/consumer/consumer.ts', import.meta.url)
const consumer = actorModule<ConsumerMessages, ConsumerDeps>(file, 'consumer')
const producer = actorModule<ProducerMessages>(file, 'producer')
const ring = actorModule<RingMessages>(new URL('./actors/ring/ring.ts', import.meta.url), 'ring')

const CAPACITY = 64
const MiB = 2 ** 20

describe.each([
  { name: 'all on one thread', placement: {} },
  { name: 'two threads', placement: { producer: 'one', consumer: 'two', a: 'one', b: 'two', c: 'one' } },
  {
    name: 'each its own thread',
    placement: { producer: 'producer', consumer: 'consumer', a: 'ta', b: 'tb', c: 'tc' },
  },
])('$name', ({ placement }) => {
  let stage: Stage
  beforeAll(async () => {
    stage = await raise({ placement })
  })
  afterAll(() => stage.stop())

  const pair = async (spinMs: number) => ({
    to: await stage.spawn('consumer', consumer, { spinMs }),
    from: await stage.spawn('producer', producer, undefined),
  })
  const heapBytes = () => stage.system.inspector.threads().reduce((sum, thread) => sum + thread.heapUsedBytes, 0)

  test('suspends the producer: order kept, nothing lost, memory flat', async () => {
    const { to, from } = await pair(0.1)
    const count = 10_000
    const load = 2_000 // 16 kB each, 160 MB in all
    const before = heapBytes()
    let peak = 0
    stage.ctx.tell(from, 'produce', { to, kind: 'every', from: 0, count, step: 4, load })
    await until(async () => {
      peak = Math.max(peak, heapBytes() - before)
      await passes(20)
      return (await answered(stage.ctx.ask(to, 'tally'))).count === count
    }, 40_000)
    expect(await answered(stage.ctx.ask(to, 'tally'))).toMatchObject({ count, last: count - 1, disorders: 0 })
    const mailbox = stage.mailbox(to)
    expect(mailbox).toMatchObject({ dropped: 0, lost: 0, capacity: CAPACITY })
    expect(mailbox.highWater).toBeLessThanOrEqual(CAPACITY)
    expect(stage.mailbox(from).highWater).toBeLessThanOrEqual(CAPACITY)
    // Garbage that was not collected yet counts; what waits in mailboxes and outboxes is about 1 MB.
    expect(peak).toBeLessThan(80 * MiB)
  })

  test('never rests on an edge that may lose, and loses by its rule, counted', async () => {
    const count = 20_000
    for (const kind of ['first', 'latest', 'newest', 'keyed'] as const) {
      const { to, from } = await pair(0.2)
      stage.ctx.tell(from, 'produce', { to, kind, from: 0, count, step: 200, load: 0 })
      await until(async () => (await answered(stage.ctx.ask(from, 'produced'))).count === count)
      await until(() => {
        const { handled, dropped } = stage.mailbox(to)
        return handled - 0 + dropped >= count
      })
      const tally = await answered(stage.ctx.ask(to, 'tally'))
      const { dropped, highWater } = stage.mailbox(to)
      expect(tally.count + dropped, `${kind}: sent = handled + dropped`).toBe(count)
      expect(dropped).toBeGreaterThan(0)
      expect(highWater).toBeLessThanOrEqual(CAPACITY)
      expect(tally.disorders).toBe(0)
      if (kind === 'latest' || kind === 'newest') expect(tally.last).toBe(count - 1)
      if (kind === 'keyed') expect(tally.keys).toEqual(Array.from({ length: 10 }, (_, i) => `k${i}:${count - 10 + i}`))
    }
  })

  test('does not come to rest when all mailboxes of a ring are full and one edge may lose', async () => {
    const actors = [
      await stage.spawn('a', ring, undefined),
      await stage.spawn('b', ring, undefined),
      await stage.spawn('c', ring, undefined),
    ]
    for (const [i, actor] of actors.entries())
      await answered(stage.ctx.ask(actor, 'join', { next: actors[(i + 1) % 3]!, closes: i === 2 }))
    const started = 200
    for (let n = 0; n < started; n++) stage.ctx.tell(actors[0]!, 'pass', { hops: 20 })
    let before = -1
    await until(async () => {
      const counts = await Promise.all(actors.map((actor) => answered(stage.ctx.ask(actor, 'counts'))))
      const taken = counts.reduce((sum, one) => sum + one.taken, 0)
      const sent = counts.reduce((sum, one) => sum + one.sent, started)
      const dropped = actors.reduce((sum, actor) => sum + stage.mailbox(actor).dropped, 0)
      const still = taken === before
      before = taken
      await passes(20)
      return still && taken + dropped === sent
    }, 40_000)
    expect(stage.mailbox(actors[0]!).dropped).toBeGreaterThan(0)
    expect(stage.mailbox(actors[1]!).dropped + stage.mailbox(actors[2]!).dropped).toBe(0)
    expect(before).toBeGreaterThan(started)
  })
})
