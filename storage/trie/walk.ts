/** All that a stored trie consists of. */
import { bytesEqual, concatBytes } from '../../protocols/bytes.ts'
import { keccak256 } from '../../protocols/keccak256.ts'
import { BRANCH, HASH_BYTES, LEAF } from './node-arena.ts'
import { decodeFixedKeyNode } from './node-rlp.ts'
import { EMPTY_ROOT, type NodeReader } from './trie.ts'
import type { TrieError } from './trie-error.ts'

export type TrieVisitor = {
  /** A node is stored at this path (nibbles). */
  node(path: Uint8Array): void
  leaf(key: Uint8Array, value: Uint8Array): void
}

/** In order of the keys, which have one length. What it finds must hash to `root`. Depth is bounded by the key's nibbles. */
export function walkTrie(read: NodeReader, root: Uint8Array, visitor: TrieVisitor): TrieError | undefined {
  if (bytesEqual(root, EMPTY_ROOT)) return undefined
  return walkStored(read, new Uint8Array(0), root, visitor)
}

function walkStored(read: NodeReader, path: Uint8Array, hash: Uint8Array, visitor: TrieVisitor): TrieError | undefined {
  const encoded = read(path)
  const refuse = (reason: TrieError['reason']): TrieError => ({
    code: 'MISSING_NODE',
    path,
    reference: hash.slice(),
    reason,
  })
  if (encoded === undefined) return refuse('absent')
  if (!bytesEqual(keccak256(encoded), hash)) return refuse('mismatch')
  visitor.node(path)
  return walkNode(read, path, encoded, visitor)
}

function walkNode(
  read: NodeReader,
  path: Uint8Array,
  encoded: Uint8Array,
  visitor: TrieVisitor,
): TrieError | undefined {
  const node = decodeFixedKeyNode(encoded)
  if (node === undefined)
    return { code: 'MISSING_NODE', path, reference: encoded.slice(0, HASH_BYTES), reason: 'malformed' }
  if (node.kind === BRANCH) {
    for (const [nibble, reference] of node.references.entries()) {
      if (reference === undefined) continue
      const error = walkReference(read, concatBytes(path, Uint8Array.of(nibble)), reference, visitor)
      if (error !== undefined) return error
    }
    return undefined
  }
  const below = concatBytes(path, node.path)
  if (node.kind !== LEAF) return walkReference(read, below, node.reference, visitor)
  visitor.leaf(keyOf(below), node.value)
  return undefined
}

const walkReference = (read: NodeReader, path: Uint8Array, reference: Uint8Array, visitor: TrieVisitor) =>
  reference.length === HASH_BYTES
    ? walkStored(read, path, reference, visitor)
    : walkNode(read, path, reference, visitor)

function keyOf(nibbles: Uint8Array): Uint8Array {
  const key = new Uint8Array(nibbles.length >> 1)
  for (let i = 0; i < key.length; i++) key[i] = (nibbles[2 * i]! << 4) | nibbles[2 * i + 1]!
  return key
}
