import { encodeQuantity } from '../../../protocols/hex.ts'
import { blockNumber } from '../../../protocols/json-rpc/block-selector.ts'
import { type JsonRpcError, serverError } from '../../../protocols/json-rpc/error.ts'
import { float, hexOrDecimal, listOf, optional } from '../../../protocols/json-rpc/parameters.ts'
import { err, ok, type Result } from '../../../protocols/result.ts'
import { type BlockId, findBlock } from '../block-lookup.ts'
import type { ChainReader } from '../chain-reader.ts'
import { checkPercentiles, feeHistory, HISTORY_BLOCKS_MAX, PERCENTILES_MAX } from '../fee-history.ts'
import { readStoredHeader } from '../stored-block.ts'
import { type MethodTable, method } from './method.ts'

export const FEE_METHODS: MethodTable = {
  /** The tip and the head's own base fee, not the next one, as geth has it. */
  eth_gasPrice: method([], ({ chain, tips }) => {
    const reader = chain()
    const head = headOf(reader)
    if (!head.ok) return head
    const baseFee = readStoredHeader(reader, head.value)?.baseFeePerGas ?? 0n
    return ok(encodeQuantity(tips.suggest(reader, head.value) + baseFee))
  }),
  eth_maxPriorityFeePerGas: method([], ({ chain, tips }) => {
    const reader = chain()
    const head = headOf(reader)
    return head.ok ? ok(encodeQuantity(tips.suggest(reader, head.value))) : head
  }),
  eth_feeHistory: method(
    // One more than are taken, so that it is `checkPercentiles` that refuses, in geth's words.
    [hexOrDecimal, blockNumber, optional(listOf(float, PERCENTILES_MAX + 1))],
    ({ chain, info }, [count, newest, percentiles = []]) => {
      if (count === 0n) return ok({ oldestBlock: '0x0', gasUsedRatio: null })
      const sound = checkPercentiles(percentiles)
      if (!sound.ok) return sound
      const reader = chain()
      const head = headOf(reader)
      if (!head.ok) return head
      if (newest.by === 'number' && newest.number > head.value.number) {
        const beyond = `requested ${newest.number}, head ${head.value.number}`
        return err(serverError(`request beyond head block: ${beyond}`))
      }
      const block = findBlock(reader, newest, info.spec)
      if (!block.ok) return block
      if (block.value === undefined) return err(serverError('header not found'))
      const blocks = count > BigInt(HISTORY_BLOCKS_MAX) ? HISTORY_BLOCKS_MAX : Number(count)
      return feeHistory(reader, info.spec, blocks, block.value.number, percentiles)
    },
  ),
}

function headOf(chain: ChainReader): Result<BlockId, JsonRpcError> {
  const head = chain.head()
  return head === undefined ? err(serverError('header not found')) : ok(head)
}
