import { expect, test } from 'vitest'
import { ethashCaches } from '../../../actors/pool/ethash-caches.ts'
import { aheadPriority } from '../../../actors/pool/seal-batch.ts'
import { ok, type Result } from '../../../protocols/result.ts'
import type { JobFailure, JobOptions } from '../../../runtime/pool.ts'
import type { Job } from '../../../runtime/pool-job.ts'

type Run = {
  readonly name: string
  readonly epoch: number
  readonly options: JobOptions
  settle(value: Result<unknown, JobFailure>): void
}

/** A pool whose jobs end when the test says so. */
function scene() {
  const runs: Run[] = []
  const pool = {
    run: (job: Job<any, any>, input: any, options: JobOptions) =>
      new Promise<Result<any, JobFailure>>((resolve) => {
        runs.push({ name: job.name, epoch: input.epoch, options, settle: resolve })
        options.signal?.addEventListener('abort', () =>
          resolve({ ok: false, error: { code: 'JOB_CANCELLED', detail: '' } }),
        )
      }),
  }
  const silent = { error() {}, warn() {}, info() {}, debug() {}, trace() {} }
  const caches = ethashCaches(pool, undefined, { monotonic: () => 0 }, silent)
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  return { runs, caches, turn, asked: () => runs.map(({ epoch, options }) => `${epoch} ${options.priority}`) }
}
const DIGEST = ok(new Uint8Array(32))

test('a cache under way is made once, for all who ask', async () => {
  const { runs, caches, turn, asked } = scene()
  const both = [caches.open(0, 'normal'), caches.open(0, 'normal')]
  await turn()
  expect(asked()).toEqual(['0 normal'])
  runs[0]!.settle(DIGEST)
  const [first, second] = await Promise.all(both)
  expect(first).toMatchObject({ ok: true, value: { epoch: 0 } })
  expect(second).toBe(first)
  expect(await caches.open(0, 'idle')).toBe(first)
  expect(runs).toHaveLength(1)
})

test('one that waits at low priority comes forward when it is needed', async () => {
  const { runs, caches, turn, asked } = scene()
  const ahead = caches.open(1, 'idle')
  await turn()
  const needed = caches.open(1, 'normal')
  await turn()
  expect(asked()).toEqual(['1 idle', '1 normal'])
  runs[1]!.settle(DIGEST)
  expect(await needed).toMatchObject({ ok: true })
  expect(await ahead).toBe(await needed)
})

test('one that a thread has taken is waited for: its thread would be lost', async () => {
  const { runs, caches, turn, asked } = scene()
  void caches.open(1, 'idle')
  await turn()
  runs[0]!.options.taken?.()
  const needed = caches.open(1, 'urgent')
  await turn()
  expect(asked()).toEqual(['1 idle'])
  runs[0]!.settle(DIGEST)
  expect(await needed).toMatchObject({ ok: true })
})

test('a failure is told to all who wait, and the next who asks has it tried again', async () => {
  const { runs, caches, turn } = scene()
  const opened = caches.open(0, 'normal')
  await turn()
  runs[0]!.settle({ ok: false, error: { code: 'JOB_DEADLINE', detail: '' } })
  expect(await opened).toMatchObject({ ok: false, error: { code: 'JOB_DEADLINE' } })
  const again = caches.open(0, 'normal')
  await turn()
  runs[1]!.settle(DIGEST)
  expect(await again).toMatchObject({ ok: true })
})

test('one for which there is no memory is a failure, and no end of the pool', async () => {
  const silent = { error() {}, warn() {}, info() {}, debug() {}, trace() {} }
  const run = () => Promise.reject(new RangeError('no memory'))
  const caches = ethashCaches({ run }, undefined, { monotonic: () => 0 }, silent)
  const failure = { ok: false, error: { code: 'JOB_FAILED', detail: 'RangeError: no memory' } }
  expect(await caches.open(0, 'normal')).toEqual(failure)
  expect(await caches.open(0, 'normal')).toEqual(failure)
})

test('only two are kept, those that were used last', async () => {
  const { runs, caches, turn, asked } = scene()
  for (const epoch of [0, 1, 0, 2, 0, 1]) {
    const opened = caches.open(epoch, 'normal')
    await turn()
    runs.at(-1)!.settle(DIGEST)
    await opened
  }
  expect(asked()).toEqual(['0 normal', '1 normal', '2 normal', '1 normal'])
})

test('there is none of an epoch that no block reaches', async () => {
  const { caches, runs } = scene()
  for (const epoch of [16_001, 614_891_469_123_651, -1, 0.5])
    expect(await caches.open(epoch, 'normal')).toMatchObject({ ok: false, error: { code: 'SEAL_EPOCH' } })
  expect(runs).toHaveLength(0)
})

test('the next is made ahead late in an epoch, and soon when the end is near', () => {
  expect([0n, 19_999n, 20_000n, 27_999n, 28_000n, 29_999n, 30_000n, 50_000n].map(aheadPriority)).toEqual([
    undefined,
    undefined,
    'idle',
    'idle',
    'normal',
    'normal',
    undefined,
    'idle',
  ])
})
