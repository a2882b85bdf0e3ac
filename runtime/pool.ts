/**
 * Stateless work that keeps a processor busy, on threads of its own. A job has an owner, a priority and a deadline: what
 * waits is taken by priority, what overruns is ended with its thread, which is replaced.
 */
import type { Clock, Timer } from './capabilities.ts'
import { detailOf } from './failure.ts'
import { hasGone } from './moving.ts'
import { inlineRunner, type Job, type JobRunner } from './pool-job.ts'
import { err, ok, type Result } from './result.ts'

/** `urgent`: somebody waits with a block in hand; `idle`: when nothing else is to be done. */
export type JobPriority = 'urgent' | 'normal' | 'idle'
const PRIORITIES: readonly JobPriority[] = ['urgent', 'normal', 'idle']

/** Why a job has no answer. */
export type JobFailure = {
  readonly code:
    | 'JOB_DEADLINE' // waited or ran too long
    | 'JOB_CANCELLED' // by its signal
    | 'JOB_OWNER_GONE'
    | 'JOB_FAILED' // it threw, or its thread ended, or its answer cannot cross threads
    | 'POOL_FULL' // too many are waiting
    | 'POOL_CLOSED'
  readonly detail: string
}

export type JobOptions = {
  /** Whose it is: `dropOwner` drops all of an owner's. */
  readonly owner: string
  readonly priority: JobPriority
  /** Milliseconds from now until an answer is of no use. */
  readonly deadlineMs: number
  readonly signal?: AbortSignal
  /** Called when a thread takes it: from here on cancelling it costs the thread. */
  readonly taken?: () => void
  /** Buffers of the input that move; the caller no longer owns them. */
  readonly transfer?: readonly ArrayBuffer[]
}

export type PoolOptions = {
  /** 0 runs jobs on this thread, one after the other: where there are to be no threads, as in simulation. */
  readonly threads: number
  readonly clock: Clock
  /** Jobs that may wait. */
  readonly waitingMax?: number
  /** Hears of a thread that ends while it has no job. */
  readonly threadFailed?: (detail: string) => void
}

export type PoolCounts = {
  readonly running: number
  readonly waiting: number
  readonly completed: number
  /** Threads ended because their job overran, was cancelled, or lost its owner. */
  readonly aborted: number
}

export type Pool = {
  /** Never rejects. Throws when a buffer to be moved has gone already. */
  run<I, O>(job: Job<I, O>, input: I, options: JobOptions): Promise<Result<O, JobFailure>>
  /** @returns how many jobs it had, waiting or running. */
  dropOwner(owner: string): number
  counts(): PoolCounts
  /** Fails what waits and runs, and ends the threads. */
  close(): Promise<void>
}

/** Jobs that may wait by default: a few for each of many owners. */
const WAITING_MAX = 1_024

type Order = {
  readonly job: Job<any, any>
  readonly input: unknown
  readonly options: JobOptions
  readonly settle: (result: Result<any, JobFailure>) => void
  /** Aborted to end the thread that runs it. */
  readonly controller: AbortController
  timer: Timer | undefined
  unlisten: (() => void) | undefined
}

export async function openPool(options: PoolOptions): Promise<Pool> {
  const { threads, clock, waitingMax = WAITING_MAX, threadFailed = () => {} } = options
  // Without threads there is no need of piscina.
  const runner: JobRunner =
    threads === 0 ? inlineRunner : (await import('./pool-threads.ts')).threadRunner(threads, threadFailed)
  const slots = Math.max(1, threads)
  const waiting: { readonly [P in JobPriority]: Set<Order> } = { urgent: new Set(), normal: new Set(), idle: new Set() }
  const running = new Set<Order>()
  let completed = 0
  let aborted = 0
  let closed = false

  const waitingCount = (): number => PRIORITIES.reduce((sum, priority) => sum + waiting[priority].size, 0)

  /** Answers an order once, whether it waits or runs. */
  function finish(order: Order, result: Result<unknown, JobFailure>): void {
    if (running.delete(order)) {
      if (result.ok || result.error.code === 'JOB_FAILED') completed++
      else {
        aborted++
        order.controller.abort()
      }
    } else if (!waiting[order.options.priority].delete(order)) return
    order.timer?.cancel()
    order.unlisten?.()
    order.settle(result)
    startNext()
  }

  function startNext(): void {
    while (!closed && running.size < slots) {
      const next = PRIORITIES.map((priority) => waiting[priority].values().next().value).find(Boolean)
      if (next === undefined) return
      waiting[next.options.priority].delete(next)
      running.add(next)
      next.options.taken?.()
      runner.run(next.job, next.input, next.options.transfer ?? [], next.controller.signal).then(
        (answer) => finish(next, ok(answer)),
        (thrown: unknown) => finish(next, failure('JOB_FAILED', detailOf(thrown))),
      )
    }
  }

  return {
    run(job, input, jobOptions) {
      const { deadlineMs, signal, transfer = [] } = jobOptions
      // A frame with such a buffer could be posted, but never read.
      if (transfer.some(hasGone)) throw new Error(`a buffer of ${job.name} has gone already`)
      if (closed) return Promise.resolve(failure('POOL_CLOSED'))
      if (signal?.aborted) return Promise.resolve(failure('JOB_CANCELLED'))
      if (waitingCount() >= waitingMax) return Promise.resolve(failure('POOL_FULL'))
      return new Promise((settle) => {
        const order: Order = {
          job,
          input,
          options: jobOptions,
          settle,
          controller: new AbortController(),
          timer: undefined,
          unlisten: undefined,
        }
        order.timer = clock.schedule(deadlineMs, () => finish(order, failure('JOB_DEADLINE', `${deadlineMs} ms`)))
        if (signal !== undefined) {
          const cancel = (): void => finish(order, failure('JOB_CANCELLED'))
          signal.addEventListener('abort', cancel, { once: true })
          order.unlisten = () => signal.removeEventListener('abort', cancel)
        }
        waiting[jobOptions.priority].add(order)
        startNext()
      })
    },
    dropOwner(owner) {
      const orders = PRIORITIES.flatMap((priority) => [...waiting[priority]])
      const owned = [...orders, ...running].filter(({ options: { owner: of } }) => of === owner)
      for (const order of owned) finish(order, failure('JOB_OWNER_GONE', owner))
      return owned.length
    },
    counts: () => ({ running: running.size, waiting: waitingCount(), completed, aborted }),
    async close() {
      if (closed) return
      closed = true
      const orders = PRIORITIES.flatMap((priority) => [...waiting[priority]])
      for (const order of [...orders, ...running]) finish(order, failure('POOL_CLOSED'))
      await runner.close()
    },
  }
}

const failure = (code: JobFailure['code'], detail = ''): { readonly ok: false; readonly error: JobFailure } =>
  err({ code, detail })
