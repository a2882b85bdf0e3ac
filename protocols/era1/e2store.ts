/** e2store: a file of entries, each `type u16 LE ‖ length u32 LE ‖ reserved u16 ‖ value`. */
import { concatBytes } from '../bytes.ts'
import type { Result } from '../result.ts'
import { err, ok } from '../result.ts'

export type E2Entry = {
  /** Of the entry's header, from the start of the file. */
  readonly offset: number
  readonly type: number
  /** A view, where one chunk held all of it. */
  readonly value: Uint8Array
}
export type E2StoreError = {
  readonly code: 'E2STORE_RESERVED' | 'E2STORE_TOO_LONG' | 'E2STORE_TRUNCATED'
  readonly offset: number
}

export const E2STORE_HEADER_BYTES = 8
/** Bytes of one value (geth, `internal/era/e2store`: 50 MiB). */
export const E2STORE_VALUE_MAX = 50 * 1024 * 1024

/**
 * A parser that is fed a file in order, in chunks of any size, and holds no more than one unfinished entry. The chunks
 * must not change as long as the entries made of them are used.
 */
export function e2storeParser() {
  let held: Uint8Array[] = []
  let heldBytes = 0
  let offset = 0
  let failed: E2StoreError | undefined

  /** Bytes up to which nothing can be cut from what is held. */
  let needed = E2STORE_HEADER_BYTES

  return {
    /** Entries that `chunk` completes, in order. After a refusal the same refusal is answered. */
    push(chunk: Uint8Array): Result<readonly E2Entry[], E2StoreError> {
      if (failed !== undefined) return err(failed)
      held.push(chunk)
      heldBytes += chunk.length
      if (heldBytes < needed) return ok([])
      const bytes = held.length === 1 ? chunk : concatBytes(...held)
      const entries: E2Entry[] = []
      let at = 0
      needed = E2STORE_HEADER_BYTES
      while (bytes.length - at >= E2STORE_HEADER_BYTES) {
        const view = new DataView(bytes.buffer, bytes.byteOffset + at, E2STORE_HEADER_BYTES)
        const length = view.getUint32(2, true)
        if (view.getUint16(6, true) !== 0) failed = { code: 'E2STORE_RESERVED', offset }
        else if (length > E2STORE_VALUE_MAX) failed = { code: 'E2STORE_TOO_LONG', offset }
        if (failed !== undefined) return err(failed)
        const end = at + E2STORE_HEADER_BYTES + length
        if (end > bytes.length) {
          needed = end - at
          break
        }
        entries.push({ offset, type: view.getUint16(0, true), value: bytes.subarray(at + E2STORE_HEADER_BYTES, end) })
        offset += end - at
        at = end
      }
      heldBytes = bytes.length - at
      held = heldBytes === 0 ? [] : [bytes.subarray(at)]
      return ok(entries)
    },
    /** Refused when the file ends inside an entry. */
    end(): Result<void, E2StoreError> {
      if (failed !== undefined) return err(failed)
      return heldBytes === 0 ? ok(undefined) : err({ code: 'E2STORE_TRUNCATED', offset })
    },
    /** Start of the entry that comes next. */
    offset: (): number => offset,
  }
}

export function encodeE2Entry(type: number, value: Uint8Array): Uint8Array {
  const out = new Uint8Array(E2STORE_HEADER_BYTES + value.length)
  const view = new DataView(out.buffer)
  view.setUint16(0, type, true)
  view.setUint32(2, value.length, true)
  out.set(value, E2STORE_HEADER_BYTES)
  return out
}
