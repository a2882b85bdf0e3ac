/** What a transaction may pay the miner to be taken soon (geth eth/gasprice/gasprice.go). */
import { bytesToHex } from '../../protocols/hex.ts'
import { decodeTransaction } from '../../protocols/transaction/decode.ts'
import { maxFeePerGas, maxPriorityFeePerGas, type Transaction } from '../../protocols/transaction/transaction.ts'
import type { BlockId } from './block-lookup.ts'
import type { StoredBlock } from './block-object.ts'
import type { ChainReader } from './chain-reader.ts'
import { readStoredBlock } from './stored-block.ts'

/** Blocks looked at, and at most twice as many samples where blocks yield next to none (geth ethconfig `FullNodeGPO`). */
const SAMPLED_BLOCKS = 20
const PERCENTILE = 60
/** Lowest tips taken of one block. */
const SAMPLES_PER_BLOCK = 3
/** wei; lower tips are no market's (geth `DefaultIgnorePrice`). */
const TIP_IGNORED_BELOW = 2n
/** wei (geth `DefaultMaxPrice`: 500 gwei). */
const TIP_MAX = 500_000_000_000n
/** wei, before any block says otherwise: what geth's miner asks (ethconfig `Miner.GasPrice`). */
const TIP_FIRST = 1_000_000n

/** Keeps its answer until the head moves. */
export type TipOracle = {
  /** wei per gas. @param head of `chain`. */
  suggest(chain: ChainReader, head: BlockId): bigint
}

export function createTipOracle(): TipOracle {
  let last = TIP_FIRST
  let lastHead = ''
  return {
    suggest(chain, head) {
      const hash = bytesToHex(head.hash)
      if (hash !== lastHead) {
        last = suggestTip(chain, head.number, last)
        lastHead = hash
      }
      return last
    },
  }
}

/** Effective tip in wei; undefined when the transaction does not pay the base fee. */
export function effectiveTip(tx: Transaction, baseFeePerGas: bigint | undefined): bigint | undefined {
  const left = maxFeePerGas(tx) - (baseFeePerGas ?? 0n)
  if (left < 0n) return undefined
  const tip = maxPriorityFeePerGas(tx)
  return tip < left ? tip : left
}

export function storedTransaction(bytes: Uint8Array): Transaction {
  const decoded = decodeTransaction(bytes)
  // What was stored was checked: this store is damaged.
  if (!decoded.ok) throw new Error(`stored transaction is unreadable: ${decoded.error.code}`)
  return decoded.value
}

function suggestTip(chain: ChainReader, head: bigint, last: bigint): bigint {
  const samples: bigint[] = []
  let looked = 0
  let wanted = SAMPLED_BLOCKS
  for (let number = head; number > 0n && looked < wanted; number--) {
    const hash = chain.canonicalHash(number)
    const block = hash === undefined ? undefined : readStoredBlock(chain, { number, hash })
    if (block === undefined) break
    looked++
    const tips = lowestTips(block)
    // A block that says nothing stands for the last answer, and has one more looked at.
    if (tips.length <= 1 && samples.length + 1 + (wanted - looked) < SAMPLED_BLOCKS * 2) wanted++
    samples.push(...(tips.length === 0 ? [last] : tips))
  }
  if (samples.length === 0) return last
  samples.sort(ascending)
  const price = samples[Math.floor(((samples.length - 1) * PERCENTILE) / 100)]!
  return price > TIP_MAX ? TIP_MAX : price
}

/** Of all senders: geth leaves out the miner's own transactions, whose senders are not kept here. */
function lowestTips({ header, body }: StoredBlock): readonly bigint[] {
  return body.transactions
    .map((bytes) => effectiveTip(storedTransaction(bytes), header.baseFeePerGas))
    .filter((tip) => tip !== undefined && tip >= TIP_IGNORED_BELOW)
    .map((tip) => tip as bigint)
    .sort(ascending)
    .slice(0, SAMPLES_PER_BLOCK)
}

export const ascending = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)
