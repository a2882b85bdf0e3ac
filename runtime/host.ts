/**
 * The runtime on one thread: it holds the thread's actors, moves their messages, answers their asks, starts and ends
 * them. Hosts of one system are equal; they are joined pairwise by links.
 */
import type { ActorDefinition, AskFailure, AskOptions, Call, DownReason, EnvelopeId } from './actor.ts'
import { type ArenaWriter, disabledRecorder } from './arena/arena.ts'
import { OUTCOME_CANCELLED, OUTCOME_EXPIRED, OUTCOME_FAILED, OUTCOME_OK, type OutcomeCode } from './arena/layout.ts'
import type { Clock, Disk, Log, Net, Random, Timer } from './capabilities.ts'
import { bindHandlers, Cell, Incarnation, type RunningCall } from './cell.ts'
import { createContext } from './context.ts'
import type { Address, ControlMessage, StartOrder } from './control.ts'
import { Deque } from './deque.ts'
import { Envelope, payloadBytes } from './envelope.ts'
import { askFailure, detailOf, downReason } from './failure.ts'
import type { ActorState, ControlError, DeadLetter, Inspector } from './inspection.ts'
import type { Link } from './link.ts'
import { buffersOf } from './moving.ts'
import { err, ok, type Result } from './result.ts'
import { type Descriptor, OUTBOX_MAX, Route } from './route.ts'
import { Supervisor } from './supervisor.ts'

/** Milliseconds an ask waits when its asker does not say. */
export const ASK_DEADLINE_MS = 30_000
/** Milliseconds of messages before a thread looks at its sockets and timers again. */
const TURN_MS = 8
/** Messages of one actor before the next ready actor has its turn. */
const QUANTUM = 64
/** Deadlines are kept in slots of this many milliseconds. */
const DEADLINE_SLOT_MS = 10
/** Milliseconds that a thread waits for the start order of an actor others already speak of. */
const UNKNOWN_ACTOR_MS = 2_000
/** Ended actors that are remembered, so that questions about them are answered at once. */
const TOMBSTONES_MAX = 4_096
/** Milliseconds that one owned resource may take to close. */
const CLOSE_MS = 5_000

