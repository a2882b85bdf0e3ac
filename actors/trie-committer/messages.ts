import type { Ask, Tell } from '../../runtime/messages.ts'
import type { DatabaseLocation } from '../../storage/database.ts'
import type { TrieError } from '../../storage/trie/trie-error.ts'

export type ApplyAnswer =
  /** `nodes`: what changed in the trie over the whole batch, as `encodeNodeBatch` lays it out; to be written with it. */
  | { readonly ok: true; readonly nodes: Uint8Array }
  /** Block `index` of the batch has another root; the trie stands where it stood before the batch. */
  | { readonly ok: false; readonly code: 'STATE_ROOT'; readonly index: number; readonly computed: Uint8Array }
  /** The trie stands at another root than the batch begins at: an earlier batch was refused. */
  | { readonly ok: false; readonly code: 'OTHER_ROOT'; readonly root: Uint8Array }
  | { readonly ok: false; readonly code: 'MISSING_NODE'; readonly cause: TrieError }

/** Owns the state trie in memory: takes changed leaves, hashes once per block, answers the changed nodes. */
export type TrieCommitterMessages = {
  /** Consecutive blocks as `encodeLeafBatch` lays them out, on top of the state with root `from`. */
  apply: Ask<{ readonly batch: number; readonly from: Uint8Array; readonly leaves: Uint8Array }, ApplyAnswer>
  /** The nodes of the batches up to this one are in the store. */
  written: Tell<{ readonly batch: number }>
}
export type TrieCommitterDeps = {
  readonly database: DatabaseLocation
  /** State root of the persisted head, 32 bytes. */
  readonly root: Uint8Array
  readonly memoryBytes: number
}
