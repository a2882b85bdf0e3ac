/** A validator's withdrawal (EIP-4895). */

import type { Result } from './result.ts'
import type { RlpError, RlpReader } from './rlp.ts'
import { encodeRlp, enterList, finished, leaveList, rlpReader, takeFixed, takeUint, uintToBytes } from './rlp.ts'

export type Withdrawal = {
  readonly index: bigint // u64
  readonly validatorIndex: bigint // u64
  readonly address: Uint8Array // 20
  readonly amount: bigint // u64, Gwei
}

/** Wei in one Gwei, the unit of `amount`. */
export const WEI_PER_GWEI = 1_000_000_000n

export function decodeWithdrawal(bytes: Uint8Array): Result<Withdrawal, RlpError> {
  const reader = rlpReader(bytes)
  const withdrawal = takeWithdrawal(reader)
  return finished(reader, withdrawal)
}

export function takeWithdrawal(reader: RlpReader): Withdrawal {
  const outer = enterList(reader)
  const withdrawal = {
    index: takeUint(reader, 8),
    validatorIndex: takeUint(reader, 8),
    address: takeFixed(reader, 20),
    amount: takeUint(reader, 8),
  }
  leaveList(reader, outer)
  return withdrawal
}

export const encodeWithdrawal = (withdrawal: Withdrawal): Uint8Array =>
  encodeRlp([
    uintToBytes(withdrawal.index),
    uintToBytes(withdrawal.validatorIndex),
    withdrawal.address,
    uintToBytes(withdrawal.amount),
  ])
