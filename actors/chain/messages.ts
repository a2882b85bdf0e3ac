import type { BlockEncodingError } from '../../protocols/block.ts'
import type { ChainSpec } from '../../protocols/chain-spec/chain-spec.ts'
import type { HeaderError } from '../../protocols/consensus/header-rules.ts'
import type { BlockAttributes } from '../../protocols/consensus/next-header.ts'
import type { OmmerError } from '../../protocols/consensus/ommers.ts'
import type { SealError } from '../../protocols/ethash/seal.ts'
import type { Result } from '../../protocols/result.ts'
import type { DownReason } from '../../runtime/actor.ts'
import type { Ask, Lossy, Ref, Tell } from '../../runtime/messages.ts'
import type { DatabaseLocation } from '../../storage/database.ts'
import type { PoolMessages } from '../pool/messages.ts'

export type ChainHead = {
  readonly number: bigint
  /** 32 bytes each. */
  readonly hash: Uint8Array
  readonly stateRoot: Uint8Array
  readonly totalDifficulty: bigint
}

/** Why a block is not taken into the chain. */
export type BlockFault =
  | { readonly code: 'BLOCK_ENCODING'; readonly cause: BlockEncodingError }
  | { readonly code: 'BLOCK_HEADER'; readonly cause: HeaderError }
  | { readonly code: 'BLOCK_PARENT_UNKNOWN'; readonly parentHash: Uint8Array }
  /** Block 0 is another than that of the data directory. */
  | { readonly code: 'BLOCK_OTHER_GENESIS'; readonly ours: Uint8Array }
  | { readonly code: 'BLOCK_BODY'; readonly field: 'transactionsRoot' | 'ommersHash' | 'withdrawalsRoot' }
  | { readonly code: 'BLOCK_OMMERS'; readonly cause: OmmerError }
  | { readonly code: 'BLOCK_RESULT'; readonly field: 'gasUsed' | 'receiptsRoot' | 'logsBloom' | 'requestsHash' }
  /** A contract that the protocol calls in every block of the fork is not in the state (EIP-7002, EIP-7251). */
  | { readonly code: 'BLOCK_SYSTEM_CONTRACT'; readonly address: Uint8Array }
  /** Its proof of work, or that of the ommer with this hash, does not hold. */
  | { readonly code: 'BLOCK_SEAL'; readonly cause: SealError; readonly ommer: Uint8Array | undefined }
  /** The pool could not check its seal; that says nothing of the block. */
  | { readonly code: 'BLOCK_SEAL_UNCHECKED'; readonly cause: string }
  | { readonly code: 'BLOCK_STATE_ROOT'; readonly computed: Uint8Array; readonly claimed: Uint8Array }
  /** The source's total difficulty is not the sum of difficulties. */
  | { readonly code: 'BLOCK_TOTAL_DIFFICULTY'; readonly computed: bigint; readonly claimed: bigint }
  /** What this version does not execute yet. */
  | { readonly code: 'BLOCK_UNSUPPORTED'; readonly what: 'transactions' | 'system calls' | 'the DAO fork' | 'clique' }
  /** Known to be invalid, or built on such a block. */
  | { readonly code: 'BLOCK_BAD' }
  /** Its branch is heavier, but leaves the chain below the change sets that are kept: the state cannot be rolled back. */
  | { readonly code: 'BLOCK_REORG_DEPTH'; readonly base: bigint; readonly oldest: bigint }
  /** The store refused the write: nothing of it is in the chain. */
  | { readonly code: 'BLOCK_NOT_WRITTEN'; readonly cause: string }

/**
 * What became of a batch: all blocks up to `failed` are in the chain, or were already. `head` is the persisted head
 * then.
 */
export type ImportAnswer = {
  readonly imported: number
  /** Blocks that were in the chain already. */
  readonly known: number
  readonly head: ChainHead
  /** Proof-of-work seals that were found right, of blocks and of ommers. */
  readonly sealsChecked: number
  readonly failed: { readonly number: bigint; readonly hash: Uint8Array; readonly fault: BlockFault } | undefined
}

/** Why no block was made. */
export type SealFault =
  /** The head is another block than the one to build on. */
  | { readonly code: 'SEAL_PARENT' }
  /** The block that was made does not pass as an imported one would have to. */
  | { readonly code: 'SEAL_BLOCK'; readonly number: bigint; readonly fault: BlockFault }

/** Owns the canonical chain; the only writer of the store. */
export type ChainMessages = {
  /** Consecutive blocks as `encodeBlockBatch` lays them out. Answered when they are written. */
  importBlocks: Ask<{ readonly blocks: Uint8Array }, ImportAnswer>
  /**
   * Makes an empty block on the head, which must be `parent` (its hash), so that a sealer that was not answered may ask again. The
   * block passes all that an imported one passes; answered with the new head when it is written.
   */
  sealBlock: Ask<{ readonly parent: Uint8Array; readonly attributes: BlockAttributes }, Result<ChainHead, SealFault>>
  head: Ask<void, { readonly head: ChainHead; readonly genesisHash: Uint8Array }>
  /** To self: waits for nothing, writes what is unsynced through to the disk. */
  sync: Tell
  /** To self: a committer ended, and with it nodes that the chain builds on. */
  committerEnded: Tell<{ readonly path: string; readonly reason: DownReason }>
}

/** Told of every persisted head; under load only of the newest. */
export type HeadListener = {
  headMoved: Tell<{ readonly head: ChainHead }, Lossy<'coalesce'>>
}

/** Which proof-of-work seals are checked: all, one in 100 at random, or none. */
export type SealCheck = 'all' | 'sample' | 'none'
export type SealSettings = {
  readonly check: SealCheck
  readonly pool: Ref<Pick<PoolMessages, 'verifySeals'>>
}

export type ChainDeps = {
  readonly database: DatabaseLocation
  readonly spec: ChainSpec
  /** Of `storage/published-head.ts`: where every thread reads the head. */
  readonly publishedHead: SharedArrayBuffer
  /** Blocks whose change sets are kept; undefined: all (`--gcmode archive`). */
  readonly historyBlocks: number | undefined
  /** Trie committers, 1 to 16: each owns a range of the state trie's root nibbles. Absent: 1. */
  readonly committers?: number
  /** Memory of the tries in all committers together. */
  readonly trieBytes: number
  readonly listeners: readonly Ref<HeadListener>[]
  /** Undefined: seals are not checked. */
  readonly seals: SealSettings | undefined
}
