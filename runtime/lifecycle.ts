import type { ActorDefinition, DownReason } from './actor.ts'
import { disabledRecorder } from './arena/arena.ts'
import type { Timer } from './capabilities.ts'
import { bindHandlers, Cell, Incarnation, shownState } from './cell.ts'
import { createContext } from './context.ts'
import type { Address, ControlMessage, StartOrder } from './control.ts'
import { askFailure, detailOf, downReason } from './failure.ts'
import type { Host } from './host.ts'
import { Supervisor } from './supervisor.ts'

/** Milliseconds that one owned resource may take to close. */
const CLOSE_MS = 5_000

/** Starts and ends the actors of one thread, and tells their parents. */
export class Lifecycle {
  private readonly host: Host
  uidCount = 0
  closing = false

  constructor(host: Host) {
    this.host = host
  }

  /** An address for a new actor. Unique over all threads and their epochs. */
  newAddress(path: string, thread: string | undefined, parent: Address | undefined): Address {
    const index = this.host.options.threads.indexOf(this.host.thread)
    const count = ++this.uidCount
    const base = this.host.epoch * 64 + index
    // Small integers are faster keys; after a million actors uniqueness counts more.
    const uid = count < 2 ** 20 ? base * 2 ** 20 + count : base * 2 ** 32 + count
    const placed = thread ?? this.placementOf(path) ?? parent?.thread ?? this.host.thread
    if (!this.host.options.threads.includes(placed))
      throw new Error(`actor ${path} is placed on unknown thread ${placed}`)
    return { uid, thread: placed, path }
  }

  placementOf(path: string): string | undefined {
    const { placement } = this.host.options
    return placement[path] ?? placement[path.replace(/\d+$/, '*')]
  }

  /** @param address of `newAddress`, on this thread */
  startRoot(address: Address, definition: ActorDefinition<any, any>, deps: unknown): void {
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
  }

  /** Starts a child of an actor of this thread, here or on the thread of its address. */
  startChild(order: StartOrder, definition: ActorDefinition<any, any> | undefined): void {
    if (order.address.thread === this.host.thread) {
      this.startHere(order, definition, order.parent)
      return
    }
    this.host.whenLinked(order.address.thread, () =>
      this.host.links.get(order.address.thread)?.control({ type: 'start', order }),
    )
  }

  stopChild(address: Address, reason: DownReason, final: boolean, drain: boolean): void {
    if (address.thread === this.host.thread) {
      this.stopHere(address.uid, reason, final, drain)
      return
    }
    this.host.whenLinked(address.thread, () =>
      this.host.links.get(address.thread)?.control({ type: 'stop', uid: address.uid, reason, final, drain }),
    )
  }

  /** Ends every actor of this thread whose parent is elsewhere, without telling the parents: the thread itself goes. */
  async retire(): Promise<void> {
    this.closing = true
    const tops = [...this.host.cells.values()].filter(
      (cell) => cell.parent === undefined || cell.parent.thread !== this.host.thread,
    )
    for (const cell of tops.reverse()) await this.end(cell, downReason('STOPPED'), true, true)
    this.host.dispatcher.flush()
  }

  /** An actor ends itself once its mailbox is done. */
  stopSelf(cell: Cell, reason: DownReason): void {
    queueMicrotask(() => void this.end(cell, reason, false, true))
  }

  /** Stops the root and with it, in reverse order, all others. */
  async stopRoot(uid: number): Promise<void> {
    const cell = this.host.cells.get(uid)
    if (cell !== undefined) await this.end(cell, downReason('STOPPED'), true, true)
    this.host.asks.close()
    this.host.dispatcher.flush()
  }

  startHere(order: StartOrder, definition: ActorDefinition<any, any> | undefined, parent: Address | undefined) {
    const { address } = order
    let cell = this.host.cells.get(address.uid)
    if (cell === undefined) cell = this.admit(order, definition, parent)
    else if (cell.state !== 'down') return
    else cell.deps = order.deps
    cell.restarts = order.restarts
    void this.start(cell)
  }

  /**
   * An actor that a replaced thread took along will be started here: until then it is down, not unknown, and those who
   * ask for it wait for its start however long its supervisor takes.
   */
  expectHere(order: StartOrder): void {
    if (!this.host.cells.has(order.address.uid)) this.admit(order, undefined, order.parent)
  }

