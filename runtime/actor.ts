/** The public face of the runtime for people who write actors: `defineActor`, its context, its handlers. */
import type { Ciphers, Clock, Disk, Log, Millis, Net, Random, Timer } from './capabilities.ts'
import type { Inspector, SystemControl } from './inspection.ts'
import type {
  AnswerOf,
  Arguments,
  ArgumentsAnd,
  AskKind,
  Carries,
  Kind,
  LossRule,
  LossyKind,
  PackSchema,
  PayloadOf,
  Ref,
  TellKind,
} from './messages.ts'
import type { Result } from './result.ts'

/** Why an ask has no answer. `outcome` says whether the work may have happened. */
export type AskFailure = {
  readonly code:
    | 'DEADLINE' // no answer in time
    | 'ACTOR_DOWN' // the actor is stopped, restarting, or its thread is gone: failed at once
    | 'ACTOR_FAILED' // the handler threw, or the actor died while it was at it
    | 'CANCELLED' // by the asker
    | 'SENDER_STOPPED' // the asker's own incarnation has ended
    | 'MAILBOX_FULL' // only for `ctx.inject`: no credit for a message from outside
    | 'UNKNOWN_KIND'
    | 'NOT_CLONEABLE' // the payload or the answer cannot cross threads
  readonly outcome: 'NOT_DONE' | 'OUTCOME_UNKNOWN'
  readonly actor: string
  readonly kind: string
  readonly detail?: string
}

/** Identity of an envelope: who sent it and the how-manieth message of that sender's incarnation it is. */
export type EnvelopeId = { readonly actor: number; readonly sequence: number }

/** What a handler knows of the message at hand. */
export type Call = {
  readonly id: EnvelopeId
  /** The envelope that was being handled when this one was sent. */
  readonly cause: EnvelopeId | undefined
  /** Clock time at which the asker gives up; undefined for tells without a deadline. Nested asks inherit it. */
  readonly deadline: Millis | undefined
  /** Whether `signal` is aborted: for who looks and does not listen. */
  readonly isAborted: boolean
  /** Aborted when the asker cancels, dies, or its deadline passes while an async handler runs. */
  readonly signal: AbortSignal
  /** As `ctx.ask`, bound to this message's deadline and cause also after an `await` in a reentrant handler. */
  ask<M, K extends AskKind<M>>(
    ref: Ref<M>,
    kind: K,
    ...args: ArgumentsAnd<PayloadOf<M, K>, AskOptions>
  ): Promise<Result<AnswerOf<M, K>, AskFailure>>
}

export type TellOptions = {
  /** Buffers that move instead of being copied. The sender no longer owns them, on whatever thread the receiver is. */
  readonly transfer?: readonly ArrayBuffer[]
}
export type AskOptions = TellOptions & {
  /** Milliseconds from now; the earlier of this and the deadline of the message at hand holds. Default 30 s. */
  readonly deadlineMs?: number
  readonly signal?: AbortSignal
}

type NotPromise<A> = A extends PromiseLike<any> ? never : A
/** A plain handler is synchronous; one that returns a promise does not compile. */
type Nothing = undefined | void

export type Serial<P, A> = {
  readonly asynchronous: 'serial'
  readonly run: (payload: P, call: Call) => Promise<A>
}
export type Reentrant<P, A> = {
  readonly asynchronous: 'reentrant'
  readonly run: (payload: P, call: Call) => A | Promise<A>
}
/** An async handler during which the mailbox rests: the next message waits until the promise settles. */
export const serial = <P, A>(run: (payload: P, call: Call) => Promise<A>): Serial<P, A> => ({
  asynchronous: 'serial',
  run,
})
/**
 * An async handler during which other messages are handled: state read before an `await` is stale after it. What it can
 * answer at once it may return without a promise, which is cheaper.
 */
export const reentrant = <P, A>(run: (payload: P, call: Call) => A | Promise<A>): Reentrant<P, A> => ({
  asynchronous: 'reentrant',
  run,
})

