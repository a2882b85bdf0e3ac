/** A batch of seals over the pool's threads: by epoch, in pieces, all of them against caches that the threads share. */
import { EPOCH_BLOCKS, epochOf } from '../../protocols/ethash/epoch.ts'
import { highestNumber, rowsByEpoch, SEAL_ROW_BYTES, VERDICT_ROW_BYTES } from '../../protocols/ethash/seal-rows.ts'
import { ok, type Result } from '../../protocols/result.ts'
import type { JobOptions, JobPriority, Pool } from '../../runtime/pool.ts'
import { poolJob } from '../../runtime/pool-job.ts'
import type { CacheFailure, EthashCaches } from './ethash-caches.ts'

/** Seals of one job, 2 ms each: enough that a message costs nothing beside it, few enough that all threads end together. */
const SEALS_PER_JOB = 16
/** Place in an epoch from which the next one's cache is made when nothing else is to be done, and from which in any case. */
const AHEAD_FROM = 20_000n
const AHEAD_SOON_FROM = 28_000n

const verifySeals = poolJob(new URL('./jobs/seals.ts', import.meta.url), 'verifySeals', () => import('./jobs/seals.ts'))

/** @returns verdicts in the order of the rows, which must be whole; the first failure, when any piece has one. */
export async function verifySealBatch(
  pool: Pick<Pool, 'run'>,
  caches: EthashCaches,
  rows: Uint8Array,
  options: Omit<JobOptions, 'transfer'>,
): Promise<Result<Uint8Array<ArrayBuffer>, CacheFailure>> {
  const verdicts = new Uint8Array((rows.length / SEAL_ROW_BYTES) * VERDICT_ROW_BYTES)
  const pieces: Promise<Result<undefined, CacheFailure>>[] = []
  /** One for each piece: so many listeners on the one signal of the asker would look like a leak. */
  const controllers: AbortController[] = []
  const cancel = (): void => {
    for (const controller of controllers) controller.abort()
  }
  options.signal?.addEventListener('abort', cancel, { once: true })
  for (const { epoch, indices } of rowsByEpoch(rows)) {
    const cache = await caches.open(epoch, options.priority)
    if (!cache.ok) {
      cancel()
      return cache
    }
    for (let start = 0; start < indices.length; start += SEALS_PER_JOB)
      pieces.push(verifyPiece(indices.slice(start, start + SEALS_PER_JOB), cache.value))
  }
  prepareNext(caches, highestNumber(rows))
  const done = await Promise.all(pieces)
  options.signal?.removeEventListener('abort', cancel)
  const failed = done.find((piece) => !piece.ok)
  return failed?.ok === false ? failed : ok(verdicts)

  async function verifyPiece(
    indices: readonly number[],
    cache: { readonly epoch: number; readonly shared: SharedArrayBuffer },
  ): Promise<Result<undefined, CacheFailure>> {
    const piece = new Uint8Array(indices.length * SEAL_ROW_BYTES)
    for (const [i, index] of indices.entries())
      piece.set(rows.subarray(index * SEAL_ROW_BYTES, (index + 1) * SEAL_ROW_BYTES), i * SEAL_ROW_BYTES)
    const controller = new AbortController()
    controllers.push(controller)
    if (options.signal?.aborted) controller.abort()
    const checked = await pool.run(
      verifySeals,
      { ...cache, rows: piece },
      { ...options, signal: controller.signal, transfer: [piece.buffer] },
    )
    if (!checked.ok) return checked
    for (const [i, index] of indices.entries())
      verdicts.set(
        checked.value.subarray(i * VERDICT_ROW_BYTES, (i + 1) * VERDICT_ROW_BYTES),
        index * VERDICT_ROW_BYTES,
      )
    return ok(undefined)
  }
}

/** So that blocks on both sides of an epoch's border need not wait for a cache. */
function prepareNext(caches: EthashCaches, highest: bigint | undefined): void {
  if (highest === undefined) return
  const priority = aheadPriority(highest)
  // A failure is found again, and told, by the first who needs it.
  if (priority !== undefined) void caches.open(epochOf(highest) + 1, priority)
}

export function aheadPriority(blockNumber: bigint): JobPriority | undefined {
  const place = blockNumber % EPOCH_BLOCKS
  if (place < AHEAD_FROM) return undefined
  return place < AHEAD_SOON_FROM ? 'idle' : 'normal'
}
