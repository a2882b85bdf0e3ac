import { keccak256 } from '../../protocols/keccak256.ts'
import { err, ok, type Result } from '../../protocols/result.ts'
import { writeNibbles } from './hex-prefix.ts'
import { BRANCH, branchReference, HASH_BYTES, LEAF, type TrieNode } from './node.ts'
import { decodeNode } from './node-rlp.ts'
import { EMPTY_ROOT } from './trie.ts'

export type ProofError =
  /** The proof lacks the node with this hash. */
  | { readonly code: 'PROOF_NODE_MISSING'; readonly hash: Uint8Array }
  | { readonly code: 'PROOF_NODE_MALFORMED'; readonly reference: Uint8Array }

/**
 * What the trie with this root (32 bytes) holds under `key`, undefined for a proven absence. Nodes are found by the hash
 * computed here; nodes off the path are ignored (trie-storage reference: geth `trie/proof.go`).
 */
export function verifyProof(
  root: Uint8Array,
  key: Uint8Array,
  proof: readonly Uint8Array[],
): Result<Uint8Array | undefined, ProofError> {
  const nodes = new Map(proof.map((encoded) => [text(keccak256(encoded)), encoded]))
  if (text(root) === text(EMPTY_ROOT)) return ok(undefined)
  const nibbles = new Uint8Array(key.length * 2)
  writeNibbles(key, nibbles)
  let depth = 0
  let reference = root
  for (;;) {
    const encoded = reference.length === HASH_BYTES ? nodes.get(text(reference)) : reference
    if (encoded === undefined) return err({ code: 'PROOF_NODE_MISSING', hash: reference })
    const node: TrieNode | undefined = decodeNode(encoded, false, 0)
    if (node === undefined) return err({ code: 'PROOF_NODE_MALFORMED', reference })
    if (node.kind === BRANCH) {
      if (depth === nibbles.length) return ok(node.value)
      reference = branchReference(node, nibbles[depth]!)
      depth++
      if (reference.length === 0) return ok(undefined)
      continue
    }
    for (let i = 0; i < node.key.length; i++) if (nibbles[depth + i] !== node.key[i]) return ok(undefined)
    depth += node.key.length
    if (node.kind === LEAF) return ok(depth === nibbles.length ? node.value : undefined)
    reference = node.reference.subarray(0, node.referenceLength)
  }
}

const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes)
