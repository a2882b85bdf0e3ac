import { encodeBlock } from '../../protocols/block.ts'
import type { Body } from '../../protocols/body.ts'
import { decodeHeader, type Header } from '../../protocols/header.ts'
import { bytesToHex, encodeQuantity } from '../../protocols/hex.ts'
import type { JsonObject, JsonValue } from '../../protocols/json-rpc/json.ts'
import { keccak256 } from '../../protocols/keccak256.ts'
import type { Withdrawal } from '../../protocols/withdrawal.ts'
import { transactionObject } from './transaction-object.ts'

export type StoredBlock = {
  readonly hash: Uint8Array
  readonly headerBytes: Uint8Array
  readonly header: Header
  readonly body: Body
}

/** Block as execution-apis describes it; fields of a fork are there when the header has them. */
export function blockObject(block: StoredBlock, fullTransactions: boolean): JsonObject {
  const { body, header, headerBytes } = block
  return {
    ...headerObject(header, block.hash),
    size: encodeQuantity(encodeBlock(headerBytes, body).length),
    transactions: body.transactions.map((bytes, index): JsonValue => {
      const hash = keccak256(bytes)
      return fullTransactions ? transactionObject(bytes, hash, index, block) : bytesToHex(hash)
    }),
    uncles: body.ommers.map((ommer) => bytesToHex(keccak256(ommer))),
    ...(body.withdrawals === undefined ? {} : { withdrawals: body.withdrawals.map(withdrawalObject) }),
  }
}

/** An ommer as geth shows it: a block without transactions. What was stored was checked: other bytes throw. */
export function ommerObject(bytes: Uint8Array): JsonObject {
  const header = decodeHeader(bytes)
  if (!header.ok) throw new Error(`stored ommer is unreadable: ${header.error.code}`)
  return {
    ...headerObject(header.value, keccak256(bytes)),
    size: encodeQuantity(encodeBlock(bytes, { transactions: [], ommers: [] }).length),
    uncles: [],
  }
}

export function headerObject(header: Header, hash: Uint8Array): JsonObject {
  const quantity = (value: bigint | undefined) => (value === undefined ? undefined : encodeQuantity(value))
  const data = (value: Uint8Array | undefined) => (value === undefined ? undefined : bytesToHex(value))
  return {
    number: encodeQuantity(header.number),
    hash: bytesToHex(hash),
    parentHash: bytesToHex(header.parentHash),
    nonce: bytesToHex(header.nonce),
    mixHash: bytesToHex(header.mixHash),
    sha3Uncles: bytesToHex(header.ommersHash),
    logsBloom: bytesToHex(header.logsBloom),
    stateRoot: bytesToHex(header.stateRoot),
    miner: bytesToHex(header.beneficiary),
    difficulty: encodeQuantity(header.difficulty),
    extraData: bytesToHex(header.extraData),
    gasLimit: encodeQuantity(header.gasLimit),
    gasUsed: encodeQuantity(header.gasUsed),
    timestamp: encodeQuantity(header.timestamp),
    transactionsRoot: bytesToHex(header.transactionsRoot),
    receiptsRoot: bytesToHex(header.receiptsRoot),
    baseFeePerGas: quantity(header.baseFeePerGas),
    withdrawalsRoot: data(header.withdrawalsRoot),
    blobGasUsed: quantity(header.blobGasUsed),
    excessBlobGas: quantity(header.excessBlobGas),
    parentBeaconBlockRoot: data(header.parentBeaconBlockRoot),
    requestsHash: data(header.requestsHash),
    blockAccessListHash: data(header.blockAccessListHash),
    slotNumber: quantity(header.slotNumber),
  }
}

const withdrawalObject = (withdrawal: Withdrawal): JsonObject => ({
  index: encodeQuantity(withdrawal.index),
  validatorIndex: encodeQuantity(withdrawal.validatorIndex),
  address: bytesToHex(withdrawal.address),
  amount: encodeQuantity(withdrawal.amount),
})
