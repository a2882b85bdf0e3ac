import type { ChainSpec } from '../../protocols/chain-spec/chain-spec.ts'
import type { Ask, Lossy, Ref, Tell } from '../../runtime/messages.ts'
import type { DatabaseLocation } from '../../storage/database.ts'
import type { BlockFault } from './block-fault.ts'

export type ChainHead = {
  readonly number: bigint
  /** 32 bytes each. */
  readonly hash: Uint8Array
  readonly stateRoot: Uint8Array
  readonly totalDifficulty: bigint
}

/**
 * What became of a batch: all blocks up to `failed` are in the chain, or were already. `head` is the persisted head
 * then.
 */
export type ImportAnswer = {
  readonly imported: number
  /** Blocks that were in the chain already. */
  readonly known: number
  readonly head: ChainHead
  readonly failed: { readonly number: bigint; readonly hash: Uint8Array; readonly fault: BlockFault } | undefined
}

/** Owns the canonical chain; the only writer of the store. */
export type ChainMessages = {
  /** Consecutive blocks as `encodeBlockBatch` lays them out. Answered when they are written. */
  importBlocks: Ask<{ readonly blocks: Uint8Array }, ImportAnswer>
  head: Ask<void, { readonly head: ChainHead; readonly genesisHash: Uint8Array }>
  /** To self: waits for nothing, writes what is unsynced through to the disk. */
  sync: Tell
}

/** Told of every persisted head; under load only of the newest. */
export type HeadListener = {
  headMoved: Tell<{ readonly head: ChainHead }, Lossy<'coalesce'>>
}

export type ChainDeps = {
  readonly database: DatabaseLocation
  readonly spec: ChainSpec
  /** Of `storage/published-head.ts`: where every thread reads the head. */
  readonly publishedHead: SharedArrayBuffer
  /** Blocks whose change sets are kept; undefined: all (`--gcmode archive`). */
  readonly historyBlocks: number | undefined
  /** Memory of the state trie in the committer. */
  readonly trieBytes: number
  readonly listeners: readonly Ref<HeadListener>[]
}
