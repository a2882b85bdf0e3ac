/**
 * Packed routes: messages of a kind that declares its fields' binary forms cross threads in one transferred buffer
 * instead of one structured clone each. A buffer holds runs: messages of one sender to one actor, numbered without a
 * gap and of one cause. Layout of a run: target uid f64, kind u16, sender f64, first sequence f64, cause actor f64,
 * cause sequence f64, deadline f64, count u32, then of each message the fields in schema order; little-endian.
 */
import type { PackField, PackSchema } from './messages.ts'

const COUNT_AT = 8 + 2 + 8 * 5
const RUN_BYTES = COUNT_AT + 4
/** What one buffer holds before it has to grow. */
const CHUNK_BYTES = 64 * 1024
/** From here on a chunk is given away before the next message could make it grow, unless that one is large. */
export const CHUNK_FULL_BYTES = 60 * 1024
/** Up to here a chunk leaves as a copy, so that a turn with few messages does not cost a whole buffer. */
const COPIED_BYTES_MAX = 8 * 1024
/** In the word before a text: it is ASCII, which is read without a decoder. The other bits are its bytes. */
const ASCII = 0x8000_0000

type Field = { readonly name: string; readonly form: PackField }
export type PackLayout = { readonly fields: readonly Field[] }

export function packLayout(schema: PackSchema): PackLayout {
  return { fields: Object.entries(schema).map(([name, form]) => ({ name, form })) }
}

export class Packer {
  /** A Buffer, as its texts are written and read twice as fast as by TextEncoder and TextDecoder. */
  private bytes = Buffer.from(new ArrayBuffer(CHUNK_BYTES))
  private view = new DataView(this.bytes.buffer)
  private at = 0
  private runAt = 0
  private runCount = 0
  private uid = 0
  private kind = 0
  private sender = 0
  private sequence = 0
  private causeActor = 0
  private causeSequence = 0
  private deadline = 0
  count = 0

  get size(): number {
    return this.at
  }

  /** @returns what is wrong with a payload that does not fit its layout; nothing of it is kept then. */
  add(
    layout: PackLayout,
    uid: number,
    kind: number,
    payload: { readonly [field: string]: unknown },
    sender: number,
    sequence: number,
    causeActor: number,
    causeSequence: number,
    deadline: number,
  ): string | undefined {
    const start = this.at
    const continues =
      this.runCount > 0 &&
      sequence === this.sequence + 1 &&
      sender === this.sender &&
      uid === this.uid &&
      kind === this.kind &&
      causeSequence === this.causeSequence &&
      causeActor === this.causeActor &&
      deadline === this.deadline
    if (!continues) {
      this.reserve(RUN_BYTES)
      this.at += RUN_BYTES
    }
    try {
      for (const field of layout.fields) this.field(field.form, payload[field.name])
    } catch (thrown) {
      this.at = start
      return String(thrown)
    }
    this.sequence = sequence
    this.count++
    const view = this.view
    if (continues) {
      view.setUint32(this.runAt + COUNT_AT, ++this.runCount, true)
      return undefined
    }
    this.runAt = start
    this.runCount = 1
    this.uid = uid
    this.kind = kind
    this.sender = sender
    this.causeActor = causeActor
    this.causeSequence = causeSequence
    this.deadline = deadline
    view.setFloat64(start, uid, true)
    view.setUint16(start + 8, kind, true)
    view.setFloat64(start + 10, sender, true)
    view.setFloat64(start + 18, sequence, true)
    view.setFloat64(start + 26, causeActor, true)
    view.setFloat64(start + 34, causeSequence, true)
    view.setFloat64(start + 42, deadline, true)
    view.setUint32(start + COUNT_AT, 1, true)
    return undefined
  }

  /** What was added so far, in a buffer that may be transferred. */
  take(): { readonly buffer: ArrayBuffer; readonly length: number; readonly count: number } {
    const copied = this.at <= COPIED_BYTES_MAX && this.bytes.length === CHUNK_BYTES
    const { buffer } = this.bytes
    const taken = { buffer: copied ? buffer.slice(0, this.at) : buffer, length: this.at, count: this.count }
    if (!copied) {
      this.bytes = Buffer.from(new ArrayBuffer(CHUNK_BYTES))
      this.view = new DataView(this.bytes.buffer)
    }
    this.at = 0
    this.count = 0
    this.runCount = 0
    return taken
  }

  private reserve(more: number): void {
    if (this.at + more <= this.bytes.length) return
    const wider = Buffer.from(new ArrayBuffer(Math.max(this.bytes.length * 2, this.at + more)))
    wider.set(this.bytes.subarray(0, this.at))
    this.bytes = wider
    this.view = new DataView(wider.buffer)
  }

