/** Takes batches of work from other actors and runs them on threads of its own. */

import { SEAL_ROW_BYTES } from '../../protocols/ethash/seal-rows.ts'
import { countMessages } from '../../protocols/keccak-batch.ts'
import { type Call, defineActor, type Reentrant, reentrant } from '../../runtime/actor.ts'
import type { AnyRef } from '../../runtime/messages.ts'
import { moving } from '../../runtime/moving.ts'
import { openPool } from '../../runtime/pool.ts'
import { type Job, poolJob } from '../../runtime/pool-job.ts'
import { cacheDirectory } from './cache-directory.ts'
import { type CacheFailure, ethashCaches } from './ethash-caches.ts'
import type { JobAnswer } from './jobs/job-answer.ts'
import type { Batch, BatchAnswer, PoolDeps, PoolMessages } from './messages.ts'
import { verifySealBatch } from './seal-batch.ts'

/** Batches that may be on their way here; what waits for a thread is bounded by the pool itself. */
const MAILBOX_CAPACITY = 256
/** Milliseconds a job may take whose asker has set no deadline. */
const JOB_MS_MAX = 30_000
/** Of this actor's own jobs. */
const OWN = 'pool'

const SIGNATURES = new URL('./jobs/signatures.ts', import.meta.url)
const signatures = () => import('./jobs/signatures.ts')
const hashes = () => import('./jobs/hashes.ts')
const recoverKeys = poolJob(SIGNATURES, 'recoverKeys', signatures)
/** Bytes of a row: protocols/secp256k1/batch.ts, which is not loaded here: it would load the curve on this thread. */
const ROW_BYTES = { recover: 97, verify: 160, sign: 64, ecdh: 96 }

