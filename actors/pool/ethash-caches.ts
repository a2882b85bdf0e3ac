/** The caches of ethash that the pool's threads share: from the disk where a sound one lies there, else made by a job. */
import { bytesEqual } from '../../protocols/bytes.ts'
import { cacheSize, EPOCH_MAX } from '../../protocols/ethash/epoch.ts'
import { err, ok, type Result } from '../../protocols/result.ts'
import type { Clock, Log } from '../../runtime/capabilities.ts'
import type { JobFailure, JobPriority, Pool } from '../../runtime/pool.ts'
import { type Job, poolJob } from '../../runtime/pool-job.ts'
import type { CacheDirectory } from './cache-directory.ts'
import type { SharedCache } from './jobs/seals.ts'

/** Caches in shared memory: of the epoch at hand, and of the next or the one before. */
const SHARED_MAX = 2
/** Milliseconds for the making of one: half a second of work for the first epoch, five times that for epoch 511. */
const MAKE_MS_MAX = 120_000
/** Owner of these jobs: whoever asks for a cache, others need it too. */
const OWNER = 'pool/ethash'

const SEALS = new URL('./jobs/seals.ts', import.meta.url)
const seals = () => import('./jobs/seals.ts')
const makeSharedCache = poolJob(SEALS, 'makeSharedCache', seals)
const digestOfCache = poolJob(SEALS, 'digestOfCache', seals)

const URGENCY: { readonly [P in JobPriority]: number } = { urgent: 2, normal: 1, idle: 0 }

export type CacheFailure = JobFailure | { readonly code: 'SEAL_EPOCH'; readonly detail: string }

export type EthashCaches = {
  /** Never rejects. A cache under way is waited for; one that still waits for a thread comes forward when asked for with more urgency. */
  open(epoch: number, priority: JobPriority): Promise<Result<SharedCache, CacheFailure>>
}

type Entry = {
  readonly epoch: number
  readonly opened: Promise<Result<SharedCache, CacheFailure>>
  priority: JobPriority
  /** Puts the job that waits for a thread into the queue again; undefined when none waits. */
  requeue: (() => void) | undefined
}

/** @param directory undefined: nothing is kept on the disk */
export function ethashCaches(
  pool: Pick<Pool, 'run'>,
  directory: CacheDirectory | undefined,
  clock: Pick<Clock, 'monotonic'>,
  log: Log,
): EthashCaches {
  /** By epoch, the last used last. */
  const entries = new Map<number, Entry>()

  function start(epoch: number, priority: JobPriority): Entry {
    const opened = Promise.resolve()
      .then(() => load(entry))
      // No memory for so much, in most cases: whoever needs the cache hears of it.
      .catch((thrown: unknown) => err({ code: 'JOB_FAILED', detail: String(thrown) } as const))
    const entry: Entry = { epoch, priority, requeue: undefined, opened }
    void opened.then((settled) => {
      if (!settled.ok && entries.get(epoch) === entry) entries.delete(epoch)
    })
    return entry
  }

  async function load(entry: Entry): Promise<Result<SharedCache, CacheFailure>> {
    const { epoch } = entry
    const began = clock.monotonic()
    const found = await directory?.read(epoch)
    if (found !== undefined) {
      const cache = { epoch, shared: found.shared }
      const digest = await run(entry, digestOfCache, cache)
      if (!digest.ok) return digest
      if (bytesEqual(digest.value, found.digest)) return ok(cache)
      log.warn('Ethash cache on the disk is damaged, making it anew', { epoch })
    }
    const cache = { epoch, shared: new SharedArrayBuffer(cacheSize(epoch)) }
    const digest = await run(entry, makeSharedCache, cache)
    if (!digest.ok) return digest
    log.info('Made ethash cache', { epoch, elapsed: `${Math.round(clock.monotonic() - began)}ms` })
    // Not waited for: seals can be checked meanwhile.
    void directory?.write(epoch, cache.shared, digest.value)
    return ok(cache)
  }

  async function run<O>(entry: Entry, job: Job<SharedCache, O>, cache: SharedCache): Promise<Result<O, JobFailure>> {
    for (;;) {
      const { priority } = entry
      const controller = new AbortController()
      entry.requeue = () => controller.abort()
      const done = await pool.run(job, cache, {
        owner: OWNER,
        priority,
        deadlineMs: MAKE_MS_MAX,
        signal: controller.signal,
        taken: () => {
          entry.requeue = undefined
        },
      })
      entry.requeue = undefined
      if (done.ok || done.error.code !== 'JOB_CANCELLED') return done
    }
  }

  return {
    open(epoch, priority) {
      if (!Number.isSafeInteger(epoch) || epoch < 0 || epoch > EPOCH_MAX)
        return Promise.resolve(err({ code: 'SEAL_EPOCH', detail: `there is no ethash cache of epoch ${epoch}` }))
      const entry = entries.get(epoch) ?? start(epoch, priority)
      if (URGENCY[priority] > URGENCY[entry.priority]) {
        entry.priority = priority
        entry.requeue?.()
      }
      entries.delete(epoch)
      entries.set(epoch, entry)
      const [longestUnused] = entries.keys()
      if (entries.size > SHARED_MAX) entries.delete(longestUnused!)
      return entry.opened
    },
  }
}
