/**
 * Recursive Length Prefix (Yellow Paper, appendix B), strict: one value has one encoding, everything else is refused.
 * Decoded byte strings are views of the input. `RlpReader` walks an encoding without building items, for hot paths.
 */
import type { Result } from './result.ts'
import { err, ok } from './result.ts'

export type RlpItem = Uint8Array | readonly RlpItem[]

export type RlpErrorCode =
  | 'RLP_TRUNCATED' // the input, or the list around it, ends inside the item
  | 'RLP_TRAILING_BYTES' // more bytes, or more items in a list, than the value has
  | 'RLP_NON_CANONICAL' // a longer encoding than the value needs
  | 'RLP_LENGTH_OVERFLOW' // a length above 2^48 - 1
  | 'RLP_TOO_DEEP'
  | 'RLP_TOO_LARGE'
  | 'RLP_TOO_MANY_ITEMS'
  | 'RLP_UNEXPECTED_LIST'
  | 'RLP_UNEXPECTED_STRING'
  | 'RLP_LEADING_ZERO' // an integer with a zero first byte
  | 'RLP_INTEGER_TOO_LONG'
  | 'RLP_WRONG_LENGTH' // a fixed-size string of another size
/** `offset` counts bytes from the start of the array that was decoded. */
export type RlpError = { readonly code: RlpErrorCode; readonly offset: number }

export type RlpLimits = {
  /** Lists inside lists; recursion stays far below the stack. */
  readonly depthMax?: number
  readonly bytesMax?: number
  readonly itemsMax?: number
}
/** Nothing in the protocols nests deeper than 8. */
const DEPTH_MAX = 1_024

const STRING_SHORT = 0x80
const STRING_LONG = 0xb7
const LIST_SHORT = 0xc0
const LIST_LONG = 0xf7
/** Payloads up to this many bytes have their length in the prefix byte. */
const SHORT_MAX = 55
/** Bytes of a length that a double holds exactly. */
const LENGTH_BYTES_MAX = 6

/** Exactly one item that fills `bytes`. Byte strings in the answer are views of `bytes`. */
export function decodeRlp(bytes: Uint8Array, limits: RlpLimits = {}): Result<RlpItem, RlpError> {
  if (limits.bytesMax !== undefined && bytes.length > limits.bytesMax) return err({ code: 'RLP_TOO_LARGE', offset: 0 })
  const reader = rlpReader(bytes)
  const budget = { depth: limits.depthMax ?? DEPTH_MAX, items: limits.itemsMax ?? Number.POSITIVE_INFINITY }
  const item = takeItem(reader, budget, 0)
  if (reader.error === undefined && reader.offset !== bytes.length) fail(reader, 'RLP_TRAILING_BYTES', reader.offset)
  return reader.error === undefined ? ok(item) : err(reader.error)
}

/** The one encoding of `item`, in a buffer of its own. */
export function encodeRlp(item: RlpItem): Uint8Array {
  const listLengths: number[] = []
  const out = new Uint8Array(measure(item, listLengths))
  const cursor = { at: 0, list: 0 }
  write(item, out, listLengths, cursor)
  return out
}

/** Encoding of a byte string. */
export function encodeRlpString(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(stringLength(bytes))
  writeString(bytes, out, 0)
  return out
}

/** Encoding of a list whose items are encoded already. */
export function encodeRlpList(encodedItems: readonly Uint8Array[]): Uint8Array {
  let payload = 0
  for (const item of encodedItems) payload += item.length
  const out = new Uint8Array(prefixLength(payload) + payload)
  let at = writePrefix(out, 0, LIST_SHORT, payload)
  for (const item of encodedItems) {
    out.set(item, at)
    at += item.length
  }
  return out
}

/** Minimal big-endian bytes of a non-negative integer, empty for 0: how RLP writes integers. */
export function uintToBytes(value: bigint): Uint8Array {
  if (value < 0n) throw new RangeError('RLP has no negative integers')
  if (value <= 0xffff_ffffn) {
    const small = Number(value)
    if (small === 0) return new Uint8Array(0)
    if (small < 0x100) return Uint8Array.of(small)
    if (small < 0x1_0000) return Uint8Array.of(small >>> 8, small)
    if (small < 0x100_0000) return Uint8Array.of(small >>> 16, small >>> 8, small)
    return Uint8Array.of(small >>> 24, small >>> 16, small >>> 8, small)
  }
  const hex = value.toString(16)
  const out = new Uint8Array((hex.length + 1) >>> 1)
  for (let i = out.length - 1, end = hex.length; i >= 0; i--, end -= 2)
    out[i] = Number.parseInt(hex.slice(Math.max(0, end - 2), end), 16)
  return out
}

/** Integer of big-endian bytes, leading zeros allowed. */
export function bytesToUint(bytes: Uint8Array): bigint {
  return uintBetween(bytes, 0, bytes.length)
}

