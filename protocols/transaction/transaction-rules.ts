/** Validity of a transaction by itself: no state, no block, no signature recovery. */
import type { Rules } from '../chain-spec/rules.ts'
import { BLOBS_PER_TRANSACTION_MAX } from '../consensus/blob-gas.ts'
import type { Result } from '../result.ts'
import { err, ok } from '../result.ts'
import { floorGas, intrinsicGas } from './intrinsic-gas.ts'
import type { Transaction } from './transaction.ts'
import { maxFeePerGas, maxPriorityFeePerGas, signatureParity, transactionChainId } from './transaction.ts'

export type TransactionError =
  | { readonly code: 'TX_TYPE_NOT_ACTIVE'; readonly type: number }
  | { readonly code: 'TX_CHAIN_ID'; readonly chainId: bigint; readonly expected: bigint }
  | { readonly code: 'TX_SIGNATURE' } // v, r or s out of range
  | { readonly code: 'TX_NONCE_MAX' } // 2^64 - 1 (EIP-2681)
  | { readonly code: 'TX_GAS_CAP'; readonly gasLimit: bigint } // EIP-7825
  | { readonly code: 'TX_FEE_OVERFLOW' } // gas limit · fee above 256 bits
  | { readonly code: 'TX_TIP_ABOVE_FEE_CAP'; readonly tip: bigint; readonly cap: bigint }
  | { readonly code: 'TX_INITCODE_SIZE'; readonly bytes: number }
  | { readonly code: 'TX_NO_BLOBS' }
  | { readonly code: 'TX_BLOB_COUNT'; readonly count: number; readonly max: number }
  | { readonly code: 'TX_BLOB_HASH_VERSION'; readonly index: number }
  | { readonly code: 'TX_NO_AUTHORIZATIONS' }
  | { readonly code: 'TX_INTRINSIC_GAS'; readonly gasLimit: bigint; readonly needed: bigint }

/** Order of the secp256k1 group (SEC 2). */
export const SECP256K1_N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const SECP256K1_HALF_N = SECP256K1_N / 2n
const NONCE_MAX = 2n ** 64n - 1n
/** Bytes of initcode: twice the code limit (EIP-3860). */
export const INITCODE_BYTES_MAX = 49_152
/** Bytes of initcode from Amsterdam on (EIP-7954). */
const INITCODE_BYTES_MAX_AMSTERDAM = 131_072
/** Gas of one transaction from Osaka on (EIP-7825). */
export const TX_GAS_MAX = 16_777_216n
/** First byte of a versioned hash of a KZG commitment (EIP-4844). */
const BLOB_HASH_VERSION = 0x01

/** Whether `tx` can be valid in a block under `rules`, whatever the state. */
export function checkTransaction(tx: Transaction, rules: Rules): Result<void, TransactionError> {
  if (!isTypeActive(tx, rules)) return err({ code: 'TX_TYPE_NOT_ACTIVE', type: tx.type })
  const signature = checkSignatureRange(tx, rules)
  if (!signature.ok) return signature
  if (tx.nonce === NONCE_MAX) return err({ code: 'TX_NONCE_MAX' })
  if (rules.osaka && !rules.amsterdam && tx.gasLimit > TX_GAS_MAX)
    return err({ code: 'TX_GAS_CAP', gasLimit: tx.gasLimit })
  const [tip, cap] = [maxPriorityFeePerGas(tx), maxFeePerGas(tx)]
  if (tip > cap) return err({ code: 'TX_TIP_ABOVE_FEE_CAP', tip, cap })
  if ((tx.gasLimit * cap) >> 256n !== 0n) return err({ code: 'TX_FEE_OVERFLOW' })
  if (tx.type === 3) {
    const blobs = checkBlobs(tx.blobVersionedHashes, rules)
    if (!blobs.ok) return blobs
  }
  if (tx.type === 4 && tx.authorizationList.length === 0) return err({ code: 'TX_NO_AUTHORIZATIONS' })
  if (tx.to === undefined && rules.shanghai) {
    const max = rules.amsterdam ? INITCODE_BYTES_MAX_AMSTERDAM : INITCODE_BYTES_MAX
    if (tx.data.length > max) return err({ code: 'TX_INITCODE_SIZE', bytes: tx.data.length })
  }
  const intrinsic = intrinsicGas(tx, rules)
  const floor = rules.prague ? floorGas(tx) : 0n
  const needed = intrinsic > floor ? intrinsic : floor
  if (tx.gasLimit < needed) return err({ code: 'TX_INTRINSIC_GAS', gasLimit: tx.gasLimit, needed })
  return ok(undefined)
}

/** Chain and range of the signature's numbers: what is checked before the sender is recovered (EIP-2, EIP-155). */
export function checkSignatureRange(tx: Transaction, rules: Rules): Result<void, TransactionError> {
  const chainId = transactionChainId(tx)
  if (chainId !== undefined && tx.type === 0 && !rules.eip155) return err({ code: 'TX_SIGNATURE' })
  if (chainId !== undefined && chainId !== rules.chainId)
    return err({ code: 'TX_CHAIN_ID', chainId, expected: rules.chainId })
  const sMax = rules.homestead ? SECP256K1_HALF_N : SECP256K1_N - 1n
  if (signatureParity(tx) === undefined || tx.r === 0n || tx.r >= SECP256K1_N || tx.s === 0n || tx.s > sMax)
    return err({ code: 'TX_SIGNATURE' })
  return ok(undefined)
}

function isTypeActive(tx: Transaction, rules: Rules): boolean {
  switch (tx.type) {
    case 0:
      return true
    case 1:
      return rules.berlin
    case 2:
      return rules.london
    case 3:
      return rules.cancun
    case 4:
      return rules.prague
  }
}

function checkBlobs(hashes: readonly Uint8Array[], rules: Rules): Result<void, TransactionError> {
  if (hashes.length === 0) return err({ code: 'TX_NO_BLOBS' })
  const perBlock = rules.blob?.max ?? 0
  const max = rules.osaka ? Math.min(perBlock, BLOBS_PER_TRANSACTION_MAX) : perBlock
  if (hashes.length > max) return err({ code: 'TX_BLOB_COUNT', count: hashes.length, max })
  const index = hashes.findIndex((hash) => hash[0] !== BLOB_HASH_VERSION)
  return index < 0 ? ok(undefined) : err({ code: 'TX_BLOB_HASH_VERSION', index })
}
