/** Starts that fail, failures that climb, and threads that go while others speak to them: on real threads. */
import { afterEach, describe, expect, test } from 'vitest'
import { actorModule, defineActor } from '../../runtime/actor.ts'
import type { Ref, Tell } from '../../runtime/messages.ts'
import { FAMILY_RESTARTS_MAX } from './actors/family/family.ts'
import type { FamilyDeps, FamilyMessages } from './actors/family/messages.ts'
import { journalOf, noted } from './actors/journal.ts'
import type { ProbeDeps, ProbeMessages } from './actors/probe/messages.ts'
import type { StarterDeps, StarterMessages } from './actors/starter/messages.ts'
import { answered, passes, raise, type Stage, type StageOptions, until } from './stage.ts'

const at = (path: string) => new URL(`./actors/${path}`, import.meta.url)
const probe = actorModule<ProbeMessages, ProbeDeps>(at('probe/probe.ts'), 'probe')
const family = actorModule<FamilyMessages, FamilyDeps>(at('family/family.ts'), 'family')
const starter = actorModule<StarterMessages, StarterDeps>(at('starter/starter.ts'), 'starter')

const ONE = { a: 'one' }
const TWO = { a: 'one', b: 'two' }
const OWN = { a: 'one', b: 'two', c: 'three' }

const stages: Stage[] = []
const on = async (options: StageOptions): Promise<Stage> => {
  const stage = await raise(options)
  stages.push(stage)
  return stage
}
afterEach(async () => {
  for (const stage of stages.splice(0)) await stage.stop()
})

const counter = () => new SharedArrayBuffer(4)
const countOf = (starts: SharedArrayBuffer) => Atomics.load(new Int32Array(starts), 0)

describe.each([
  ['on the thread of its parent', {}],
  ['on another thread', ONE],
])('a start, %s,', (_where, placement) => {
  const begin = (stage: Stage, deps: StarterDeps, startMs = 60_000) =>
    stage.ctx.spawn<StarterMessages, StarterDeps>({
      name: 'starter',
      actor: starter,
      deps,
      startMs,
      ...('a' in placement ? { thread: 'one' } : {}),
    })

  test.each(['throws', 'rejects'] as const)(
    'that %s the first time is told to the parent and not repeated',
    async (how) => {
      const stage = await on({ placement })
      const [starts, journal] = [counter(), journalOf()]
      const child = begin(stage, { starts, plan: [how], journal })
      const started = await child.started
      expect(started).toMatchObject({ ok: false, error: { code: 'START_FAILED' } })
      expect(started.ok ? '' : started.error.detail).toContain(`start 1 ${how}`)
      await passes(50)
      expect(countOf(starts)).toBe(1)
      expect(noted(journal)).toEqual([1, -1])
      expect(await stage.ctx.ask(child.ref, 'ping')).toMatchObject({ ok: false, error: { code: 'ACTOR_DOWN' } })
    },
  )

  test('that hangs is over after its time, with what it owned', async () => {
    const stage = await on({ placement })
    const [starts, journal] = [counter(), journalOf()]
    const child = begin(stage, { starts, plan: ['hangs'], journal }, 60)
    expect(await child.started).toMatchObject({ ok: false, error: { code: 'START_TIMEOUT' } })
    expect(noted(journal)).toEqual([1, -1])
  })

  test('that hangs does not hold up a stop', async () => {
    const stage = await on({ placement })
    const journal = journalOf()
    begin(stage, { starts: counter(), plan: ['hangs'], journal })
    await until(() => noted(journal).length === 1)
    const began = performance.now()
    await stage.stop()
    expect(performance.now() - began).toBeLessThan(3_000)
    expect(noted(journal)).toEqual([1, -1])
  })

  test('that fails at a restart is tried again', async () => {
    const stage = await on({ placement })
    const starts = counter()
    const child = begin(stage, { starts, plan: ['ok', 'throws', 'rejects', 'ok'] })
    expect((await child.started).ok).toBe(true)
    stage.ctx.tell(child.ref, 'fail')
    await until(async () => (await stage.ctx.ask(child.ref, 'ping')).ok)
    expect(await answered(stage.ctx.ask(child.ref, 'ping'))).toBe(4)
    expect(countOf(starts)).toBe(4)
  })

  test('that takes its time lets messages wait, and asks too', async () => {
    const stage = await on({ placement })
    const child = begin(stage, { starts: counter(), plan: ['takes 100 ms'] })
    expect(await answered(stage.ctx.ask(child.ref, 'ping'))).toBe(1)
  })
})

test('an actor that fails too often fails the root, and the system ends', async () => {
  const stage = await on({ placement: ONE, supervision: { restartsMax: 2, windowMs: 60_000 } })
  const journal = journalOf()
  const to = await stage.spawn('a', probe, { journal, code: 1 })
  for (let incarnation = 1; incarnation <= 3; incarnation++) {
    await until(async () => {
      const answer = await stage.ctx.ask(to, 'lives')
      return answer.ok && answer.value.incarnation === incarnation
    })
    stage.ctx.tell(to, 'die', { how: 'throw' })
  }
  expect(await stage.system.ended).toMatchObject({ code: 'ESCALATED', detail: expect.stringContaining(to.path) })
  expect(noted(journal)).toEqual([1, -1, 1, -1, 1, -1])
})