/** Integer of an RLP payload of at most `maxBytes`; refuses leading zeros (Yellow Paper, appendix B). */
export function rlpUint(bytes: Uint8Array, maxBytes: number): Result<bigint, RlpError> {
  if (bytes.length > maxBytes) return err({ code: 'RLP_INTEGER_TOO_LONG', offset: 0 })
  if (bytes.length > 0 && bytes[0] === 0) return err({ code: 'RLP_LEADING_ZERO', offset: 0 })
  return ok(bytesToUint(bytes))
}

/** Where an item lies: prefix at `offset`, payload in `[start, end)`; the next item begins at `end`. */
export type RlpSpan = {
  readonly offset: number
  readonly start: number
  readonly end: number
  readonly isList: boolean
}

/** The item whose prefix stands at `offset`; nothing behind `limit` is looked at. Lists are not entered. */
export function rlpItemAt(bytes: Uint8Array, offset: number, limit = bytes.length): Result<RlpSpan, RlpError> {
  const reader = rlpReader(bytes, offset, limit)
  if (!nextItem(reader)) return err(reader.error!)
  return ok({ offset, start: reader.start, end: reader.offset, isList: reader.isList })
}

/**
 * A position inside an encoding. The first failure stays in `error`, every later step then does nothing, so that a
 * decoder reads field after field and looks at `error` once, at the end.
 */
export type RlpReader = {
  readonly bytes: Uint8Array
  /** Prefix of the next item. */
  offset: number
  /** End of the list that is being read. */
  end: number
  /** Of the item read last: payload start (its end is `offset`) and kind. */
  start: number
  isList: boolean
  error: RlpError | undefined
}

export function rlpReader(bytes: Uint8Array, offset = 0, end = bytes.length): RlpReader {
  return { bytes, offset, end, start: offset, isList: false, error: undefined }
}

export const hasMore = (reader: RlpReader): boolean => reader.error === undefined && reader.offset < reader.end

/** Steps over one item; `start`, `offset` and `isList` then describe it. @returns false when `error` is set. */
export function nextItem(reader: RlpReader): boolean {
  if (reader.error !== undefined) return false
  const { bytes, end } = reader
  const at = reader.offset
  if (at >= end) return fail(reader, 'RLP_TRUNCATED', at)
  const prefix = bytes[at]!
  let start = at + 1
  let length: number
  reader.isList = prefix >= LIST_SHORT
  if (prefix < STRING_SHORT) {
    start = at
    length = 1
  } else if (prefix <= STRING_LONG) {
    length = prefix - STRING_SHORT
    if (length === 1 && start < end && bytes[start]! < STRING_SHORT) return fail(reader, 'RLP_NON_CANONICAL', at)
  } else if (prefix >= LIST_SHORT && prefix <= LIST_LONG) {
    length = prefix - LIST_SHORT
  } else {
    const lengthBytes = prefix - (prefix < LIST_SHORT ? STRING_LONG : LIST_LONG)
    if (start + lengthBytes > end) return fail(reader, 'RLP_TRUNCATED', at)
    if (bytes[start] === 0) return fail(reader, 'RLP_NON_CANONICAL', at)
    if (lengthBytes > LENGTH_BYTES_MAX) return fail(reader, 'RLP_LENGTH_OVERFLOW', at)
    length = 0
    for (let i = 0; i < lengthBytes; i++) length = length * 256 + bytes[start + i]!
    if (length <= SHORT_MAX) return fail(reader, 'RLP_NON_CANONICAL', at)
    start += lengthBytes
  }
  if (start + length > end) return fail(reader, 'RLP_TRUNCATED', at)
  reader.start = start
  reader.offset = start + length
  return true
}

/** A byte string of `min` to `max` bytes, as a view; empty after an error. */
export function takeString(reader: RlpReader, min = 0, max = Number.POSITIVE_INFINITY): Uint8Array {
  const at = reader.offset
  if (!nextItem(reader)) return NOTHING
  const length = reader.offset - reader.start
  if (reader.isList) fail(reader, 'RLP_UNEXPECTED_LIST', at)
  else if (length < min || length > max) fail(reader, 'RLP_WRONG_LENGTH', at)
  else return reader.bytes.subarray(reader.start, reader.offset)
  return NOTHING
}

/** A byte string of exactly `length` bytes, as a view. */
export const takeFixed = (reader: RlpReader, length: number): Uint8Array => takeString(reader, length, length)

/** An integer of at most `maxBytes` bytes without leading zeros; 0n after an error. */
export function takeUint(reader: RlpReader, maxBytes: number): bigint {
  const at = reader.offset
  if (!nextItem(reader)) return 0n
  const length = reader.offset - reader.start
  if (reader.isList) fail(reader, 'RLP_UNEXPECTED_LIST', at)
  else if (length > maxBytes) fail(reader, 'RLP_INTEGER_TOO_LONG', at)
  else if (length > 0 && reader.bytes[reader.start] === 0) fail(reader, 'RLP_LEADING_ZERO', at)
  else return uintBetween(reader.bytes, reader.start, reader.offset)
  return 0n
}

/** One item whole, prefix included, as a view; its inside is not checked. */
export function takeEncoded(reader: RlpReader): Uint8Array {
  const at = reader.offset
  return nextItem(reader) ? reader.bytes.subarray(at, reader.offset) : NOTHING
}

