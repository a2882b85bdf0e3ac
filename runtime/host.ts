/**
 * The runtime on one thread: it holds the thread's actors, moves their messages, answers their asks, starts and ends
 * them. Hosts of one system are equal; they are joined pairwise by links.
 */
import type { ActorDefinition, DownReason, EnvelopeId } from './actor.ts'
import type { ArenaWriter } from './arena/arena.ts'
import { Asks } from './asks.ts'
import type { Ciphers, Clock, Disk, Log, Net, Random } from './capabilities.ts'
import type { Cell } from './cell.ts'
import type { ControlMessage } from './control.ts'
import { Dispatcher } from './dispatcher.ts'
import { Envelope } from './envelope.ts'
import { askFailure, downReason } from './failure.ts'
import type { Inspector } from './inspection.ts'
import { Lifecycle } from './lifecycle.ts'
import type { Link } from './link.ts'
import { Operators } from './operators.ts'
import { err } from './result.ts'
import { Routes } from './routes.ts'
import { Watches } from './watches.ts'

export type Capabilities = {
  readonly clock: Clock
  readonly random: Random
  readonly ciphers: Ciphers
  readonly net: Net
  readonly disk: Disk
  readonly logOf: (actor: string) => Log
}

export type HostOptions = {
  readonly thread: string
  readonly epoch: number
  /** All threads of the system: a mailbox's capacity is shared out among them. */
  readonly threads: readonly string[]
  readonly placement: { readonly [path: string]: string }
  readonly capabilities: Capabilities
  readonly arena: ArenaWriter
  readonly inspector: Inspector
  readonly load: (module: { readonly url: string; readonly name: string }) => Promise<ActorDefinition<any, any>>
  /** Simulation decides which ready actor is next; without it the host runs its own queue. */
  readonly scheduler?: { ready(activity: { readonly label: string; run(): void }): void }
  /** Runs `action` after pending I/O. */
  readonly soon: (action: () => void) => void
  /** Off only to measure what counters and flight records cost. */
  readonly record: boolean
  /** Payloads are cloned also on one thread, so that no two actors ever share an object. */
  readonly isolate: boolean
}

export class Host {
  readonly thread: string
  readonly epoch: number
  readonly clock: Clock
  readonly random: Random
  readonly capabilities: Capabilities
  readonly inspector: Inspector
  readonly arena: ArenaWriter
  readonly options: HostOptions
  readonly cells = new Map<number, Cell>()
  readonly links = new Map<string, Link>()
  readonly linkWaiters = new Map<string, (() => void)[]>()
  readonly lifecycle = new Lifecycle(this)
  readonly routes = new Routes(this)
  readonly dispatcher = new Dispatcher(this)
  readonly asks = new Asks(this)
  readonly watches = new Watches(this)
  readonly operators = new Operators(this)
  /** The root actor ended: the system is over. */
  onRootDown: ((reason: DownReason) => void) | undefined = undefined

  constructor(options: HostOptions) {
    this.options = options
    this.thread = options.thread
    this.epoch = options.epoch
    this.capabilities = options.capabilities
    this.clock = options.capabilities.clock
    this.random = options.capabilities.random
    this.inspector = options.inspector
    this.arena = options.arena
  }

  /** The next envelope of an actor: numbered, and caused by what it is handling. */
  compose(cell: Cell, kind: string, payload: unknown, cause: EnvelopeId | undefined, deadline: number, ask: number) {
    const current = cell.life.current
    return new Envelope(
      kind,
      payload,
      cell.address.uid,
      ++cell.sequence,
      cause?.actor ?? current?.sender ?? 0,
      cause?.sequence ?? current?.sequence ?? 0,
      deadline,
      ask,
      undefined,
      true,
    )
  }