  /** A cell that is down, and known to those who watch it. */
  private admit(
    order: StartOrder,
    definition: ActorDefinition<any, any> | undefined,
    parent: Address | undefined,
  ): Cell {
    const { address, module, deps, drainMs, startMs } = order
    const cell = new Cell(address, parent, module, definition, deps, drainMs, startMs)
    this.host.cells.set(address.uid, cell)
    this.host.watches.begun(cell)
    return cell
  }

  async start(cell: Cell): Promise<void> {
    const life = new Incarnation(cell.life.number + 1)
    cell.life = life
    this.become(cell, 'starting')
    let timer: Timer | undefined
    try {
      cell.definition ??= await this.host.options.load(cell.module)
      this.record(cell, cell.definition)
      this.host.routes.announce(cell)
      const made = cell.definition.behavior(createContext(this.host, cell, life), cell.deps)
      const late = new Promise<never>((_resolve, reject) => {
        if (made instanceof Promise)
          timer = this.host.clock.schedule(cell.startMs, () =>
            reject(downReason('START_TIMEOUT', `${cell.startMs} ms`)),
          )
      })
      const behavior = made instanceof Promise ? await Promise.race([made, late]) : made
      timer?.cancel()
      if (!life.alive) return
      life.handlers = bindHandlers(behavior, (kind) => this.host.arena.intern(kind))
    } catch (thrown) {
      timer?.cancel()
      if (!life.alive) return
      const timedOut = (thrown as { code?: unknown } | null)?.code === 'START_TIMEOUT'
      const reason = timedOut ? (thrown as DownReason) : downReason('START_FAILED', detailOf(thrown))
      this.host.capabilities.logOf(cell.address.path).debug('Actor did not start', { reason: reason.detail })
      await this.end(cell, reason, false, false)
      return
    }
    this.become(cell, 'running')
    this.notifyParent(cell, { type: 'started', uid: cell.address.uid, parent: cell.parent?.uid ?? 0 })
    this.host.dispatcher.schedule(cell)
  }

  record(cell: Cell, definition: ActorDefinition<any, any>): void {
    const now = this.host.clock.now()
    if (cell.recorder === disabledRecorder && this.host.options.record) {
      const { uid, path } = cell.address
      cell.recorder = this.host.arena.actor(uid, path, definition.capacity, definition.flightRecords, now)
    }
    cell.recorder.begun(cell.restarts, now)
    cell.recorder.state(shownState(cell))
  }

  /** A bug in an actor: this life of it is over. Its supervisor decides what follows. */
  fail(cell: Cell, life: Cell['life'], reason: DownReason): void {
    if (!life.alive || cell.life !== life || cell.state === 'ending') return
    this.host.capabilities.logOf(cell.address.path).error('Actor failed', { code: reason.code, detail: reason.detail })
    void this.end(cell, reason, false, false)
  }

  stopHere(uid: number, reason: DownReason, final: boolean, drain: boolean): void {
    const cell = this.host.cells.get(uid)
    if (cell === undefined) {
      if (final) this.host.routes.entomb(uid)
      return
    }
    if (cell.state === 'down') {
      if (final) this.bury(cell)
      return
    }
    void this.end(cell, reason, final, drain)
  }

  /** Ends one life: drains if asked to, ends the children, releases what it owns in reverse, tells the parent. */
  async end(cell: Cell, reason: DownReason, final: boolean, drain: boolean): Promise<void> {
    if (final) cell.leaving = true
    if (cell.state === 'ending' || cell.state === 'ended') return
    const { life } = cell
    if (drain && (cell.state === 'running' || cell.state === 'draining')) await this.drain(cell)
    if (!life.alive) return
    this.become(cell, 'ending')
    if (life.supervisor !== undefined) await life.supervisor.close(downReason('SUPERVISOR', 'its parent ended'), drain)
    life.alive = false
    for (const timer of life.timers) timer.cancel()
    for (const ask of life.asks) this.host.asks.giveUp(ask, 'SENDER_STOPPED')
    for (const call of [...life.running]) {
      call.abort('actor ended')
      this.host.asks.refuse(
        call.envelope,
        askFailure('ACTOR_FAILED', 'OUTCOME_UNKNOWN', cell.address.path, call.envelope.kind, reason.detail),
      )
    }
    life.running.clear()
    for (const resource of life.owned.reverse()) await this.release(cell, resource)
    for (const { address } of [...cell.watching.values()]) this.host.watches.unwatch(cell, address)
    const goes = cell.leaving || this.closing
    this.refuseWaiting(cell, goes)
    this.become(cell, goes ? 'ended' : 'down')
    if (goes) this.bury(cell)
    // Other threads learn why this one goes when it is gone.
    for (const watcher of cell.watchers.values())
      if (!this.closing || watcher.thread === this.host.thread)
        this.host.watches.tellWatcher(cell.address, watcher, reason)
    this.notifyParent(cell, { type: 'down', uid: cell.address.uid, parent: cell.parent?.uid ?? 0, reason })
    if (cell.parent === undefined) this.host.onRootDown?.(reason)
    this.host.dispatcher.wakeTurn()
  }

