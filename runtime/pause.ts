import type { Clock } from './capabilities.ts'

/** Settles after so many milliseconds of the clock; 0: once others have had their turn. */
export const pause = (clock: Pick<Clock, 'schedule'>, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.schedule(ms, resolve))
