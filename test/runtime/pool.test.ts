import { threadId } from 'node:worker_threads'
import { afterEach, describe, expect, test } from 'vitest'
import { type JobOptions, openPool, type Pool } from '../../runtime/pool.ts'
import { poolJob } from '../../runtime/pool-job.ts'
import { realClock } from '../../runtime/real/clock.ts'

const URL_OF = new URL('./jobs/trials.ts', import.meta.url)
const load = () => import('./jobs/trials.ts')
const whereAmI = poolJob(URL_OF, 'whereAmI', load)
const double = poolJob(URL_OF, 'double', load)
const fail = poolJob(URL_OF, 'fail', load)
const leave = poolJob(URL_OF, 'leave', load)
const spin = poolJob(URL_OF, 'spin', load)
const busy = poolJob(URL_OF, 'busy', load)

const NORMAL: JobOptions = { owner: 'test', priority: 'normal', deadlineMs: 30_000 }

const pools: Pool[] = []
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close()
})
async function poolOf(threads: number, waitingMax?: number): Promise<Pool> {
  const pool = await openPool({ threads, clock: realClock, ...(waitingMax === undefined ? {} : { waitingMax }) })
  pools.push(pool)
  return pool
}

describe.each([
  ['on threads of its own', 1],
  ['on this thread', 0],
])('a pool %s', (_where, threads) => {
  test('answers, and moves what goes in', async () => {
    const pool = await poolOf(threads)
    const bytes = Uint8Array.of(1, 2, 3)
    expect(await pool.run(double, bytes, { ...NORMAL, transfer: [bytes.buffer] })).toEqual({
      ok: true,
      value: Uint8Array.of(2, 4, 6),
    })
    expect(bytes.length).toBe(0)
    expect(() => pool.run(double, bytes, { ...NORMAL, transfer: [bytes.buffer] })).toThrow('has gone already')
  })
  test('answers what a job throws as data', async () => {
    const pool = await poolOf(threads)
    const failed = await pool.run(fail, 'for a reason', NORMAL)
    expect(failed).toMatchObject({ ok: false, error: { code: 'JOB_FAILED' } })
    expect(failed.ok ? '' : failed.error.detail).toContain('for a reason')
    expect((await pool.run(whereAmI, undefined, NORMAL)).ok).toBe(true)
  })
  test('takes what is urgent first, what is idle last, and in order what is alike', async () => {
    const pool = await poolOf(threads)
    const done: string[] = []
    const run = async (name: string, priority: JobOptions['priority']) => {
      const answer = await pool.run(busy, { ms: 1, name }, { ...NORMAL, priority })
      if (answer.ok) done.push(answer.value)
    }
    await Promise.all([
      run('first', 'idle'),
      run('idle', 'idle'),
      run('normal 1', 'normal'),
      run('normal 2', 'normal'),
      run('urgent', 'urgent'),
    ])
    expect(done).toEqual(['first', 'urgent', 'normal 1', 'normal 2', 'idle'])
    expect(pool.counts()).toEqual({ running: 0, waiting: 0, completed: 5, aborted: 0 })
  })
  test('refuses more than may wait', async () => {
    const pool = await poolOf(threads, 1)
    const [one, two, three] = ['1', '2', '3'].map((name) => pool.run(busy, { ms: 1, name }, NORMAL))
    expect(await three).toMatchObject({ ok: false, error: { code: 'POOL_FULL' } })
    expect([await one, await two]).toMatchObject([{ ok: true }, { ok: true }])
  })
  test('cancels what waits', async () => {
    const pool = await poolOf(threads)
    const [by, signal] = [new AbortController(), AbortSignal.abort()]
    const first = pool.run(busy, { ms: 5, name: 'first' }, NORMAL)
    const second = pool.run(busy, { ms: 5, name: 'second' }, { ...NORMAL, signal: by.signal })
    by.abort()
    expect(await second).toMatchObject({ ok: false, error: { code: 'JOB_CANCELLED' } })
    expect(await pool.run(whereAmI, undefined, { ...NORMAL, signal })).toMatchObject({ ok: false })
    expect((await first).ok).toBe(true)
  })
  test('runs nothing after it was closed, and closes twice', async () => {
    const pool = await poolOf(threads)
    const waits = [1, 2].map(() => pool.run(busy, { ms: 5, name: '' }, NORMAL))
    await pool.close()
    await pool.close()
    for (const answer of await Promise.all(waits))
      expect(answer).toMatchObject({ ok: false, error: { code: 'POOL_CLOSED' } })
    expect(await pool.run(whereAmI, undefined, NORMAL)).toMatchObject({ ok: false, error: { code: 'POOL_CLOSED' } })
  })
})

describe('threads', () => {
  const threadOf = async (pool: Pool): Promise<number> => {
    const answer = await pool.run(whereAmI, undefined, NORMAL)
    if (!answer.ok) throw new Error(answer.error.detail)
    return answer.value
  }

  test('are others than this, and stay for the next job', async () => {
    const pool = await poolOf(1)
    const first = await threadOf(pool)
    expect(first).not.toBe(threadId)
    expect(await threadOf(pool)).toBe(first)
  })
  test('that hang are ended at the deadline and replaced', async () => {
    const pool = await poolOf(1)
    const first = await threadOf(pool)
    const hung = pool.run(spin, undefined, { ...NORMAL, deadlineMs: 100 })
    const behind = pool.run(whereAmI, undefined, NORMAL)
    expect(await hung).toMatchObject({ ok: false, error: { code: 'JOB_DEADLINE' } })
    const answer = await behind
    expect(answer.ok && answer.value).not.toBe(first)
    expect(pool.counts()).toEqual({ running: 0, waiting: 0, completed: 2, aborted: 1 })
  })
  test('are freed of the jobs of an owner that is gone, waiting and running, and of no others', async () => {
    const pool = await poolOf(1)
    const theirs = { ...NORMAL, owner: 'gone' }
    const jobs = [pool.run(spin, undefined, theirs), pool.run(spin, undefined, theirs)]
    const ours = pool.run(busy, { ms: 1, name: 'ours' }, NORMAL)
    expect(pool.dropOwner('gone')).toBe(2)
    expect(pool.dropOwner('gone')).toBe(0)
    for (const job of jobs) expect(await job).toMatchObject({ ok: false, error: { code: 'JOB_OWNER_GONE' } })
    expect(await ours).toEqual({ ok: true, value: 'ours' })
  })
  test('that run a cancelled job are ended', async () => {
    const pool = await poolOf(1)
    const by = new AbortController()
    const hung = pool.run(spin, undefined, { ...NORMAL, signal: by.signal })
    by.abort()
    expect(await hung).toMatchObject({ ok: false, error: { code: 'JOB_CANCELLED' } })
    expect(await threadOf(pool)).toBeGreaterThan(0)
  })
  test('that end by themselves fail their job and no other', async () => {
    const pool = await poolOf(1)
    const left = pool.run(leave, 3, NORMAL)
    const behind = pool.run(busy, { ms: 1, name: 'behind' }, NORMAL)
    expect(await left).toMatchObject({ ok: false, error: { code: 'JOB_FAILED' } })
    expect(await behind).toEqual({ ok: true, value: 'behind' })
  })
  test('work side by side', async () => {
    const pool = await poolOf(2)
    const jobs = [1, 2].map(() => pool.run(busy, { ms: 300, name: '' }, NORMAL))
    expect(pool.counts().running).toBe(2)
    await Promise.all(jobs)
  })
})
