/**
 * Who goes first when the chain is behind: the chain. Requests then get a share of the time, in the order they came; the rest
 * wait for the next slice, unread connections behind them. Nobody is refused for it.
 */
import type { Clock } from '../../runtime/capabilities.ts'

/** Milliseconds of a slice. */
export const SLICE_MS = 50
/**
 * Calls begun in a slice. Where all processors are busy, each with its wake-ups costs some 250 µs: 400 a second take a tenth of one.
 * Who asks less than that waits for nothing.
 */
export const SLICE_CALLS = 20
/** Milliseconds of work in a slice, for calls that take longer than most. */
export const SLICE_WORK_MS = 2

export type Pacing = {
  /** Whether calls are held back. */
  readonly isSlow: () => boolean
  /** Undefined: go on at once. */
  turn(): Promise<void> | undefined
  /** Milliseconds that a call took. */
  spent(ms: number): void
}

export function createPacing(clock: Pick<Clock, 'schedule'>, isChainBehind: () => boolean): Pacing {
  /** In the order they came: bounded by the requests at hand. */
  let waiting: (() => void)[] = []
  let calls = 0
  let workMs = 0
  let isTiming = false

  const isFull = (): boolean => isChainBehind() && (calls >= SLICE_CALLS || workMs >= SLICE_WORK_MS)

  function time(): void {
    if (isTiming) return
    isTiming = true
    clock.schedule(SLICE_MS, () => {
      isTiming = false
      calls = workMs = 0
      const going = isChainBehind() ? waiting.slice(0, SLICE_CALLS) : waiting
      waiting = waiting.slice(going.length)
      calls = going.length
      if (calls > 0) time()
      for (const go of going) go()
    })
  }

  return {
    isSlow: isChainBehind,
    turn() {
      if (waiting.length === 0 && !isChainBehind()) return undefined
      time()
      if (waiting.length === 0 && !isFull()) {
        calls++
        return undefined
      }
      return new Promise((resolve) => void waiting.push(resolve))
    },
    spent(ms) {
      workMs += ms
    },
  }
}
