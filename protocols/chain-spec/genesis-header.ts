/** The genesis block's header. */

import { BLOOM_BYTES } from '../bloom.ts'
import { EMPTY_TRIE_ROOT } from '../derive-root.ts'
import type { Header } from '../header.ts'
import { EMPTY_LIST_HASH } from '../header.ts'
import { hexConstant } from '../hex.ts'
import type { ChainSpec } from './chain-spec.ts'
import { rulesAt } from './rules.ts'

/** Gas limit of a genesis that names none (geth, `GenesisGasLimit`). */
export const GENESIS_GAS_LIMIT = 4_712_388n
/** Difficulty of a proof-of-work genesis that names none: the minimum. */
export const GENESIS_DIFFICULTY = 131_072n
/** Base fee of the first London block, in wei (EIP-1559). */
export const INITIAL_BASE_FEE = 1_000_000_000n
/** sha256(''): hash of no requests (EIP-7685). */
export const EMPTY_REQUESTS_HASH = hexConstant('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')

/** Header of the genesis block over a state with `stateRoot`. Its body is empty; from Shanghai with no withdrawals. */
export function genesisHeader(spec: ChainSpec, stateRoot: Uint8Array): Header {
  const { genesis } = spec
  const { london, shanghai, cancun, prague, amsterdam } = rulesAt(spec, genesis.number, genesis.timestamp, true)
  return {
    parentHash: genesis.parentHash,
    ommersHash: EMPTY_LIST_HASH,
    beneficiary: genesis.coinbase,
    stateRoot,
    transactionsRoot: EMPTY_TRIE_ROOT,
    receiptsRoot: EMPTY_TRIE_ROOT,
    logsBloom: new Uint8Array(BLOOM_BYTES),
    difficulty: genesis.difficulty ?? (spec.consensus === 'beacon' ? 0n : GENESIS_DIFFICULTY),
    number: genesis.number,
    gasLimit: genesis.gasLimit === 0n ? GENESIS_GAS_LIMIT : genesis.gasLimit,
    gasUsed: genesis.gasUsed,
    timestamp: genesis.timestamp,
    extraData: genesis.extraData,
    mixHash: genesis.mixHash,
    nonce: genesis.nonce,
    ...(london && { baseFeePerGas: genesis.baseFeePerGas ?? INITIAL_BASE_FEE }),
    ...(shanghai && { withdrawalsRoot: EMPTY_TRIE_ROOT }),
    ...(cancun && {
      blobGasUsed: genesis.blobGasUsed ?? 0n,
      excessBlobGas: genesis.excessBlobGas ?? 0n,
      parentBeaconBlockRoot: new Uint8Array(32),
    }),
    ...(prague && { requestsHash: EMPTY_REQUESTS_HASH }),
    ...(amsterdam && { blockAccessListHash: EMPTY_LIST_HASH, slotNumber: genesis.slotNumber ?? 0n }),
  }
}