type HandlerOf<M, K extends Kind<M>> = M[K] extends { type: 'ask' }
  ?
      | ((payload: PayloadOf<M, K>, call: Call) => NotPromise<AnswerOf<M, K>>)
      | Serial<PayloadOf<M, K>, AnswerOf<M, K>>
      | Reentrant<PayloadOf<M, K>, AnswerOf<M, K>>
  :
      | ((payload: PayloadOf<M, K>, call: Call) => Nothing)
      | Serial<PayloadOf<M, K>, void>
      | Reentrant<PayloadOf<M, K>, void>

/** One handler per kind of the protocol. */
export type Behavior<M> = { readonly [K in Kind<M>]: HandlerOf<M, K> }

export type RestartStrategy = 'one_for_one' | 'rest_for_one' | 'one_for_all'
/** How an actor supervises its children. More than `restartsMax` within `windowMs` fails the supervisor itself. */
export type SupervisionPolicy = {
  readonly strategy: RestartStrategy
  readonly restartsMax: number
  readonly windowMs: number
  /** The n-th restart within the window waits min · 2^(n−1) up to max, with up to ±`jitter` of itself at random. */
  readonly backoff: { readonly minMs: number; readonly maxMs: number; readonly jitter: number }
}
export const DEFAULT_SUPERVISION: SupervisionPolicy = {
  strategy: 'one_for_one',
  restartsMax: 3,
  windowMs: 60_000,
  backoff: { minMs: 50, maxMs: 10_000, jitter: 0.2 },
}

/** Where a behaviour is loaded from: threads load compiled modules, never closures. */
export type ActorModule<M, D> = {
  /** `file:` URL of the source or compiled module; the runtime resolves it to compiled JavaScript. */
  readonly url: string
  /** Name of the export that `defineActor` made. */
  readonly name: string
  readonly definition?: ActorDefinition<M, D>
}

/** Names a behaviour by its module: `actorModule<ChainMessages, ChainDeps>(new URL('../chain/chain.ts', import.meta.url), 'chain')`. */
export const actorModule = <M, D = void>(url: URL | string, name: string): ActorModule<M, D> => ({
  url: String(url),
  name,
})

export type SpawnOptions<M, D> = {
  /** Last segment of the path; unique among its siblings. */
  readonly name: string
  /** A definition runs on the parent's thread only; a module on any. */
  readonly actor: ActorDefinition<M, D> | ActorModule<M, D>
  readonly deps: D
  /** Thread to run on; default by `runtime.threads` of the config, else the parent's. */
  readonly thread?: string
  /** `permanent` restarts whenever it ends, `transient` unless it stopped normally, `temporary` never. */
  readonly restart?: 'permanent' | 'transient' | 'temporary'
  /** Milliseconds to finish the mailbox at a stop. */
  readonly drainMs?: number
  /** Milliseconds an async start may take. */
  readonly startMs?: number
}
/** Why an actor ended. */
export type DownReason = {
  readonly code:
    | 'STOPPED'
    | 'THREW'
    | 'START_FAILED'
    | 'START_TIMEOUT'
    | 'THREAD_EXIT'
    | 'THREAD_HUNG'
    | 'THREAD_MEMORY'
    | 'ESCALATED'
    | 'SUPERVISOR' // stopped by its supervisor because a sibling failed
    | 'ADMIN'
  readonly detail: string
}
export type Child<M> = {
  readonly ref: Ref<M>
  /** Settles when the child's behaviour is up for the first time, or says why it is not. */
  readonly started: Promise<Result<void, DownReason>>
}

