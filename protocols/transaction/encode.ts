/** Canonical bytes of transactions, and the hashes taken of them. */
import { concatBytes } from '../bytes.ts'
import { keccak256 } from '../keccak256.ts'
import type { RlpItem } from '../rlp.ts'
import { encodeRlp, uintToBytes } from '../rlp.ts'
import type { AccessListEntry, Authorization, Transaction } from './transaction.ts'
import { transactionChainId } from './transaction.ts'

/** Canonical bytes, as a trie, a pool message and the hash take them. In a body a typed one is wrapped as a string. */
export function encodeTransaction(tx: Transaction): Uint8Array {
  const signature = [uintToBytes(tx.type === 0 ? tx.v : tx.yParity), uintToBytes(tx.r), uintToBytes(tx.s)]
  return withType(tx.type, [...unsignedFields(tx), ...signature])
}

/** keccak256 of the canonical bytes; a blob sidecar is no part of them. */
export const transactionHash = (encoded: Uint8Array): Uint8Array => keccak256(encoded)

/** What the signature signs: keccak256 of `signingBytes`. */
export const signingHash = (tx: Transaction): Uint8Array => keccak256(signingBytes(tx))

/** The unsigned transaction; a legacy one with chain id, 0, 0 when its `v` says so (EIP-155). */
export function signingBytes(tx: Transaction): Uint8Array {
  const fields = unsignedFields(tx)
  const chainId = tx.type === 0 ? transactionChainId(tx) : undefined
  return withType(tx.type, chainId === undefined ? fields : [...fields, uintToBytes(chainId), NOTHING, NOTHING])
}

/** What the authority of a set-code transaction signs (EIP-7702). */
export const authorizationSigningHash = ({ chainId, address, nonce }: Authorization): Uint8Array =>
  keccak256(concatBytes(AUTHORIZATION_MAGIC, encodeRlp([uintToBytes(chainId), address, uintToBytes(nonce)])))

const AUTHORIZATION_MAGIC = Uint8Array.of(0x05)
const NOTHING = new Uint8Array(0)

const withType = (type: number, fields: readonly RlpItem[]): Uint8Array =>
  type === 0 ? encodeRlp(fields) : concatBytes(Uint8Array.of(type), encodeRlp(fields))

function unsignedFields(tx: Transaction): RlpItem[] {
  const gas = [uintToBytes(tx.gasLimit), tx.to ?? NOTHING, uintToBytes(tx.value), tx.data]
  const nonce = uintToBytes(tx.nonce)
  if (tx.type === 0) return [nonce, uintToBytes(tx.gasPrice), ...gas]
  const head = [uintToBytes(tx.chainId), nonce]
  const accessList = tx.accessList.map(accessListItem)
  if (tx.type === 1) return [...head, uintToBytes(tx.gasPrice), ...gas, accessList]
  const fees = [uintToBytes(tx.maxPriorityFeePerGas), uintToBytes(tx.maxFeePerGas)]
  switch (tx.type) {
    case 2:
      return [...head, ...fees, ...gas, accessList]
    case 3:
      return [...head, ...fees, ...gas, accessList, uintToBytes(tx.maxFeePerBlobGas), tx.blobVersionedHashes]
    case 4:
      return [...head, ...fees, ...gas, accessList, tx.authorizationList.map(authorizationItem)]
  }
}

const accessListItem = ({ address, storageKeys }: AccessListEntry): RlpItem => [address, storageKeys]

const authorizationItem = (authorization: Authorization): RlpItem => [
  uintToBytes(authorization.chainId),
  authorization.address,
  uintToBytes(authorization.nonce),
  uintToBytes(authorization.yParity),
  uintToBytes(authorization.r),
  uintToBytes(authorization.s),
]
