/** Roots of a block's lists: the trie of rlp(index) → item (Yellow Paper 4.3, appendix D). */
import { compareBytes } from './bytes.ts'
import { hexConstant } from './hex.ts'
import { keccak256 } from './keccak256.ts'
import { encodeRlpList, encodeRlpString, uintToBytes } from './rlp.ts'
import type { Withdrawal } from './withdrawal.ts'
import { encodeWithdrawal } from './withdrawal.ts'

/** keccak256(rlp('')): root of an empty trie. */
export const EMPTY_TRIE_ROOT = hexConstant('56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421')

/** Root over canonical transaction bytes (typed ones bare). */
export const transactionsRoot = (transactions: readonly Uint8Array[]): Uint8Array => deriveRoot(transactions)

/** Root over canonical receipt bytes (typed ones bare). */
export const receiptsRoot = (receipts: readonly Uint8Array[]): Uint8Array => deriveRoot(receipts)

export const withdrawalsRoot = (withdrawals: readonly Withdrawal[]): Uint8Array =>
  deriveRoot(withdrawals.map(encodeWithdrawal))

/** Root of the trie rlp(index) → `items[index]`. No item may be empty. */
export function deriveRoot(items: readonly Uint8Array[]): Uint8Array {
  if (items.length === 0) return EMPTY_TRIE_ROOT
  const leaves = items.map((value, index) => ({ key: encodeRlpString(uintToBytes(BigInt(index))), value }))
  leaves.sort((a, b) => compareBytes(a.key, b.key))
  return keccak256(nodeOf(leaves, 0, leaves.length, 0))
}

type Leaf = { readonly key: Uint8Array; readonly value: Uint8Array }

const nibble = (key: Uint8Array, at: number): number => ((at & 1) === 0 ? key[at >> 1]! >> 4 : key[at >> 1]! & 0x0f)

/**
 * Encoding of the node over sorted leaves `[from, to)` that share their first `depth` nibbles. A finished sub-trie is a
 * reference at once, so at most one node per level is held. No key is a prefix of another: values sit in leaves only.
 */
function nodeOf(leaves: readonly Leaf[], from: number, to: number, depth: number): Uint8Array {
  const first = leaves[from]!
  if (to - from === 1)
    return encodeRlpList([
      encodeRlpString(hexPrefix(first.key, depth, first.key.length * 2, true)),
      encodeRlpString(first.value),
    ])
  const last = leaves[to - 1]!
  let shared = depth
  while (nibble(first.key, shared) === nibble(last.key, shared)) shared++
  if (shared > depth)
    return encodeRlpList([
      encodeRlpString(hexPrefix(first.key, depth, shared, false)),
      reference(nodeOf(leaves, from, to, shared)),
    ])
  const slots: Uint8Array[] = new Array(17).fill(EMPTY_STRING)
  for (let start = from; start < to; ) {
    const slot = nibble(leaves[start]!.key, depth)
    let end = start + 1
    while (end < to && nibble(leaves[end]!.key, depth) === slot) end++
    slots[slot] = reference(nodeOf(leaves, start, end, depth + 1))
    start = end
  }
  return encodeRlpList(slots)
}

const EMPTY_STRING = Uint8Array.of(0x80)

/** A node shorter than 32 bytes stands in its parent itself. */
const reference = (node: Uint8Array): Uint8Array => (node.length < 32 ? node : encodeRlpString(keccak256(node)))

/** Nibbles `[from, to)` of `key` in hex-prefix form (Yellow Paper, appendix C). */
function hexPrefix(key: Uint8Array, from: number, to: number, isLeaf: boolean): Uint8Array {
  const count = to - from
  const odd = count & 1
  const out = new Uint8Array(1 + (count >> 1))
  out[0] = ((isLeaf ? 2 : 0) + odd) << 4
  let at = from
  if (odd === 1) out[0] |= nibble(key, at++)
  for (let i = 1; i < out.length; i++, at += 2) out[i] = (nibble(key, at) << 4) | nibble(key, at + 1)
  return out
}
