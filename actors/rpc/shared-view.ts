/** Snapshots that many calls share: taking one for each would be the larger part of a short call. */
import type { Clock } from '../../runtime/capabilities.ts'
import type { ChainSnapshot, ChainSource } from './chain-source.ts'

/** Milliseconds for which a snapshot is shared. What is written without moving the head shows after that, and no longer is kept alive what compaction would free. */
const SHARED_MS_MAX = 100

export type SharedViews = {
  /** The chain as it is now; to be given back with `release`. */
  take(): SharedView
  /** What is taken from now on is fresh. */
  renew(): void
  /** Settles when no snapshot is being closed. */
  close(): Promise<void>
}
export type SharedView = { readonly chain: ChainSnapshot; release(): void }

/** @param headSequence changes with every head that is published; without it nothing is shared */
export function sharedViews(
  source: ChainSource,
  clock: Pick<Clock, 'schedule'>,
  headSequence: (() => number) | undefined,
): SharedViews {
  type Shared = { readonly chain: ChainSnapshot; readonly sequence: number; users: number; isCurrent: boolean }
  const closing = new Set<Promise<void>>()
  let current: (Shared & SharedView) | undefined

  function closeUnused(view: Shared): void {
    if (view.users > 0 || view.isCurrent) return
    const closed = view.chain.close()
    closing.add(closed)
    void closed.finally(() => closing.delete(closed))
  }

  function renew(): void {
    if (current === undefined) return
    const old = current
    current = undefined
    old.isCurrent = false
    closeUnused(old)
  }

  function open(sequence: number, isCurrent: boolean): Shared & SharedView {
    const view = {
      chain: source.snapshot(),
      sequence,
      users: 0,
      isCurrent,
      release() {
        view.users--
        closeUnused(view)
      },
    }
    return view
  }

  return {
    take() {
      // Before the snapshot: a head that is published in between makes it new, never old.
      const sequence = headSequence?.()
      if (sequence === undefined) {
        const own = open(0, false)
        own.users++
        return own
      }
      if (current?.sequence !== sequence) {
        renew()
        const opened = open(sequence, true)
        current = opened
        clock.schedule(SHARED_MS_MAX, () => {
          if (current === opened) renew()
        })
      }
      const view = current as Shared & SharedView
      view.users++
      return view
    },
    renew,
    async close() {
      renew()
      await Promise.all(closing)
    },
  }
}
