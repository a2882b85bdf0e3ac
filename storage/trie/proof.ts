import { bytesText } from '../../protocols/bytes.ts'
import { keccak256 } from '../../protocols/keccak256.ts'
import { err, ok, type Result } from '../../protocols/result.ts'
import { BRANCH, HASH_BYTES, LEAF, nibbleAt } from './node-arena.ts'
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
  const nodes = new Map(proof.map((encoded) => [bytesText(keccak256(encoded)), encoded]))
  if (bytesText(root) === bytesText(EMPTY_ROOT)) return ok(undefined)
  const length = key.length * 2
  let depth = 0
  let reference = root
  for (;;) {
    const encoded = reference.length === HASH_BYTES ? nodes.get(bytesText(reference)) : reference
    if (encoded === undefined) return err({ code: 'PROOF_NODE_MISSING', hash: reference })
    const node = decodeNode(encoded)
    if (node === undefined) return err({ code: 'PROOF_NODE_MALFORMED', reference })
    if (node.kind === BRANCH) {
      if (depth === length) return ok(node.value)
      const next = node.references[nibbleAt(key, depth)]
      if (next === undefined) return ok(undefined)
      reference = next
      depth++
      continue
    }
    const { path } = node
    if (depth + path.length > length) return ok(undefined)
    for (let i = 0; i < path.length; i++) if (nibbleAt(key, depth + i) !== path[i]) return ok(undefined)
    depth += path.length
    if (node.kind === LEAF) return ok(depth === length ? node.value : undefined)
    reference = node.reference
  }
}
