/**
 * The way from one thread to one actor: the credit left in its mailbox, and the outbox that holds what has no credit.
 */
import { Deque } from './deque.ts'
import type { Envelope } from './envelope.ts'
import type { LossRule, PackSchema } from './messages.ts'

/** What a sender must know of a receiver. It comes from the receiver's thread once its module is loaded there. */
export type Descriptor = {
  readonly path: string
  /** Messages that this thread may have in the receiver's mailbox at a time. */
  readonly window: number
  readonly lossy: { readonly [kind: string]: LossRule }
  readonly packed: { readonly [kind: string]: PackSchema }
}

/** An actor of this thread whose mailbox rests while its messages wait in outboxes. */
export type RestingSender = { rest(): void; wake(): void; readonly uid: number }
export type Outgoing = {
  readonly envelope: Envelope
  readonly transfer: readonly ArrayBuffer[] | undefined
  /** Undefined where the edge is lossy: nobody rests for it. */
  readonly resting: RestingSender | undefined
}

/** What one handler run may put into one outbox before the runtime takes it for a runaway. */
export const OUTBOX_MAX = 65_536
/** Lossy messages that wait in an outbox for the next credit: the newest of `drop-oldest`, one per key of `coalesce`. */
export const LOSSY_WAITING_MAX = 64

export class Route {
  readonly uid: number
  readonly thread: string
  readonly path: string
  descriptor: Descriptor | undefined = undefined
  credit = 0
  /** The actor has ended for good, or never was. */
  gone = false
  /** Its thread has ended, and it has not been started on the new one yet: asks to it fail at once. */
  isLost = false
  asked = false
  readonly outbox = new Deque<Outgoing>()
  private lossyWaiting = 0

  constructor(uid: number, thread: string, path: string) {
    this.uid = uid
    this.thread = thread
    this.path = path
  }

  /** Sent and not yet taken from the mailbox. */
  get inFlight(): number {
    return this.descriptor === undefined ? 0 : this.descriptor.window - this.credit
  }

  ruleOf(kind: string): LossRule | undefined {
    return this.descriptor?.lossy[kind]
  }

  /** Keeps a message that has no credit, by the rule of its kind. @returns how many messages this loses. */
  keep(outgoing: Outgoing, rule: LossRule | undefined): number {
    if (rule === undefined) {
      outgoing.resting?.rest()
      this.outbox.push(outgoing)
      return 0
    }
    if (rule === 'drop-newest') return 1
    const lost = rule === 'drop-oldest' ? this.dropOldest(outgoing) : this.coalesce(outgoing, rule.coalesce)
    this.outbox.push(outgoing)
    this.lossyWaiting++
    return lost
  }

  /** The next message that may leave now. */
  take(): Outgoing | undefined {
    if (this.credit === 0) return undefined
    const next = this.outbox.shift()
    if (next === undefined) return undefined
    this.credit--
    this.left(next)
    return next
  }

  /** Takes messages out without sending them. */
  remove(unwanted: (outgoing: Outgoing) => boolean): Outgoing[] {
    const removed = this.outbox.removeWhere(unwanted)
    for (const outgoing of removed) this.left(outgoing)
    return removed
  }

  private left(outgoing: Outgoing): void {
    if (outgoing.resting === undefined) this.lossyWaiting--
    else outgoing.resting.wake()
  }

  private dropOldest(outgoing: Outgoing): number {
    if (this.lossyWaiting < LOSSY_WAITING_MAX) return 0
    const { kind, sender } = outgoing.envelope
    let found = false
    const removed = this.remove((other) => {
      if (found || other.resting !== undefined) return false
      found = other.envelope.kind === kind && other.envelope.sender === sender
      return found
    })
    if (removed.length > 0) return 1
    return this.removeFirstLossy()
  }

  private coalesce(outgoing: Outgoing, key: string): number {
    const { kind, payload } = outgoing.envelope
    const value = keyOf(payload, key)
    const removed = this.remove(
      (other) =>
        other.resting === undefined && other.envelope.kind === kind && keyOf(other.envelope.payload, key) === value,
    )
    return removed.length > 0 || this.lossyWaiting < LOSSY_WAITING_MAX ? removed.length : this.removeFirstLossy()
  }

  private removeFirstLossy(): number {
    let found = false
    return this.remove((other) => {
      if (found || other.resting !== undefined) return false
      found = true
      return true
    }).length
  }
}

function keyOf(payload: unknown, key: string): unknown {
  if (key === '*') return '*'
  const value = (payload as { readonly [field: string]: unknown } | undefined)?.[key]
  return value instanceof Uint8Array ? value.join(',') : value
}
