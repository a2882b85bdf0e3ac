/** Block body: `[transactions, ommers, withdrawals?]` (Yellow Paper 4.4, EIP-2718, EIP-4895). */
import { keccak256 } from './keccak256.ts'
import type { Result } from './result.ts'
import { err } from './result.ts'
import type { RlpError, RlpReader } from './rlp.ts'
import {
  encodeRlpList,
  encodeRlpString,
  enterList,
  fail,
  finished,
  hasMore,
  leaveList,
  nextItem,
  rlpReader,
  takeEncodedList,
} from './rlp.ts'
import type { Withdrawal } from './withdrawal.ts'
import { encodeWithdrawal, takeWithdrawal } from './withdrawal.ts'

export type Body = {
  /** Canonical bytes, as they are hashed: a list (legacy) or `type ‖ payload`. Not decoded. */
  readonly transactions: readonly Uint8Array[]
  /** Encoded headers. Not decoded. */
  readonly ommers: readonly Uint8Array[]
  /** Absent before Shanghai. */
  readonly withdrawals?: readonly Withdrawal[]
}

export type BodyError = { readonly code: 'BODY_ENCODING'; readonly cause: RlpError }

/** The body that fills `bytes`; transactions and ommers are views. */
export function decodeBody(bytes: Uint8Array): Result<Body, BodyError> {
  const reader = rlpReader(bytes)
  const outer = enterList(reader)
  const body = takeBody(reader)
  leaveList(reader, outer)
  const done = finished(reader, body)
  return done.ok ? done : err({ code: 'BODY_ENCODING', cause: done.error })
}

export function encodeBody(body: Body): Uint8Array {
  return encodeRlpList(encodeBodyParts(body))
}

/** The two or three lists of a body, encoded. */
export function encodeBodyParts(body: Body): Uint8Array[] {
  const parts = [encodeTransactions(body.transactions), encodeRlpList(body.ommers)]
  if (body.withdrawals !== undefined) parts.push(encodeRlpList(body.withdrawals.map(encodeWithdrawal)))
  return parts
}

/** List of transactions or receipts in block and wire form: a typed one as an RLP string of its bytes. */
export const encodeTransactions = (transactions: readonly Uint8Array[]): Uint8Array =>
  encodeRlpList(transactions.map((bytes) => (isEncodedList(bytes) ? bytes : encodeRlpString(bytes))))

/** keccak256 of the list of ommers. */
export const ommersHash = (ommers: readonly Uint8Array[]): Uint8Array => keccak256(encodeRlpList(ommers))

/** Reads the items of a body up to the end of the list that was entered. */
export function takeBody(reader: RlpReader): Body {
  const transactions = takeTyped(reader)
  const ommers: Uint8Array[] = []
  const ommersOuter = enterList(reader)
  while (hasMore(reader)) ommers.push(takeEncodedList(reader))
  leaveList(reader, ommersOuter)
  if (!hasMore(reader)) return { transactions, ommers }
  const withdrawals: Withdrawal[] = []
  const outer = enterList(reader)
  while (hasMore(reader)) withdrawals.push(takeWithdrawal(reader))
  leaveList(reader, outer)
  return { transactions, ommers, withdrawals }
}

/** A list of transactions or receipts: each a list, or a string of `type ‖ payload` (EIP-2718). */
export function takeTyped(reader: RlpReader): Uint8Array[] {
  const items: Uint8Array[] = []
  const outer = enterList(reader)
  while (hasMore(reader)) {
    const at = reader.offset
    if (!nextItem(reader)) break
    if (reader.isList) items.push(reader.bytes.subarray(at, reader.offset))
    else if (reader.start === reader.offset || reader.bytes[reader.start]! > TYPE_MAX)
      fail(reader, 'RLP_WRONG_LENGTH', at)
    else items.push(reader.bytes.subarray(reader.start, reader.offset))
  }
  leaveList(reader, outer)
  return items
}

/** Highest EIP-2718 type byte. */
const TYPE_MAX = 0x7f

const isEncodedList = (bytes: Uint8Array): boolean => bytes.length > 0 && bytes[0]! >= 0xc0
