/** Whether a body is the one its header names (geth, `ValidateBody`). Ommers are judged in ommers.ts. */
import type { Body } from '../body.ts'
import { ommersHash } from '../body.ts'
import { bytesEqual } from '../bytes.ts'
import type { Rules } from '../chain-spec/rules.ts'
import { transactionsRoot, withdrawalsRoot } from '../derive-root.ts'
import type { Header } from '../header.ts'
import type { Result } from '../result.ts'
import { err, ok } from '../result.ts'
import type { TransactionEncodingError } from '../transaction/decode.ts'
import { decodeTransaction } from '../transaction/decode.ts'
import { GAS_PER_BLOB } from './blob-gas.ts'

export type BodyRuleError =
  | { readonly code: 'BODY_BLOCK_SIZE'; readonly bytes: number }
  | { readonly code: 'BODY_OMMERS_HASH' }
  | { readonly code: 'BODY_TRANSACTIONS_ROOT' }
  | { readonly code: 'BODY_WITHDRAWALS'; readonly expected: 'present' | 'absent' }
  | { readonly code: 'BODY_WITHDRAWALS_ROOT' }
  | { readonly code: 'BODY_BLOB_GAS'; readonly blobs: number; readonly blobGasUsed: bigint }
  | { readonly code: 'BODY_TRANSACTION'; readonly index: number; readonly cause: TransactionEncodingError }

/** Bytes of a block's encoding from Osaka on (EIP-7934). */
export const BLOCK_BYTES_MAX = 8_388_608

/** `rules` are those of the header; `blockBytes`, the size of the whole block's encoding, is judged where it is given. */
export function checkBody(rules: Rules, header: Header, body: Body, blockBytes?: number): Result<void, BodyRuleError> {
  if (rules.osaka && blockBytes !== undefined && blockBytes > BLOCK_BYTES_MAX)
    return err({ code: 'BODY_BLOCK_SIZE', bytes: blockBytes })
  if (!bytesEqual(ommersHash(body.ommers), header.ommersHash)) return err({ code: 'BODY_OMMERS_HASH' })
  if (!bytesEqual(transactionsRoot(body.transactions), header.transactionsRoot))
    return err({ code: 'BODY_TRANSACTIONS_ROOT' })
  if ((body.withdrawals !== undefined) !== rules.shanghai)
    return err({ code: 'BODY_WITHDRAWALS', expected: rules.shanghai ? 'present' : 'absent' })
  if (body.withdrawals !== undefined)
    if (header.withdrawalsRoot === undefined || !bytesEqual(withdrawalsRoot(body.withdrawals), header.withdrawalsRoot))
      return err({ code: 'BODY_WITHDRAWALS_ROOT' })
  let blobs = 0
  for (const [index, bytes] of body.transactions.entries()) {
    if (bytes[0] !== BLOB_TYPE) continue
    const tx = decodeTransaction(bytes)
    if (!tx.ok) return err({ code: 'BODY_TRANSACTION', index, cause: tx.error })
    if (tx.value.type === BLOB_TYPE) blobs += tx.value.blobVersionedHashes.length
  }
  const blobGasUsed = header.blobGasUsed ?? 0n
  if (BigInt(blobs) * GAS_PER_BLOB !== blobGasUsed) return err({ code: 'BODY_BLOB_GAS', blobs, blobGasUsed })
  return ok(undefined)
}

const BLOB_TYPE = 3
