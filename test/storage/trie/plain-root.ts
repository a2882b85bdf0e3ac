/** The root of a trie straight from its definition (Yellow Paper, appendix D, functions n and c), from all of its pairs. */
import { keccak_256 } from '@noble/hashes/sha3.js'
import { encodeRlpList, encodeRlpString } from '../../../protocols/rlp.ts'

type Pair = { readonly nibbles: readonly number[]; readonly value: Uint8Array }

const NOTHING = Uint8Array.of(0x80)

/** Keys differ from each other, values are not empty. */
export function plainRoot(pairs: readonly (readonly [key: Uint8Array, value: Uint8Array])[]): Uint8Array {
  if (pairs.length === 0) return keccak_256(NOTHING)
  const all = pairs.map(([key, value]) => ({ nibbles: [...key].flatMap((byte) => [byte >> 4, byte & 15]), value }))
  return keccak_256(node(all, 0))
}

function node(pairs: readonly Pair[], depth: number): Uint8Array {
  const [first] = pairs as [Pair]
  if (pairs.length === 1)
    return encodeRlpList([compact(first.nibbles.slice(depth), true), encodeRlpString(first.value)])
  let shared = depth
  while (pairs.every(({ nibbles }) => shared < nibbles.length && nibbles[shared] === first.nibbles[shared])) shared++
  if (shared > depth)
    return encodeRlpList([compact(first.nibbles.slice(depth, shared), false), reference(pairs, shared)])
  const slots = Array.from({ length: 16 }, (_, slot) =>
    reference(
      pairs.filter(({ nibbles }) => nibbles[depth] === slot),
      depth + 1,
    ),
  )
  const own = pairs.find(({ nibbles }) => nibbles.length === depth)
  return encodeRlpList([...slots, own === undefined ? NOTHING : encodeRlpString(own.value)])
}

function reference(pairs: readonly Pair[], depth: number): Uint8Array {
  if (pairs.length === 0) return NOTHING
  const encoded = node(pairs, depth)
  return encoded.length < 32 ? encoded : encodeRlpString(keccak_256(encoded))
}

function compact(nibbles: readonly number[], isLeaf: boolean): Uint8Array {
  const flag = isLeaf ? 2 : 0
  const padded = nibbles.length % 2 === 0 ? [flag, 0, ...nibbles] : [flag + 1, ...nibbles]
  const bytes = Uint8Array.from({ length: padded.length / 2 }, (_, i) => padded[2 * i]! * 16 + padded[2 * i + 1]!)
  return encodeRlpString(bytes)
}
