/**
 * Which node is pinged next, to see whether it is still there (geth, `table_reval.go`). Nodes that are new, moved or did
 * not answer stand in the fast list, those that answered in the slow one; each list pings a random member now and then.
 */
import { type Entry, takeOut } from './bucket.ts'

/** Longest time between two pings of the fast list (geth, `PingInterval`). */
export const FAST_INTERVAL_MS = 3_000
/** The same of the slow list. */
export const SLOW_INTERVAL_MS = 9_000
/** Draws of a member that is not being pinged already, for each member; then this turn is left out. */
const DRAWS_PER_ENTRY = 3

/** What chance and the clock say at the moment of a decision. */
export type Moment = {
  readonly nowMs: number
  /** A random integer from 0 to below its argument. */
  readonly draw: (below: number) => number
}

export type RevalidationList = {
  readonly name: 'fast' | 'slow'
  readonly intervalMs: number
  readonly entries: Entry[]
  /** Infinity where the list is empty. */
  nextMs: number
}

export type Revalidation = {
  readonly fast: RevalidationList
  readonly slow: RevalidationList
  /** Entries that are being pinged, by key: an id is pinged once at a time, also when its entry was replaced. */
  readonly active: Map<string, Entry>
}

export type RevalidationIntervals = { readonly fastMs: number; readonly slowMs: number }
export const REVALIDATION_INTERVALS: RevalidationIntervals = { fastMs: FAST_INTERVAL_MS, slowMs: SLOW_INTERVAL_MS }

export const emptyRevalidation = ({ fastMs, slowMs }: RevalidationIntervals): Revalidation => ({
  fast: { name: 'fast', intervalMs: fastMs, entries: [], nextMs: Number.POSITIVE_INFINITY },
  slow: { name: 'slow', intervalMs: slowMs, entries: [], nextMs: Number.POSITIVE_INFINITY },
  active: new Map(),
})

/** Puts an entry into a list, out of the one it stands in. */
export function moveTo(list: RevalidationList, entry: Entry, moment: Moment): void {
  if (entry.list === list) return
  leaveList(entry)
  list.entries.push(entry)
  entry.list = list
  if (list.nextMs === Number.POSITIVE_INFINITY) schedule(list, moment)
}

/** Takes an entry out of its list, if it stands in one. */
export function leaveList(entry: Entry): void {
  const { list } = entry
  if (list === undefined) return
  takeOut(list.entries, entry)
  entry.list = undefined
  if (list.entries.length === 0) list.nextMs = Number.POSITIVE_INFINITY
}

/** The entries to ping now, one of each list at most; they count as being pinged until `takeActive`. */
export function dueEntries(revalidation: Revalidation, moment: Moment): Entry[] {
  const due: Entry[] = []
  for (const list of [revalidation.fast, revalidation.slow]) {
    if (list.nextMs > moment.nowMs) continue
    const entry = drawEntry(list, revalidation.active, moment)
    if (entry !== undefined) {
      revalidation.active.set(entry.key, entry)
      due.push(entry)
    }
    schedule(list, moment)
  }
  return due
}

/** When `dueEntries` is to be asked again; Infinity while the table is empty. */
export const nextDueMs = ({ fast, slow }: Revalidation): number => Math.min(fast.nextMs, slow.nextMs)

/** The entry that was pinged, no longer so; undefined where none of that key was. */
export function takeActive(revalidation: Revalidation, key: string): Entry | undefined {
  const entry = revalidation.active.get(key)
  revalidation.active.delete(key)
  return entry
}

function drawEntry(list: RevalidationList, active: ReadonlyMap<string, Entry>, { draw }: Moment): Entry | undefined {
  for (let left = list.entries.length * DRAWS_PER_ENTRY; left > 0; left--) {
    const entry = list.entries[draw(list.entries.length)]!
    if (!active.has(entry.key)) return entry
  }
  return undefined
}

function schedule(list: RevalidationList, { nowMs, draw }: Moment): void {
  list.nextMs = nowMs + draw(list.intervalMs)
}
