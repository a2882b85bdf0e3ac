import type { ActorDefinition } from './actor.ts'
import type { Cell } from './cell.ts'
import type { Address } from './control.ts'
import { Envelope } from './envelope.ts'
import { askFailure, detailOf } from './failure.ts'
import type { Host } from './host.ts'
import type { DeadLetter } from './inspection.ts'
import type { Link } from './link.ts'
import { hasGone } from './moving.ts'
import { err } from './result.ts'
import { type Descriptor, OUTBOX_MAX, Route } from './route.ts'

/** Milliseconds that a thread waits for the start order of an actor others already speak of. */
const UNKNOWN_ACTOR_MS = 2_000
/** Ended actors that are remembered, so that questions about them are answered at once. */
const TOMBSTONES_MAX = 4_096

/** The ways from this thread to actors: credit, outboxes, what has no receiver. */
export class Routes {
  private readonly host: Host
  readonly byUid = new Map<number, Route>()
  readonly tombstones = new Set<number>()
  readonly unknown = new Map<number, Link[]>()

  constructor(host: Host) {
    this.host = host
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

  resting(cell: Cell) {
    return {
      uid: cell.address.uid,
      rest: () => {
        if (cell.restingOn++ === 0) cell.recorder.resting(true)
      },
      wake: () => {
        if (--cell.restingOn > 0) return
        cell.recorder.resting(false)
        this.host.dispatcher.schedule(cell)
      },
    }
  }

  dispatch(route: Route, envelope: Envelope, transfer: readonly ArrayBuffer[] | undefined): void {
    if (envelope.ask !== 0) {
      const pending = this.host.asks.pending.get(envelope.ask)
      if (pending !== undefined) pending.sent = true
    }
    if (route.thread === this.host.thread) {
      const cell = this.host.cells.get(route.uid)
      if (cell === undefined) {
        this.undeliverable(route, envelope, 'NO_ACTOR')
        return
      }
      if (!this.host.options.isolate && transfer === undefined) {
        this.host.dispatcher.deliver(cell, envelope)
        return
      }
      let alone: Envelope
      try {
        alone = isolated(envelope, transfer)
      } catch (thrown) {
        this.notCloneable(route.uid, envelope.kind, envelope.sender, envelope.ask, detailOf(thrown))
        return
      }
      this.host.dispatcher.deliver(cell, alone)
      return
    }
    if (transfer?.some(hasGone)) {
      this.notCloneable(
        route.uid,
        envelope.kind,
        envelope.sender,
        envelope.ask,
        'its buffer has been given away before',
      )
      return
    }
    const link = this.host.links.get(route.thread) as Link
    if (envelope.ask === 0) link.tell(route, envelope, transfer)
    else link.ask(route, envelope, transfer)
    this.host.dispatcher.touch(link)
  }

  pump(route: Route): void {
    for (;;) {
      const next = route.take()
      if (next === undefined) return
      this.dispatch(route, next.envelope, next.transfer)
    }
  }

  routeTo(to: Address): Route {
    let route = this.byUid.get(to.uid)
    if (route === undefined) {
      route = new Route(to.uid, to.thread, to.path)
      this.byUid.set(to.uid, route)
    }
    if (route.descriptor === undefined && !route.asked && !route.gone) {
      route.asked = true
      if (to.thread === this.host.thread) this.describeHere(route)
      else this.host.links.get(to.thread)?.describe(to.uid)
    }
    return route
  }

  describeHere(route: Route): void {
    const cell = this.host.cells.get(route.uid)
    if (cell?.definition !== undefined) this.setDescriptor(route, this.descriptorOf(cell))
    else if (cell === undefined) {
      if (this.tombstones.has(route.uid)) this.routeGone(route)
      else
        this.host.clock.schedule(UNKNOWN_ACTOR_MS, () => {
          if (!this.host.cells.has(route.uid)) this.routeGone(route)
        })
    }
  }

  /** The module is loaded: those who wait to send learn the mailbox's size and rules. */
  announce(cell: Cell): void {
    const { uid } = cell.address
    const route = this.byUid.get(uid)
    if (route !== undefined && route.descriptor === undefined) this.setDescriptor(route, this.descriptorOf(cell))
    for (const link of this.unknown.get(uid) ?? []) this.describe(link, uid)
    this.unknown.delete(uid)
  }

  descriptorOf(cell: Cell): Descriptor {
    const definition = cell.definition as ActorDefinition<any, any>
    const window = Math.max(1, Math.floor(definition.capacity / this.host.options.threads.length))
    return { path: cell.address.path, window, lossy: definition.lossy, packed: definition.packed }
  }

  setDescriptor(route: Route, descriptor: Descriptor): void {
    route.descriptor = descriptor
    route.isLost = false
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

  dropped(route: Route, count: number): void {
    if (route.thread === this.host.thread) this.host.cells.get(route.uid)?.recorder.dropped(count)
    else this.host.links.get(route.thread)?.dropped(route.uid, count)
  }

  routeGone(route: Route): void {
    route.gone = true
    for (const { envelope } of route.remove(() => true)) this.undeliverable(route, envelope, 'NO_ACTOR')
    for (const [id, pending] of this.host.asks.pending)
      if (pending.route === route)
        this.host.asks.settle(id, err(askFailure('ACTOR_DOWN', 'OUTCOME_UNKNOWN', route.path, pending.kind)))
    this.byUid.delete(route.uid)
  }

  undeliverable(to: Address, envelope: Envelope, reason: DeadLetter['reason']): void {
    if (envelope.ask !== 0)
      this.host.asks.refuse(envelope, askFailure('ACTOR_DOWN', 'NOT_DONE', to.path, envelope.kind))
    else this.deadLetter(to, envelope.sender, envelope.kind, reason, 1)
  }

  deadLetter(to: Address, from: number, kind: string, reason: DeadLetter['reason'], count: number): void {
    const sender = from === 0 ? '' : (this.host.cells.get(from)?.address.path ?? `uid ${from}`)
    this.host.arena.deadLetter(this.host.clock.now(), to.path, sender, kind, reason, count)
  }

  giveCreditBack(cell: Cell, envelope: Envelope): void {
    if (!envelope.credited) return
    if (envelope.via !== undefined) {
      if (envelope.via.open) envelope.via.credit(cell.address.uid)
      return
    }
    const route = this.byUid.get(cell.address.uid)
    if (route === undefined) return
    route.credit++
    if (route.outbox.length > 0) this.pump(route)
  }

  credited(link: Link, uid: number, count: number): void {
    const route = this.byUid.get(uid)
    if (route === undefined || route.thread !== link.peer) return
    route.credit += count
    this.pump(route)
  }

  describe(link: Link, uid: number): void {
    const cell = this.host.cells.get(uid)
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
    this.host.clock.schedule(UNKNOWN_ACTOR_MS, () => {
      if (this.host.cells.has(uid)) return
      for (const one of this.unknown.get(uid) ?? []) if (one.open) one.descriptor(uid, undefined)
      this.unknown.delete(uid)
    })
  }

  /** An actor of this thread has ended for good: who asks about it learns so at once. */
  entomb(uid: number): void {
    this.tombstones.add(uid)
    for (const oldest of this.tombstones) {
      if (this.tombstones.size <= TOMBSTONES_MAX) break
      this.tombstones.delete(oldest)
    }
    for (const link of this.unknown.get(uid) ?? []) if (link.open) link.descriptor(uid, undefined)
    this.unknown.delete(uid)
  }

  described(link: Link, uid: number, descriptor: Descriptor | undefined): void {
    const route = this.byUid.get(uid)
    if (route === undefined || route.thread !== link.peer) return
    if (descriptor === undefined) this.routeGone(route)
    else if (route.descriptor === undefined) this.setDescriptor(route, descriptor)
  }

  droppedElsewhere(uid: number, count: number): void {
    this.host.cells.get(uid)?.recorder.dropped(count)
  }

  notCloneable(uid: number, kind: string, sender: number, ask: number, detail: string): void {
    const route = this.byUid.get(uid)
    const path = route?.path ?? `uid ${uid}`
    if (route !== undefined) {
      route.credit++
      queueMicrotask(() => this.pump(route))
    }
    this.host.capabilities.logOf('runtime').error('Message cannot be cloned', { to: path, kind, detail })
    if (ask !== 0) this.host.asks.settle(ask, err(askFailure('NOT_CLONEABLE', 'NOT_DONE', path, kind, detail)))
    else this.deadLetter({ uid, thread: '', path }, sender, kind, 'NOT_CLONEABLE', 1)
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