test('a child that fails too often restarts its parent with new children, and nobody else', async () => {
  const stage = await on({ placement: TWO })
  const journal = journalOf()
  const parent = await stage.spawn('a', family, { journal, code: 10, threads: ['one', 'two'] })
  const bystander = await stage.spawn('b', probe, { journal, code: 50 })
  const [first, second] = (await answered(stage.ctx.ask(parent, 'children'))) as [
    Ref<ProbeMessages>,
    Ref<ProbeMessages>,
  ]
  for (let round = 0; round <= FAMILY_RESTARTS_MAX; round++) {
    await until(async () => {
      const answer = await stage.ctx.ask(second, 'lives')
      return answer.ok && answer.value.incarnation === round + 1
    })
    stage.ctx.tell(second, 'die', { how: 'throw' })
  }
  await until(async () => {
    const answer = await stage.ctx.ask(parent, 'lives')
    return answer.ok && answer.value === 2
  })
  expect(noted(journal)).toEqual([10, 11, 12, 50, -12, 12, -12, 12, -12, -11, -10, 10, 11, 12])
  expect(await stage.ctx.ask(first, 'echo', 1)).toMatchObject({ ok: false, error: { code: 'ACTOR_DOWN' } })
  expect(await stage.ctx.ask(second, 'echo', 1)).toMatchObject({ ok: false, error: { code: 'ACTOR_DOWN' } })
  const children = await answered(stage.ctx.ask(parent, 'children'))
  for (const child of children) expect(await answered(stage.ctx.ask(child, 'echo', 2))).toBe(2)
  expect((await answered(stage.ctx.ask(bystander, 'lives'))).incarnation).toBe(1)
})

test('children on other threads end with the thread of their parent', async () => {
  const stage = await on({ placement: TWO })
  const journal = journalOf()
  const parent = await stage.spawn('a', family, { journal, code: 10, threads: ['two', 'main'] })
  const before = await answered(stage.ctx.ask(parent, 'children'))
  stage.ctx.tell(parent, 'die', { how: 'exit' })
  await until(async () => {
    const answer = await stage.ctx.ask(parent, 'children')
    return answer.ok && answer.value[0]?.uid !== before[0]?.uid
  })
  await until(() => noted(journal).length === 8)
  const story = noted(journal)
  expect(story.slice(0, 3)).toEqual([10, 11, 12])
  // The parent had no time to note its end; its children end each on its own thread, the new ones start in order.
  expect(story.slice(3).sort((a, b) => a - b)).toEqual([-12, -11, 10, 11, 12])
  expect(story.filter((code) => code > 0)).toEqual([10, 11, 12, 10, 11, 12])
  for (const old of before) expect((await stage.ctx.ask(old, 'echo', 1)).ok).toBe(false)
  for (const child of await answered(stage.ctx.ask(parent, 'children')))
    expect(await answered(stage.ctx.ask(child, 'echo', 3))).toBe(3)
})

test('a watch outlives the thread of the watched', async () => {
  const stage = await on({ placement: ONE })
  const to = await stage.spawn('a', probe, {})
  stage.ctx.watch(to, 'noted')
  for (let round = 1; round <= 3; round++) {
    await until(async () => (await stage.ctx.ask(to, 'lives')).ok)
    stage.ctx.tell(to, 'die', { how: round < 3 ? 'exit' : 'throw' })
    await until(() => stage.notes.length === round)
  }
  expect(stage.notes.map(({ path, reason }) => [path, reason.code])).toEqual([
    [to.path, 'THREAD_EXIT'],
    [to.path, 'THREAD_EXIT'],
    [to.path, 'THREW'],
  ])
})

test('what is told while a thread is replaced arrives in order in the next life', async () => {
  const stage = await on({ placement: ONE, supervision: { backoff: { minMs: 100, maxMs: 100, jitter: 0 } } })
  const to = await stage.spawn('a', probe, {})
  const epoch = (await answered(stage.ctx.ask(to, 'lives'))).epoch
  stage.ctx.watch(to, 'noted')
  stage.ctx.tell(to, 'die', { how: 'exit' })
  await until(() => stage.notes.length === 1)
  for (let value = 0; value < 2_000; value++)
    if (value % 2 === 0) stage.ctx.tell(to, 'add', { value })
    else stage.ctx.tell(to, 'packed', { value, pad: 'x' })
  await until(async () => {
    const answer = await stage.ctx.ask(to, 'values')
    return answer.ok && answer.value.count === 2_000
  })
  expect((await answered(stage.ctx.ask(to, 'values'))).values).toEqual(Array.from({ length: 2_000 }, (_, i) => i))
  expect((await answered(stage.ctx.ask(to, 'lives'))).epoch).toBe(epoch + 1)
})

