import type { Clock, Timer } from '../capabilities.ts'

/** Longest delay of one Node timer, in milliseconds: a longer one would fire at once. */
const TIMER_MS_MAX = 2 ** 31 - 1

/** The global is a getter, which a clock read per message should not pay for. */
const { performance } = globalThis

/** Readings of which the closest pair is kept: a thread that is put aside between the two would be ahead for life. */
const ORIGIN_READINGS = 32

/** Between the machine's one monotonic counter and this thread's `performance.now()`, which is read without allocating. */
const ORIGIN_MS = closestOrigin()

function closestOrigin(): number {
  let origin = 0
  let closest = Number.POSITIVE_INFINITY
  for (let reading = 0; reading < ORIGIN_READINGS; reading++) {
    const before = performance.now()
    const [seconds, nanoseconds] = process.hrtime()
    const after = performance.now()
    if (after - before >= closest) continue
    closest = after - before
    origin = seconds * 1000 + nanoseconds / 1e6 - (before + after) / 2
  }
  return origin
}

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
