/**
 * Packed routes: messages of a kind that declares its fields' binary forms cross threads in one transferred buffer
 * instead of one structured clone each. A buffer holds runs: messages of one sender to one actor, numbered without a
 * gap and of one cause. Layout of a run: target uid f64, kind u16, sender f64, first sequence f64, cause actor f64,
 * cause sequence f64, deadline f64, count u32, then of each message the fields in schema order; little-endian.
 */
import type { PackField, PackSchema } from './messages.ts'

const COUNT_AT = 8 + 2 + 8 * 5
const RUN_BYTES = COUNT_AT + 4
const CHUNK_BYTES = 64 * 1024
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

  /** Gives the buffer away and starts a new one. */
  take(): { readonly buffer: ArrayBuffer; readonly length: number; readonly count: number } {
    const taken = { buffer: this.bytes.buffer, length: this.at, count: this.count }
    this.bytes = Buffer.from(new ArrayBuffer(CHUNK_BYTES))
    this.view = new DataView(this.bytes.buffer)
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

/** Reads a chunk; `kindOf` tells a kind's name and layout. Byte fields are copies of their own. */
export function unpack(
  buffer: ArrayBuffer,
  length: number,
  kindOf: (id: number) => { readonly name: string; readonly layout: PackLayout },
  message: PackedMessage,
): void {
  const view = new DataView(buffer)
  const bytes = Buffer.from(buffer)
  let at = 0
  while (at < length) {
    const uid = view.getFloat64(at, true)
    const { name, layout } = kindOf(view.getUint16(at + 8, true))
    const sender = view.getFloat64(at + 10, true)
    const first = view.getFloat64(at + 18, true)
    const causeActor = view.getFloat64(at + 26, true)
    const causeSequence = view.getFloat64(at + 34, true)
    const deadline = view.getFloat64(at + 42, true)
    const count = view.getUint32(at + COUNT_AT, true)
    at += RUN_BYTES
    for (let i = 0; i < count; i++) {
      const start = at
      const payload: { [field: string]: unknown } = {}
      for (const field of layout.fields) {
        switch (field.form) {
          case 'u32':
            payload[field.name] = view.getUint32(at, true)
            at += 4
            break
          case 'f64':
            payload[field.name] = view.getFloat64(at, true)
            at += 8
            break
          case 'u64':
            payload[field.name] = view.getBigUint64(at, true)
            at += 8
            break
          case 'bool':
            payload[field.name] = bytes[at++] === 1
            break
          case 'bytes': {
            const size = view.getUint32(at, true)
            payload[field.name] = new Uint8Array(buffer.slice(at + 4, at + 4 + size))
            at += 4 + size
            break
          }
          case 'string': {
            const word = view.getUint32(at, true)
            const size = word & ~ASCII
            payload[field.name] = bytes.toString(word === size ? 'utf8' : 'latin1', at + 4, at + 4 + size)
            at += 4 + size
            break
          }
        }
      }
      message(uid, payload, name, sender, first + i, causeActor, causeSequence, deadline, at - start)
    }
  }
}
