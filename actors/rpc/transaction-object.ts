import type { Header } from '../../protocols/header.ts'
import { bytesToHex, encodeQuantity } from '../../protocols/hex.ts'
import type { JsonObject, JsonValue } from '../../protocols/json-rpc/json.ts'
import { decodeRlp, type RlpItem } from '../../protocols/rlp.ts'

/** Where a transaction was mined. */
export type MinedIn = { readonly hash: Uint8Array; readonly header: Header }

/**
 * Mined transaction as execution-apis describes it, without `from`: the sender is not kept and recovering it costs more
 * than all else here. Of a type that is not known only type, hash and place are given.
 * @param bytes canonical encoding: a list (legacy), or `type ‖ payload` (EIP-2718).
 */
export function transactionObject(
  bytes: Uint8Array,
  hash: Uint8Array,
  index: number,
  block: MinedIn,
  chainId: bigint,
): JsonObject {
  const type = bytes[0]! >= LIST_PREFIX ? 0 : bytes[0]!
  const place: JsonObject = {
    blockHash: bytesToHex(block.hash),
    blockNumber: encodeQuantity(block.header.number),
    blockTimestamp: encodeQuantity(block.header.timestamp),
    transactionIndex: encodeQuantity(index),
    hash: bytesToHex(hash),
    type: encodeQuantity(type),
  }
  const fields = FIELDS[type]
  if (fields === undefined) return place
  const decoded = decodeRlp(type === 0 ? bytes : bytes.subarray(1))
  // What was stored was checked: this store is damaged.
  if (!decoded.ok) throw new Error(`stored transaction is unreadable: ${decoded.error.code}`)
  const items = decoded.value as readonly RlpItem[]
  const shown: { [name: string]: JsonValue } = {}
  for (const [at, [name, show]] of fields.entries()) shown[name] = show(items[at]!)
  return { ...place, ...shown, ...derived(type, items, shown, block, chainId) }
}

const LIST_PREFIX = 0xc0

type Show = (item: RlpItem) => JsonValue
type Field = readonly [name: string, show: Show]

const integer = (item: RlpItem): bigint =>
  (item as Uint8Array).length === 0 ? 0n : BigInt(bytesToHex(item as Uint8Array))
const quantity: Show = (item) => encodeQuantity(integer(item))
const data: Show = (item) => bytesToHex(item as Uint8Array)
/** Empty: a creation. */
const recipient: Show = (item) => ((item as Uint8Array).length === 0 ? null : data(item))
const list =
  (show: Show): Show =>
  (item) =>
    (item as readonly RlpItem[]).map(show)
const access: Show = (item) => {
  const [address, storageKeys] = item as readonly RlpItem[]
  return { address: data(address!), storageKeys: list(data)(storageKeys!) }
}
const authorization: Show = (item) => {
  const [chainId, address, nonce, yParity, r, s] = item as readonly RlpItem[]
  return {
    chainId: quantity(chainId!),
    address: data(address!),
    nonce: quantity(nonce!),
    yParity: quantity(yParity!),
    r: quantity(r!),
    s: quantity(s!),
  }
}

const CHAIN_ID: Field = ['chainId', quantity]
const NONCE: Field = ['nonce', quantity]
const GAS_PRICE: Field = ['gasPrice', quantity]
const FEES: readonly Field[] = [
  ['maxPriorityFeePerGas', quantity],
  ['maxFeePerGas', quantity],
]
const CALL: readonly Field[] = [
  ['gas', quantity],
  ['to', recipient],
  ['value', quantity],
  ['input', data],
]
const ACCESS_LIST: Field = ['accessList', list(access)]
const SIGNATURE: readonly Field[] = [
  ['v', quantity],
  ['r', quantity],
  ['s', quantity],
]

/** By transaction type, in the order of their encoding: legacy, EIP-2930, EIP-1559, EIP-4844, EIP-7702. */
const FIELDS: readonly (readonly Field[])[] = [
  [NONCE, GAS_PRICE, ...CALL, ...SIGNATURE],
  [CHAIN_ID, NONCE, GAS_PRICE, ...CALL, ACCESS_LIST, ...SIGNATURE],
  [CHAIN_ID, NONCE, ...FEES, ...CALL, ACCESS_LIST, ...SIGNATURE],
  [
    CHAIN_ID,
    NONCE,
    ...FEES,
    ...CALL,
    ACCESS_LIST,
    ['maxFeePerBlobGas', quantity],
    ['blobVersionedHashes', list(data)],
    ...SIGNATURE,
  ],
  [CHAIN_ID, NONCE, ...FEES, ...CALL, ACCESS_LIST, ['authorizationList', list(authorization)], ...SIGNATURE],
]

/** First `v` of an EIP-155 signature: 35 + 2 · chain id. */
const PROTECTED_V_MIN = 35n

function derived(
  type: number,
  items: readonly RlpItem[],
  shown: { readonly [name: string]: JsonValue },
  block: MinedIn,
  chainId: bigint,
): JsonObject {
  if (type === 0) {
    return integer(items[6]!) >= PROTECTED_V_MIN ? { chainId: encodeQuantity(chainId) } : {}
  }
  const yParity = shown.v!
  if (type === 1) return { yParity }
  const baseFee = block.header.baseFeePerGas ?? 0n
  const [tip, cap] = [integer(items[2]!), integer(items[3]!)]
  const paid = baseFee + tip < cap ? baseFee + tip : cap
  return { yParity, gasPrice: encodeQuantity(paid) }
}