export type Context<M> = {
  readonly self: Ref<M>
  readonly path: string
  /** Counts this actor's starts: 1, 2, … over restarts in this thread epoch. */
  readonly incarnation: number
  /** Epoch of the thread: grows when a thread is replaced. */
  readonly epoch: number
  readonly clock: Clock
  readonly random: Random
  readonly ciphers: Ciphers
  readonly log: Log
  readonly net: Net
  readonly disk: Disk
  readonly inspect: Inspector
  readonly system: SystemControl
  now(): Millis
  tell<M2, K extends TellKind<M2>>(ref: Ref<M2>, kind: K, ...args: ArgumentsAnd<PayloadOf<M2, K>, TellOptions>): void
  /** Never rejects. */
  ask<M2, K extends AskKind<M2>>(
    ref: Ref<M2>,
    kind: K,
    ...args: ArgumentsAnd<PayloadOf<M2, K>, AskOptions>
  ): Promise<Result<AnswerOf<M2, K>, AskFailure>>
  /** The settled promise comes back as a message to self on reserved credit: `wrap` makes its payload. */
  pipe<T, K extends TellKind<M>>(
    promise: Promise<T>,
    kind: K,
    wrap: (settled: Result<T, unknown>) => PayloadOf<M, K>,
  ): void
  /** A message to self after a delay. At most one of a timer's messages waits in the mailbox at a time. */
  after<K extends TellKind<M>>(delayMs: number, kind: K, ...args: Arguments<PayloadOf<M, K>>): Timer
  every<K extends TellKind<M>>(periodMs: number, kind: K, ...args: Arguments<PayloadOf<M, K>>): Timer
  /** An event from a capability's callback enters the own mailbox as an ask, within its capacity. */
  inject<K extends AskKind<M>>(
    kind: K,
    ...args: ArgumentsAnd<PayloadOf<M, K>, AskOptions>
  ): Promise<Result<AnswerOf<M, K>, AskFailure>>
  spawn<M2, D>(options: SpawnOptions<M2, D>): Child<M2>
  /** Stops a child for good. Settles when it has ended. */
  stop(child: Ref<any>): Promise<void>
  /** A message of `kind` to self when the actor ends or fails, each time. */
  watch<K extends TellKind<M>>(
    ref: Ref<any>,
    kind: { readonly path: string; readonly reason: DownReason } extends PayloadOf<M, K> ? K : never,
  ): void
  unwatch(ref: Ref<any>): void
  /** Released in reverse order when this incarnation ends, on every way out. Returns it. */
  own<T extends { close(): unknown } | Disposable | AsyncDisposable>(resource: T): T
  /** Ends this actor normally once the current handler is done. */
  end(): void
}

type LossRules<M> = [LossyKind<M>] extends [never]
  ? { readonly lossy?: undefined }
  : {
      readonly lossy: {
        readonly [K in LossyKind<M>]: M[K] extends { edge: { edge: 'coalesce' } }
          ? { readonly coalesce: (keyof PayloadOf<M, K> & string) | '*' }
          : M[K] extends { edge: { edge: infer P } }
            ? P
            : never
      }
    }

export type ActorOptions<M, D> = {
  readonly name: string
  readonly mailbox: { readonly capacity: number }
  /** Kinds that cross threads in one packed binary buffer: their payload's fields and forms. */
  readonly packed?: {
    readonly [K in TellKind<M>]?: { readonly [F in keyof PayloadOf<M, K> & string]: PackSchema[string] }
  }
  /** How it supervises its children. */
  readonly supervision?: SupervisionPolicy
  /** Records its flight recorder keeps: 256 for a subsystem, 16 for one of many. */
  readonly flightRecords?: number
  /** Runs at each start and restart; its closure is the actor's private state. Async where it must open things first. */
  readonly behavior: (ctx: Context<M>, deps: D) => Behavior<M> | Promise<Behavior<M>>
} & LossRules<M>

export type ActorDefinition<M, D> = {
  readonly name: string
  readonly capacity: number
  readonly lossy: { readonly [kind: string]: LossRule }
  readonly packed: { readonly [kind: string]: PackSchema }
  readonly supervision: SupervisionPolicy
  readonly flightRecords: number
  readonly behavior: (ctx: Context<M>, deps: D) => Behavior<M> | Promise<Behavior<M>>
}

export function defineActor<M extends Carries<M>, D = void>(options: ActorOptions<M, D>): ActorDefinition<M, D> {
  return {
    name: options.name,
    capacity: options.mailbox.capacity,
    lossy: (options.lossy ?? {}) as { readonly [kind: string]: LossRule },
    packed: (options.packed ?? {}) as { readonly [kind: string]: PackSchema },
    supervision: options.supervision ?? DEFAULT_SUPERVISION,
    flightRecords: options.flightRecords ?? 256,
    behavior: options.behavior,
  }
}
