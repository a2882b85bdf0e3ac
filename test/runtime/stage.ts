/** A running system whose root is the test: it spawns, tells and asks from outside of any handler. */
import {
  type Context,
  type DownReason,
  defineActor,
  type SpawnOptions,
  type SupervisionPolicy,
} from '../../runtime/actor.ts'
import type { FlightRecord, MailboxView } from '../../runtime/inspection.ts'
import type { Ref, Tell } from '../../runtime/messages.ts'
import type { Placement } from '../../runtime/placement.ts'
import type { Result } from '../../runtime/result.ts'
import { type System, startSystem } from '../../runtime/system.ts'
import type { ThreadLimits } from '../../runtime/threads.ts'

export type RootMessages = {
  noted: Tell<{ path: string; reason: DownReason }>
}
export type Note = { readonly path: string; readonly reason: DownReason }

export type Stage = {
  readonly ctx: Context<RootMessages>
  readonly system: System<RootMessages>
  /** Ends that the root was told of as a watcher. */
  readonly notes: Note[]
  /** Starts an actor under a name of its own; its thread is that of `role` in the placement. */
  spawn<M, D>(
    role: string,
    actor: SpawnOptions<M, D>['actor'],
    deps: D,
    more?: Partial<SpawnOptions<M, D>>,
  ): Promise<Ref<M>>
  mailbox(ref: Ref<any>): MailboxView
  flights(ref: Ref<any>): readonly FlightRecord[]
  stop(): Promise<void>
}
export type StageOptions = {
  readonly placement?: Placement
  readonly isolate?: boolean
  readonly supervision?: Partial<SupervisionPolicy>
  readonly limits?: Partial<ThreadLimits>
}

/** Restarts at once and without end: tests that are about something else. */
export const PATIENT: SupervisionPolicy = {
  strategy: 'one_for_one',
  restartsMax: 10_000,
  windowMs: 60_000,
  backoff: { minMs: 1, maxMs: 5, jitter: 0 },
}

export async function raise(options: StageOptions = {}): Promise<Stage> {
  const placement = options.placement ?? {}
  const notes: Note[] = []
  let ctx: Context<RootMessages> | undefined
  const root = defineActor<RootMessages>({
    name: 'root',
    mailbox: { capacity: 4096 },
    supervision: { ...PATIENT, ...options.supervision },
    behavior(context) {
      ctx = context
      return { noted: (note) => void notes.push(note) }
    },
  })
  const system = await startSystem({
    root,
    deps: undefined,
    placement,
    log: { verbosity: 0, format: 'terminal', colour: false },
    isolate: options.isolate ?? false,
    ...(options.limits === undefined ? {} : { limits: { '*': options.limits } }),
  })
  await until(() => ctx !== undefined)
  const context = ctx as unknown as Context<RootMessages>
  let spawned = 0
  return {
    ctx: context,
    system,
    notes,
    async spawn(role, actor, deps, more = {}) {
      const child = context.spawn({
        name: `${role}-${++spawned}`,
        actor,
        deps,
        thread: placement[role] ?? 'main',
        ...more,
      })
      const started = await child.started
      if (!started.ok) throw new Error(`${role} did not start: ${started.error.code} ${started.error.detail}`)
      return child.ref
    },
    mailbox(ref) {
      const view = system.inspector.mailboxes().find(({ path }) => path === ref.path)
      if (view === undefined) throw new Error(`no mailbox of ${ref.path}`)
      return view
    },
    flights: (ref) => system.inspector.flightRecord(ref.path) ?? [],
    stop: () => system.stop(),
  }
}

/** The value of an answer. @throws where there is none */
export async function answered<T>(asked: Promise<Result<T, unknown>>): Promise<T> {
  const answer = await asked
  if (!answer.ok) throw new Error(`no answer: ${JSON.stringify(answer.error)}`)
  return answer.value
}

/** Waits until something holds. @throws when it does not in time */
export async function until(holds: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> {
  const end = performance.now() + withinMs
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${holds}`)
    await passes(5)
  }
}

export const passes = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
