import type { AskFailure, AskOptions } from './actor.ts'
import type { Timer } from './capabilities.ts'
import type { Cell } from './cell.ts'
import type { Address } from './control.ts'
import type { Envelope } from './envelope.ts'
import { askFailure, detailOf } from './failure.ts'
import type { Host } from './host.ts'
import type { Link } from './link.ts'
import { buffersOf, hasGone } from './moving.ts'
import { err, ok, type Result } from './result.ts'
import type { Route } from './route.ts'

/** Milliseconds an ask waits when its asker does not say. */
export const ASK_DEADLINE_MS = 30_000
/** Deadlines are kept in slots of this many milliseconds. */
const DEADLINE_SLOT_MS = 10

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

/** Asks of this thread that wait for an answer, and answers that leave it. */
export class Asks {
  private readonly host: Host
  readonly pending = new Map<number, PendingAsk>()
  readonly deadlines = new Map<number, Set<number>>()
  private readonly timers = new Map<number, Timer>()
  askCount = 0

  constructor(host: Host) {
    this.host = host
  }

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
    const now = this.host.clock.now()
    let deadline = now + (options?.deadlineMs ?? ASK_DEADLINE_MS)
    if (cause !== undefined && cause.deadline !== 0 && cause.deadline < deadline) deadline = cause.deadline
    if (!life.alive) return Promise.resolve(err(askFailure('SENDER_STOPPED', 'NOT_DONE', to.path, kind)))
    if (deadline <= now) return Promise.resolve(err(askFailure('DEADLINE', 'NOT_DONE', to.path, kind)))
    if (options?.signal?.aborted) return Promise.resolve(err(askFailure('CANCELLED', 'NOT_DONE', to.path, kind)))
    const route = this.host.routes.routeTo(to)
    if (route.gone || route.isLost || (to.thread !== this.host.thread && !this.host.links.has(to.thread)))
      return Promise.resolve(err(askFailure('ACTOR_DOWN', 'NOT_DONE', to.path, kind)))
    if (self && route.credit === 0) return Promise.resolve(err(askFailure('MAILBOX_FULL', 'NOT_DONE', to.path, kind)))
    const id = ++this.askCount
    const envelope = this.host.compose(
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
      this.pending.set(id, { resolve, cell, life, route, kind, slot, sent: false, unlisten })
      life.asks.add(id)
      let due = this.deadlines.get(slot)
      if (due === undefined) {
        due = new Set()
        this.deadlines.set(slot, due)
        this.timers.set(
          slot,
          this.host.clock.schedule(slot * DEADLINE_SLOT_MS - now, () => this.expire(slot)),
        )
      }
      due.add(id)
      this.host.routes.send(cell, to, envelope, options?.transfer)
    })
  }

  /** The system is over: no deadline keeps the process alive. */
  close(): void {
    for (const timer of this.timers.values()) timer.cancel()
    this.timers.clear()
  }

  expire(slot: number): void {
    const due = this.deadlines.get(slot)
    this.deadlines.delete(slot)
    this.timers.delete(slot)
    for (const id of due ?? []) this.giveUp(id, 'DEADLINE')
    this.host.dispatcher.wakeTurn()
  }

  /** The asker no longer waits: the message is taken back, or its receiver told. */
  giveUp(id: number, code: 'DEADLINE' | 'CANCELLED' | 'SENDER_STOPPED'): void {
    const pending = this.pending.get(id)
    if (pending === undefined) return
    const { route } = pending
    if (!pending.sent) route.remove((outgoing) => outgoing.envelope.ask === id)
    else if (route.thread === this.host.thread) this.cancelled(undefined, route.uid, id)
    else this.host.links.get(route.thread)?.cancel(route.uid, id)
    this.settle(id, err(askFailure(code, pending.sent ? 'OUTCOME_UNKNOWN' : 'NOT_DONE', route.path, pending.kind)))
  }

  settle(id: number, answer: Result<unknown, AskFailure>): void {
    const pending = this.pending.get(id)
    if (pending === undefined) return
    this.pending.delete(id)
    this.deadlines.get(pending.slot)?.delete(id)
    pending.life.asks.delete(id)
    pending.unlisten?.()
    pending.resolve(answer)
  }

  answer(envelope: Envelope, value: unknown): void {
    const transfer = buffersOf(value)
    if (envelope.via !== undefined) {
      if (transfer?.some(hasGone)) {
        const detail = 'its buffer has been given away before'
        this.refuse(envelope, askFailure('NOT_CLONEABLE', 'OUTCOME_UNKNOWN', this.host.thread, envelope.kind, detail))
      } else if (envelope.via.open) envelope.via.answer(envelope.ask, value, transfer)
      return
    }
    if (!this.host.options.isolate && transfer === undefined) {
      this.answered(envelope.ask, value)
      return
    }
    let alone: unknown
    try {
      alone = structuredClone(value, { transfer: [...(transfer ?? [])] })
    } catch (thrown) {
      this.refused(
        envelope.ask,
        askFailure('NOT_CLONEABLE', 'OUTCOME_UNKNOWN', this.host.thread, envelope.kind, detailOf(thrown)),
      )
      return
    }
    this.answered(envelope.ask, alone)
  }

  refuse(envelope: Envelope, failure: AskFailure): void {
    if (envelope.ask === 0) return
    if (envelope.via === undefined) this.refused(envelope.ask, failure)
    else if (envelope.via.open) envelope.via.fail(envelope.ask, failure)
  }

  answered(ask: number, value: unknown): void {
    this.settle(ask, ok(value))
  }

  refused(ask: number, failure: AskFailure): void {
    this.settle(ask, err(failure))
  }

  cancelled(link: Link | undefined, uid: number, ask: number): void {
    const cell = this.host.cells.get(uid)
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
}
