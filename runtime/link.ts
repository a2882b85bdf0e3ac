/**
 * One thread's end of the pair of ports that joins it to another thread. What is sent within one turn leaves in one
 * post: a flat array of operations, so that a message costs a few array slots and not a post of its own.
 */
import type { AskFailure } from './actor.ts'
import type { ControlMessage } from './control.ts'
import { Envelope } from './envelope.ts'
import { askFailure } from './failure.ts'
import type { Host } from './host.ts'
import type { PackSchema } from './messages.ts'
import { CHUNK_FULL_BYTES, type PackedKind, Packer, type PackLayout, packedKind, packLayout, unpack } from './pack.ts'
import type { Descriptor, Route } from './route.ts'

/** What a link needs of a MessagePort. */
export type Port = {
  postMessage(value: unknown, transfer: readonly ArrayBuffer[]): void
  on(event: 'message', handler: (value: unknown) => void): void
  close(): void
}

/** A run of messages: of one kind and sender to one actor, numbered without a gap and of one cause. */
const TELLS = 1 // uid, kind, sender, first sequence, causeActor, causeSequence, deadline, count, then count payloads
const ASK = 2 // uid, kind, payload, sender, sequence, causeActor, causeSequence, deadline, ask id
const ANSWER = 3 // ask id, value
const FAILURE = 4 // ask id, failure
const CREDIT = 5 // uid, count
const DESCRIBE = 6 // uid
const DESCRIPTOR = 7 // uid, descriptor | undefined
const CANCEL = 8 // uid, ask id
const PACKED = 9 // buffer, length
const CONTROL = 10 // message
const KIND = 11 // id, name, schema | undefined
const DROPPED = 12 // uid, count
/** Place of a run's count behind its operation. */
const RUN_COUNT = 8
const ARGUMENTS = [0, RUN_COUNT, 9, 2, 2, 2, 1, 2, 2, 2, 1, 3, 2] as const

type Packing = { readonly kind: string; readonly schema: PackSchema; readonly id: number; readonly layout: PackLayout }

/**
 * Slots of a frame after which it leaves within the turn: the other side begins, and gives credit back while this one
 * still sends. Each frame that arrives has a turn of its own for the same reason.
 */
const FRAME_SLOTS_MAX = 1024

export class Link {
  readonly peer: string
  readonly epoch: number
  private readonly host: Host
  private readonly port: Port
  private frame: unknown[] = []
  private transfers: ArrayBuffer[] = []
  /** The run of tells that the frame ends with, if it still ends there. */
  private run: Envelope | undefined = undefined
  private runUid = 0
  private runAt = 0
  private runEnd = -1
  private readonly packer = new Packer()
  private readonly credits = new Map<number, number>()
  /** Credits of the actor that gave back last are counted here: mailboxes are emptied one after the other. */
  private creditUid = 0
  private creditCount = 0
  private readonly drops = new Map<number, number>()
  private readonly packings = new Map<string, { readonly id: number; readonly layout: PackLayout }>()
  /** Of the message packed last: the next one is mostly of the same kind. */
  private packing: Packing | undefined = undefined
  private readonly kinds: PackedKind[] = []
  open = true

  constructor(host: Host, peer: string, epoch: number, port: Port) {
    this.host = host
    this.peer = peer
    this.epoch = epoch
    this.port = port
    port.on('message', (value) => this.arrived(value))
  }

  tell(route: Route, envelope: Envelope, transfer: readonly ArrayBuffer[] | undefined): void {
    const schema = route.descriptor?.packed[envelope.kind]
    if (schema !== undefined) {
      this.pack(route.uid, schema, envelope)
      return
    }
    this.closeChunk()
    const frame = this.frame
    if (this.continuesRun(route.uid, envelope)) {
      frame.push(envelope.payload)
      ;(frame[this.runAt + RUN_COUNT] as number)++
    } else {
      this.runAt = frame.length
      frame.push(
        TELLS,
        route.uid,
        envelope.kind,
        envelope.sender,
        envelope.sequence,
        envelope.causeActor,
        envelope.causeSequence,
        envelope.deadline,
        1,
        envelope.payload,
      )
    }
    this.run = envelope
    this.runUid = route.uid
    this.runEnd = frame.length
    if (transfer !== undefined) this.transfers.push(...transfer)
    if (frame.length >= FRAME_SLOTS_MAX) this.flush()
  }

  private continuesRun(uid: number, envelope: Envelope): boolean {
    const last = this.run
    return (
      this.runEnd === this.frame.length &&
      last !== undefined &&
      envelope.sequence === last.sequence + 1 &&
      uid === this.runUid &&
      envelope.sender === last.sender &&
      envelope.kind === last.kind &&
      envelope.causeSequence === last.causeSequence &&
      envelope.causeActor === last.causeActor &&
      envelope.deadline === last.deadline
    )
  }