  private field(form: PackField, value: unknown): void {
    switch (form) {
      case 'u32':
        this.reserve(4)
        this.view.setUint32(this.at, value as number, true)
        this.at += 4
        return
      case 'f64':
        this.reserve(8)
        this.view.setFloat64(this.at, value as number, true)
        this.at += 8
        return
      case 'u64':
        this.reserve(8)
        this.view.setBigUint64(this.at, value as bigint, true)
        this.at += 8
        return
      case 'bool':
        this.reserve(1)
        this.bytes[this.at++] = value ? 1 : 0
        return
      case 'bytes': {
        const source = value as Uint8Array
        this.reserve(4 + source.length)
        this.view.setUint32(this.at, source.length, true)
        this.bytes.set(source, this.at + 4)
        this.at += 4 + source.length
        return
      }
      case 'string': {
        const text = value as string
        this.reserve(4 + text.length * 3)
        const written = this.bytes.write(text, this.at + 4, 'utf8')
        // Every character beyond ASCII takes more bytes than code units.
        this.view.setUint32(this.at, written === text.length ? (written | ASCII) >>> 0 : written, true)
        this.at += 4 + written
        return
      }
    }
  }
}

export type PackedMessage = (
  uid: number,
  payload: { [field: string]: unknown },
  kind: string,
  sender: number,
  sequence: number,
  causeActor: number,
  causeSequence: number,
  deadline: number,
  bytes: number,
) => void

/** Where in a chunk reading has come to. */
class Cursor {
  readonly view: DataView
  private readonly bytes: Buffer
  private readonly buffer: ArrayBuffer
  at = 0

  constructor(buffer: ArrayBuffer) {
    this.buffer = buffer
    this.view = new DataView(buffer)
    this.bytes = Buffer.from(buffer)
  }

  u32(): number {
    this.at += 4
    return this.view.getUint32(this.at - 4, true)
  }

  f64(): number {
    this.at += 8
    return this.view.getFloat64(this.at - 8, true)
  }

  u64(): bigint {
    this.at += 8
    return this.view.getBigUint64(this.at - 8, true)
  }

  bool(): boolean {
    return this.bytes[this.at++] === 1
  }

  /** A copy of its own: the chunk is shared by all its messages. */
  bytesField(): Uint8Array {
    const start = this.at + 4
    this.at = start + this.view.getUint32(this.at, true)
    return new Uint8Array(this.buffer.slice(start, this.at))
  }

  text(): string {
    const word = this.view.getUint32(this.at, true)
    const start = this.at + 4
    this.at = start + (word & ~ASCII)
    return this.bytes.toString(word >>> 31 === 1 ? 'latin1' : 'utf8', start, this.at)
  }
}

export type PackedKind = { readonly name: string; readonly read: (cursor: Cursor) => { [field: string]: unknown } }

const READERS: { readonly [F in PackField]: string } = {
  u32: 'u32()',
  f64: 'f64()',
  u64: 'u64()',
  bool: 'bool()',
  bytes: 'bytesField()',
  string: 'text()',
}

/**
 * The reader of a kind, made as code: an object literal with the fields' own names costs half of storing them by name.
 * The names come from the definition of an actor of this system, never from a peer.
 */
export function packedKind(name: string, schema: PackSchema): PackedKind {
  const fields = Object.entries(schema).map(([field, form]) => `${JSON.stringify(field)}: cursor.${READERS[form]}`)
  return { name, read: new Function('cursor', `return { ${fields.join(', ')} }`) as PackedKind['read'] }
}

/** Reads a chunk; `kindOf` tells a kind's name and layout. Byte fields are copies of their own. */
export function unpack(
  buffer: ArrayBuffer,
  length: number,
  kindOf: (id: number) => PackedKind,
  message: PackedMessage,
): void {
  const cursor = new Cursor(buffer)
  const { view } = cursor
  let at = 0
  while (at < length) {
    const uid = view.getFloat64(at, true)
    const { name, read } = kindOf(view.getUint16(at + 8, true))
    const sender = view.getFloat64(at + 10, true)
    const first = view.getFloat64(at + 18, true)
    const causeActor = view.getFloat64(at + 26, true)
    const causeSequence = view.getFloat64(at + 34, true)
    const deadline = view.getFloat64(at + 42, true)
    const count = view.getUint32(at + COUNT_AT, true)
    at += RUN_BYTES
    cursor.at = at
    for (let i = 0; i < count; i++) {
      const start = cursor.at
      const payload = read(cursor)
      message(uid, payload, name, sender, first + i, causeActor, causeSequence, deadline, cursor.at - start)
    }
    at = cursor.at
  }
}
