/**
 * Candidates from the network: searches for random targets, one after the other, and the record of every node met
 * (geth 1.16, `RandomNodes` behind an asynchronous filter). It moves only as far as somebody wants more.
 */
import { type Node, tcpOf } from '../../protocols/enr/node.ts'
import type { Result } from '../../runtime/result.ts'
import { READY_MAX } from './fair-mix.ts'
import { RECORD_REQUESTS_AT_ONCE } from './limits.ts'
import { isOver, type Lookup } from './lookup.ts'
import type { Searches } from './search.ts'

export type WalkWorld = {
  readonly ready: Node[]
  readonly searches: Pick<Searches, 'begin'>
  readonly walkMs: number
  isWanted(): boolean
  isTableEmpty(): boolean
  /** Fills a table that is empty. */
  refresh(): Promise<void>
  /** It has answered a ping lately. */
  isThere(node: Node): boolean
  requestRecord(node: Node): Promise<Result<Node, unknown>>
  randomTarget(): Uint8Array
  now(): number
  after(delayMs: number, action: () => void): void
  /** Something is ready. */
  offered(): void
  /** Watches over what runs by itself: what fails in it is a bug. */
  runs(task: Promise<unknown>): void
}

/** Rest after a refresh that left the table empty, in milliseconds. */
const EMPTY_REST_MS = 1_000

export function nodeWalk(world: WalkWorld) {
  const { ready } = world
  /** Met, and not asked for their record yet: of one search, which bounds them. */
  const met: Node[] = []
  let asking = 0
  let search: { readonly lookup: Lookup; next(): Promise<void>[] } | undefined
  let mayStartMs = Number.NEGATIVE_INFINITY
  let isResting = false

  function rest(delayMs: number): void {
    isResting = true
    world.after(delayMs, () => {
      isResting = false
      pump()
    })
  }

  /** Begins what may be begun now. */
  function pump(): void {
    while (met.length > 0 && asking < RECORD_REQUESTS_AT_ONCE && ready.length + asking < READY_MAX) {
      asking++
      world.runs(request(met.shift()!))
    }
    if (!world.isWanted() || ready.length + asking + met.length >= READY_MAX) return
    if (search === undefined) start()
    else advance(search)
  }

  async function request(node: Node): Promise<void> {
    const answer = await world.requestRecord(node)
    asking--
    // Who is there and gives no record may still be a peer: only its endpoint is known.
    const found = answer.ok ? answer.value : world.isThere(node) ? node : undefined
    if (found !== undefined && tcpOf(found) !== undefined) {
      ready.push(found)
      world.offered()
    }
    pump()
  }

  function start(): void {
    if (isResting) return
    const waitMs = mayStartMs - world.now()
    if (waitMs > 0) rest(waitMs)
    else if (world.isTableEmpty()) {
      isResting = true
      world.runs(world.refresh().then(() => rest(EMPTY_REST_MS)))
    } else {
      mayStartMs = world.now() + world.walkMs
      search = world.searches.begin(world.randomTarget(), (nodes) => void met.push(...nodes))
      pump()
    }
  }

  function advance(running: NonNullable<typeof search>): void {
    for (const answered of running.next()) world.runs(answered.then(pump))
    if (!isOver(running.lookup)) return
    search = undefined
    pump()
  }

  return { pump }
}
