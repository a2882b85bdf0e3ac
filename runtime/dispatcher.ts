import { OUTCOME_CANCELLED, OUTCOME_EXPIRED, OUTCOME_FAILED, OUTCOME_OK, type OutcomeCode } from './arena/layout.ts'
import { HostCall } from './call.ts'
import type { Cell } from './cell.ts'
import { Deque } from './deque.ts'
import { type Envelope, payloadBytes } from './envelope.ts'
import { askFailure, detailOf, downReason } from './failure.ts'
import type { Host } from './host.ts'
import type { Link } from './link.ts'

/** Milliseconds of messages before a thread looks at its sockets and timers again. */
const TURN_MS = 8
/** Messages of one actor before the next ready actor has its turn. */
const QUANTUM = 64

/** Takes messages from mailboxes to handlers, turn by turn. */
export class Dispatcher {
  private readonly host: Host
  readonly ready = new Deque<Cell>()
  readonly dirty = new Set<Link>()
  /** The last of `dirty`: most messages of a turn go the way of the one before. */
  private touched: Link | undefined = undefined
  inTurn = false
  turnScheduled = false
  /** Monotonic time of the last event of this turn; reading it anew for each message would cost as much as the message. */
  turnTime = 0
  /** Clock time − monotonic time, taken once a turn. */
  wallOffset = 0

  constructor(host: Host) {
    this.host = host
  }

  /** A message is in the mailbox of an actor of this thread. */
  deliver(cell: Cell, envelope: Envelope): void {
    if (!cell.accepts || (cell.state === 'down' && envelope.ask !== 0)) {
      this.host.routes.giveCreditBack(cell, envelope)
      this.host.routes.undeliverable(cell.address, envelope, 'STOPPED')
      return
    }
    // What comes over a link has the time of its frame.
    if (envelope.via === undefined) envelope.arrivedAt = this.inTurn ? this.turnTime : this.host.clock.monotonic()
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
    const { scheduler } = this.host.options
    if (scheduler !== undefined) {
      scheduler.ready({
        label: `${cell.address.path} ${cell.mailbox.peek()?.kind ?? ''}`,
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
  wakeTurn(): void {
    if (this.inTurn || this.turnScheduled || this.host.options.scheduler !== undefined) return
    this.turnScheduled = true
    queueMicrotask(() => this.turn())
  }

  touch(link: Link): void {
    if (link !== this.touched) {
      this.touched = link
      this.dirty.add(link)
    }
    if (!this.inTurn) this.wakeTurn()
  }

  turnBegins(): void {
    this.turnTime = this.host.clock.monotonic()
    this.wallOffset = this.host.clock.now() - this.turnTime
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
      this.host.options.soon(() => this.turn())
    }
  }

  flush(): void {
    const dirty = [...this.dirty]
    this.dirty.clear()
    this.touched = undefined
    for (const link of dirty) link.flush()
  }

  run(cell: Cell, most: number): void {
    for (let count = 0; count < most && cell.runnable; count++) {
      const envelope = cell.mailbox.shift() as Envelope
      if (envelope.timer !== undefined) envelope.timer.waiting = false
      this.host.routes.giveCreditBack(cell, envelope)
      this.handle(cell, envelope)
    }
  }

  handle(cell: Cell, envelope: Envelope): void {
    const { life, recorder } = cell
    const path = cell.address.path
    if (envelope.cancelled || (envelope.deadline !== 0 && envelope.deadline < this.turnTime + this.wallOffset)) {
      this.skip(cell, envelope, envelope.cancelled ? OUTCOME_CANCELLED : OUTCOME_EXPIRED)
      return
    }
    const handler = life.handlers.get(envelope.kind)
    if (handler === undefined) {
      this.skip(cell, envelope, OUTCOME_FAILED)
      if (envelope.ask === 0)
        this.host.routes.deadLetter(cell.address, envelope.sender, envelope.kind, 'UNKNOWN_KIND', 1)
      else this.host.asks.refuse(envelope, askFailure('UNKNOWN_KIND', 'NOT_DONE', path, envelope.kind))
      return
    }
    const began = this.turnTime
    const bytes = envelope.bytes > 0 ? envelope.bytes : payloadBytes(envelope.payload)
    const token = recorder.begin(handler.kindId, envelope, bytes, this)
    const call = handler.ignoresCall ? undefined : new HostCall(this.host, cell, envelope)
    life.current = envelope
    let result: unknown
    try {
      result = handler.run(envelope.payload, call as HostCall)
    } catch (thrown) {
      life.current = undefined
      this.handlerFailed(cell, life, envelope, thrown, token)
      return
    }
    if (handler.asynchronous === undefined || (handler.asynchronous === 'reentrant' && !(result instanceof Promise))) {
      life.current = undefined
      if (result instanceof Promise) {
        result.catch(() => {})
        const undeclared = new Error(`handler ${envelope.kind} returned a promise without serial() or reentrant()`)
        this.handlerFailed(cell, life, envelope, undeclared, token)
        return
      }
      this.turnTime = this.host.clock.monotonic()
      recorder.endNow(OUTCOME_OK, cell.mailbox.length, this)
      if (envelope.ask !== 0) this.host.asks.answer(envelope, result)
      return
    }
    const isSerial = handler.asynchronous === 'serial'
    if (isSerial) life.serialBusy = true
    else life.current = undefined
    const running = call as HostCall
    life.running.add(running)
    this.turnTime = this.host.clock.monotonic()
    const busy = this.turnTime - began
    const settled = () => {
      life.running.delete(running)
      if (isSerial) {
        life.serialBusy = false
        life.current = undefined
      }
    }
    ;(result as Promise<unknown>).then(
      (value) => {
        if (!life.alive) return
        settled()
        recorder.end(this.host.clock.monotonic() - began, OUTCOME_OK, cell.mailbox.length, token, busy)
        if (envelope.ask !== 0) this.host.asks.answer(envelope, value)
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
  skip(cell: Cell, envelope: Envelope, outcome: OutcomeCode): void {
    const kind = this.host.arena.intern(envelope.kind)
    const record = cell.recorder.begin(kind, envelope, 0, this)
    cell.recorder.end(0, outcome, cell.mailbox.length, record)
  }

  handlerFailed(cell: Cell, life: Cell['life'], envelope: Envelope, thrown: unknown, token: number): void {
    const began = this.turnTime
    this.turnTime = this.host.clock.monotonic()
    cell.recorder.end(this.turnTime - began, OUTCOME_FAILED, cell.mailbox.length, token)
    const detail = detailOf(thrown)
    if (envelope.ask !== 0)
      this.host.asks.refuse(
        envelope,
        askFailure('ACTOR_FAILED', 'OUTCOME_UNKNOWN', cell.address.path, envelope.kind, detail),
      )
    this.host.lifecycle.fail(cell, life, downReason('THREW', `${envelope.kind}: ${detail}`))
  }
}