  arrive(uid: number, envelope: Envelope): void {
    const cell = this.cells.get(uid)
    // While the thread goes, what its actors no longer take is counted by its senders, who get no credit for more.
    if (this.lifecycle.closing && envelope.ask === 0 && cell?.accepts !== true) return
    if (cell === undefined) {
      envelope.via?.credit(uid)
      this.routes.undeliverable({ uid, thread: this.thread, path: `uid ${uid}` }, envelope, 'NO_ACTOR')
      return
    }
    envelope.arrivedAt = this.dispatcher.turnTime
    this.dispatcher.deliver(cell, envelope)
  }

  controlled(link: Link, message: ControlMessage): void {
    switch (message.type) {
      case 'start':
        this.lifecycle.startHere(message.order, undefined, message.order.parent)
        return
      case 'expect':
        this.lifecycle.expectHere(message.order)
        return
      case 'started':
      case 'down':
        this.lifecycle.childReport(message)
        return
      case 'stop':
        this.lifecycle.stopHere(message.uid, message.reason, message.final, message.drain)
        return
      case 'watch':
        this.watches.watchHere(message.uid, { thread: link.peer, uid: message.watcher })
        return
      case 'unwatch':
        this.watches.unwatchHere(message.uid, { thread: link.peer, uid: message.watcher })
        return
      case 'watched-down':
        this.watches.watchedDown(
          message.watcher,
          { uid: message.uid, thread: link.peer, path: message.path },
          message.reason,
        )
        return
      case 'operator':
        this.operators.operateHere(message.uid, message.action)
        return
    }
  }

  linkUp(link: Link): void {
    this.links.set(link.peer, link)
    for (const route of this.routes.byUid.values())
      if (route.thread === link.peer) {
        route.asked = true
        link.describe(route.uid)
      }
    for (const cell of this.cells.values())
      for (const { address } of cell.watching.values())
        if (address.thread === link.peer) link.control({ type: 'watch', uid: address.uid, watcher: cell.address.uid })
    for (const cell of this.cells.values())
      for (const order of cell.life.supervisor?.awaited(link.peer) ?? []) link.control({ type: 'expect', order })
    const waiters = this.linkWaiters.get(link.peer) ?? []
    this.linkWaiters.delete(link.peer)
    for (const waiter of waiters) waiter()
    this.dispatcher.wakeTurn()
  }

  whenLinked(thread: string, action: () => void): void {
    if (this.links.has(thread)) {
      action()
      return
    }
    this.linkWaiters.set(thread, [...(this.linkWaiters.get(thread) ?? []), action])
  }

  /** Another thread has ended with all its actors. What was sent to it and not taken yet is lost, and counted. */
  threadDown(thread: string, reason: DownReason): void {
    const link = this.links.get(thread)
    this.links.delete(thread)
    link?.close()
    if (link !== undefined) this.dispatcher.dirty.delete(link)
    for (const route of this.routes.byUid.values()) {
      if (route.thread !== thread) continue
      const asks = [...this.asks.pending].filter(([, pending]) => pending.route === route)
      const lost = route.inFlight - asks.filter(([, pending]) => pending.sent).length
      if (lost > 0) this.routes.deadLetter(route, 0, '*', 'LOST_WITH_THREAD', lost)
      for (const [id, pending] of asks) {
        if (!pending.sent) route.remove((outgoing) => outgoing.envelope.ask === id)
        const outcome = pending.sent ? 'OUTCOME_UNKNOWN' : 'NOT_DONE'
        this.asks.settle(id, err(askFailure('ACTOR_DOWN', outcome, route.path, pending.kind, reason.code)))
      }
      route.isLost = true
      route.descriptor = undefined
      route.asked = false
      route.credit = 0
    }
    for (const cell of [...this.cells.values()]) {
      for (const [key, watcher] of cell.watchers) if (watcher.thread === thread) cell.watchers.delete(key)
      for (const { address } of [...cell.watching.values()])
        if (address.thread === thread) this.watches.watchedDown(cell.address.uid, address, reason)
      if (cell.parent?.thread === thread)
        void this.lifecycle.end(cell, downReason('SUPERVISOR', `thread ${thread} ended`), true, false)
      cell.life.supervisor?.threadDown(thread, reason)
    }
    this.dispatcher.wakeTurn()
  }
}
