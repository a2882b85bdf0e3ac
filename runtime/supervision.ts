/** Decisions of supervision as functions over values: who restarts with whom, after how long, and when it is too much. */
import type { DownReason, RestartStrategy, SupervisionPolicy } from './actor.ts'
import type { RestartKind } from './control.ts'

/** Indices of the children that stop and start again when those at `failed` ended, in start order. */
export function restartGroup(strategy: RestartStrategy, count: number, failed: readonly number[]): number[] {
  const all = Array.from({ length: count }, (_, i) => i)
  switch (strategy) {
    case 'one_for_one':
      return all.filter((i) => failed.includes(i))
    case 'rest_for_one': {
      const first = Math.min(...failed)
      return all.filter((i) => i >= first)
    }
    case 'one_for_all':
      return all
  }
}

/** Whether a child that ended for `reason` is started again. */
export function restarts(kind: RestartKind, reason: DownReason): boolean {
  switch (kind) {
    case 'permanent':
      return true
    case 'transient':
      return reason.code !== 'STOPPED'
    case 'temporary':
      return false
  }
}

/** Milliseconds before the `nth` restart of a window; `dice` is uniform in [0, 1). */
export function backoffMs(policy: SupervisionPolicy['backoff'], nth: number, dice: number): number {
  const base = Math.min(policy.maxMs, policy.minMs * 2 ** Math.max(0, nth - 1))
  return base * (1 + policy.jitter * (2 * dice - 1))
}

/** Restarts of the last window. */
export class Intensity {
  private readonly times: number[] = []
  private readonly policy: SupervisionPolicy

  constructor(policy: SupervisionPolicy) {
    this.policy = policy
  }

  /** @returns how many restarts the window holds with this one; `exceeded` when that is more than allowed. */
  count(now: number): { readonly nth: number; readonly exceeded: boolean } {
    while (this.times.length > 0 && (this.times[0] as number) <= now - this.policy.windowMs) this.times.shift()
    this.times.push(now)
    return { nth: this.times.length, exceeded: this.times.length > this.policy.restartsMax }
  }
}
