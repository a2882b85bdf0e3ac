/** Transaction receipt (Yellow Paper 4.3.1, EIP-658, EIP-2718). */

import { BLOOM_BYTES } from './bloom.ts'
import { encodeTransactions, takeTyped } from './body.ts'
import { concatBytes } from './bytes.ts'
import type { Result } from './result.ts'
import { err, ok } from './result.ts'
import type { RlpError, RlpReader } from './rlp.ts'
import {
  encodeRlp,
  enterList,
  finished,
  hasMore,
  leaveList,
  rlpReader,
  takeFixed,
  takeString,
  takeUint,
  uintToBytes,
} from './rlp.ts'

export type Log = {
  readonly address: Uint8Array // 20
  readonly topics: readonly Uint8Array[] // of 32, at most 4
  readonly data: Uint8Array
}
export type Receipt = {
  /** EIP-2718 type of the transaction, 0 for legacy. */
  readonly type: number
  /** From Byzantium a status, before it the state root after the transaction (32 bytes). */
  readonly outcome:
    | { readonly kind: 'status'; readonly success: boolean }
    | { readonly kind: 'root'; readonly root: Uint8Array }
  readonly cumulativeGasUsed: bigint // u64
  readonly logsBloom: Uint8Array // 256
  readonly logs: readonly Log[]
}
export type ReceiptError =
  | { readonly code: 'RECEIPT_ENCODING'; readonly cause: RlpError }
  | { readonly code: 'RECEIPT_OUTCOME' } // neither a status nor a root
  | { readonly code: 'RECEIPT_TYPE'; readonly type: number }

/** LOG4 has the most topics. */
const TOPICS_MAX = 4
const TYPE_MAX = 0x7f

/** A receipt in canonical form, as the receipts root hashes it: a list, or `type ‖ list`. */
export function decodeReceipt(bytes: Uint8Array): Result<Receipt, ReceiptError> {
  const first = bytes[0]
  const typed = first !== undefined && first <= TYPE_MAX
  if (typed && first === 0) return err({ code: 'RECEIPT_TYPE', type: 0 })
  const reader = rlpReader(bytes, typed ? 1 : 0)
  const outer = enterList(reader)
  const outcome = takeString(reader, 0, 32)
  const cumulativeGasUsed = takeUint(reader, 8)
  const logsBloom = takeFixed(reader, BLOOM_BYTES)
  const logs: Log[] = []
  const logsOuter = enterList(reader)
  while (hasMore(reader)) logs.push(takeLog(reader))
  leaveList(reader, logsOuter)
  leaveList(reader, outer)
  const done = finished(reader, undefined)
  if (!done.ok) return err({ code: 'RECEIPT_ENCODING', cause: done.error })
  const common = { type: typed ? first : 0, cumulativeGasUsed, logsBloom, logs }
  if (outcome.length === 32) return ok({ ...common, outcome: { kind: 'root', root: outcome } })
  if (outcome.length > 1 || (outcome.length === 1 && outcome[0] !== 1)) return err({ code: 'RECEIPT_OUTCOME' })
  return ok({ ...common, outcome: { kind: 'status', success: outcome.length === 1 } })
}

/** Canonical bytes of a receipt. */
export function encodeReceipt(receipt: Receipt): Uint8Array {
  const { outcome } = receipt
  const list = encodeRlp([
    outcome.kind === 'root' ? outcome.root : uintToBytes(outcome.success ? 1n : 0n),
    uintToBytes(receipt.cumulativeGasUsed),
    receipt.logsBloom,
    receipt.logs.map((log) => [log.address, log.topics, log.data]),
  ])
  return receipt.type === 0 ? list : concatBytes(Uint8Array.of(receipt.type), list)
}

/** Canonical bytes of each receipt in a block's list of receipts (eth/68 Receipts, era1), as views. */
export function splitReceipts(bytes: Uint8Array): Result<readonly Uint8Array[], ReceiptError> {
  const reader = rlpReader(bytes)
  const receipts = takeTyped(reader)
  const done = finished(reader, receipts)
  return done.ok ? done : err({ code: 'RECEIPT_ENCODING', cause: done.error })
}

/** All receipts of a block's list. */
export function decodeReceipts(bytes: Uint8Array): Result<readonly Receipt[], ReceiptError> {
  const split = splitReceipts(bytes)
  if (!split.ok) return split
  const receipts: Receipt[] = []
  for (const encoded of split.value) {
    const receipt = decodeReceipt(encoded)
    if (!receipt.ok) return receipt
    receipts.push(receipt.value)
  }
  return ok(receipts)
}

/** A block's list of receipts: typed ones as RLP strings. */
export const encodeReceipts = (receipts: readonly Receipt[]): Uint8Array =>
  encodeTransactions(receipts.map(encodeReceipt))

function takeLog(reader: RlpReader): Log {
  const outer = enterList(reader)
  const address = takeFixed(reader, 20)
  const topics: Uint8Array[] = []
  const topicsOuter = enterList(reader)
  while (hasMore(reader) && topics.length < TOPICS_MAX) topics.push(takeFixed(reader, 32))
  leaveList(reader, topicsOuter)
  const data = takeString(reader)
  leaveList(reader, outer)
  return { address, topics, data }
}
