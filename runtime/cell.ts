/** One actor on its thread: mailbox, incarnation, and what it holds. The host moves it; it decides nothing itself. */
import type { ActorDefinition, Behavior, Call, DownReason } from './actor.ts'
import { type ActorRecorder, disabledRecorder } from './arena/arena.ts'
import type { Timer } from './capabilities.ts'
import type { Address } from './control.ts'
import { Deque } from './deque.ts'
import type { Envelope } from './envelope.ts'
import type { ActorState } from './inspection.ts'
import type { Link } from './link.ts'
import type { Supervisor } from './supervisor.ts'

export type CellState = 'starting' | 'running' | 'draining' | 'ending' | 'down' | 'ended'

export type BoundHandler = {
  readonly run: (payload: any, call: Call) => unknown
  readonly asynchronous: 'serial' | 'reentrant' | undefined
  readonly kindId: number
  /** It takes no second parameter: it is handed none, since making one costs as much as a small handler. */
  readonly ignoresCall: boolean
}

/** A handler that has not settled yet. */
export type RunningCall = { readonly envelope: Envelope; abort(why: string): void }

/** One life of an actor. What an old incarnation still does after its end touches nothing. */
export class Incarnation {
  readonly number: number
  alive = true
  handlers = new Map<string, BoundHandler>()
  readonly asks = new Set<number>()
  readonly timers = new Set<Timer>()
  readonly owned: { close(): unknown }[] = []
  readonly running = new Set<RunningCall>()
  /** An async `serial` handler is at work: the mailbox rests. */
  serialBusy = false
  current: Envelope | undefined = undefined
  supervisor: Supervisor | undefined = undefined

  constructor(number: number) {
    this.number = number
  }
}

export class Cell {
  readonly address: Address
  readonly parent: Address | undefined
  readonly module: { readonly url: string; readonly name: string }
  definition: ActorDefinition<any, any> | undefined
  deps: unknown
  drainMs: number
  startMs: number
  /** Records nothing until the definition is known. */
  recorder: ActorRecorder = disabledRecorder
  /** How often its supervisor has started it again. */
  restarts = 0
  readonly mailbox = new Deque<Envelope>()
  state: CellState = 'down'
  life = new Incarnation(0)
  paused = false
  /** Its end, once it comes, is for good. */
  leaving = false
  /** In the host's ready queue. */
  queued = false
  /** Messages of this actor that wait for credit in outboxes: it rests while there are any. */
  restingOn = 0
  sequence = 0
  readonly watchers = new Map<string, { readonly thread: string; readonly uid: number }>()
  /** What to tell this actor when a watched one ends: watched uid → kind of message. */
  readonly watching = new Map<number, { readonly kind: string; readonly address: Address }>()
  readonly describedTo = new Set<Link>()
  onDrained: (() => void) | undefined = undefined

  constructor(
    address: Address,
    parent: Address | undefined,
    module: { readonly url: string; readonly name: string },
    definition: ActorDefinition<any, any> | undefined,
    deps: unknown,
    drainMs: number,
    startMs: number,
  ) {
    this.address = address
    this.parent = parent
    this.module = module
    this.definition = definition
    this.deps = deps
    this.drainMs = drainMs
    this.startMs = startMs
  }

  /** Whether the next message of the mailbox may be handled now. */
  get runnable(): boolean {
    if (this.state === 'draining') return !this.life.serialBusy && this.mailbox.length > 0
    return (
      this.state === 'running' &&
      !this.paused &&
      !this.life.serialBusy &&
      this.restingOn === 0 &&
      this.mailbox.length > 0
    )
  }

  get drained(): boolean {
    return this.mailbox.length === 0 && !this.life.serialBusy && this.life.running.size === 0
  }

  /** New messages are taken in; while it is down its supervisor is about to start it again. */
  get accepts(): boolean {
    return this.state === 'starting' || this.state === 'running' || this.state === 'down'
  }
}

export function bindHandlers(behavior: Behavior<any>, intern: (kind: string) => number): Map<string, BoundHandler> {
  const handlers = new Map<string, BoundHandler>()
  for (const [kind, handler] of Object.entries(behavior)) {
    const asynchronous = typeof handler === 'function' ? undefined : handler.asynchronous
    const run = typeof handler === 'function' ? handler : handler.run
    const ignoresCall = asynchronous === undefined && run.length === 1
    handlers.set(kind, { run, asynchronous, kindId: intern(kind), ignoresCall })
  }
  return handlers
}

export type EndedCell = { readonly cell: Cell; readonly reason: DownReason }

/** What is shown of a state. */
export function shownState(cell: Cell): ActorState {
  switch (cell.state) {
    case 'starting':
      return cell.life.number > 1 ? 'restarting' : 'starting'
    case 'running':
      return cell.paused ? 'paused' : 'running'
    case 'draining':
    case 'ending':
      return 'stopping'
    case 'down':
      return 'failed'
    case 'ended':
      return 'stopped'
  }
}