/** One list whole, prefix included, as a view; its inside is not checked. */
export function takeEncodedList(reader: RlpReader): Uint8Array {
  const at = reader.offset
  const encoded = takeEncoded(reader)
  if (reader.error === undefined && !reader.isList) fail(reader, 'RLP_UNEXPECTED_STRING', at)
  return encoded
}

/** Steps into a list: items are then read up to its end. @returns what `leaveList` needs. */
export function enterList(reader: RlpReader): number {
  const outerEnd = reader.end
  const at = reader.offset
  if (!nextItem(reader)) return outerEnd
  if (!reader.isList) {
    fail(reader, 'RLP_UNEXPECTED_STRING', at)
    return outerEnd
  }
  reader.end = reader.offset
  reader.offset = reader.start
  return outerEnd
}

/** Steps out of a list that must be read to its end. */
export function leaveList(reader: RlpReader, outerEnd: number): void {
  if (reader.error === undefined && reader.offset !== reader.end) fail(reader, 'RLP_TRAILING_BYTES', reader.offset)
  reader.end = outerEnd
}

/** The answer of a decoder that has read all it expected: `value`, or the first failure. */
export function finished<T>(reader: RlpReader, value: T): Result<T, RlpError> {
  if (reader.error === undefined && reader.offset !== reader.end) fail(reader, 'RLP_TRAILING_BYTES', reader.offset)
  return reader.error === undefined ? ok(value) : err(reader.error)
}

const NOTHING = new Uint8Array(0)

/** Records a refusal at `offset` in the reader, unless there is one already. @returns false */
export function fail(reader: RlpReader, code: RlpErrorCode, offset: number): false {
  reader.error ??= { code, offset }
  return false
}

function takeItem(reader: RlpReader, budget: { depth: number; items: number }, depth: number): RlpItem {
  const at = reader.offset
  if (!nextItem(reader)) return NOTHING
  if (--budget.items < 0) fail(reader, 'RLP_TOO_MANY_ITEMS', at)
  if (!reader.isList) return reader.bytes.subarray(reader.start, reader.offset)
  if (depth >= budget.depth) {
    fail(reader, 'RLP_TOO_DEEP', at)
    return NOTHING
  }
  const outerEnd = reader.end
  reader.end = reader.offset
  reader.offset = reader.start
  const items: RlpItem[] = []
  while (reader.error === undefined && reader.offset < reader.end) items.push(takeItem(reader, budget, depth + 1))
  reader.end = outerEnd
  return items
}

function uintBetween(bytes: Uint8Array, start: number, end: number): bigint {
  let at = start
  let head = 0
  // A double is exact up to 6 bytes; longer integers continue in steps of 4.
  const headEnd = end - start <= 6 ? end : start + ((end - start) & 3)
  while (at < headEnd) head = head * 256 + bytes[at++]!
  let value = BigInt(head)
  while (at < end) {
    const word = ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
    value = (value << 32n) | BigInt(word)
    at += 4
  }
  return value
}

const isBytes = (item: RlpItem): item is Uint8Array => item instanceof Uint8Array

function lengthBytesOf(length: number): number {
  let count = 0
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) count++
  return count
}
const prefixLength = (payload: number): number => (payload <= SHORT_MAX ? 1 : 1 + lengthBytesOf(payload))
const isOwnEncoding = (bytes: Uint8Array): boolean => bytes.length === 1 && bytes[0]! < STRING_SHORT
const stringLength = (bytes: Uint8Array): number =>
  isOwnEncoding(bytes) ? 1 : prefixLength(bytes.length) + bytes.length

/** Encoded length; payload lengths of all lists go to `listLengths` in the order in which `write` meets them. */
function measure(item: RlpItem, listLengths: number[]): number {
  if (isBytes(item)) return stringLength(item)
  const slot = listLengths.push(0) - 1
  let payload = 0
  for (const child of item) payload += measure(child, listLengths)
  listLengths[slot] = payload
  return prefixLength(payload) + payload
}

function write(
  item: RlpItem,
  out: Uint8Array,
  listLengths: readonly number[],
  cursor: { at: number; list: number },
): void {
  if (isBytes(item)) {
    cursor.at = writeString(item, out, cursor.at)
    return
  }
  cursor.at = writePrefix(out, cursor.at, LIST_SHORT, listLengths[cursor.list++]!)
  for (const child of item) write(child, out, listLengths, cursor)
}

function writeString(bytes: Uint8Array, out: Uint8Array, at: number): number {
  const start = isOwnEncoding(bytes) ? at : writePrefix(out, at, STRING_SHORT, bytes.length)
  out.set(bytes, start)
  return start + bytes.length
}

function writePrefix(out: Uint8Array, at: number, kind: number, length: number): number {
  if (length <= SHORT_MAX) {
    out[at] = kind + length
    return at + 1
  }
  const lengthBytes = lengthBytesOf(length)
  out[at] = kind + SHORT_MAX + lengthBytes
  let rest = length
  for (let i = lengthBytes; i > 0; i--) {
    out[at + i] = rest % 256
    rest = Math.floor(rest / 256)
  }
  return at + 1 + lengthBytes
}