export const pool = defineActor<PoolMessages, PoolDeps>({
  name: 'pool',
  mailbox: { capacity: MAILBOX_CAPACITY },
  async behavior(ctx, { threads, ethash }) {
    const { log } = ctx
    const jobs = ctx.own(
      await openPool({
        threads,
        clock: ctx.clock,
        threadFailed: (detail) => log.warn('Thread of the pool ended', { detail }),
      }),
    )
    const caches = ethashCaches(
      jobs,
      ethash && cacheDirectory({ disk: ctx.disk, path: ethash.directory, keptMax: ethash.keptMax, log }),
      ctx.clock,
      log,
    )
    /** Jobs of each owner, by path: it is watched while there are any. */
    const owners = new Map<string, number>()
    let secp256k1: string | undefined

    function adopt(owner: AnyRef): void {
      const count = owners.get(owner.path) ?? 0
      owners.set(owner.path, count + 1)
      if (count === 0) ctx.watch(owner, 'ownerDown')
    }

    function release(owner: AnyRef): void {
      const count = owners.get(owner.path)!
      if (count > 1) owners.set(owner.path, count - 1)
      else {
        owners.delete(owner.path)
        ctx.unwatch(owner)
      }
    }

    async function run(job: Job<Uint8Array, JobAnswer>, batch: Batch, call: Call): Promise<BatchAnswer> {
      const rows = owned(batch.rows)
      const deadlineMs = call.deadline === undefined ? JOB_MS_MAX : Math.max(0, call.deadline - ctx.now())
      adopt(batch.owner)
      const done = await jobs.run(job, rows, {
        owner: batch.owner.path,
        priority: batch.priority,
        deadlineMs,
        signal: call.signal,
        transfer: [rows.buffer],
      })
      release(batch.owner)
      if (!done.ok) return failed(job.name, batch.owner, done.error)
      const answer = done.value
      learn(answer)
      return moving({ ok: true, rows: answer.rows }, [answer.rows.buffer as ArrayBuffer])
    }

    async function verifySeals(batch: Batch, call: Call): Promise<BatchAnswer> {
      adopt(batch.owner)
      const done = await verifySealBatch(jobs, caches, batch.rows, {
        owner: batch.owner.path,
        priority: batch.priority,
        deadlineMs: deadlineMsOf(call),
        signal: call.signal,
      })
      release(batch.owner)
      if (!done.ok) return failed('verifySeals', batch.owner, done.error)
      return moving({ ok: true, rows: done.value }, [done.value.buffer])
    }

    function failed(job: string, owner: AnyRef, error: CacheFailure): BatchAnswer {
      if (error.code === 'JOB_DEADLINE')
        log.warn('Job of the pool overran', { job, owner: owner.path, after: error.detail })
      return { ok: false, ...error }
    }

    /** Milliseconds until an answer is of no use, or has taken too long. */
    const deadlineMsOf = (call: Call): number =>
      call.deadline === undefined ? JOB_MS_MAX : Math.min(JOB_MS_MAX, Math.max(0, call.deadline - ctx.now()))

    function learn(answer: JobAnswer): void {
      if (answer.secp256k1 === undefined || secp256k1 !== undefined) return
      secp256k1 = answer.secp256k1
      log.info('Runs secp256k1', { implementation: secp256k1, threads })
    }

    /** Says which implementation runs before somebody needs it: no rows load it, with its self-test. */
    async function loadSignatures(): Promise<void> {
      const options = { owner: OWN, priority: 'idle', deadlineMs: JOB_MS_MAX } as const
      const done = await jobs.run(recoverKeys, new Uint8Array(0), options)
      if (done.ok) learn(done.value)
      else if (done.error.code !== 'POOL_CLOSED') log.warn('No implementation of secp256k1 was loaded', done.error)
    }

    /** Whole rows only: a part of one would be a bug of the asker, and not of the thread it fails on. */
    const checked = (
      isWhole: (rows: Uint8Array) => boolean,
      work: (batch: Batch, call: Call) => Promise<BatchAnswer>,
    ): Reentrant<Batch, BatchAnswer> =>
      reentrant(async (batch, call) =>
        isWhole(batch.rows)
          ? work(batch, call)
          : { ok: false, code: 'BATCH_LENGTH', detail: `${batch.rows.length} bytes` },
      )
    const inRows = (rowBytes: number, work: (batch: Batch, call: Call) => Promise<BatchAnswer>) =>
      checked(({ length }) => length % rowBytes === 0, work)
    const runs = (job: Job<Uint8Array, JobAnswer>) => (batch: Batch, call: Call) => run(job, batch, call)
    const ofRows = (rowBytes: number, job: Job<Uint8Array, JobAnswer>) => inRows(rowBytes, runs(job))

    void loadSignatures()

    return {
      recoverKeys: ofRows(ROW_BYTES.recover, recoverKeys),
      recoverAddresses: ofRows(ROW_BYTES.recover, poolJob(SIGNATURES, 'recoverAddresses', signatures)),
      verify: ofRows(ROW_BYTES.verify, poolJob(SIGNATURES, 'verify', signatures)),
      sign: ofRows(ROW_BYTES.sign, poolJob(SIGNATURES, 'sign', signatures)),
      ecdh: ofRows(ROW_BYTES.ecdh, poolJob(SIGNATURES, 'ecdh', signatures)),
      verifySeals: inRows(SEAL_ROW_BYTES, verifySeals),
      keccak: checked(
        (messages) => countMessages(messages) !== undefined,
        runs(poolJob(new URL('./jobs/hashes.ts', import.meta.url), 'keccak', hashes)),
      ),
      info: () => ({ secp256k1, threads, ...jobs.counts() }),
      ownerDown: ({ path }) => void jobs.dropOwner(path),
    }
  },
})

/** Exactly these bytes, ours to give: transferring a view would take along all that its buffer holds. */
function owned(rows: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = rows
  return buffer instanceof ArrayBuffer && buffer.byteLength === rows.length
    ? (rows as Uint8Array<ArrayBuffer>)
    : rows.slice()
}