  ask(route: Route, envelope: Envelope, transfer: readonly ArrayBuffer[] | undefined): void {
    this.closeChunk()
    this.frame.push(
      ASK,
      route.uid,
      envelope.kind,
      envelope.payload,
      envelope.sender,
      envelope.sequence,
      envelope.causeActor,
      envelope.causeSequence,
      envelope.deadline,
      envelope.ask,
    )
    if (transfer !== undefined) this.transfers.push(...transfer)
    if (this.frame.length >= FRAME_SLOTS_MAX) this.flush()
  }

  answer(ask: number, value: unknown, transfer: readonly ArrayBuffer[] | undefined): void {
    this.closeChunk()
    this.frame.push(ANSWER, ask, value)
    if (transfer !== undefined) this.transfers.push(...transfer)
    this.host.dispatcher.touch(this)
  }

  fail(ask: number, failure: AskFailure): void {
    this.closeChunk()
    this.frame.push(FAILURE, ask, failure)
    this.host.dispatcher.touch(this)
  }

  credit(uid: number): void {
    if (uid !== this.creditUid) {
      this.countCredits()
      this.creditUid = uid
    }
    this.creditCount++
    this.host.dispatcher.touch(this)
  }

  private countCredits(): void {
    if (this.creditCount > 0)
      this.credits.set(this.creditUid, (this.credits.get(this.creditUid) ?? 0) + this.creditCount)
    this.creditCount = 0
  }

  dropped(uid: number, count: number): void {
    this.drops.set(uid, (this.drops.get(uid) ?? 0) + count)
    this.host.dispatcher.touch(this)
  }

  describe(uid: number): void {
    this.closeChunk()
    this.frame.push(DESCRIBE, uid)
    this.host.dispatcher.touch(this)
  }

  descriptor(uid: number, descriptor: Descriptor | undefined): void {
    this.closeChunk()
    this.frame.push(DESCRIPTOR, uid, descriptor)
    this.host.dispatcher.touch(this)
  }

  cancel(uid: number, ask: number): void {
    this.closeChunk()
    this.frame.push(CANCEL, uid, ask)
    this.host.dispatcher.touch(this)
  }

  control(message: ControlMessage): void {
    this.closeChunk()
    this.frame.push(CONTROL, message)
    this.host.dispatcher.touch(this)
  }

  flush(): void {
    if (!this.open) return
    this.closeChunk()
    this.countCredits()
    for (const [uid, count] of this.credits) this.frame.push(CREDIT, uid, count)
    this.credits.clear()
    for (const [uid, count] of this.drops) this.frame.push(DROPPED, uid, count)
    this.drops.clear()
    if (this.frame.length === 0) return
    const { frame, transfers } = this
    this.frame = []
    this.transfers = []
    this.run = undefined
    this.runEnd = -1
    try {
      this.port.postMessage(frame, transfers.length > 1 ? [...new Set(transfers)] : transfers)
    } catch (thrown) {
      const kept = this.withoutUncloneable(frame, String(thrown))
      this.port.postMessage(kept, [...new Set(transfers)].filter(isTransferable))
    }
  }

  close(): void {
    if (!this.open) return
    this.open = false
    this.port.close()
  }

  private pack(uid: number, schema: PackSchema, envelope: Envelope): void {
    const { kind } = envelope
    if (schema !== this.packing?.schema || kind !== this.packing.kind) this.packing = this.packingOf(kind, schema)
    const unfit = this.packer.add(
      this.packing.layout,
      uid,
      this.packing.id,
      envelope.payload as { readonly [field: string]: unknown },
      envelope.sender,
      envelope.sequence,
      envelope.causeActor,
      envelope.causeSequence,
      envelope.deadline,
    )
    if (unfit !== undefined) {
      this.host.routes.notCloneable(uid, kind, envelope.sender, 0, unfit)
      return
    }
    if (this.packer.size >= CHUNK_FULL_BYTES) this.flush()
  }

  /** A kind's number on this link; the other side learns it before the first message of the kind. */
  private packingOf(kind: string, schema: PackSchema): Packing {
    const key = `${kind} ${JSON.stringify(schema)}`
    let known = this.packings.get(key)
    if (known === undefined) {
      this.closeChunk()
      known = { id: this.packings.size, layout: packLayout(schema) }
      this.packings.set(key, known)
      this.frame.push(KIND, known.id, kind, schema)
    }
    return { kind, schema, ...known }
  }

  /** Packed messages sent so far stand before what comes next: one sender's order holds over both forms. */
  private closeChunk(): void {
    if (this.packer.count === 0) return
    const chunk = this.packer.take()
    this.frame.push(PACKED, chunk.buffer, chunk.length)
    this.transfers.push(chunk.buffer)
  }

  private arrived(value: unknown): void {
    this.host.dispatcher.turnBegins()
    this.receive(value as unknown[])
    this.host.dispatcher.turn()
  }

