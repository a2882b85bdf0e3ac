/** The decisions of supervision, over values and on a clock of the test's own. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEFAULT_SUPERVISION, type DownReason, type SupervisionPolicy } from '../../runtime/actor.ts'
import type { StartOrder } from '../../runtime/control.ts'
import { downReason } from '../../runtime/failure.ts'
import type { Host } from '../../runtime/host.ts'
import { backoffMs, Intensity, restartGroup, restarts } from '../../runtime/supervision.ts'
import { Supervisor } from '../../runtime/supervisor.ts'

test.each([
  ['one_for_one', [1], [1]],
  ['one_for_one', [0, 3], [0, 3]],
  ['rest_for_one', [1], [1, 2, 3]],
  ['rest_for_one', [3, 2], [2, 3]],
  ['one_for_all', [2], [0, 1, 2, 3]],
] as const)('%s of four: when %j end, %j start again', (strategy, failed, group) =>
  expect(restartGroup(strategy, 4, failed)).toEqual(group),
)

test.each([
  ['permanent', true, true],
  ['transient', true, false],
  ['temporary', false, false],
] as const)('%s starts again after a failure: %s, after a normal end: %s', (kind, failure, normal) => {
  expect(restarts(kind, downReason('THREW'))).toBe(failure)
  expect(restarts(kind, downReason('THREAD_HUNG'))).toBe(failure)
  expect(restarts(kind, downReason('STOPPED'))).toBe(normal)
})

describe('the wait before a restart', () => {
  const policy = { minMs: 50, maxMs: 1_000, jitter: 0 }
  test('doubles up to its end', () =>
    expect([1, 2, 3, 4, 5, 6, 7].map((nth) => backoffMs(policy, nth, 0.5))).toEqual([
      50, 100, 200, 400, 800, 1_000, 1_000,
    ]))
  test('is within its jitter, for every roll of the dice', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_000 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (nth, dice) => {
        const base = backoffMs(policy, nth, 0.5)
        const wait = backoffMs({ ...policy, jitter: 0.2 }, nth, dice)
        expect(wait).toBeGreaterThanOrEqual(base * 0.8 - 1e-6)
        expect(wait).toBeLessThanOrEqual(base * 1.2 + 1e-6)
      }),
    ))
  test('is spread over all of the jitter', () => {
    expect(backoffMs({ ...policy, jitter: 0.2 }, 1, 0)).toBeCloseTo(40)
    expect(backoffMs({ ...policy, jitter: 0.2 }, 1, 1)).toBeCloseTo(60)
  })
})

describe('intensity', () => {
  test('is exceeded by one restart more than allowed within the window', () => {
    const intensity = new Intensity({ ...DEFAULT_SUPERVISION, restartsMax: 2, windowMs: 100 })
    expect([0, 10, 20].map((now) => intensity.count(now))).toEqual([
      { nth: 1, exceeded: false },
      { nth: 2, exceeded: false },
      { nth: 3, exceeded: true },
    ])
  })
  test('forgets what is older than the window', () => {
    const intensity = new Intensity({ ...DEFAULT_SUPERVISION, restartsMax: 1, windowMs: 100 })
    expect(intensity.count(0).nth).toBe(1)
    expect(intensity.count(100)).toEqual({ nth: 1, exceeded: false })
    expect(intensity.count(199)).toEqual({ nth: 2, exceeded: true })
  })
  test('counts exactly the restarts of the last window', () =>
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 40 }), (steps) => {
        const intensity = new Intensity({ ...DEFAULT_SUPERVISION, restartsMax: 3, windowMs: 100 })
        const times: number[] = []
        let now = 0
        for (const step of steps) {
          now += step
          times.push(now)
          const nth = times.filter((time) => time > now - 100).length
          expect(intensity.count(now)).toEqual({ nth, exceeded: nth > 3 })
        }
      }),
    ))
})

/** A supervisor between a host that only writes down what it is told and a clock that stands still until it is moved. */
function underTest(policy: Partial<SupervisionPolicy>, dice = 0.5) {
  let now = 1_000
  let timers: { at: number; action: () => void }[] = []
  const told: string[] = []
  const escalated: DownReason[] = []
  const host = {
    clock: {
      now: () => now,
      schedule: (delayMs: number, action: () => void) => {
        const timer = { at: now + delayMs, action }
        timers.push(timer)
        const cancel = () => {
          timers = timers.filter((other) => other !== timer)
        }
        return { cancel }
      },
    },
    random: { float: () => dice },
    lifecycle: {
      startChild: ({ address, restarts: count }: StartOrder) => told.push(`start ${address.path}#${count} at ${now}`),
      stopChild: (address: { path: string }, _reason: DownReason, final: boolean) =>
        told.push(`${final ? 'end' : 'stop'} ${address.path} at ${now}`),
    },
  }
  const parent = { uid: 1, thread: 'main', path: 'parent' }
  const supervisor = new Supervisor(host as unknown as Host, parent, { ...DEFAULT_SUPERVISION, ...policy }, (reason) =>
    escalated.push(reason),
  )
  const settled = async () => {
    for (let i = 0; i < 20; i++) await Promise.resolve()
  }
  return {
    supervisor,
    told,
    escalated,
    /** What was told since the last time. */
    news: async () => {
      await settled()
      return told.splice(0)
    },
    async spawn(uid: number, restart: 'permanent' | 'transient' | 'temporary' = 'permanent') {
      const started = supervisor.spawn({
        address: { uid, thread: 'main', path: `child-${uid}` },
        module: { url: '', name: 'x' },
        definition: undefined,
        deps: undefined,
        restart,
        drainMs: 1,
        startMs: 1,
      })
      supervisor.started(uid)
      await started
      await settled()
      told.length = 0
    },
    async passes(ms: number) {
      await settled()
      const end = now + ms
      for (;;) {
        const due = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
        if (due === undefined) break
        timers = timers.filter((other) => other !== due)
        now = Math.max(now, due.at)
        due.action()
        await settled()
      }
      now = end
      await settled()
    },
  }
}
const THREW = downReason('THREW', 'x')
const BACKOFF = { minMs: 100, maxMs: 1_000, jitter: 0 }

