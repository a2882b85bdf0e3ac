/** Messages, asks and lives of actors: the same on every placement. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { actorModule } from '../../runtime/actor.ts'
import type { Ref } from '../../runtime/messages.ts'
import { journalOf, noted } from './actors/journal.ts'
import type { PlayerDeps, PlayerMessages } from './actors/player/messages.ts'
import { player as playerDefinition } from './actors/player/player.ts'
import type { ProbeDeps, ProbeMessages } from './actors/probe/messages.ts'
import { answered, passes, raise, type Stage, until } from './stage.ts'

const probeModule = actorModule<ProbeMessages, ProbeDeps>(new URL('./actors/probe/probe.ts', import.meta.url), 'probe')
const playerModule = {
  ...actorModule<PlayerMessages, PlayerDeps>(new URL('./actors/player/player.ts', import.meta.url), 'player'),
  // Used on the test's own thread, so that there is one copy of `moving` there.
  definition: playerDefinition,
}

/** Thread of each role. What is not named runs on the main thread, as the test itself. */
const PLACEMENTS = [
  { name: 'all on one thread', placement: {}, isolate: false },
  { name: 'all on one thread, payloads cloned', placement: {}, isolate: true },
  { name: 'two threads', placement: { a: 'one', b: 'two', c: 'one', d: 'two' }, isolate: false },
  { name: 'each its own thread', placement: { a: 'ta', b: 'tb', c: 'tc', d: 'td' }, isolate: false },
]

