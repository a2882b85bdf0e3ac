/** The supervision grid: three siblings A, B, C of one supervisor, of which B dies in every way there is. */
import {
  actorModule,
  type Child,
  type Context,
  type DownReason,
  defineActor,
  type RestartStrategy,
} from '../../runtime/actor.ts'
import type { Ref, Tell } from '../../runtime/messages.ts'
import { journalOf, noted } from './actors/journal.ts'
import type { ProbeDeps, ProbeMessages } from './actors/probe/messages.ts'
import { answered, PATIENT, passes, type Stage, until } from './stage.ts'

export type Death = 'throw' | 'reject' | 'stop' | 'exit' | 'loop' | 'array' | 'map'
export type Where = 'inline' | 'own' | 'shared'
export type Restart = 'permanent' | 'transient' | 'temporary'
/** `restart` is B's; A and C are permanent. */
export type Cell = {
  readonly where: Where
  readonly death: Death
  readonly restart: Restart
  readonly strategy: RestartStrategy
}

export const STRATEGIES: readonly RestartStrategy[] = ['one_for_one', 'rest_for_one', 'one_for_all']
export const RESTARTS: readonly Restart[] = ['permanent', 'transient', 'temporary']
export const GENTLE_DEATHS: readonly Death[] = ['throw', 'reject', 'stop']
/** What takes the whole thread along, so on a worker only. */
export const KILLING_DEATHS: readonly Death[] = ['exit', 'loop', 'array', 'map']

/** Every legal cell: the main thread has no deaths that would take the process along. */
export const CELLS: readonly Cell[] = (['inline', 'own', 'shared'] as const).flatMap((where) =>
  [...GENTLE_DEATHS, ...(where === 'inline' ? [] : KILLING_DEATHS)].flatMap((death) =>
    RESTARTS.flatMap((restart) => STRATEGIES.map((strategy) => ({ where, death, restart, strategy }))),
  ),
)

export const nameOf = ({ where, death, restart, strategy }: Cell): string => `${where} ${death} ${restart} ${strategy}`

/** What is written in the journal, n for a start and −n for an orderly end of A (1), B (2), C (3), after the first three. */
export type Story = {
  readonly journal: readonly number[]
  readonly bRestarts: boolean
  /**
   * What became of five messages told to B behind the one it died of: `kept` for its next life, `handled` by the dying
   * one, `dead` letters, or `lost` with the thread (with the message that killed it).
   */
  readonly waiting: 'kept' | 'handled' | 'dead' | 'lost'
}

type ByStrategy = { readonly [S in RestartStrategy]: readonly number[] }
/** B ends by itself: its resources are released first. */
const B_ENDS: ByStrategy = {
  one_for_one: [-2, 2],
  rest_for_one: [-2, -3, 2, 3],
  one_for_all: [-2, -3, -1, 1, 2, 3],
}
const B_ENDS_FOR_GOOD: ByStrategy = { one_for_one: [-2], rest_for_one: [-2], one_for_all: [-2] }
/** B's own thread is killed: nothing of it is released by the actor. */
const OWN_KILLED: ByStrategy = { one_for_one: [2], rest_for_one: [-3, 2, 3], one_for_all: [-3, -1, 1, 2, 3] }
const OWN_KILLED_FOR_GOOD: ByStrategy = { one_for_one: [], rest_for_one: [], one_for_all: [] }
/** C dies with the thread it shares with B, without a sound, and comes back by its own right. */
const SHARED_KILLED: ByStrategy = { one_for_one: [2, 3], rest_for_one: [2, 3], one_for_all: [-1, 1, 2, 3] }
const SHARED_KILLED_FOR_GOOD: ByStrategy = { one_for_one: [3], rest_for_one: [3], one_for_all: [-1, 1, 3] }
/** A recycled thread ends its actors in order, the last started first. */
const SHARED_RECYCLED: ByStrategy = {
  one_for_one: [-3, -2, 2, 3],
  rest_for_one: [-3, -2, 2, 3],
  one_for_all: [-3, -2, -1, 1, 2, 3],
}
const SHARED_RECYCLED_FOR_GOOD: ByStrategy = {
  one_for_one: [-3, -2, 3],
  rest_for_one: [-3, -2, 3],
  one_for_all: [-3, -2, -1, 1, 3],
}

export function storyOf({ where, death, restart, strategy }: Cell): Story {
  const bRestarts = restart === 'permanent' || (restart === 'transient' && death !== 'stop')
  const of = (again: ByStrategy, forGood: ByStrategy) => (bRestarts ? again : forGood)[strategy]
  switch (death) {
    case 'throw':
    case 'reject':
      return { journal: of(B_ENDS, B_ENDS_FOR_GOOD), bRestarts, waiting: bRestarts ? 'kept' : 'dead' }
    case 'stop':
      return { journal: of(B_ENDS, B_ENDS_FOR_GOOD), bRestarts, waiting: 'handled' }
    case 'map':
      return {
        journal: where === 'shared' ? of(SHARED_RECYCLED, SHARED_RECYCLED_FOR_GOOD) : of(B_ENDS, B_ENDS_FOR_GOOD),
        bRestarts,
        waiting: 'handled',
      }
    case 'exit':
    case 'loop':
    case 'array':
      return {
        journal: where === 'shared' ? of(SHARED_KILLED, SHARED_KILLED_FOR_GOOD) : of(OWN_KILLED, OWN_KILLED_FOR_GOOD),
        bRestarts,
        waiting: 'lost',
      }
  }
}