describe('a supervisor', () => {
  test('waits longer before each restart of a window, and escalates at one too many', async () => {
    const { supervisor, spawn, news, passes, escalated } = underTest({
      restartsMax: 3,
      windowMs: 60_000,
      backoff: BACKOFF,
    })
    await spawn(2)
    for (const [nth, wait] of [
      [1, 100],
      [2, 200],
      [3, 400],
    ] as const) {
      supervisor.down(2, THREW)
      await passes(wait - 1)
      expect(await news()).toEqual([])
      await passes(1)
      expect(await news()).toEqual([expect.stringContaining(`start child-2#${nth}`)])
      supervisor.started(2)
    }
    expect(escalated).toEqual([])
    supervisor.down(2, THREW)
    await passes(10_000)
    expect(await news()).toEqual([])
    expect(escalated).toEqual([{ code: 'ESCALATED', detail: expect.stringContaining('child-2: THREW x') }])
  })

  test('starts anew with the shortest wait once the window has passed', async () => {
    const { supervisor, spawn, news, passes, escalated } = underTest({
      restartsMax: 1,
      windowMs: 5_000,
      backoff: BACKOFF,
    })
    await spawn(2)
    for (let round = 0; round < 4; round++) {
      supervisor.down(2, THREW)
      await passes(100)
      expect(await news()).toHaveLength(1)
      supervisor.started(2)
      await passes(5_000)
    }
    expect(escalated).toEqual([])
  })

  test('spreads its waits by the dice', async () => {
    const { supervisor, spawn, news, passes } = underTest({ backoff: { ...BACKOFF, jitter: 0.2 } }, 0)
    await spawn(2)
    supervisor.down(2, THREW)
    await passes(79)
    expect(await news()).toEqual([])
    await passes(1)
    expect(await news()).toHaveLength(1)
  })

  test('takes failures of one moment for one event', async () => {
    const { supervisor, spawn, news, passes, escalated } = underTest({ restartsMax: 1, backoff: BACKOFF })
    for (const uid of [2, 3, 4]) await spawn(uid)
    for (const uid of [2, 3, 4]) supervisor.down(uid, THREW)
    await passes(100)
    expect(await news()).toEqual(['start child-2#1 at 1100'])
    supervisor.started(2)
    expect(await news()).toEqual(['start child-3#1 at 1100'])
    supervisor.started(3)
    expect(await news()).toEqual(['start child-4#1 at 1100'])
    expect(escalated).toEqual([])
  })

  test('handles a failure that comes during a recovery after it', async () => {
    const { supervisor, spawn, news, passes } = underTest({ strategy: 'rest_for_one', backoff: BACKOFF })
    for (const uid of [2, 3, 4]) await spawn(uid)
    supervisor.down(3, THREW)
    expect(await news()).toEqual(['stop child-4 at 1000'])
    supervisor.down(4, downReason('SUPERVISOR'))
    supervisor.down(2, THREW)
    await passes(100)
    expect(await news()).toEqual(['start child-3#1 at 1100'])
    supervisor.started(3)
    expect(await news()).toEqual(['start child-4#1 at 1100'])
    supervisor.started(4)
    expect(await news()).toEqual(['stop child-4 at 1100'])
    supervisor.down(4, downReason('SUPERVISOR'))
    expect(await news()).toEqual(['stop child-3 at 1100'])
    supervisor.down(3, downReason('SUPERVISOR'))
    await passes(200)
    expect(await news()).toEqual(['start child-2#1 at 1300'])
  })

  test('counts a restart that fails in its start as a failure', async () => {
    const { supervisor, spawn, news, passes, escalated } = underTest({ restartsMax: 2, backoff: BACKOFF })
    await spawn(2)
    supervisor.down(2, THREW)
    await passes(100)
    supervisor.down(2, downReason('START_FAILED', 'no'))
    await passes(200)
    expect(await news()).toEqual(['start child-2#1 at 1100', 'start child-2#2 at 1300'])
    supervisor.down(2, downReason('START_TIMEOUT', 'late'))
    await passes(1_000)
    expect(escalated).toHaveLength(1)
  })

  test('does not count what an operator restarts, and does not make it wait', async () => {
    const { supervisor, spawn, news, escalated } = underTest({ restartsMax: 1, backoff: BACKOFF })
    await spawn(2)
    for (let round = 1; round <= 5; round++) {
      supervisor.down(2, downReason('ADMIN'))
      expect(await news()).toEqual([`start child-2#${round} at 1000`])
      supervisor.started(2)
    }
    expect(escalated).toEqual([])
  })

  test('forgets a child that is stopped while it waits for its restart', async () => {
    const { supervisor, spawn, news, passes } = underTest({ backoff: BACKOFF })
    await spawn(2)
    supervisor.down(2, THREW)
    await passes(50)
    await supervisor.stop(2)
    await passes(1_000)
    expect((await news()).filter((line) => line.startsWith('start'))).toEqual([])
  })

  test('starts nothing any more once it closes', async () => {
    const { supervisor, spawn, news, passes } = underTest({ backoff: BACKOFF })
    await spawn(2)
    await spawn(3)
    supervisor.down(2, THREW)
    await passes(50)
    const closed = supervisor.close(downReason('SUPERVISOR'), true)
    expect(await news()).toEqual(['end child-3 at 1050'])
    supervisor.down(3, downReason('SUPERVISOR'))
    expect(await news()).toEqual(['end child-2 at 1050'])
    await closed
    await passes(1_000)
    expect(await news()).toEqual([])
  })

  test('ends a child that is still starting without waiting for it', async () => {
    const { supervisor, news } = underTest({})
    const address = { uid: 9, thread: 'main', path: 'child-9' }
    const started = supervisor.spawn({
      address,
      module: { url: '', name: 'x' },
      definition: undefined,
      deps: undefined,
      restart: 'permanent',
      drainMs: 1,
      startMs: 60_000,
    })
    const stopped = supervisor.stop(9)
    expect(await news()).toEqual(['start child-9#0 at 1000', 'end child-9 at 1000'])
    supervisor.down(9, downReason('STOPPED'))
    await stopped
    expect(await started).toMatchObject({ ok: false, error: { code: 'STOPPED' } })
  })
})
