/** The header of a block that a node makes itself, on a chain after the merge. */
import { BLOOM_BYTES } from '../bloom.ts'
import type { ChainSpec } from '../chain-spec/chain-spec.ts'
import { EMPTY_REQUESTS_HASH } from '../chain-spec/genesis-header.ts'
import { rulesAt } from '../chain-spec/rules.ts'
import { EMPTY_TRIE_ROOT } from '../derive-root.ts'
import { EMPTY_LIST_HASH, type Header } from '../header.ts'
import { nextBaseFee } from './base-fee.ts'
import { nextExcessBlobGas } from './blob-gas.ts'
import { GAS_LIMIT_DIVISOR, GAS_LIMIT_MAX, GAS_LIMIT_MIN } from './header-rules.ts'

/** What the maker of a block decides; the rest follows from its parent. */
export type BlockAttributes = {
  /** Seconds since the Unix epoch; raised to one after the parent where it is earlier. */
  readonly timestamp: bigint
  /** 32 bytes, random. */
  readonly prevRandao: Uint8Array
  /** 20 bytes. */
  readonly feeRecipient: Uint8Array
  /** At most 32 bytes. */
  readonly extraData: Uint8Array
  /** Gas limit to move to; a block moves by less than a 1,024th of its parent's. */
  readonly gasLimit: bigint
  /** 32 bytes; put in from Cancun on. */
  readonly parentBeaconBlockRoot: Uint8Array
}

/** Header of an empty block on `parent`, which has the hash `parentHash`, over a state with `stateRoot`. Throws from Amsterdam on. */
export function nextHeader(
  spec: ChainSpec,
  parent: Header,
  parentHash: Uint8Array,
  attributes: BlockAttributes,
  stateRoot: Uint8Array,
): Header {
  const number = parent.number + 1n
  const timestamp = attributes.timestamp > parent.timestamp ? attributes.timestamp : parent.timestamp + 1n
  const { london, shanghai, prague, osaka, amsterdam, blob } = rulesAt(spec, number, timestamp, true)
  if (amsterdam) throw new Error('blocks with an access list are not made yet')
  return {
    parentHash,
    ommersHash: EMPTY_LIST_HASH,
    beneficiary: attributes.feeRecipient,
    stateRoot,
    transactionsRoot: EMPTY_TRIE_ROOT,
    receiptsRoot: EMPTY_TRIE_ROOT,
    logsBloom: new Uint8Array(BLOOM_BYTES),
    difficulty: 0n,
    number,
    gasLimit: nextGasLimit(parent.gasLimit, attributes.gasLimit),
    gasUsed: 0n,
    timestamp,
    extraData: attributes.extraData,
    mixHash: attributes.prevRandao,
    nonce: new Uint8Array(8),
    ...(london && { baseFeePerGas: nextBaseFee(parent) }),
    ...(shanghai && { withdrawalsRoot: EMPTY_TRIE_ROOT }),
    ...(blob !== undefined && {
      blobGasUsed: 0n,
      excessBlobGas: nextExcessBlobGas(parent, blob, osaka),
      parentBeaconBlockRoot: attributes.parentBeaconBlockRoot,
    }),
    ...(prague && { requestsHash: EMPTY_REQUESTS_HASH }),
  }
}

/** As far from `parent` towards `wanted` as one block may go (geth core/block_validator.go, `CalcGasLimit`). */
export function nextGasLimit(parent: bigint, wanted: bigint): bigint {
  const target = wanted < GAS_LIMIT_MIN ? GAS_LIMIT_MIN : wanted > GAS_LIMIT_MAX ? GAS_LIMIT_MAX : wanted
  const step = parent / GAS_LIMIT_DIVISOR - 1n
  if (target > parent) return target < parent + step ? target : parent + step
  return target > parent - step ? target : parent - step
}
