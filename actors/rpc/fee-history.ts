/** Fees of past blocks and of the next (geth eth/gasprice/feehistory.go). */

import type { ChainSpec } from '../../protocols/chain-spec/chain-spec.ts'
import { blobParametersAt } from '../../protocols/chain-spec/chain-spec.ts'
import { rulesAt } from '../../protocols/chain-spec/rules.ts'
import { nextBaseFee } from '../../protocols/consensus/base-fee.ts'
import { blobBaseFee, GAS_PER_BLOB, nextExcessBlobGas } from '../../protocols/consensus/blob-gas.ts'
import type { Header } from '../../protocols/header.ts'
import { encodeQuantity } from '../../protocols/hex.ts'
import { type JsonRpcError, serverError } from '../../protocols/json-rpc/error.ts'
import type { JsonObject } from '../../protocols/json-rpc/json.ts'
import { decodeReceipts } from '../../protocols/receipt.ts'
import { err, ok, type Result } from '../../protocols/result.ts'
import type { StoredBlock } from './block-object.ts'
import type { ChainReader } from './chain-reader.ts'
import { readStoredBlock } from './stored-block.ts'
import { ascending, effectiveTip, storedTransaction } from './tip-oracle.ts'

/** Blocks of one answer; more are cut silently (geth `maxHeaderHistory`). */
export const HISTORY_BLOCKS_MAX = 1024
/** geth `maxQueryLimit`. */
export const PERCENTILES_MAX = 100

/** Refuses percentiles that are too many, out of 0…100, or not ascending, in geth's words. */
export function checkPercentiles(percentiles: readonly number[]): Result<void, JsonRpcError> {
  const refuse = (why: string) => err(serverError(`invalid reward percentile: ${why}`))
  if (percentiles.length > PERCENTILES_MAX) return refuse(`over the query limit ${PERCENTILES_MAX}`)
  for (const [index, share] of percentiles.entries()) {
    if (!(share >= 0 && share <= 100)) return refuse(share.toFixed(6))
    const before = percentiles[index - 1]
    if (before !== undefined && share <= before) {
      return refuse(`#${index - 1}:${before.toFixed(6)} >= #${index}:${share.toFixed(6)}`)
    }
  }
  return ok(undefined)
}

/** Of the `count` blocks up to `newest`, which is canonical; fewer near the genesis. @param count at least 1. */
export function feeHistory(
  chain: ChainReader,
  spec: ChainSpec,
  count: number,
  newest: bigint,
  percentiles: readonly number[],
): Result<JsonObject, JsonRpcError> {
  const wanted = BigInt(Math.min(count, HISTORY_BLOCKS_MAX))
  const oldest = newest + 1n > wanted ? newest + 1n - wanted : 0n
  const baseFees: bigint[] = []
  const blobFees: bigint[] = []
  const gasRatios: number[] = []
  const blobRatios: number[] = []
  const rewards: (readonly bigint[])[] = []
  let next = { baseFee: 0n, blobFee: 0n }
  for (let number = oldest; number <= newest; number++) {
    const hash = chain.canonicalHash(number)
    const block = hash === undefined ? undefined : readStoredBlock(chain, { number, hash })
    if (block === undefined) return err(serverError(`block #${number} not found`))
    const { header } = block
    const blobs = blobParametersAt(spec, header.timestamp)
    baseFees.push(header.baseFeePerGas ?? 0n)
    blobFees.push(
      header.excessBlobGas === undefined || blobs === undefined ? 0n : blobBaseFee(header.excessBlobGas, blobs),
    )
    gasRatios.push(Number(header.gasUsed) / Number(header.gasLimit))
    blobRatios.push(
      header.blobGasUsed === undefined || blobs === undefined || blobs.max === 0
        ? 0
        : Number(header.blobGasUsed) / (blobs.max * Number(GAS_PER_BLOB)),
    )
    next = nextFees(spec, header)
    if (percentiles.length > 0) {
      const row = rewardsOf(chain, block, percentiles)
      if (row === undefined) return err(serverError(`receipts of block #${number} are not available`))
      rewards.push(row)
    }
  }
  return ok({
    oldestBlock: encodeQuantity(oldest),
    reward: percentiles.length === 0 ? undefined : rewards.map((row) => row.map(encodeQuantity)),
    baseFeePerGas: [...baseFees, next.baseFee].map(encodeQuantity),
    gasUsedRatio: gasRatios,
    baseFeePerBlobGas: [...blobFees, next.blobFee].map(encodeQuantity),
    blobGasUsedRatio: blobRatios,
  })
}

/** wei per gas in the child of `header`; its blob parameters are taken to be those of the parent's time, as geth does. */
function nextFees(spec: ChainSpec, header: Header): { readonly baseFee: bigint; readonly blobFee: bigint } {
  const rules = rulesAt(spec, header.number + 1n, header.timestamp)
  const blobs = blobParametersAt(spec, header.timestamp)
  return {
    baseFee: rules.london ? nextBaseFee(header) : 0n,
    blobFee:
      header.excessBlobGas === undefined || blobs === undefined
        ? 0n
        : blobBaseFee(nextExcessBlobGas(header, blobs, rules.osaka), blobs),
  }
}

/** Tip at each share of the block's gas, transactions in order of their tips. Undefined without receipts, or with other ones. */
function rewardsOf(
  chain: ChainReader,
  { header, body, hash }: StoredBlock,
  percentiles: readonly number[],
): readonly bigint[] | undefined {
  if (body.transactions.length === 0) return percentiles.map(() => 0n)
  const bytes = chain.receipts(header.number, hash)
  const receipts = bytes === undefined ? undefined : decodeReceipts(bytes)
  if (receipts === undefined || !receipts.ok || receipts.value.length !== body.transactions.length) return undefined
  const paid = body.transactions
    .map((encoded, index) => ({
      tip: effectiveTip(storedTransaction(encoded), header.baseFeePerGas) ?? 0n,
      gas: receipts.value[index]!.cumulativeGasUsed - (receipts.value[index - 1]?.cumulativeGasUsed ?? 0n),
    }))
    .sort((a, b) => ascending(a.tip, b.tip))
  let at = 0
  let gas = paid[0]!.gas
  return percentiles.map((share) => {
    const threshold = BigInt(Math.floor((Number(header.gasUsed) * share) / 100))
    while (gas < threshold && at < paid.length - 1) gas += paid[++at]!.gas
    return paid[at]!.tip
  })
}
