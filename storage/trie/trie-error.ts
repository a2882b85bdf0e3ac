/** A node that the trie refers to cannot be had: never to be read as "the key is absent". */
export type TrieError = {
  readonly code: 'MISSING_NODE'
  /** Nibbles from the root, one per byte. */
  readonly path: Uint8Array
  /** What its parent (or the root) says it must hash to; an embedded node's own bytes. */
  readonly reference: Uint8Array
  /** Nothing stored there; something else stored there; or not a trie node. */
  readonly reason: 'absent' | 'mismatch' | 'malformed'
}