export const reasonOf = (death: Death): string =>
  ({
    throw: 'THREW',
    reject: 'THREW',
    stop: 'STOPPED',
    exit: 'THREAD_EXIT',
    loop: 'THREAD_HUNG',
    array: 'THREAD_MEMORY',
    map: 'THREAD_MEMORY',
  })[death]

export const THREADS: { readonly [W in Where]: { readonly a: string; readonly b: string; readonly c: string } } = {
  inline: { a: 'main', b: 'main', c: 'main' },
  own: { a: 'ta', b: 'tb', c: 'tc' },
  shared: { a: 'ta', b: 'tb', c: 'tb' },
}

/** What one cell was seen to do. */
export type Outcome = {
  readonly cell: Cell
  readonly journal: readonly number[]
  readonly reason: string | undefined
  readonly waiting: { readonly values: number; readonly dead: number; readonly lost: number }
  /** Of the ask that waited behind. */
  readonly asked: string
  /** The last record of B's flight, read while it died and before it came back. */
  readonly lastFlight: { readonly kind: string; readonly outcome: string } | undefined
  /** Asks to A that were answered between the death and the end of the recovery, and the longest wait of one. */
  readonly others: { readonly answered: number; readonly longestMs: number }
  /** Which of A, B, C answer in the end, and by how much the epoch of B's thread grew. */
  readonly alive: readonly boolean[]
  readonly epochs: number
  readonly tookMs: number
}

type BossMessages = { noted: Tell<{ path: string; reason: DownReason }> }

/** Plays one cell on a running system. */
export async function play(stage: Stage, cell: Cell): Promise<Outcome> {
  const began = performance.now()
  const journal = journalOf()
  const story = storyOf(cell)
  const threads = THREADS[cell.where]
  const reasons: string[] = []
  const children: Child<ProbeMessages>[] = []
  let boss: Context<BossMessages> | undefined
  const supervisor = defineActor<BossMessages>({
    name: 'boss',
    mailbox: { capacity: 64 },
    supervision: { ...PATIENT, strategy: cell.strategy, backoff: { minMs: 10, maxMs: 10, jitter: 0 } },
    async behavior(ctx) {
      boss = ctx
      for (const [i, name] of (['a', 'b', 'c'] as const).entries()) {
        const child = ctx.spawn<ProbeMessages, ProbeDeps>({
          name,
          actor: actorModule(new URL('./actors/probe/probe.ts', import.meta.url), 'probe'),
          deps: { journal, code: i + 1 },
          thread: threads[name],
          restart: name === 'b' ? cell.restart : 'permanent',
        })
        await answered(child.started)
        children.push(child)
      }
      ctx.watch(children[1]!.ref, 'noted')
      return { noted: ({ reason }) => void reasons.push(reason.code) }
    },
  })
  const parent = await stage.spawn('boss', supervisor, undefined, { restart: 'temporary' })
  const ctx = boss as unknown as Context<BossMessages>
  const [a, b, c] = children.map(({ ref }) => ref) as [Ref<ProbeMessages>, Ref<ProbeMessages>, Ref<ProbeMessages>]
  const { epoch } = await answered(ctx.ask(b, 'lives'))

  ctx.tell(b, 'die', { how: cell.death })
  for (let value = 0; value < 5; value++) ctx.tell(b, 'add', { value })
  const asked = ctx.ask(b, 'echo', 'behind').then((answer) => (answer.ok ? 'ok' : answer.error.code))

  let answers = 0
  let longestMs = 0
  let lastFlight: Outcome['lastFlight']
  const expected = 3 + story.journal.length
  await until(async () => {
    const sent = performance.now()
    const answer = await ctx.ask(a, 'echo', 'still there', { deadlineMs: 2_000 })
    if (answer.ok) {
      answers++
      longestMs = Math.max(longestMs, performance.now() - sent)
    }
    if (reasons.length === 0) {
      const last = stage.system.inspector
        .flightRecord(b.path)
        ?.filter(({ kind }) => kind === 'die')
        .at(-1)
      if (last !== undefined) lastFlight = { kind: last.kind, outcome: last.outcome }
    }
    await passes(3)
    return noted(journal).length >= expected && reasons.length > 0
  }, 15_000).catch(() => {})
  const reached = await asked
  const answersOf = async (ref: Ref<ProbeMessages>) => (await ctx.ask(ref, 'echo', 1, { deadlineMs: 3_000 })).ok
  const restarted = async (ref: Ref<ProbeMessages>) => {
    await until(() => answersOf(ref), 5_000).catch(() => {})
    return answersOf(ref)
  }
  const alive = [await restarted(a), story.bRestarts ? await restarted(b) : await answersOf(b), await restarted(c)]
  const values = await ctx.ask(b, 'values')
  const lives = await ctx.ask(b, 'lives')
  const letters = stage.system.inspector.deadLetters().recent.filter(({ to }) => to === b.path)
  const counted = (reason: string) =>
    letters.filter((letter) => letter.reason === reason).reduce((sum, { count }) => sum + count, 0)
  const outcome: Outcome = {
    cell,
    journal: noted(journal).slice(3),
    reason: reasons[0],
    waiting: {
      values: values.ok ? values.value.count : 0,
      dead: counted('STOPPED'),
      lost: counted('LOST_WITH_THREAD'),
    },
    asked: reached,
    lastFlight,
    others: { answered: answers, longestMs },
    alive,
    epochs: lives.ok ? lives.value.epoch - epoch : Number.NaN,
    tookMs: performance.now() - began,
  }
  await stage.ctx.stop(parent)
  return outcome
}
