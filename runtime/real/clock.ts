import type { Clock, Timer } from '../capabilities.ts'

/** Longest delay of one Node timer, in milliseconds: a longer one would fire at once. */
const TIMER_MS_MAX = 2 ** 31 - 1

/** The global is a getter, which a clock read per message should not pay for. */
const { performance } = globalThis

/** Between the machine's one monotonic counter and this thread's `performance.now()`, which is read without allocating. */
const [SECONDS, NANOSECONDS] = process.hrtime()
const ORIGIN_MS = SECONDS * 1000 + NANOSECONDS / 1e6 - performance.now()

/** The clock of this thread. All threads of a machine agree on `monotonic`, whenever they started. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => ORIGIN_MS + performance.now(),
  schedule(delayMs, action): Timer {
    let timer: NodeJS.Timeout
    const arm = (left: number): void => {
      if (left > TIMER_MS_MAX) timer = setTimeout(() => arm(left - TIMER_MS_MAX), TIMER_MS_MAX)
      else timer = setTimeout(action, Math.max(0, left))
    }
    arm(Number.isNaN(delayMs) ? 0 : delayMs)
    return { cancel: () => clearTimeout(timer) }
  },
}