export type Capabilities = {
  readonly clock: Clock
  readonly random: Random
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

type PendingAsk = {
  readonly resolve: (answer: Result<any, AskFailure>) => void
  readonly cell: Cell
  readonly life: Cell['life']
  readonly route: Route
  readonly kind: string
  readonly slot: number
  sent: boolean
  readonly unlisten: (() => void) | undefined
}

export class Host {
  readonly thread: string
  readonly epoch: number
  readonly clock: Clock
  readonly random: Random
  readonly capabilities: Capabilities
  readonly inspector: Inspector
  readonly arena: ArenaWriter
  private readonly options: HostOptions
  private readonly cells = new Map<number, Cell>()
  private readonly routes = new Map<number, Route>()
  private readonly links = new Map<string, Link>()
  private readonly linkWaiters = new Map<string, (() => void)[]>()
  private readonly asks = new Map<number, PendingAsk>()
  private readonly deadlines = new Map<number, Set<number>>()
  private readonly tombstones = new Set<number>()
  private readonly unknown = new Map<number, Link[]>()
  private readonly ready = new Deque<Cell>()
  private readonly dirty = new Set<Link>()
  private askCount = 0
  private uidCount = 0
  private inTurn = false
  private turnScheduled = false
  /** Monotonic time of the last event of this turn; reading it anew for each message would cost as much as the message. */
  private turnTime = 0
  /** Clock time − monotonic time, taken once a turn. */
  private wallOffset = 0
  private closing = false
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

  // ------------------------------------------------------------------ actors

  /** An address for a new actor. Unique over all threads and their epochs. */
  newAddress(path: string, thread: string | undefined, parent: Address | undefined): Address {
    const index = this.options.threads.indexOf(this.thread)
    const uid = (this.epoch * 64 + index) * 2 ** 20 + ++this.uidCount
    const placed = thread ?? this.placementOf(path) ?? parent?.thread ?? this.thread
    if (!this.options.threads.includes(placed)) throw new Error(`actor ${path} is placed on unknown thread ${placed}`)
    return { uid, thread: placed, path }
  }

  private placementOf(path: string): string | undefined {
    const { placement } = this.options
    return placement[path] ?? placement[path.replace(/-?\d+$/, '*')]
  }

  startRoot(definition: ActorDefinition<any, any>, path: string, deps: unknown): Address {
    const address = this.newAddress(path, this.thread, undefined)
    const order: StartOrder = {
      address,
      parent: address,
      module: { url: '', name: definition.name },
      deps,
      drainMs: 10_000,
      startMs: 600_000,
      restarts: 0,
    }
    this.startHere(order, definition, undefined)
    return address
  }

  /** Starts a child of an actor of this thread, here or on the thread of its address. */
  startChild(order: StartOrder, definition: ActorDefinition<any, any> | undefined): void {
    if (order.address.thread === this.thread) {
      this.startHere(order, definition, order.parent)
      return
    }
    this.whenLinked(order.address.thread, () => this.links.get(order.address.thread)?.control({ type: 'start', order }))
  }

  stopChild(address: Address, reason: DownReason, final: boolean, drain: boolean): void {
    if (address.thread === this.thread) {
      this.stopHere(address.uid, reason, final, drain)
      return
    }
    const link = this.links.get(address.thread)
    if (link !== undefined) link.control({ type: 'stop', uid: address.uid, reason, final, drain })
  }

  /** Ends every actor of this thread whose parent is elsewhere, without telling the parents: the thread itself goes. */
  async retire(): Promise<void> {
    this.closing = true
    const tops = [...this.cells.values()].filter(
      (cell) => cell.parent === undefined || cell.parent.thread !== this.thread,
    )
    for (const cell of tops.reverse()) await this.end(cell, downReason('STOPPED'), true, true)
    this.flush()
  }

  /** An actor ends itself once its mailbox is done. */
  stopSelf(cell: Cell, reason: DownReason): void {
    queueMicrotask(() => void this.end(cell, reason, false, true))
  }

  /** Stops the root and with it, in reverse order, all others. */
  async stopRoot(uid: number): Promise<void> {
    const cell = this.cells.get(uid)
    if (cell !== undefined) await this.end(cell, downReason('STOPPED'), true, true)
    this.flush()
  }

  private startHere(order: StartOrder, definition: ActorDefinition<any, any> | undefined, parent: Address | undefined) {
    const { address } = order
    let cell = this.cells.get(address.uid)
    if (cell === undefined) {
      cell = new Cell(address, parent, order.module, definition, order.deps, order.drainMs, order.startMs)
      this.cells.set(address.uid, cell)
    } else cell.deps = order.deps
    cell.restarts = order.restarts
    void this.start(cell)
  }

  private async start(cell: Cell): Promise<void> {
    const life = new Incarnation(cell.life.number + 1)
    cell.life = life
    this.become(cell, 'starting')
    let timer: Timer | undefined
    try {
      cell.definition ??= await this.options.load(cell.module)
      this.record(cell, cell.definition)
      this.announce(cell)
      const made = cell.definition.behavior(createContext(this, cell, life), cell.deps)
      const late = new Promise<never>((_resolve, reject) => {
        if (made instanceof Promise)
          timer = this.clock.schedule(cell.startMs, () => reject(downReason('START_TIMEOUT', `${cell.startMs} ms`)))
      })
      const behavior = made instanceof Promise ? await Promise.race([made, late]) : made
      timer?.cancel()
      if (!life.alive) return
      life.handlers = bindHandlers(behavior, (kind) => this.arena.intern(kind))
    } catch (thrown) {
      timer?.cancel()
      if (!life.alive) return
      const timedOut = (thrown as { code?: unknown } | null)?.code === 'START_TIMEOUT'
      const reason = timedOut ? (thrown as DownReason) : downReason('START_FAILED', detailOf(thrown))
      this.capabilities.logOf(cell.address.path).debug('Actor did not start', { reason: reason.detail })
      await this.end(cell, reason, false, false)
      return
    }
    this.become(cell, 'running')
    this.notifyParent(cell, { type: 'started', uid: cell.address.uid, parent: cell.parent?.uid ?? 0 })
    this.schedule(cell)
  }

  private record(cell: Cell, definition: ActorDefinition<any, any>): void {
    const now = this.clock.now()
    if (cell.recorder === disabledRecorder && this.options.record) {
      const { uid, path } = cell.address
      cell.recorder = this.arena.actor(uid, path, definition.capacity, definition.flightRecords, now)
    }
    cell.recorder.begun(cell.restarts, now)
    cell.recorder.state(shownState(cell))
  }

  /** A bug in an actor: this life of it is over. Its supervisor decides what follows. */
  fail(cell: Cell, life: Cell['life'], reason: DownReason): void {
    if (!life.alive || cell.life !== life || cell.state === 'ending') return
    this.capabilities.logOf(cell.address.path).error('Actor failed', { code: reason.code, detail: reason.detail })
    void this.end(cell, reason, false, false)
  }

  private stopHere(uid: number, reason: DownReason, final: boolean, drain: boolean): void {
    const cell = this.cells.get(uid)
    if (cell === undefined) return
    if (cell.state === 'down') {
      if (final) this.bury(cell)
      return
    }
    void this.end(cell, reason, final, drain)
  }

  /** Ends one life: drains if asked to, ends the children, releases what it owns in reverse, tells the parent. */
  private async end(cell: Cell, reason: DownReason, final: boolean, drain: boolean): Promise<void> {
    if (cell.state === 'ending' || cell.state === 'ended') return
    const { life } = cell
    if (drain && (cell.state === 'running' || cell.state === 'draining')) await this.drain(cell)
    if (!life.alive) return
    this.become(cell, 'ending')
    if (life.supervisor !== undefined) await life.supervisor.close(downReason('SUPERVISOR', 'its parent ended'), drain)
    life.alive = false
    for (const timer of life.timers) timer.cancel()
    for (const ask of life.asks) this.giveUp(ask, 'SENDER_STOPPED')
    for (const call of [...life.running]) {
      call.abort('actor ended')
      this.refuse(
        call.envelope,
        askFailure('ACTOR_FAILED', 'OUTCOME_UNKNOWN', cell.address.path, call.envelope.kind, reason.detail),
      )
    }
    life.running.clear()
    for (const resource of life.owned.reverse()) await this.release(cell, resource)
    const goes = final || this.closing
    this.refuseWaiting(cell, goes)
    this.become(cell, goes ? 'ended' : 'down')
    if (goes) this.bury(cell)
    for (const watcher of cell.watchers.values()) this.tellWatcher(cell.address, watcher, reason)
    this.notifyParent(cell, { type: 'down', uid: cell.address.uid, parent: cell.parent?.uid ?? 0, reason })
    if (cell.parent === undefined) this.onRootDown?.(reason)
    this.wakeTurn()
  }

  private async drain(cell: Cell): Promise<void> {
    this.become(cell, 'draining')
    if (cell.drained) return
    await new Promise<void>((resolve) => {
      const timer = this.clock.schedule(cell.drainMs, resolve)
      cell.onDrained = () => {
        timer.cancel()
        resolve()
      }
      this.schedule(cell)
    })
    cell.onDrained = undefined
  }

  private async release(cell: Cell, resource: { close(): unknown }): Promise<void> {
    let timer: Timer | undefined
    try {
      const late = new Promise<'late'>((resolve) => {
        timer = this.clock.schedule(CLOSE_MS, () => resolve('late'))
      })
      if ((await Promise.race([resource.close(), late])) === 'late')
        this.capabilities.logOf(cell.address.path).warn('Resource did not close in time', { limit: `${CLOSE_MS}ms` })
    } catch (thrown) {
      this.capabilities.logOf(cell.address.path).warn('Resource failed to close', { error: detailOf(thrown) })
    } finally {
      timer?.cancel()
    }
  }

  /** Asks that wait in the mailbox fail at once; other messages wait for the next life, unless there is none. */
  private refuseWaiting(cell: Cell, all: boolean): void {
    const removed = cell.mailbox.removeWhere((envelope) => all || envelope.ask !== 0 || !envelope.credited)
    for (const envelope of removed) {
      this.giveCreditBack(cell, envelope)
      if (envelope.ask !== 0)
        this.refuse(envelope, askFailure('ACTOR_DOWN', 'NOT_DONE', cell.address.path, envelope.kind))
      else if (envelope.credited) this.deadLetter(cell.address, envelope.sender, envelope.kind, 'STOPPED', 1)
    }
    cell.recorder.depth(cell.mailbox.length)
  }

  private bury(cell: Cell): void {
    this.refuseWaiting(cell, true)
    cell.recorder.release()
    this.cells.delete(cell.address.uid)
    this.tombstones.add(cell.address.uid)
    if (this.tombstones.size > TOMBSTONES_MAX)
      for (const oldest of this.tombstones) {
        this.tombstones.delete(oldest)
        break
      }
    for (const link of cell.describedTo) if (link.open) link.descriptor(cell.address.uid, undefined)
    const route = this.routes.get(cell.address.uid)
    if (route !== undefined) this.routeGone(route)
  }

  private become(cell: Cell, state: Cell['state']): void {
    cell.state = state
    cell.recorder.state(shownState(cell))
  }

  private notifyParent(cell: Cell, message: ControlMessage & { type: 'started' | 'down' }): void {
    if (cell.parent === undefined || this.closing) return
    if (cell.parent.thread === this.thread) this.childReport(message)
    else this.links.get(cell.parent.thread)?.control(message)
  }

  private childReport(message: ControlMessage & { type: 'started' | 'down' }): void {
    const supervisor = this.cells.get(message.parent)?.life.supervisor
    if (message.type === 'started') supervisor?.started(message.uid)
    else supervisor?.down(message.uid, message.reason)
  }

  supervisorOf(cell: Cell, life: Cell['life']): Supervisor {
    const { definition } = cell
    if (definition === undefined) throw new Error(`${cell.address.path} has no definition yet`)
    life.supervisor ??= new Supervisor(this, cell.address, definition.supervision, (reason) =>
      this.fail(cell, life, reason),
    )
    return life.supervisor
  }

  // ------------------------------------------------------------------ messages

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

  send(cell: Cell, to: Address, envelope: Envelope, transfer: readonly ArrayBuffer[] | undefined): void {
    const route = this.routeTo(to)
    if (route.gone) {
      this.undeliverable(route, envelope, 'NO_ACTOR')
      return
    }
    if (route.credit > 0 && route.outbox.length === 0) {
      route.credit--
      this.dispatch(route, envelope, transfer)
      return
    }
    const rule = envelope.ask === 0 ? route.ruleOf(envelope.kind) : undefined
    if (rule === undefined && route.outbox.length >= OUTBOX_MAX)
      throw new Error(`outbox to ${to.path} is full: one handler sent ${OUTBOX_MAX} messages without resting`)
    const lost = route.keep({ envelope, transfer, resting: rule === undefined ? this.resting(cell) : undefined }, rule)
    if (lost > 0) this.dropped(route, lost)
  }

  private resting(cell: Cell) {
    return {
      uid: cell.address.uid,
      rest: () => {
        if (cell.restingOn++ === 0) cell.recorder.resting(true)
      },
      wake: () => {
        if (--cell.restingOn > 0) return
        cell.recorder.resting(false)
        this.schedule(cell)
      },
    }
  }

  private dispatch(route: Route, envelope: Envelope, transfer: readonly ArrayBuffer[] | undefined): void {
    if (envelope.ask !== 0) {
      const pending = this.asks.get(envelope.ask)
      if (pending !== undefined) pending.sent = true
    }
    if (route.thread === this.thread) {
      const cell = this.cells.get(route.uid)
      if (cell === undefined) {
        this.undeliverable(route, envelope, 'NO_ACTOR')
        return
      }
      this.deliver(cell, this.options.isolate || transfer !== undefined ? isolated(envelope, transfer) : envelope)
      return
    }
    const link = this.links.get(route.thread) as Link
    if (envelope.ask === 0) link.tell(route, envelope, transfer)
    else link.ask(route, envelope, transfer)
    this.touch(link)
  }

  private pump(route: Route): void {
    for (;;) {
      const next = route.take()
      if (next === undefined) return
      this.dispatch(route, next.envelope, next.transfer)
    }
  }

  private routeTo(to: Address): Route {
    let route = this.routes.get(to.uid)
    if (route === undefined) {
      route = new Route(to.uid, to.thread, to.path)
      this.routes.set(to.uid, route)
    }
    if (route.descriptor === undefined && !route.asked && !route.gone) {
      route.asked = true
      if (to.thread === this.thread) this.describeHere(route)
      else this.links.get(to.thread)?.describe(to.uid)
    }
    return route
  }

  private describeHere(route: Route): void {
    const cell = this.cells.get(route.uid)
    if (cell?.definition !== undefined) this.setDescriptor(route, this.descriptorOf(cell))
    else if (cell === undefined) {
      if (this.tombstones.has(route.uid)) this.routeGone(route)
      else
        this.clock.schedule(UNKNOWN_ACTOR_MS, () => {
          if (!this.cells.has(route.uid)) this.routeGone(route)
        })
    }
  }

  /** The module is loaded: those who wait to send learn the mailbox's size and rules. */
  private announce(cell: Cell): void {
    const { uid } = cell.address
    const route = this.routes.get(uid)
    if (route !== undefined && route.descriptor === undefined) this.setDescriptor(route, this.descriptorOf(cell))
    for (const link of this.unknown.get(uid) ?? []) this.describe(link, uid)
    this.unknown.delete(uid)
  }

  private descriptorOf(cell: Cell): Descriptor {
    const definition = cell.definition as ActorDefinition<any, any>
    const window = Math.max(1, Math.floor(definition.capacity / this.options.threads.length))
    return { path: cell.address.path, window, lossy: definition.lossy, packed: definition.packed }
  }

  private setDescriptor(route: Route, descriptor: Descriptor): void {
    route.descriptor = descriptor
    route.credit = descriptor.window
    // What waited before the rules were known is treated by them now, in order.
    const waiting = route.remove(() => true)
    for (const outgoing of waiting) {
      if (route.credit > 0 && route.outbox.length === 0) {
        route.credit--
        this.dispatch(route, outgoing.envelope, outgoing.transfer)
        continue
      }
      const rule = outgoing.envelope.ask === 0 ? route.ruleOf(outgoing.envelope.kind) : undefined
      const lost = route.keep(rule === undefined ? outgoing : { ...outgoing, resting: undefined }, rule)
      if (lost > 0) this.dropped(route, lost)
    }
  }

  private dropped(route: Route, count: number): void {
    if (route.thread === this.thread) this.cells.get(route.uid)?.recorder.dropped(count)
    else this.links.get(route.thread)?.dropped(route.uid, count)
  }

  private routeGone(route: Route): void {
    route.gone = true
    for (const { envelope } of route.remove(() => true)) this.undeliverable(route, envelope, 'NO_ACTOR')
    for (const [id, pending] of this.asks)
      if (pending.route === route)
        this.settle(id, err(askFailure('ACTOR_DOWN', 'OUTCOME_UNKNOWN', route.path, pending.kind)))
    this.routes.delete(route.uid)
    this.tombstones.add(route.uid)
  }

  private undeliverable(to: Address, envelope: Envelope, reason: DeadLetter['reason']): void {
    if (envelope.ask !== 0) this.refuse(envelope, askFailure('ACTOR_DOWN', 'NOT_DONE', to.path, envelope.kind))
    else this.deadLetter(to, envelope.sender, envelope.kind, reason, 1)
  }

  private deadLetter(to: Address, from: number, kind: string, reason: DeadLetter['reason'], count: number): void {
    const sender = from === 0 ? '' : (this.cells.get(from)?.address.path ?? `uid ${from}`)
    this.arena.deadLetter(this.clock.now(), to.path, sender, kind, reason, count)
  }

  /** A message is in the mailbox of an actor of this thread. */
  private deliver(cell: Cell, envelope: Envelope): void {
    if (!cell.accepts || (cell.state === 'down' && envelope.ask !== 0)) {
      this.giveCreditBack(cell, envelope)
      this.undeliverable(cell.address, envelope, 'STOPPED')
      return
    }
    envelope.arrivedAt = this.inTurn ? this.turnTime : this.clock.monotonic()
    cell.mailbox.push(envelope)
    cell.recorder.received(cell.mailbox.length)
    this.schedule(cell)
  }

  /** Messages to self stand outside the credits: their number is bounded by the timers and promises that send them. */
  deliverToSelf(cell: Cell, envelope: Envelope): void {
    this.deliver(cell, envelope)
  }

  schedule(cell: Cell): void {
    if (cell.queued || !cell.runnable) {
      if (cell.onDrained !== undefined && cell.drained) cell.onDrained()
      return
    }
    cell.queued = true
    const { scheduler } = this.options
    if (scheduler !== undefined) {
      scheduler.ready({
        label: cell.address.path,
        run: () => {
          cell.queued = false
          this.turnBegins()
          this.run(cell, 1)
          this.schedule(cell)
        },
      })
      return
    }
    this.ready.push(cell)
    this.wakeTurn()
  }

  /** Work or posts are waiting outside a turn: have one as soon as the running code is done. */
  private wakeTurn(): void {
    if (this.inTurn || this.turnScheduled || this.options.scheduler !== undefined) return
    this.turnScheduled = true
    queueMicrotask(() => this.turn())
  }

  touch(link: Link): void {
    this.dirty.add(link)
    if (!this.inTurn) this.wakeTurn()
  }

  turnBegins(): void {
    this.turnTime = this.clock.monotonic()
    this.wallOffset = this.clock.now() - this.turnTime
  }

  turn(): void {
    if (this.inTurn) return
    this.turnScheduled = false
    this.inTurn = true
    this.turnBegins()
    const began = this.turnTime
    try {
      for (;;) {
        const cell = this.ready.shift()
        if (cell === undefined) break
        cell.queued = false
        this.run(cell, QUANTUM)
        this.schedule(cell)
        if (this.turnTime - began > TURN_MS) break
      }
    } finally {
      this.inTurn = false
      this.flush()
    }
    if (this.ready.length > 0 && !this.turnScheduled) {
      this.turnScheduled = true
      this.options.soon(() => this.turn())
    }
  }

  flush(): void {
    for (const link of this.dirty) link.flush()
    this.dirty.clear()
  }

  private run(cell: Cell, most: number): void {
    for (let count = 0; count < most && cell.runnable; count++) {
      const envelope = cell.mailbox.shift() as Envelope
      if (envelope.timer !== undefined) envelope.timer.waiting = false
      this.giveCreditBack(cell, envelope)
      this.handle(cell, envelope)
    }
  }

  private giveCreditBack(cell: Cell, envelope: Envelope): void {
    if (!envelope.credited) return
    if (envelope.via !== undefined) {
      if (envelope.via.open) envelope.via.credit(cell.address.uid)
      return
    }
    const route = this.routes.get(cell.address.uid)
    if (route === undefined) return
    route.credit++
    if (route.outbox.length > 0) this.pump(route)
  }

  private handle(cell: Cell, envelope: Envelope): void {
    const { life, recorder } = cell
    const path = cell.address.path
    if (envelope.cancelled || (envelope.deadline !== 0 && envelope.deadline < this.turnTime + this.wallOffset)) {
      this.skip(cell, envelope, envelope.cancelled ? OUTCOME_CANCELLED : OUTCOME_EXPIRED)
      return
    }
    const handler = life.handlers.get(envelope.kind)
    if (handler === undefined) {
      this.skip(cell, envelope, OUTCOME_FAILED)
      if (envelope.ask === 0) this.deadLetter(cell.address, envelope.sender, envelope.kind, 'UNKNOWN_KIND', 1)
      else this.refuse(envelope, askFailure('UNKNOWN_KIND', 'NOT_DONE', path, envelope.kind))
      return
    }
    const began = this.turnTime
    const bytes = envelope.bytes > 0 ? envelope.bytes : payloadBytes(envelope.payload)
    const token = recorder.begin(
      handler.kindId,
      envelope.sender,
      envelope.sequence,
      envelope.causeActor,
      envelope.causeSequence,
      bytes,
      began - envelope.arrivedAt,
      began + this.wallOffset,
    )
    const call = new HostCall(this, cell, envelope)
    life.current = envelope
    let result: unknown
    try {
      result = handler.run(envelope.payload, call)
    } catch (thrown) {
      life.current = undefined
      this.handlerFailed(cell, life, envelope, thrown, token)
      return
    }
    if (handler.asynchronous === undefined) {
      life.current = undefined
      if (result instanceof Promise) {
        result.catch(() => {})
        const undeclared = new Error(`handler ${envelope.kind} returned a promise without serial() or reentrant()`)
        this.handlerFailed(cell, life, envelope, undeclared, token)
        return
      }
      this.turnTime = this.clock.monotonic()
      recorder.end(this.turnTime - began, OUTCOME_OK, cell.mailbox.length, token)
      if (envelope.ask !== 0) this.answer(envelope, result)
      return
    }
    const isSerial = handler.asynchronous === 'serial'
    if (isSerial) life.serialBusy = true
    else life.current = undefined
    life.running.add(call)
    this.turnTime = this.clock.monotonic()
    const busy = this.turnTime - began
    const settled = () => {
      life.running.delete(call)
      if (isSerial) {
        life.serialBusy = false
        life.current = undefined
      }
    }
    ;(result as Promise<unknown>).then(
      (value) => {
        if (!life.alive) return
        settled()
        recorder.end(this.clock.monotonic() - began, OUTCOME_OK, cell.mailbox.length, token, busy)
        if (envelope.ask !== 0) this.answer(envelope, value)
        this.schedule(cell)
      },
      (thrown: unknown) => {
        if (!life.alive) return
        settled()
        this.handlerFailed(cell, life, envelope, thrown, token)
      },
    )
  }

  /** Recorded, not handled. */
  private skip(cell: Cell, envelope: Envelope, outcome: OutcomeCode): void {
    const { sender, sequence, causeActor, causeSequence } = envelope
    const waited = this.turnTime - envelope.arrivedAt
    const kind = this.arena.intern(envelope.kind)
    const record = cell.recorder.begin(
      kind,
      sender,
      sequence,
      causeActor,
      causeSequence,
      0,
      waited,
      this.turnTime + this.wallOffset,
    )
    cell.recorder.end(0, outcome, cell.mailbox.length, record)
  }

  private handlerFailed(cell: Cell, life: Cell['life'], envelope: Envelope, thrown: unknown, token: number): void {
    const began = this.turnTime
    this.turnTime = this.clock.monotonic()
    cell.recorder.end(this.turnTime - began, OUTCOME_FAILED, cell.mailbox.length, token)
    const detail = detailOf(thrown)
    if (envelope.ask !== 0)
      this.refuse(envelope, askFailure('ACTOR_FAILED', 'OUTCOME_UNKNOWN', cell.address.path, envelope.kind, detail))
    this.fail(cell, life, downReason('THREW', `${envelope.kind}: ${detail}`))
  }

  // ------------------------------------------------------------------ asks

  ask(
    cell: Cell,
    life: Cell['life'],
    to: Address,
    kind: string,
    payload: unknown,
    options: AskOptions | undefined,
    cause: Envelope | undefined,
    self = false,
  ): Promise<Result<any, AskFailure>> {
    const now = this.clock.now()
    let deadline = now + (options?.deadlineMs ?? ASK_DEADLINE_MS)
    if (cause !== undefined && cause.deadline !== 0 && cause.deadline < deadline) deadline = cause.deadline
    if (!life.alive) return Promise.resolve(err(askFailure('SENDER_STOPPED', 'NOT_DONE', to.path, kind)))
    if (deadline <= now) return Promise.resolve(err(askFailure('DEADLINE', 'NOT_DONE', to.path, kind)))
    if (options?.signal?.aborted) return Promise.resolve(err(askFailure('CANCELLED', 'NOT_DONE', to.path, kind)))
    const route = this.routeTo(to)
    if (route.gone || (to.thread !== this.thread && !this.links.has(to.thread)))
      return Promise.resolve(err(askFailure('ACTOR_DOWN', 'NOT_DONE', to.path, kind)))
    if (self && route.credit === 0) return Promise.resolve(err(askFailure('MAILBOX_FULL', 'NOT_DONE', to.path, kind)))
    const id = ++this.askCount
    const envelope = this.compose(
      cell,
      kind,
      payload,
      cause === undefined ? undefined : { actor: cause.sender, sequence: cause.sequence },
      deadline,
      id,
    )
    return new Promise((resolve) => {
      const slot = Math.ceil(deadline / DEADLINE_SLOT_MS)
      let unlisten: (() => void) | undefined
      const signal = options?.signal
      if (signal !== undefined) {
        const abort = () => this.giveUp(id, 'CANCELLED')
        signal.addEventListener('abort', abort, { once: true })
        unlisten = () => signal.removeEventListener('abort', abort)
      }
      this.asks.set(id, { resolve, cell, life, route, kind, slot, sent: false, unlisten })
      life.asks.add(id)
      let due = this.deadlines.get(slot)
      if (due === undefined) {
        due = new Set()
        this.deadlines.set(slot, due)
        this.clock.schedule(slot * DEADLINE_SLOT_MS - now, () => this.expire(slot))
      }
      due.add(id)
      this.send(cell, to, envelope, options?.transfer)
    })
  }

  private expire(slot: number): void {
    const due = this.deadlines.get(slot)
    this.deadlines.delete(slot)
    for (const id of due ?? []) this.giveUp(id, 'DEADLINE')
    this.wakeTurn()
  }

  /** The asker no longer waits: the message is taken back, or its receiver told. */
  private giveUp(id: number, code: 'DEADLINE' | 'CANCELLED' | 'SENDER_STOPPED'): void {
    const pending = this.asks.get(id)
    if (pending === undefined) return
    const { route } = pending
    if (!pending.sent) route.remove((outgoing) => outgoing.envelope.ask === id)
    else if (route.thread === this.thread) this.cancelled(undefined, route.uid, id)
    else this.links.get(route.thread)?.cancel(route.uid, id)
    this.settle(id, err(askFailure(code, pending.sent ? 'OUTCOME_UNKNOWN' : 'NOT_DONE', route.path, pending.kind)))
  }

  private settle(id: number, answer: Result<unknown, AskFailure>): void {
    const pending = this.asks.get(id)
    if (pending === undefined) return
    this.asks.delete(id)
    this.deadlines.get(pending.slot)?.delete(id)
    pending.life.asks.delete(id)
    pending.unlisten?.()
    pending.resolve(answer)
  }

  private answer(envelope: Envelope, value: unknown): void {
    const transfer = buffersOf(value)
    if (envelope.via === undefined)
      this.answered(
        envelope.ask,
        this.options.isolate ? structuredClone(value, { transfer: [...(transfer ?? [])] }) : value,
      )
    else if (envelope.via.open) envelope.via.answer(envelope.ask, value, transfer)
  }

  private refuse(envelope: Envelope, failure: AskFailure): void {
    if (envelope.ask === 0) return
    if (envelope.via === undefined) this.refused(envelope.ask, failure)
    else if (envelope.via.open) envelope.via.fail(envelope.ask, failure)
  }

  // ------------------------------------------------------------------ what links bring

  arrive(uid: number, envelope: Envelope): void {
    const cell = this.cells.get(uid)
    if (cell === undefined) {
      envelope.via?.credit(uid)
      this.undeliverable({ uid, thread: this.thread, path: `uid ${uid}` }, envelope, 'NO_ACTOR')
      return
    }
    envelope.arrivedAt = this.turnTime
    this.deliver(cell, envelope)
  }

  answered(ask: number, value: unknown): void {
    this.settle(ask, ok(value))
  }

  refused(ask: number, failure: AskFailure): void {
    this.settle(ask, err(failure))
  }

  credited(link: Link, uid: number, count: number): void {
    const route = this.routes.get(uid)
    if (route === undefined || route.thread !== link.peer) return
    route.credit += count
    this.pump(route)
  }

  describe(link: Link, uid: number): void {
    const cell = this.cells.get(uid)
    if (cell?.definition !== undefined) {
      cell.describedTo.add(link)
      link.descriptor(uid, this.descriptorOf(cell))
      return
    }
    if (this.tombstones.has(uid)) {
      link.descriptor(uid, undefined)
      return
    }
    const waiting = this.unknown.get(uid)
    if (waiting !== undefined) {
      waiting.push(link)
      return
    }
    this.unknown.set(uid, [link])
    if (cell !== undefined) return
    this.clock.schedule(UNKNOWN_ACTOR_MS, () => {
      if (this.cells.has(uid)) return
      for (const one of this.unknown.get(uid) ?? []) if (one.open) one.descriptor(uid, undefined)
      this.unknown.delete(uid)
    })
  }

  described(link: Link, uid: number, descriptor: Descriptor | undefined): void {
    const route = this.routes.get(uid)
    if (route === undefined || route.thread !== link.peer) return
    if (descriptor === undefined) this.routeGone(route)
    else if (route.descriptor === undefined) this.setDescriptor(route, descriptor)
  }

  cancelled(link: Link | undefined, uid: number, ask: number): void {
    const cell = this.cells.get(uid)
    if (cell === undefined) return
    for (const call of cell.life.running)
      if (call.envelope.ask === ask && call.envelope.via === link) {
        call.abort('the asker no longer waits')
        return
      }
    cell.mailbox.removeWhere((envelope) => {
      if (envelope.ask === ask && envelope.via === link) envelope.cancelled = true
      return false
    })
  }

  droppedElsewhere(uid: number, count: number): void {
    this.cells.get(uid)?.recorder.dropped(count)
  }

  notCloneable(uid: number, kind: string, sender: number, ask: number, detail: string): void {
    const route = this.routes.get(uid)
    const path = route?.path ?? `uid ${uid}`
    if (route !== undefined) route.credit++
    this.capabilities.logOf('runtime').error('Message cannot be cloned', { to: path, kind, detail })
    if (ask !== 0) this.settle(ask, err(askFailure('NOT_CLONEABLE', 'NOT_DONE', path, kind, detail)))
    else this.deadLetter({ uid, thread: '', path }, sender, kind, 'NOT_CLONEABLE', 1)
  }

  controlled(link: Link, message: ControlMessage): void {
    switch (message.type) {
      case 'start':
        this.startHere(message.order, undefined, message.order.parent)
        return
      case 'started':
      case 'down':
        this.childReport(message)
        return
      case 'stop':
        this.stopHere(message.uid, message.reason, message.final, message.drain)
        return
      case 'watch':
        this.watchHere(message.uid, { thread: link.peer, uid: message.watcher })
        return
      case 'unwatch':
        this.cells.get(message.uid)?.watchers.delete(`${link.peer} ${message.watcher}`)
        return
      case 'watched-down':
        this.watchedDown(message.watcher, { uid: message.uid, thread: link.peer, path: message.path }, message.reason)
        return
      case 'operator':
        this.operateHere(message.uid, message.action)
        return
    }
  }

  // ------------------------------------------------------------------ threads

  linkUp(link: Link): void {
    this.links.set(link.peer, link)
    for (const route of this.routes.values())
      if (route.thread === link.peer) {
        route.asked = true
        link.describe(route.uid)
      }
    for (const cell of this.cells.values())
      for (const { address } of cell.watching.values())
        if (address.thread === link.peer) link.control({ type: 'watch', uid: address.uid, watcher: cell.address.uid })
    const waiters = this.linkWaiters.get(link.peer) ?? []
    this.linkWaiters.delete(link.peer)
    for (const waiter of waiters) waiter()
    this.wakeTurn()
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
    if (link !== undefined) this.dirty.delete(link)
    for (const route of this.routes.values()) {
      if (route.thread !== thread) continue
      const asks = [...this.asks].filter(([, pending]) => pending.route === route)
      const lost = route.inFlight - asks.filter(([, pending]) => pending.sent).length
      if (lost > 0) this.deadLetter(route, 0, '*', 'LOST_WITH_THREAD', lost)
      for (const [id, pending] of asks) {
        if (!pending.sent) route.remove((outgoing) => outgoing.envelope.ask === id)
        const outcome = pending.sent ? 'OUTCOME_UNKNOWN' : 'NOT_DONE'
        this.settle(id, err(askFailure('ACTOR_DOWN', outcome, route.path, pending.kind, reason.code)))
      }
      route.descriptor = undefined
      route.asked = false
      route.credit = 0
    }
    for (const cell of [...this.cells.values()]) {
      for (const [key, watcher] of cell.watchers) if (watcher.thread === thread) cell.watchers.delete(key)
      for (const { address } of [...cell.watching.values()])
        if (address.thread === thread) this.watchedDown(cell.address.uid, address, reason)
      if (cell.parent?.thread === thread)
        void this.end(cell, downReason('SUPERVISOR', `thread ${thread} ended`), true, false)
      cell.life.supervisor?.threadDown(thread, reason)
    }
    this.wakeTurn()
  }

  // ------------------------------------------------------------------ watching, operating

  watch(cell: Cell, watched: Address, kind: string): void {
    cell.watching.set(watched.uid, { kind, address: watched })
    if (watched.thread === this.thread) this.watchHere(watched.uid, { thread: this.thread, uid: cell.address.uid })
    else this.links.get(watched.thread)?.control({ type: 'watch', uid: watched.uid, watcher: cell.address.uid })
  }

  unwatch(cell: Cell, watched: Address): void {
    cell.watching.delete(watched.uid)
    if (watched.thread === this.thread)
      this.cells.get(watched.uid)?.watchers.delete(`${this.thread} ${cell.address.uid}`)
    else this.links.get(watched.thread)?.control({ type: 'unwatch', uid: watched.uid, watcher: cell.address.uid })
  }

  private watchHere(uid: number, watcher: { readonly thread: string; readonly uid: number }): void {
    const cell = this.cells.get(uid)
    if (cell !== undefined) cell.watchers.set(`${watcher.thread} ${watcher.uid}`, watcher)
    else if (this.tombstones.has(uid))
      this.tellWatcher({ uid, thread: this.thread, path: `uid ${uid}` }, watcher, downReason('STOPPED'))
  }

  private tellWatcher(
    watched: Address,
    watcher: { readonly thread: string; readonly uid: number },
    reason: DownReason,
  ) {
    if (watcher.thread === this.thread) this.watchedDown(watcher.uid, watched, reason)
    else
      this.links
        .get(watcher.thread)
        ?.control({ type: 'watched-down', uid: watched.uid, path: watched.path, watcher: watcher.uid, reason })
  }

  private watchedDown(watcher: number, watched: Address, reason: DownReason): void {
    const cell = this.cells.get(watcher)
    const kind = cell?.watching.get(watched.uid)?.kind
    if (cell === undefined || kind === undefined) return
    const payload = { path: watched.path, reason }
    this.deliverToSelf(cell, new Envelope(kind, payload, watched.uid, 0, 0, 0, 0, 0, undefined, false))
  }

  operate(path: string, action: 'restart' | 'pause' | 'resume'): Result<void, ControlError> {
    const view = this.inspector.actors().find((actor) => actor.path === path)
    if (view === undefined) return err({ code: 'NO_SUCH_ACTOR', path })
    if (action === 'restart' && !this.isSupervised(path)) return err({ code: 'NOT_RESTARTABLE', path })
    if (view.state !== 'running' && view.state !== 'paused') return err({ code: 'NOT_RUNNING', path })
    if (view.thread === this.thread) this.operateHere(view.uid, action)
    else {
      const link = this.links.get(view.thread)
      if (link === undefined) return err({ code: 'NOT_RUNNING', path })
      link.control({ type: 'operator', uid: view.uid, action })
    }
    return ok(undefined)
  }

  private isSupervised(path: string): boolean {
    return [...this.cells.values()].every((cell) => cell.address.path !== path || cell.parent !== undefined)
  }

  private operateHere(uid: number, action: 'restart' | 'pause' | 'resume'): void {
    const cell = this.cells.get(uid)
    if (cell === undefined || cell.parent === undefined) return
    switch (action) {
      case 'restart':
        if (cell.state === 'running') void this.end(cell, downReason('ADMIN', 'restarted by an operator'), false, false)
        return
      case 'pause':
        cell.paused = true
        break
      case 'resume':
        cell.paused = false
        break
    }
    cell.recorder.state(shownState(cell))
    this.schedule(cell)
  }
}

/** What a handler gets with its message; its signal costs nothing until it is asked for. */
class HostCall implements Call, RunningCall {
  readonly envelope: Envelope
  private readonly host: Host
  private readonly cell: Cell
  private readonly life: Cell['life']
  private controller: AbortController | undefined = undefined
  private aborted: string | undefined = undefined

  constructor(host: Host, cell: Cell, envelope: Envelope) {
    this.host = host
    this.cell = cell
    this.life = cell.life
    this.envelope = envelope
  }

  get id(): EnvelopeId {
    return { actor: this.envelope.sender, sequence: this.envelope.sequence }
  }

  get cause(): EnvelopeId | undefined {
    const { causeActor, causeSequence } = this.envelope
    return causeActor === 0 ? undefined : { actor: causeActor, sequence: causeSequence }
  }

  get deadline(): number | undefined {
    return this.envelope.deadline === 0 ? undefined : this.envelope.deadline
  }

  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController()
      if (this.aborted !== undefined) this.controller.abort(new Error(this.aborted))
    }
    return this.controller.signal
  }

  abort(why: string): void {
    this.aborted = why
    this.controller?.abort(new Error(why))
  }

  ask(ref: any, kind: string, ...args: any[]): Promise<Result<any, AskFailure>> {
    return this.host.ask(this.cell, this.life, ref, kind, args[0], args[1], this.envelope)
  }
}

function shownState(cell: Cell): ActorState {
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

/** The same on one thread as between threads: the sender's transferred buffers are gone, nothing is shared. */
function isolated(envelope: Envelope, transfer: readonly ArrayBuffer[] | undefined): Envelope {
  const payload = structuredClone(envelope.payload, { transfer: [...(transfer ?? [])] })
  return new Envelope(
    envelope.kind,
    payload,
    envelope.sender,
    envelope.sequence,
    envelope.causeActor,
    envelope.causeSequence,
    envelope.deadline,
    envelope.ask,
    undefined,
    envelope.credited,
  )
}
