/** Who sent a transaction: the address of the key that signed it (Yellow Paper, appendix F). */
import { leftPad } from '../bytes.ts'
import type { Result } from '../result.ts'
import { err, ok } from '../result.ts'
import { uintToBytes } from '../rlp.ts'
import { SIGNATURE_BYTES } from '../secp256k1/backend.ts'
import { addressOf, RECOVER_ROW_BYTES } from '../secp256k1/batch.ts'
import { secp256k1 } from '../secp256k1/secp256k1.ts'
import { signingHash } from './encode.ts'
import type { Transaction } from './transaction.ts'
import { signatureParity } from './transaction.ts'

/** No key makes this signature: v, r or s are out of range, or r is of no point. */
export type SenderError = { readonly code: 'TX_SENDER' }

/** 20 bytes, the caller's. Whether the chain and the half of `s` are right is for `checkSignatureRange` to say. */
export function senderOf(tx: Transaction): Result<Uint8Array, SenderError> {
  const signature = signatureOf(tx)
  const key = signature && secp256k1.recover(signingHash(tx), signature)
  return key === undefined ? err({ code: 'TX_SENDER' }) : ok(addressOf(key))
}

/**
 * Rows for `recoverAddresses`, one per transaction. Zeros, which are refused there, stand for a signature that is out of
 * range already.
 */
export function senderRows(transactions: readonly Transaction[]): Uint8Array {
  const rows = new Uint8Array(transactions.length * RECOVER_ROW_BYTES)
  for (const [i, tx] of transactions.entries()) {
    const signature = signatureOf(tx)
    if (signature === undefined) continue
    const at = i * RECOVER_ROW_BYTES
    rows.set(signingHash(tx), at)
    rows.set(signature, at + RECOVER_ROW_BYTES - SIGNATURE_BYTES)
  }
  return rows
}

/** `r ‖ s ‖ parity` */
function signatureOf(tx: Transaction): Uint8Array | undefined {
  const parity = signatureParity(tx)
  if (parity === undefined) return undefined
  const signature = new Uint8Array(SIGNATURE_BYTES)
  signature.set(leftPad(uintToBytes(tx.r), 32), 0)
  signature.set(leftPad(uintToBytes(tx.s), 32), 32)
  signature[64] = parity
  return signature
}
