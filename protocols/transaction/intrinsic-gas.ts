/** Gas that a transaction costs before it runs (Yellow Paper 6.2; EIP-2, 2028, 2930, 3860, 7702, 7623). */
import type { Rules } from '../chain-spec/rules.ts'
import type { Transaction } from './transaction.ts'

export const TX_GAS = 21_000n
/** Besides, for a transaction that creates a contract (EIP-2). */
export const TX_CREATE_GAS = 32_000n
const ZERO_BYTE_GAS = 4n
const NONZERO_BYTE_GAS_FRONTIER = 68n
const NONZERO_BYTE_GAS = 16n // EIP-2028
const ACCESS_LIST_ADDRESS_GAS = 2_400n // EIP-2930
const ACCESS_LIST_KEY_GAS = 1_900n
const INITCODE_WORD_GAS = 2n // EIP-3860
const AUTHORIZATION_GAS = 25_000n // EIP-7702
/** Gas of a data token at the floor, and tokens of a non-zero byte (EIP-7623). */
const FLOOR_TOKEN_GAS = 10n
const NONZERO_BYTE_TOKENS = 4n

type IntrinsicRules = Pick<Rules, 'homestead' | 'istanbul' | 'shanghai'>

/** Gas charged before execution, by the rules up to Osaka. */
export function intrinsicGas(tx: Transaction, rules: IntrinsicRules): bigint {
  let gas = TX_GAS
  if (tx.to === undefined && rules.homestead) gas += TX_CREATE_GAS
  const zeros = BigInt(countZeros(tx.data))
  const nonzeros = BigInt(tx.data.length) - zeros
  gas += zeros * ZERO_BYTE_GAS + nonzeros * (rules.istanbul ? NONZERO_BYTE_GAS : NONZERO_BYTE_GAS_FRONTIER)
  if (tx.to === undefined && rules.shanghai) gas += INITCODE_WORD_GAS * BigInt(Math.ceil(tx.data.length / 32))
  if (tx.type === 0) return gas
  for (const { storageKeys } of tx.accessList)
    gas += ACCESS_LIST_ADDRESS_GAS + ACCESS_LIST_KEY_GAS * BigInt(storageKeys.length)
  if (tx.type === 4) gas += AUTHORIZATION_GAS * BigInt(tx.authorizationList.length)
  return gas
}

/** Least gas that a transaction uses, from Prague on (EIP-7623). */
export function floorGas(tx: Pick<Transaction, 'data'>): bigint {
  const zeros = BigInt(countZeros(tx.data))
  const tokens = zeros + (BigInt(tx.data.length) - zeros) * NONZERO_BYTE_TOKENS
  return TX_GAS + FLOOR_TOKEN_GAS * tokens
}

function countZeros(data: Uint8Array): number {
  let zeros = 0
  for (let i = 0; i < data.length; i++) if (data[i] === 0) zeros++
  return zeros
}
