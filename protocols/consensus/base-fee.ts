/** Base fee per gas (EIP-1559). */
import { INITIAL_BASE_FEE } from '../chain-spec/genesis-header.ts'

/** Gas limit over gas target; also the factor by which the gas limit is doubled at the London block. */
export const ELASTICITY = 2n
/** Largest change between two blocks: an eighth. */
const CHANGE_DENOMINATOR = 8n

export type BaseFeeParent = { readonly gasLimit: bigint; readonly gasUsed: bigint; readonly baseFeePerGas?: bigint }

/** Base fee, in wei, of the child of `parent`; the initial one when the parent has none (first London block). */
export function nextBaseFee(parent: BaseFeeParent): bigint {
  const fee = parent.baseFeePerGas
  if (fee === undefined) return INITIAL_BASE_FEE
  const target = parent.gasLimit / ELASTICITY
  if (parent.gasUsed === target || target === 0n) return fee
  if (parent.gasUsed > target) {
    const rise = (fee * (parent.gasUsed - target)) / target / CHANGE_DENOMINATOR
    return fee + (rise > 1n ? rise : 1n)
  }
  return fee - (fee * (target - parent.gasUsed)) / target / CHANGE_DENOMINATOR
}