  private receive(frame: unknown[]): void {
    const host = this.host
    const length = frame.length
    let at = 0
    while (at < length) {
      const operation = frame[at] as number
      switch (operation) {
        case TELLS: {
          const uid = frame[at + 1] as number
          const kind = frame[at + 2] as string
          const sender = frame[at + 3] as number
          const first = frame[at + 4] as number
          const causeActor = frame[at + 5] as number
          const causeSequence = frame[at + 6] as number
          const deadline = frame[at + 7] as number
          const count = frame[at + RUN_COUNT] as number
          for (let i = 0; i < count; i++) {
            const payload = frame[at + RUN_COUNT + 1 + i]
            host.arrive(
              uid,
              new Envelope(kind, payload, sender, first + i, causeActor, causeSequence, deadline, 0, this, true),
            )
          }
          at += count
          break
        }
        case ASK:
          host.arrive(
            frame[at + 1] as number,
            new Envelope(
              frame[at + 2] as string,
              frame[at + 3],
              frame[at + 4] as number,
              frame[at + 5] as number,
              frame[at + 6] as number,
              frame[at + 7] as number,
              frame[at + 8] as number,
              frame[at + 9] as number,
              this,
              true,
            ),
          )
          break
        case ANSWER:
          host.asks.answered(frame[at + 1] as number, frame[at + 2])
          break
        case FAILURE:
          host.asks.refused(frame[at + 1] as number, frame[at + 2] as AskFailure)
          break
        case CREDIT:
          host.routes.credited(this, frame[at + 1] as number, frame[at + 2] as number)
          break
        case DESCRIBE:
          host.routes.describe(this, frame[at + 1] as number)
          break
        case DESCRIPTOR:
          host.routes.described(this, frame[at + 1] as number, frame[at + 2] as Descriptor | undefined)
          break
        case CANCEL:
          host.asks.cancelled(this, frame[at + 1] as number, frame[at + 2] as number)
          break
        case PACKED:
          unpack(
            frame[at + 1] as ArrayBuffer,
            frame[at + 2] as number,
            (id) => this.kinds[id] as PackedKind,
            (uid, payload, kind, sender, sequence, causeActor, causeSequence, deadline, bytes) =>
              host.arrive(
                uid,
                new Envelope(
                  kind,
                  payload,
                  sender,
                  sequence,
                  causeActor,
                  causeSequence,
                  deadline,
                  0,
                  this,
                  true,
                  bytes,
                ),
              ),
          )
          break
        case CONTROL:
          host.controlled(this, frame[at + 1] as ControlMessage)
          break
        case KIND:
          this.kinds[frame[at + 1] as number] = packedKind(frame[at + 2] as string, frame[at + 3] as PackSchema)
          break
        case DROPPED:
          host.routes.droppedElsewhere(frame[at + 1] as number, frame[at + 2] as number)
          break
        default:
          throw new Error(`unknown operation ${operation} from thread ${this.peer}`)
      }
      at += 1 + (ARGUMENTS[operation] as number)
    }
  }

  /** One payload that cannot be cloned must not take the turn's other messages with it. */
  private withoutUncloneable(frame: readonly unknown[], detail: string): unknown[] {
    const kept: unknown[] = []
    for (let at = 0; at < frame.length; ) {
      const operation = frame[at] as number
      const end = at + 1 + (ARGUMENTS[operation] as number)
      if (operation === TELLS) {
        at = this.keepCloneable(frame, at, kept, detail)
        continue
      }
      const parts = frame.slice(at, end)
      try {
        structuredClone(parts)
        kept.push(...parts)
      } catch {
        this.refuseUncloneable(parts, kept, detail)
      }
      at = end
    }
    return kept
  }

  /** A run, message by message. @returns where the next operation begins. */
  private keepCloneable(frame: readonly unknown[], at: number, kept: unknown[], detail: string): number {
    const [uid, kind, sender, first, ...cause] = frame.slice(at + 1, at + RUN_COUNT)
    const payloads = at + RUN_COUNT + 1
    const count = frame[at + RUN_COUNT] as number
    for (let i = 0; i < count; i++) {
      const payload = frame[payloads + i]
      try {
        structuredClone(payload)
        kept.push(TELLS, uid, kind, sender, (first as number) + i, ...cause, 1, payload)
      } catch {
        this.host.routes.notCloneable(uid as number, String(kind), sender as number, 0, detail)
      }
    }
    return payloads + count
  }

  private refuseUncloneable(parts: readonly unknown[], kept: unknown[], detail: string): void {
    if (parts[0] === ANSWER) {
      const failure = askFailure('NOT_CLONEABLE', 'OUTCOME_UNKNOWN', this.peer, 'answer', detail)
      kept.push(FAILURE, parts[1], failure)
      return
    }
    if (parts[0] === CONTROL) {
      const message = parts[1] as ControlMessage
      if (message.type === 'start') this.host.lifecycle.startNotCloneable(message.order, detail)
      return
    }
    const [, uid, kind, , sender, , , , , ask] = parts
    this.host.routes.notCloneable(uid as number, String(kind), sender as number, ask as number, detail)
  }
}

/** Whether a buffer still can move: one that has gone already cannot. */
function isTransferable(buffer: ArrayBuffer): boolean {
  try {
    return new Uint8Array(buffer).length > 0
  } catch {
    return false
  }
}
