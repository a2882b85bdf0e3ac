/** Who waits for candidates, and what the sources have for them. */
import type { Node } from '../../protocols/enr/node.ts'
import { type FairMix, takeCandidate } from './fair-mix.ts'
import { CANDIDATE_ASKS_MAX, CANDIDATES_MAX, CANDIDATES_MS } from './limits.ts'
import type { Tally } from './tally.ts'

export type CandidatesWorld = {
  readonly mix: FairMix
  readonly given: Tally
  now(): number
  after(delayMs: number, action: () => void): { cancel(): void }
  /** Somebody waits: the sources may go on. */
  wanted(): void
}

type Waiter = { readonly count: number; readonly answer: (nodes: readonly Node[]) => void }

export function candidates({ mix, given, now, after, wanted }: CandidatesWorld) {
  const waiters: Waiter[] = []
  let timer: { cancel(): void } | undefined

  /** Serves who waits, in order, with what there is. */
  function serve(): void {
    timer?.cancel()
    timer = undefined
    for (let waiter = waiters[0]; waiter !== undefined; waiter = waiters[0]) {
      const nodes: Node[] = []
      while (nodes.length < waiter.count) {
        const taken = takeCandidate(mix, now())
        if (taken.is === 'taken') {
          nodes.push(taken.node)
          given.add(taken.source)
          continue
        }
        if (taken.is === 'wait' && nodes.length === 0) timer = after(Math.max(1, taken.untilMs - now()), serve)
        break
      }
      if (nodes.length === 0) break
      waiters.shift()
      waiter.answer(nodes)
    }
    if (waiters.length > 0) wanted()
  }

  return {
    serve,
    isWanted: (): boolean => waiters.length > 0,
    /** At most `count`, as soon as there are any; none after `CANDIDATES_MS`. */
    take(count: number): Promise<readonly Node[]> {
      if (count <= 0 || waiters.length >= CANDIDATE_ASKS_MAX) return Promise.resolve([])
      return new Promise((resolve) => {
        const late = after(CANDIDATES_MS, () => {
          const at = waiters.indexOf(waiter)
          if (at < 0) return
          waiters.splice(at, 1)
          resolve([])
        })
        const waiter: Waiter = {
          count: Math.min(count, CANDIDATES_MAX),
          answer(nodes) {
            late.cancel()
            resolve(nodes)
          },
        }
        waiters.push(waiter)
        serve()
      })
    },
  }
}
