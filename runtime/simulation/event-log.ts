import { createHash } from 'node:crypto'
import type { Millis } from '../capabilities.ts'

export type EventRecord = {
  readonly step: number
  readonly time: Millis
  readonly actor: string
  readonly kind: string
  readonly detail: string
}

/** Text gathered before it is hashed, in characters: one call per record would cost more than the hashing. */
const BATCH_CHARACTERS = 16384

/** What happened, as a hash over everything and the last `tailLength` records for people. */
export class EventLog {
  readonly #hash = createHash('sha256')
  readonly #tail: EventRecord[] = []
  readonly #tailLength: number
  #batch = ''

  constructor(tailLength: number) {
    this.#tailLength = tailLength
  }

  append(record: EventRecord): void {
    this.#batch += `${record.step}\t${record.time}\t${record.actor}\t${record.kind}\t${record.detail}\n`
    if (this.#batch.length >= BATCH_CHARACTERS) this.#flush()
    if (this.#tailLength === 0) return
    this.#tail.push(record)
    if (this.#tail.length >= 2 * this.#tailLength) this.#tail.splice(0, this.#tailLength)
  }

  /** SHA-256 over all records so far, hexadecimal; going on afterwards is fine. */
  hash(): string {
    this.#flush()
    return this.#hash.copy().digest('hex')
  }

  tail(): readonly EventRecord[] {
    return this.#tail.slice(-this.#tailLength)
  }

  #flush(): void {
    this.#hash.update(this.#batch)
    this.#batch = ''
  }
}

/** FNV-1a, 32 bits: names bytes in a record. */
export function bytesMark(bytes: Uint8Array): string {
  let hash = 0x811c9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
  return `${bytes.length}:${(hash >>> 0).toString(16)}`
}
