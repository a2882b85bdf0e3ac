import type { Link } from './link.ts'

/** A message on its way: what it says, who sent it, what caused it, who gets its credit back. */
export class Envelope {
  readonly kind: string
  readonly payload: unknown
  readonly sender: number
  readonly sequence: number
  readonly causeActor: number
  readonly causeSequence: number
  /** Clock time after which nobody waits for it; 0 for never. */
  readonly deadline: number
  /** Correlation of an ask within the asker's host; 0 for a tell. */
  readonly ask: number
  /** Link that it came over and that its answer and credit go back to; undefined on the same thread. */
  readonly via: Link | undefined
  /** Whether it took a credit of the mailbox (messages to self do not). */
  readonly credited: boolean
  /** Monotonic time of arrival in the mailbox. */
  arrivedAt = 0
  bytes: number
  /** Marks a timer's message while it waits, so that a periodic timer has one at most. */
  timer: { waiting: boolean } | undefined = undefined
  cancelled = false

  constructor(
    kind: string,
    payload: unknown,
    sender: number,
    sequence: number,
    causeActor: number,
    causeSequence: number,
    deadline: number,
    ask: number,
    via: Link | undefined,
    credited: boolean,
    bytes = 0,
  ) {
    this.kind = kind
    this.payload = payload
    this.sender = sender
    this.sequence = sequence
    this.causeActor = causeActor
    this.causeSequence = causeSequence
    this.deadline = deadline
    this.ask = ask
    this.via = via
    this.credited = credited
    this.bytes = bytes
  }
}

/** Bytes that a payload carries in its top-level byte fields: what the flight recorder shows as its size. */
export function payloadBytes(payload: unknown): number {
  if (typeof payload !== 'object' || payload === null) return typeof payload === 'string' ? payload.length : 0
  if (payload instanceof Uint8Array) return payload.byteLength
  let bytes = 0
  for (const key in payload) {
    const value = (payload as { [key: string]: unknown })[key]
    if (typeof value === 'string') bytes += value.length
    else if (value instanceof Uint8Array) bytes += value.byteLength
  }
  return bytes
}
