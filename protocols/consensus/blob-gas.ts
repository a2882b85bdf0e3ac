/** Blob gas (EIP-4844, EIP-7691, EIP-7918). */
import type { BlobParameters } from '../chain-spec/chain-spec.ts'

export const GAS_PER_BLOB = 131_072n
/** Wei per blob gas at no excess. */
const BLOB_FEE_MIN = 1n
/** Execution gas that a blob is worth at least (EIP-7918). */
const BLOB_BASE_COST = 8_192n
/** Blobs of one transaction from Osaka on (EIP-7594). */
export const BLOBS_PER_TRANSACTION_MAX = 6

export type BlobParent = {
  readonly excessBlobGas?: bigint
  readonly blobGasUsed?: bigint
  readonly baseFeePerGas?: bigint
}

/** Blob base fee, in wei per blob gas, of a block with this excess. */
export const blobBaseFee = (excessBlobGas: bigint, parameters: Pick<BlobParameters, 'baseFeeUpdateFraction'>): bigint =>
  fakeExponential(BLOB_FEE_MIN, excessBlobGas, parameters.baseFeeUpdateFraction)

/**
 * Excess blob gas of the child of `parent`. `parameters` are those of the child's timestamp; `osaka` adds the reserve
 * price. A parent without blob fields counts as 0.
 */
export function nextExcessBlobGas(parent: BlobParent, parameters: BlobParameters, osaka: boolean): bigint {
  const excess = parent.excessBlobGas ?? 0n
  const used = parent.blobGasUsed ?? 0n
  const target = BigInt(parameters.target) * GAS_PER_BLOB
  if (excess + used < target) return 0n
  if (osaka) {
    const reserve = BLOB_BASE_COST * (parent.baseFeePerGas ?? 0n)
    if (reserve > GAS_PER_BLOB * blobBaseFee(excess, parameters))
      return excess + (used * BigInt(parameters.max - parameters.target)) / BigInt(parameters.max)
  }
  return excess + used - target
}

/** factor · e^(numerator / denominator) by its Taylor series, floored at each step (EIP-4844). */
function fakeExponential(factor: bigint, numerator: bigint, denominator: bigint): bigint {
  let sum = 0n
  let accumulator = factor * denominator
  for (let i = 1n; accumulator > 0n; i++) {
    sum += accumulator
    accumulator = (accumulator * numerator) / (denominator * i)
  }
  return sum / denominator
}