describe.each(PLACEMENTS)('$name', ({ placement, isolate }) => {
  let stage: Stage
  const across = Object.keys(placement).length > 0
  beforeAll(async () => {
    stage = await raise({ placement, isolate })
  })
  afterAll(() => stage.stop())

  const probe = (role: string, deps: ProbeDeps = {}) => stage.spawn(role, probeModule, deps)
  const player = (role: string, deps: PlayerDeps = {}) => stage.spawn(role, playerModule, deps)
  const valuesOf = async (ref: Ref<ProbeMessages>) => (await answered(stage.ctx.ask(ref, 'values'))).values
  const deadLetters = () => stage.system.inspector.deadLetters()

  test('keeps the order of each sender, over packed and other kinds and full mailboxes', async () => {
    const [to, first, second] = [await probe('b'), await player('a'), await player('c')]
    const count = 3_000
    stage.ctx.tell(first, 'mix', { to, count })
    stage.ctx.tell(second, 'mix', { to, count })
    await until(async () => (await valuesOf(to)).length === 2 * count)
    // Two ascending sequences are shuffled into each other: each value stands twice, the n-th of each never early.
    const seen = new Array<number>(count).fill(0)
    let atMost = [-1, -1]
    for (const value of await valuesOf(to)) {
      const nth = seen[value]!++
      expect(nth).toBeLessThan(2)
      atMost = atMost.sort((a, b) => a - b)
      const continued = atMost.lastIndexOf(value - 1)
      expect(continued, `value ${value} after ${atMost}`).toBeGreaterThanOrEqual(0)
      atMost[continued] = value
    }
    expect(seen.every((times) => times === 2)).toBe(true)
    expect(stage.mailbox(to)).toMatchObject({ dropped: 0, lost: 0, failed: 0 })
    expect(stage.mailbox(to).highWater).toBeLessThanOrEqual(1024)
  })

  test('answers asks with what cloning carries', async () => {
    const to = await probe('a')
    const value = { n: 1n, bytes: new Uint8Array([1, 2]), list: ['x', undefined, null], map: new Map([[1, 'one']]) }
    expect(await answered(stage.ctx.ask(to, 'echo', value))).toEqual(value)
    const many = await Promise.all(Array.from({ length: 500 }, (_, i) => answered(stage.ctx.ask(to, 'echo', i))))
    expect(many).toEqual(Array.from({ length: 500 }, (_, i) => i))
  })

  test('lets refs travel in messages', async () => {
    const [from, to] = [await player('a'), await probe('b')]
    const echoed = await answered(stage.ctx.ask(from, 'forward', { to, value: to }))
    expect(echoed).toEqual({ ok: true, value: to })
    const back = (echoed as { value: Ref<ProbeMessages> }).value
    expect(await answered(stage.ctx.ask(back, 'echo', 5))).toBe(5)
  })

  test('carries a deadline on to nested asks, the earliest holds', async () => {
    const chain = [await player('a'), await player('b'), await player('c'), await player('d')]
    const before = Date.now()
    const [first, ...rest] = chain as [Ref<PlayerMessages>, ...Ref<PlayerMessages>[]]
    const inherited = await answered(
      stage.ctx.ask(first, 'deadlines', { chain: rest, deadlineMs: 60_000 }, { deadlineMs: 5_000 }),
    )
    expect(inherited).toHaveLength(4)
    expect(inherited[0]).toBeGreaterThanOrEqual(before + 5_000)
    expect(new Set(inherited).size).toBe(1)
    const shorter = await answered(
      stage.ctx.ask(first, 'deadlines', { chain: rest, deadlineMs: 2_000 }, { deadlineMs: 9_000 }),
    )
    expect(shorter[1]!).toBeLessThan(shorter[0]! - 5_000)
    expect(shorter[3]).toBe(shorter[1])
  })

  test('gives up at the deadline and aborts the handler that runs', async () => {
    const to = await player('a')
    const answer = await stage.ctx.ask(to, 'wait', { ms: 60_000 }, { deadlineMs: 60 })
    expect(answer).toMatchObject({ ok: false, error: { code: 'DEADLINE', outcome: 'OUTCOME_UNKNOWN', kind: 'wait' } })
    await until(async () => (await answered(stage.ctx.ask(to, 'aborts'))).length === 1)
  })

  test('skips a queued ask whose deadline has passed', async () => {
    const to = await player('a')
    const busy = stage.ctx.ask(to, 'waitSerially', { ms: 200 })
    const late = await stage.ctx.ask(to, 'identity', undefined, { deadlineMs: 40 })
    expect(late).toMatchObject({ ok: false, error: { code: 'DEADLINE' } })
    expect(await answered(busy)).toBe('waited')
    await until(() => stage.flights(to).some(({ outcome }) => outcome === 'cancelled' || outcome === 'expired'))
    expect(stage.flights(to).filter(({ kind, outcome }) => kind === 'identity' && outcome === 'ok')).toEqual([])
  })

  test('cancels by a signal what waits and what runs', async () => {
    const to = await player('a')
    const running = new AbortController()
    const queued = new AbortController()
    const reentrant = stage.ctx.ask(to, 'wait', { ms: 60_000 }, { signal: running.signal })
    const serial = stage.ctx.ask(to, 'waitSerially', { ms: 150 })
    const behind = stage.ctx.ask(to, 'identity', undefined, { signal: queued.signal })
    await until(() => stage.flights(to).length === 2)
    running.abort()
    queued.abort()
    expect(await reentrant).toMatchObject({ ok: false, error: { code: 'CANCELLED' } })
    expect(await behind).toMatchObject({ ok: false, error: { code: 'CANCELLED' } })
    expect(await answered(serial)).toBe('waited')
    await until(() => stage.flights(to).some(({ kind, outcome }) => kind === 'identity' && outcome === 'cancelled'))
    expect(await answered(stage.ctx.ask(to, 'aborts'))).toHaveLength(1)
    const already = await stage.ctx.ask(to, 'identity', undefined, { signal: AbortSignal.abort() })
    expect(already).toMatchObject({ ok: false, error: { code: 'CANCELLED', outcome: 'NOT_DONE' } })
  })

  test('takes back an ask that waits for credit', async () => {
    const to = await player('a')
    const blocked = stage.ctx.ask(to, 'waitSerially', { ms: 150 })
    const controller = new AbortController()
    const flood = Array.from({ length: 200 }, () =>
      stage.ctx.ask(to, 'identity', undefined, { signal: controller.signal }),
    )
    await passes(20)
    controller.abort()
    const codes = (await Promise.all(flood)).map((answer) => (answer.ok ? 'ok' : answer.error.code))
    expect(new Set(codes)).toEqual(new Set(['CANCELLED']))
    expect(await answered(blocked)).toBe('waited')
    expect(await answered(stage.ctx.ask(to, 'kept'))).toBe(0)
  })

  test('says as plain data why an ask failed', async () => {
    const to = await player('a')
    const failed = await stage.ctx.ask(to, 'failAsked')
    expect(failed).toMatchObject({
      ok: false,
      error: { code: 'ACTOR_FAILED', outcome: 'OUTCOME_UNKNOWN', actor: to.path, kind: 'failAsked' },
    })
    if (!failed.ok) expect(structuredClone(failed.error)).toEqual(failed.error)
    expect(failed.ok ? '' : failed.error.detail).toContain('asked to fail')
  })

  test('refuses a kind that the actor does not know', async () => {
    const to = await probe('a')
    const before = deadLetters().total
    const stranger = to as unknown as Ref<PlayerMessages>
    expect(await stage.ctx.ask(stranger, 'identity')).toMatchObject({
      ok: false,
      error: { code: 'UNKNOWN_KIND', outcome: 'NOT_DONE' },
    })
    stage.ctx.tell(stranger, 'fail')
    await until(() => deadLetters().total === before + 1)
    expect(deadLetters().recent.at(-1)).toMatchObject({ to: to.path, kind: 'fail', reason: 'UNKNOWN_KIND', count: 1 })
    expect(await answered(stage.ctx.ask(to, 'echo', 'alive'))).toBe('alive')
  })

  test('names the sender, the sequence and the cause of each message in the flight record', async () => {
    const [asker, asked] = [await player('a'), await player('b')]
    const { id, cause } = await answered(stage.ctx.ask(asker, 'identityOf', asked))
    expect(id.actor).toBe(asker.uid)
    expect(cause?.actor).toBe(stage.ctx.self.uid)
    const [outer] = stage.flights(asker)
    const [inner] = stage.flights(asked)
    expect(outer).toMatchObject({ kind: 'identityOf', sender: 'root', senderSequence: cause?.sequence, outcome: 'ok' })
    expect(inner).toMatchObject({ kind: 'identity', sender: asker.path, senderSequence: id.sequence, cause })
    expect(inner!.waitedMs).toBeGreaterThanOrEqual(0)
    expect(inner!.tookMs).toBeGreaterThanOrEqual(0)
  })

  test('moves buffers: the sender has them no longer', async () => {
    const [from, to] = [await player('a'), await probe('b')]
    expect(await answered(stage.ctx.ask(from, 'sendAway', { to, size: 70_000 }))).toBe(0)
    const mine = new Uint8Array(50_000).fill(3)
    const echoed = await answered(stage.ctx.ask(to, 'echo', mine, { transfer: [mine.buffer] }))
    expect(mine.byteLength).toBe(0)
    expect(echoed).toEqual(new Uint8Array(50_000).fill(3))
  })

  test('moves answers that are marked so', async () => {
    const to = await player('a')
    const answer = await answered(stage.ctx.ask(to, 'give', { size: 40_000 }))
    expect(answer).toEqual(new Uint8Array(40_000).fill(9))
    expect(await answered(stage.ctx.ask(to, 'kept'))).toBe(0)
  })

  test('refuses an answer that cannot be cloned, and goes on', async () => {
    const to = await player('a')
    const asks = [1, 2, 3].map((n) =>
      n === 2 ? stage.ctx.ask(to, 'answerUnclonable') : stage.ctx.ask(to, 'identity').then((a) => ({ ok: a.ok })),
    )
    const answers = await Promise.all(asks)
    expect(answers[0]).toEqual({ ok: true })
    expect(answers[2]).toEqual({ ok: true })
    if (across || isolate) expect(answers[1]).toMatchObject({ ok: false, error: { code: 'NOT_CLONEABLE' } })
    else expect(answers[1]).toMatchObject({ ok: true })
  })

  test.runIf(across || isolate)('refuses a payload that cannot be cloned, without the others of its turn', async () => {
    const [from, to] = [await player('a'), await probe('b')]
    const before = deadLetters().total
    stage.ctx.tell(from, 'unclonable', { to, packed: false })
    await until(async () => (await valuesOf(to)).length === 4)
    expect(await valuesOf(to)).toEqual([1, 2, 4, 5])
    expect(deadLetters().total).toBe(before + 1)
    expect(deadLetters().recent.at(-1)).toMatchObject({ to: to.path, kind: 'add', reason: 'NOT_CLONEABLE' })
    const asked = await answered(stage.ctx.ask(from, 'askUnclonable', { to }))
    expect(asked).toMatchObject({ ok: false, error: { code: 'NOT_CLONEABLE', outcome: 'NOT_DONE' } })
    expect((await answered(stage.ctx.ask(from, 'identity'))).id.actor).toBe(stage.ctx.self.uid)
  })

  test('moves what can move, also in a turn with what cannot be cloned', async () => {
    const to = await probe('b')
    const gone = new Uint8Array(10)
    structuredClone(gone, { transfer: [gone.buffer] })
    const first = new Uint8Array(20_000).fill(1)
    const last = new Uint8Array(20_000).fill(2)
    const answers = await Promise.all([
      stage.ctx.ask(to, 'echo', first, { transfer: [first.buffer] }),
      stage.ctx.ask(to, 'echo', gone, { transfer: [gone.buffer] }),
      stage.ctx.ask(to, 'echo', last, { transfer: [last.buffer] }),
    ])
    expect(answers[0]).toEqual({ ok: true, value: new Uint8Array(20_000).fill(1) })
    expect(answers[1]).toMatchObject({ ok: false, error: { code: 'NOT_CLONEABLE', outcome: 'NOT_DONE' } })
    expect(answers[2]).toEqual({ ok: true, value: new Uint8Array(20_000).fill(2) })
    expect([first.byteLength, last.byteLength]).toEqual([0, 0])
  })

  test.runIf(across)('refuses a payload that does not fit its packing, without the others of its turn', async () => {
    const [from, to] = [await player('a'), await probe('b')]
    const before = deadLetters().total
    stage.ctx.tell(from, 'unclonable', { to, packed: true })
    await until(async () => (await valuesOf(to)).length === 4)
    expect(await valuesOf(to)).toEqual([1, 2, 4, 5])
    expect(deadLetters().total).toBe(before + 1)
    expect(deadLetters().recent.at(-1)).toMatchObject({ to: to.path, kind: 'packed', reason: 'NOT_CLONEABLE' })
  })

  test.runIf(across)('says that a child whose deps cannot be cloned does not start', async () => {
    const deps = { keep: (() => true) as unknown as boolean }
    const child = stage.ctx.spawn({ name: 'unclonable', actor: probeModule, deps, thread: stage.system.threads[1]! })
    expect(await child.started).toMatchObject({ ok: false, error: { code: 'START_FAILED' } })
  })

  test('tells a watcher of each end, and nothing after unwatch', async () => {
    const to = await probe('a')
    const notesOf = () => stage.notes.filter(({ path }) => path === to.path).map(({ reason }) => reason.code)
    stage.ctx.watch(to, 'noted')
    expect(await answered(stage.ctx.ask(to, 'echo', 1))).toBe(1)
    stage.ctx.tell(to, 'die', { how: 'throw' })
    await until(() => notesOf().length === 1)
    await until(async () => (await stage.ctx.ask(to, 'lives')).ok)
    stage.ctx.tell(to, 'die', { how: 'stop' })
    await until(() => notesOf().length === 2)
    expect(notesOf()).toEqual(['THREW', 'STOPPED'])
    stage.ctx.unwatch(to)
    await until(async () => (await stage.ctx.ask(to, 'lives')).ok)
    stage.ctx.tell(to, 'die', { how: 'throw' })
    await until(async () => {
      const answer = await stage.ctx.ask(to, 'lives')
      return answer.ok && answer.value.incarnation === 4
    })
    expect(notesOf()).toHaveLength(2)
  })

  test('tells a watcher at once of an actor that has ended already', async () => {
    const to = await probe('a')
    await stage.ctx.stop(to)
    stage.ctx.watch(to, 'noted')
    const before = stage.notes.length
    await until(() => stage.notes.length === before + 1 || stage.notes.some(({ path }) => path.includes(`${to.uid}`)))
    expect(stage.notes.at(-1)?.reason.code).toBe('STOPPED')
  })

  test('injects events within the capacity, and refuses those beyond it', async () => {
    const to = await player('a')
    stage.ctx.tell(to, 'inject', { count: 500 })
    await until(async () => (await answered(stage.ctx.ask(to, 'injections'))).length === 500)
    const outcomes = await answered(stage.ctx.ask(to, 'injections'))
    const taken = outcomes.filter((outcome) => outcome === 'ok').length
    const window = Math.floor(64 / stage.system.threads.length)
    expect(new Set(outcomes)).toEqual(new Set(['ok', 'MAILBOX_FULL']))
    expect(taken).toBe(window)
  })

  test('runs timers once, periodically, not after cancelling, and at most one of each waits', async () => {
    const to = await player('a')
    stage.ctx.tell(to, 'startTimers')
    await until(async () => (await answered(stage.ctx.ask(to, 'ticks'))).every >= 3)
    expect(await answered(stage.ctx.ask(to, 'ticks'))).toMatchObject({ once: 1, cancelled: 0 })
    const before = (await answered(stage.ctx.ask(to, 'ticks'))).every
    const busy = stage.ctx.ask(to, 'waitSerially', { ms: 120 })
    const after = stage.ctx.ask(to, 'ticks')
    await busy
    // Two at most were handled before it: the one that waited, and one of the moment between the asks.
    expect((await answered(after)).every - before).toBeLessThanOrEqual(2)
    await stage.ctx.stop(to)
  })

  test('pipes values and refusals back as messages', async () => {
    const to = await player('a')
    stage.ctx.tell(to, 'pipe', { value: 4, fails: false })
    stage.ctx.tell(to, 'pipe', { value: 5, fails: true })
    await until(async () => (await answered(stage.ctx.ask(to, 'pipes'))).length === 2)
    const pipes = await answered(stage.ctx.ask(to, 'pipes'))
    expect(pipes).toContainEqual({ ok: true, value: 4 })
    const refused = pipes.find((result) => !result.ok)
    expect(refused).toMatchObject({ ok: false, error: { code: 'THREW' } })
  })

  test.each(['fail', 'end', 'restart', 'stop'] as const)('releases in reverse order, once, on %s', async (way) => {
    const journal = journalOf()
    const to = await player('a', { journal })
    await answered(stage.ctx.ask(to, 'own', { count: 4 }))
    if (way === 'restart') expect(stage.ctx.system.restart(to.path)).toEqual({ ok: true, value: undefined })
    else if (way === 'stop') await stage.ctx.stop(to)
    else stage.ctx.tell(to, way)
    await until(() => noted(journal).length === 4)
    if (way === 'stop') {
      expect(await stage.ctx.ask(to, 'identity')).toMatchObject({ ok: false, error: { code: 'ACTOR_DOWN' } })
    } else {
      await until(async () => (await stage.ctx.ask(to, 'identity')).ok)
      await stage.ctx.stop(to)
    }
    expect(noted(journal)).toEqual([4, 3, 2, 1])
  })

  test('restarts, pauses and resumes by an operator', async () => {
    const to = await probe('a')
    const { restart, pause, resume } = stage.ctx.system
    const stateOf = () => stage.system.inspector.actors().find(({ path }) => path === to.path)?.state
    const ok = { ok: true, value: undefined }
    expect(pause(to.path)).toEqual(ok)
    await until(() => stateOf() === 'paused')
    stage.ctx.tell(to, 'add', { value: 1 })
    const values = stage.ctx.ask(to, 'values')
    await passes(30)
    expect(stage.mailbox(to)).toMatchObject({ depth: 2, handled: 0 })
    expect(resume(to.path)).toEqual(ok)
    expect((await answered(values)).values).toEqual([1])
    expect(restart(to.path)).toEqual(ok)
    await until(async () => {
      const answer = await stage.ctx.ask(to, 'lives')
      return answer.ok && answer.value.incarnation === 2
    })
    expect(await valuesOf(to)).toEqual([])
    expect(restart('nobody')).toMatchObject({ ok: false, error: { code: 'NO_SUCH_ACTOR' } })
    expect(restart('root')).toMatchObject({ ok: false, error: { code: 'NOT_RESTARTABLE' } })
  })

  test('fails asks to a stopped actor at once, and counts what is told to it', async () => {
    const [to, from] = [await probe('b'), await player('a')]
    await stage.ctx.stop(to)
    const began = performance.now()
    expect(await stage.ctx.ask(to, 'echo', 1)).toMatchObject({ ok: false, error: { code: 'ACTOR_DOWN' } })
    const forwarded = await answered(stage.ctx.ask(from, 'forward', { to, value: 1 }))
    expect(forwarded).toMatchObject({ ok: false, error: { code: 'ACTOR_DOWN' } })
    expect(performance.now() - began).toBeLessThan(1_000)
    const before = deadLetters().total
    for (let value = 0; value < 5; value++) stage.ctx.tell(to, 'add', { value })
    await until(() => deadLetters().total === before + 5)
    expect(deadLetters().recent.at(-1)).toMatchObject({ to: to.path, from: 'root', kind: 'add' })
  })

  test('keeps tells and fails asks while an actor waits for its restart', async () => {
    const slow = await raise({
      placement,
      isolate,
      supervision: { backoff: { minMs: 300, maxMs: 300, jitter: 0 } },
    })
    try {
      const to = await slow.spawn('a', probeModule, {})
      await answered(slow.ctx.ask(to, 'echo', 0))
      slow.ctx.tell(to, 'die', { how: 'throw' })
      await until(() => slow.system.inspector.actors().some((one) => one.path === to.path && one.state === 'failed'))
      const began = performance.now()
      expect(await slow.ctx.ask(to, 'echo', 1)).toMatchObject({
        ok: false,
        error: { code: 'ACTOR_DOWN', outcome: 'NOT_DONE' },
      })
      expect(performance.now() - began).toBeLessThan(200)
      slow.ctx.tell(to, 'add', { value: 6 })
      await until(async () => (await slow.ctx.ask(to, 'lives')).ok)
      expect((await answered(slow.ctx.ask(to, 'values'))).values).toEqual([6])
    } finally {
      await slow.stop()
    }
  })

  test('finishes the mailbox at a stop, for so long as it may', async () => {
    const to = await stage.spawn('a', playerModule, {}, { drainMs: 5_000 })
    const first = stage.ctx.ask(to, 'waitSerially', { ms: 60 })
    const second = stage.ctx.ask(to, 'waitSerially', { ms: 1 })
    await passes(20)
    await stage.ctx.stop(to)
    expect(await answered(first)).toBe('waited')
    expect(await answered(second)).toBe('waited')

    const hasty = await stage.spawn('a', playerModule, {}, { drainMs: 50 })
    const endless = stage.ctx.ask(hasty, 'waitSerially', { ms: 20_000 })
    const behind = stage.ctx.ask(hasty, 'identity')
    await passes(20)
    const began = performance.now()
    await stage.ctx.stop(hasty)
    expect(performance.now() - began).toBeLessThan(2_000)
    expect(await endless).toMatchObject({ ok: false, error: { code: 'ACTOR_FAILED', outcome: 'OUTCOME_UNKNOWN' } })
    expect(await behind).toMatchObject({ ok: false, error: { code: 'ACTOR_DOWN', outcome: 'NOT_DONE' } })
  })

  test('starts in order and stops in reverse', async () => {
    const journal = journalOf()
    const own = await raise({ placement, isolate })
    for (const [code, role] of (['a', 'b', 'c'] as const).entries())
      await own.spawn(role, probeModule, { journal, code: code + 1 })
    const last = await own.spawn('d', probeModule, { journal, code: 4 })
    await own.stop()
    expect(noted(journal)).toEqual([1, 2, 3, 4, -4, -3, -2, -1])
    expect((await own.system.ended).code).toBe('STOPPED')
    expect(await own.ctx.ask(last, 'lives')).toMatchObject({
      ok: false,
      error: { code: 'SENDER_STOPPED' },
    })
  })
})