test('while an actor of a replaced thread waits for its start, asks fail at once and tells wait for longer than that', async () => {
  const stage = await on({ placement: ONE, supervision: { backoff: { minMs: 3_000, maxMs: 3_000, jitter: 0 } } })
  const to = await stage.spawn('a', probe, {})
  stage.ctx.watch(to, 'noted')
  stage.ctx.tell(to, 'die', { how: 'exit' })
  await until(() => stage.notes.length === 1)
  await until(() => stage.system.inspector.threads().some(({ name, restarts }) => name === 'one' && restarts === 1))
  stage.ctx.tell(to, 'add', { value: 7 })
  const asked = Date.now()
  expect(await stage.ctx.ask(to, 'values')).toMatchObject({
    ok: false,
    error: { code: 'ACTOR_DOWN', outcome: 'NOT_DONE' },
  })
  expect(Date.now() - asked).toBeLessThan(1_000)
  await until(async () => (await stage.ctx.ask(to, 'values')).ok)
  expect((await answered(stage.ctx.ask(to, 'values'))).values).toEqual([7])
})

test('threads that start at one moment see each other', async () => {
  const stage = await on({ placement: OWN })
  const placed = await Promise.all(['a', 'b', 'c'].map((role) => stage.spawn(role, probe, {})))
  for (const ref of placed) {
    const seen = await answered(stage.ctx.ask(ref, 'seen'))
    for (const other of placed) expect(seen).toContain(other.path)
  }
})

test('threads go again and again, and refs stay good', async () => {
  const stage = await on({ placement: TWO })
  const [a, b] = [await stage.spawn('a', probe, {}), await stage.spawn('b', probe, {})]
  for (let round = 1; round <= 5; round++) {
    stage.ctx.tell(round % 2 === 0 ? a : b, 'die', { how: 'exit' })
    await until(async () => (await stage.ctx.ask(a, 'echo', round)).ok && (await stage.ctx.ask(b, 'echo', round)).ok)
    await until(() => {
      const [one, two] = ['one', 'two'].map((name) => stage.system.inspector.threads().find((t) => t.name === name))
      return one?.restarts === Math.floor(round / 2) && two?.restarts === Math.ceil(round / 2)
    })
    await until(async () => (await stage.ctx.ask(a, 'echo', round)).ok && (await stage.ctx.ask(b, 'echo', round)).ok)
  }
  expect(stage.system.inspector.threads()).toHaveLength(3)
})

test('a pipe whose wrapping throws fails its actor, not the process', async () => {
  const stage = await on({})
  type Messages = { go: Tell }
  const careless = defineActor<Messages>({
    name: 'careless',
    mailbox: { capacity: 4 },
    behavior(ctx) {
      return {
        go: () =>
          ctx.pipe(Promise.resolve(1), 'go', () => {
            throw new Error('told to throw while wrapping')
          }),
      }
    },
  })
  const to = await stage.spawn('careless', careless, undefined)
  stage.ctx.watch(to, 'noted')
  stage.ctx.tell(to, 'go')
  await until(() => stage.notes.length === 1)
  expect(stage.notes[0]?.reason).toMatchObject({ code: 'THREW', detail: expect.stringContaining('while wrapping') })
})

test('a handler that returns a promise undeclared fails its actor', async () => {
  const stage = await on({})
  type Messages = { go: Tell }
  const sly = defineActor<Messages>({
    name: 'sly',
    mailbox: { capacity: 4 },
    behavior: () => ({ go: (async () => {}) as unknown as () => void }),
  })
  const to = await stage.spawn('sly', sly, undefined)
  stage.ctx.watch(to, 'noted')
  stage.ctx.tell(to, 'go')
  await until(() => stage.notes.length === 1)
  expect(stage.notes[0]?.reason.detail).toContain('without serial() or reentrant()')
})

test('a thread over its soft memory limit is recycled in order, children before their parents', async () => {
  const limits = { heapMb: 96, youngMb: 8, softRatio: 0.5, beatMs: 50, hungMs: 20_000, retireMs: 20_000 }
  const stage = await on({ placement: ONE, limits })
  const journal = journalOf()
  const parent = await stage.spawn('a', family, { journal, code: 10, threads: ['one', 'one'] })
  stage.ctx.watch(parent, 'noted')
  const [child] = await answered(stage.ctx.ask(parent, 'children'))
  const began = performance.now()
  stage.ctx.tell(child!, 'die', { how: 'map' })
  await until(() => noted(journal).length === 9, 15_000)
  expect(performance.now() - began).toBeLessThan(limits.retireMs)
  expect(noted(journal)).toEqual([10, 11, 12, -12, -11, -10, 10, 11, 12])
  expect(stage.notes.map(({ reason }) => reason.code)).toEqual(['THREAD_MEMORY'])
})