  async drain(cell: Cell): Promise<void> {
    this.become(cell, 'draining')
    if (cell.drained) return
    await new Promise<void>((resolve) => {
      const timer = this.host.clock.schedule(cell.drainMs, resolve)
      cell.onDrained = () => {
        timer.cancel()
        resolve()
      }
      this.host.dispatcher.schedule(cell)
    })
    cell.onDrained = undefined
  }

  async release(cell: Cell, resource: { close(): unknown }): Promise<void> {
    let timer: Timer | undefined
    try {
      const late = new Promise<'late'>((resolve) => {
        timer = this.host.clock.schedule(CLOSE_MS, () => resolve('late'))
      })
      if ((await Promise.race([resource.close(), late])) === 'late')
        this.host.capabilities
          .logOf(cell.address.path)
          .warn('Resource did not close in time', { limit: `${CLOSE_MS}ms` })
    } catch (thrown) {
      this.host.capabilities.logOf(cell.address.path).warn('Resource failed to close', { error: detailOf(thrown) })
    } finally {
      timer?.cancel()
    }
  }

  /** Asks that wait in the mailbox fail at once; other messages wait for the next life, unless there is none. */
  refuseWaiting(cell: Cell, all: boolean): void {
    const removed = cell.mailbox.removeWhere((envelope) => all || envelope.ask !== 0 || !envelope.credited)
    for (const envelope of removed) {
      this.host.routes.giveCreditBack(cell, envelope)
      if (envelope.ask !== 0)
        this.host.asks.refuse(envelope, askFailure('ACTOR_DOWN', 'NOT_DONE', cell.address.path, envelope.kind))
      else if (envelope.credited)
        this.host.routes.deadLetter(cell.address, envelope.sender, envelope.kind, 'STOPPED', 1)
    }
    cell.recorder.depth(cell.mailbox.length)
  }

  bury(cell: Cell): void {
    this.refuseWaiting(cell, true)
    cell.recorder.release()
    this.host.cells.delete(cell.address.uid)
    this.host.routes.entomb(cell.address.uid)
    // While the thread itself goes, its actors come back with the next one: who waits to send goes on waiting.
    const { unknown } = this.host.routes
    const waiting = [...cell.describedTo, ...(unknown.get(cell.address.uid) ?? [])]
    unknown.delete(cell.address.uid)
    if (!this.closing) for (const link of waiting) if (link.open) link.descriptor(cell.address.uid, undefined)
    const route = this.host.routes.byUid.get(cell.address.uid)
    if (route !== undefined) this.host.routes.routeGone(route)
  }

  become(cell: Cell, state: Cell['state']): void {
    cell.state = state
    cell.recorder.state(shownState(cell))
  }

  notifyParent(cell: Cell, message: ControlMessage & { type: 'started' | 'down' }): void {
    if (cell.parent === undefined) return
    if (cell.parent.thread === this.host.thread) this.childReport(message)
    else if (!this.closing) this.host.links.get(cell.parent.thread)?.control(message)
  }

  /** A child whose start order cannot cross to its thread never starts. */
  startNotCloneable(order: StartOrder, detail: string): void {
    const reason = downReason('START_FAILED', `its deps cannot be cloned: ${detail}`)
    this.childReport({ type: 'down', uid: order.address.uid, parent: order.parent.uid, reason })
  }

  childReport(message: ControlMessage & { type: 'started' | 'down' }): void {
    const supervisor = this.host.cells.get(message.parent)?.life.supervisor
    if (message.type === 'started') supervisor?.started(message.uid)
    else supervisor?.down(message.uid, message.reason)
  }

  supervisorOf(cell: Cell, life: Cell['life']): Supervisor {
    const { definition } = cell
    if (definition === undefined) throw new Error(`${cell.address.path} has no definition yet`)
    life.supervisor ??= new Supervisor(this.host, cell.address, definition.supervision, (reason) =>
      this.fail(cell, life, reason),
    )
    return life.supervisor
  }
}
