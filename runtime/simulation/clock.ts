import type { Clock } from '../capabilities.ts'
import type { SimulatedWorld } from './world.ts'

/** The world's clock for one owner; `label` names the owner in the event log. */
export function simulatedClock(world: SimulatedWorld, label: string): Clock {
  return {
    now: () => Math.floor(world.now()),
    monotonic: () => world.now() - world.startedAt,
    schedule: (delayMs, action) => world.schedule(delayMs, label, action),
  }
}
