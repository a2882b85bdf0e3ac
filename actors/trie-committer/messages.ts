import type { Ask, Tell } from '../../runtime/messages.ts'
import type { DatabaseLocation } from '../../storage/database.ts'
import type { TrieError } from '../../storage/trie/trie-error.ts'

export type ApplyAnswer =
  /**
   * `roots`: per block what changed at the tops of the owned parts, as `encodePartRoots` lays it out. `nodes`: what changed
   * below them over the whole batch, as `encodeNodeBatch` does; to be written with it.
   */
  | { readonly ok: true; readonly roots: Uint8Array; readonly nodes: Uint8Array }
  /** The parts stand after another batch than this one is built on. */
  | { readonly ok: false; readonly code: 'OTHER_BATCH'; readonly last: number }
  | { readonly ok: false; readonly code: 'MISSING_NODE'; readonly cause: TrieError }

/** Owns parts of the state trie in memory: takes changed leaves, hashes once per block, answers the changed nodes. */
export type TrieCommitterMessages = {
  /** Consecutive blocks as `encodeLeafBatch` lays them out, on top of the batch `after` (0: the persisted head). */
  apply: Ask<{ readonly batch: number; readonly after: number; readonly leaves: Uint8Array }, ApplyAnswer>
  /** The nodes of the batches up to this one are in the store. */
  written: Tell<{ readonly batch: number }>
  /** This batch and those after it are not written: the parts go back to before them. */
  revert: Tell<{ readonly batch: number }>
}
export type TrieCommitterDeps = {
  readonly database: DatabaseLocation
  /** State root of the persisted head, 32 bytes. */
  readonly root: Uint8Array
  /** Which one of how many: it owns a range of the root's nibbles. */
  readonly index: number
  readonly count: number
  readonly memoryBytes: number
}
