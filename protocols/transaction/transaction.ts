/** Transactions of all types (EIP-155, 2718, 2930, 1559, 4844, 7702). */

type Common = {
  readonly nonce: bigint // u64
  readonly gasLimit: bigint // u64
  /** 20 bytes; undefined creates a contract. */
  readonly to: Uint8Array | undefined
  readonly value: bigint // wei, ≤ 256 bits
  readonly data: Uint8Array
  readonly r: bigint // ≤ 256 bits; range: see checkTransaction
  readonly s: bigint
}
type Typed = Common & {
  readonly chainId: bigint
  readonly accessList: readonly AccessListEntry[]
  readonly yParity: bigint // 0 or 1 when valid
}
type DynamicFee = {
  readonly maxPriorityFeePerGas: bigint // wei
  readonly maxFeePerGas: bigint // wei
}

export type LegacyTransaction = Common & {
  readonly type: 0
  readonly gasPrice: bigint // wei
  readonly v: bigint // 27, 28, or 35 + 2 · chainId + parity (EIP-155)
}
export type AccessListTransaction = Typed & { readonly type: 1; readonly gasPrice: bigint }
export type DynamicFeeTransaction = Typed & DynamicFee & { readonly type: 2 }
export type BlobTransaction = Typed &
  DynamicFee & {
    readonly type: 3
    readonly to: Uint8Array
    readonly maxFeePerBlobGas: bigint // wei
    readonly blobVersionedHashes: readonly Uint8Array[] // of 32
  }
export type SetCodeTransaction = Typed &
  DynamicFee & {
    readonly type: 4
    readonly to: Uint8Array
    readonly authorizationList: readonly Authorization[]
  }
export type Transaction =
  | LegacyTransaction
  | AccessListTransaction
  | DynamicFeeTransaction
  | BlobTransaction
  | SetCodeTransaction

export type AccessListEntry = {
  readonly address: Uint8Array // 20
  readonly storageKeys: readonly Uint8Array[] // of 32
}
export type Authorization = {
  readonly chainId: bigint // 0n: any
  readonly address: Uint8Array // 20
  readonly nonce: bigint // u64
  readonly yParity: bigint // u8
  readonly r: bigint
  readonly s: bigint
}

/** Highest wei per gas that the sender pays. */
export const maxFeePerGas = (tx: Transaction): bigint =>
  tx.type <= 1 ? (tx as LegacyTransaction).gasPrice : (tx as DynamicFeeTransaction).maxFeePerGas

/** Highest wei per gas that goes to the block's beneficiary. */
export const maxPriorityFeePerGas = (tx: Transaction): bigint =>
  tx.type <= 1 ? (tx as LegacyTransaction).gasPrice : (tx as DynamicFeeTransaction).maxPriorityFeePerGas

/** Wei per gas that is paid in a block with `baseFeePerGas`. */
export function effectiveGasPrice(tx: Transaction, baseFeePerGas: bigint | undefined): bigint {
  const cap = maxFeePerGas(tx)
  if (baseFeePerGas === undefined) return cap
  const wanted = baseFeePerGas + maxPriorityFeePerGas(tx)
  if (wanted > cap) return cap
  return wanted
}

/** Chain that the signature is for; undefined when it is for any (legacy before EIP-155). */
export function transactionChainId(tx: Transaction): bigint | undefined {
  if (tx.type !== 0) return tx.chainId
  return tx.v >= 35n ? (tx.v - 35n) / 2n : undefined
}

/** Parity of the signature's point; undefined when `v` or `yParity` is no legal value. */
export function signatureParity(tx: Transaction): 0 | 1 | undefined {
  const parity = tx.type !== 0 ? tx.yParity : tx.v >= 35n ? (tx.v - 35n) & 1n : tx.v - 27n
  return parity === 0n ? 0 : parity === 1n ? 1 : undefined
}
