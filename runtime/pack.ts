/**
 * Packed routes: messages of a kind that declares its fields' binary forms cross threads in one transferred buffer
 * instead of one structured clone each. Layout of one message: target uid f64, kind u16, sender f64, sequence f64,
 * cause actor f64, cause sequence f64, deadline f64, then the fields in schema order; little-endian.
 */
import type { PackField, PackSchema } from './messages.ts'

const HEAD_BYTES = 8 + 2 + 8 * 5
const CHUNK_BYTES = 64 * 1024
const utf8 = new TextEncoder()
const fromUtf8 = new TextDecoder()

type Field = { readonly name: string; readonly form: PackField }
export type PackLayout = { readonly fields: readonly Field[] }

export function packLayout(schema: PackSchema): PackLayout {
  return { fields: Object.entries(schema).map(([name, form]) => ({ name, form })) }
}

export class Packer {
  private bytes = new Uint8Array(CHUNK_BYTES)
  private view = new DataView(this.bytes.buffer)
  private at = 0
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
    this.reserve(HEAD_BYTES)
    const view = this.view
    let at = this.at
    view.setFloat64(at, uid, true)
    view.setUint16(at + 8, kind, true)
    view.setFloat64(at + 10, sender, true)
    view.setFloat64(at + 18, sequence, true)
    view.setFloat64(at + 26, causeActor, true)
    view.setFloat64(at + 34, causeSequence, true)
    view.setFloat64(at + 42, deadline, true)
    at += HEAD_BYTES
    this.at = at
    try {
      for (const field of layout.fields) this.field(field.form, payload[field.name])
    } catch (thrown) {
      this.at = start
      return String(thrown)
    }
    this.count++
    return undefined
  }

  /** Gives the buffer away and starts a new one. */
  take(): { readonly buffer: ArrayBuffer; readonly length: number; readonly count: number } {
    const taken = { buffer: this.bytes.buffer as ArrayBuffer, length: this.at, count: this.count }
    this.bytes = new Uint8Array(CHUNK_BYTES)
    this.view = new DataView(this.bytes.buffer)
    this.at = 0
    this.count = 0
    return taken
  }

  private reserve(more: number): void {
    if (this.at + more <= this.bytes.length) return
    const wider = new Uint8Array(Math.max(this.bytes.length * 2, this.at + more))
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
        this.at += 4 + this.text(text, this.at)
        return
      }
    }
  }

  /** Short ASCII goes byte by byte: a call of TextEncoder costs more than 100 stores. */
  private text(text: string, at: number): number {
    const length = text.length
    const bytes = this.bytes
    if (length <= 256) {
      let i = 0
      for (; i < length; i++) {
        const code = text.charCodeAt(i)
        if (code > 127) break
        bytes[at + 4 + i] = code
      }
      if (i === length) {
        this.view.setUint32(at, length, true)
        return length
      }
    }
    const { written } = utf8.encodeInto(text, bytes.subarray(at + 4))
    this.view.setUint32(at, written, true)
    return written
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
  const bytes = new Uint8Array(buffer)
  let at = 0
  while (at < length) {
    const start = at
    const uid = view.getFloat64(at, true)
    const kind = kindOf(view.getUint16(at + 8, true))
    const sender = view.getFloat64(at + 10, true)
    const sequence = view.getFloat64(at + 18, true)
    const causeActor = view.getFloat64(at + 26, true)
    const causeSequence = view.getFloat64(at + 34, true)
    const deadline = view.getFloat64(at + 42, true)
    at += HEAD_BYTES
    const payload: { [field: string]: unknown } = {}
    for (const field of kind.layout.fields) {
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
          payload[field.name] = bytes.slice(at + 4, at + 4 + size)
          at += 4 + size
          break
        }
        case 'string': {
          const size = view.getUint32(at, true)
          payload[field.name] = fromUtf8.decode(bytes.subarray(at + 4, at + 4 + size))
          at += 4 + size
          break
        }
      }
    }
    message(uid, payload, kind.name, sender, sequence, causeActor, causeSequence, deadline, at - start - HEAD_BYTES)
  }
}
