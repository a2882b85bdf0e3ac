import type { Header } from '../../protocols/header.ts'
import { bytesToHex, encodeQuantity } from '../../protocols/hex.ts'
import type { JsonObject } from '../../protocols/json-rpc/json.ts'
import { decodeTransaction } from '../../protocols/transaction/decode.ts'
import { senderOf } from '../../protocols/transaction/sender.ts'
import {
  type AccessListEntry,
  type Authorization,
  effectiveGasPrice,
  type Transaction,
  transactionChainId,
} from '../../protocols/transaction/transaction.ts'

/** Where a transaction was mined. */
export type MinedIn = { readonly hash: Uint8Array; readonly header: Header }

/**
 * Mined transaction as execution-apis describes it. The sender is not kept but recovered, which costs more than all else
 * here together.
 * @param bytes canonical encoding: a list (legacy), or `type ‖ payload` (EIP-2718).
 */
export function transactionObject(bytes: Uint8Array, hash: Uint8Array, index: number, block: MinedIn): JsonObject {
  const decoded = decodeTransaction(bytes)
  // What was stored was checked: this store is damaged.
  if (!decoded.ok) throw new Error(`stored transaction is unreadable: ${decoded.error.code}`)
  const tx = decoded.value
  const chainId = transactionChainId(tx)
  return {
    blockHash: bytesToHex(block.hash),
    blockNumber: encodeQuantity(block.header.number),
    blockTimestamp: encodeQuantity(block.header.timestamp),
    transactionIndex: encodeQuantity(index),
    hash: bytesToHex(hash),
    type: encodeQuantity(tx.type),
    chainId: chainId === undefined ? undefined : encodeQuantity(chainId),
    from: fromOf(tx),
    nonce: encodeQuantity(tx.nonce),
    gas: encodeQuantity(tx.gasLimit),
    gasPrice: encodeQuantity(effectiveGasPrice(tx, block.header.baseFeePerGas)),
    to: tx.to === undefined ? null : bytesToHex(tx.to),
    value: encodeQuantity(tx.value),
    input: bytesToHex(tx.data),
    ...typedFields(tx),
    r: encodeQuantity(tx.r),
    s: encodeQuantity(tx.s),
  }
}

/** As geth, zeros where no key makes the signature: blocks of side branches were never executed. */
function fromOf(tx: Transaction): string {
  const sender = senderOf(tx)
  return sender.ok ? bytesToHex(sender.value) : NOBODY
}

const NOBODY = bytesToHex(new Uint8Array(20))

function typedFields(tx: Transaction): JsonObject {
  if (tx.type === 0) return { v: encodeQuantity(tx.v) }
  const parity = encodeQuantity(tx.yParity)
  const common = { accessList: tx.accessList.map(accessObject), v: parity, yParity: parity }
  if (tx.type === 1) return common
  const fees = {
    ...common,
    maxPriorityFeePerGas: encodeQuantity(tx.maxPriorityFeePerGas),
    maxFeePerGas: encodeQuantity(tx.maxFeePerGas),
  }
  switch (tx.type) {
    case 2:
      return fees
    case 3:
      return {
        ...fees,
        maxFeePerBlobGas: encodeQuantity(tx.maxFeePerBlobGas),
        blobVersionedHashes: tx.blobVersionedHashes.map(bytesToHex),
      }
    case 4:
      return { ...fees, authorizationList: tx.authorizationList.map(authorizationObject) }
  }
}

const accessObject = (entry: AccessListEntry): JsonObject => ({
  address: bytesToHex(entry.address),
  storageKeys: entry.storageKeys.map(bytesToHex),
})

const authorizationObject = (authorization: Authorization): JsonObject => ({
  chainId: encodeQuantity(authorization.chainId),
  address: bytesToHex(authorization.address),
  nonce: encodeQuantity(authorization.nonce),
  yParity: encodeQuantity(authorization.yParity),
  r: encodeQuantity(authorization.r),
  s: encodeQuantity(authorization.s),
})
