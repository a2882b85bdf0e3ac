/** Transactions from their canonical bytes: a list (legacy), or `type ‖ list` (EIP-2718). */
import type { Result } from '../result.ts'
import { err } from '../result.ts'
import type { RlpError, RlpReader } from '../rlp.ts'
import { enterList, fail, finished, hasMore, leaveList, rlpReader, takeFixed, takeString, takeUint } from '../rlp.ts'
import type { AccessListEntry, Authorization, Transaction } from './transaction.ts'

export type TransactionEncodingError =
  | { readonly code: 'TX_EMPTY' }
  | { readonly code: 'TX_TYPE'; readonly type: number }
  | { readonly code: 'TX_ENCODING'; readonly cause: RlpError }

/** The transaction that fills `bytes`, without blob sidecar. Byte fields are views. */
export function decodeTransaction(bytes: Uint8Array): Result<Transaction, TransactionEncodingError> {
  const first = bytes[0]
  if (first === undefined) return err({ code: 'TX_EMPTY' })
  const type = first > TYPE_MAX ? 0 : first
  if (type > 4 || (type === 0 && first === 0)) return err({ code: 'TX_TYPE', type: first })
  const reader = rlpReader(bytes, type === 0 ? 0 : 1)
  const outer = enterList(reader)
  const transaction = type === 0 ? takeLegacy(reader) : takeTyped(reader, type as 1 | 2 | 3 | 4)
  leaveList(reader, outer)
  const done = finished(reader, transaction)
  return done.ok ? done : err({ code: 'TX_ENCODING', cause: done.error })
}

/** Highest EIP-2718 type byte. */
const TYPE_MAX = 0x7f
/** Bytes of a u64, and of a 256-bit integer. */
const U64 = 8
const U256 = 32

function takeLegacy(reader: RlpReader): Transaction {
  return {
    type: 0,
    nonce: takeUint(reader, U64),
    gasPrice: takeUint(reader, U256),
    gasLimit: takeUint(reader, U64),
    to: takeRecipient(reader),
    value: takeUint(reader, U256),
    data: takeString(reader),
    v: takeUint(reader, U256),
    r: takeUint(reader, U256),
    s: takeUint(reader, U256),
  }
}

function takeTyped(reader: RlpReader, type: 1 | 2 | 3 | 4): Transaction {
  const chainId = takeUint(reader, U256)
  const nonce = takeUint(reader, U64)
  const tip = takeUint(reader, U256)
  const cap = type === 1 ? tip : takeUint(reader, U256)
  const gasLimit = takeUint(reader, U64)
  const to = type >= 3 ? takeFixed(reader, 20) : takeRecipient(reader)
  const value = takeUint(reader, U256)
  const data = takeString(reader)
  const accessList = takeAccessList(reader)
  const common = { chainId, nonce, gasLimit, to, value, data, accessList }
  const fees = { maxPriorityFeePerGas: tip, maxFeePerGas: cap }
  switch (type) {
    case 1:
      return { type, ...common, gasPrice: tip, ...takeSignature(reader) }
    case 2:
      return { type, ...common, ...fees, ...takeSignature(reader) }
    case 3: {
      const maxFeePerBlobGas = takeUint(reader, U256)
      const blobVersionedHashes = takeWords(reader)
      return { type, ...common, to: to!, ...fees, maxFeePerBlobGas, blobVersionedHashes, ...takeSignature(reader) }
    }
    case 4: {
      const authorizationList = takeAuthorizations(reader)
      return { type, ...common, to: to!, ...fees, authorizationList, ...takeSignature(reader) }
    }
  }
}

const takeSignature = (reader: RlpReader) => ({
  yParity: takeUint(reader, U256),
  r: takeUint(reader, U256),
  s: takeUint(reader, U256),
})

function takeRecipient(reader: RlpReader): Uint8Array | undefined {
  const at = reader.offset
  const to = takeString(reader)
  if (to.length !== 0 && to.length !== 20) fail(reader, 'RLP_WRONG_LENGTH', at)
  return to.length === 20 ? to : undefined
}

function takeWords(reader: RlpReader): Uint8Array[] {
  const words: Uint8Array[] = []
  const outer = enterList(reader)
  while (hasMore(reader)) words.push(takeFixed(reader, 32))
  leaveList(reader, outer)
  return words
}

function takeAccessList(reader: RlpReader): AccessListEntry[] {
  const entries: AccessListEntry[] = []
  const outer = enterList(reader)
  while (hasMore(reader)) {
    const entryOuter = enterList(reader)
    entries.push({ address: takeFixed(reader, 20), storageKeys: takeWords(reader) })
    leaveList(reader, entryOuter)
  }
  leaveList(reader, outer)
  return entries
}

function takeAuthorizations(reader: RlpReader): Authorization[] {
  const authorizations: Authorization[] = []
  const outer = enterList(reader)
  while (hasMore(reader)) {
    const entryOuter = enterList(reader)
    authorizations.push({
      chainId: takeUint(reader, U256),
      address: takeFixed(reader, 20),
      nonce: takeUint(reader, U64),
      yParity: takeUint(reader, 1),
      r: takeUint(reader, U256),
      s: takeUint(reader, U256),
    })
    leaveList(reader, entryOuter)
  }
  leaveList(reader, outer)
  return authorizations
}
