/** How often one static node is looked for in the network (geth p2p/dial.go, `dialTask.resolve`). */

export const RESOLVE_DELAY_MS_MIN = 60_000
export const RESOLVE_DELAY_MS_MAX = 3_600_000

/** @property at when it was last looked for */
export type ResolveDelay = { readonly at: number; readonly delayMs: number }

export const mayResolve = (last: ResolveDelay | undefined, now: number): boolean =>
  last === undefined || now - last.at >= last.delayMs

/** Doubled by each failure, back at the start by a success. */
export function resolvedAt(last: ResolveDelay | undefined, now: number, isFound: boolean): ResolveDelay {
  const delayMs = last?.delayMs ?? RESOLVE_DELAY_MS_MIN
  return { at: now, delayMs: isFound ? RESOLVE_DELAY_MS_MIN : Math.min(2 * delayMs, RESOLVE_DELAY_MS_MAX) }
}
