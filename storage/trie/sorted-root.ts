/**
 * The root of a trie from its leaves in order of their keys, holding one branch per level (geth trie/stacktrie.go): for
 * checking what is stored against what it claims, without the stored nodes.
 */

import { keccak256 } from '../../protocols/keccak256.ts'
import { encodeRlpList, encodeRlpString } from '../../protocols/rlp.ts'
import { hexPrefixBytes, writeHexPrefix } from './hex-prefix.ts'
import { HASH_BYTES, nibbleAt } from './node-arena.ts'
import { EMPTY_ROOT } from './trie.ts'

export type SortedRoot = {
  /** @param key of one length for all, above the one before. Neither is kept. @param value not empty */
  add(key: Uint8Array, value: Uint8Array): void
  /** 32 bytes, of all that was added. */
  root(): Uint8Array
}

/** A branch under construction: RLP of its sixteen references. */
type Open = { readonly depth: number; readonly references: Uint8Array[] }
/** The finished sub-trie below the open branches. */
type Finished =
  | { readonly kind: 'leaf'; readonly value: Uint8Array }
  | { readonly kind: 'branch'; readonly depth: number; readonly encoded: Uint8Array }

const NOTHING = Uint8Array.of(0x80)

export function sortedRoot(): SortedRoot {
  const open: Open[] = []
  /** Key of the last leaf: every finished sub-trie lies on its path. */
  let path: Uint8Array | undefined
  let last: Finished | undefined

  /** Takes the last leaf into the branches above it, down to `depth`, where its path and the next key part. */
  function fold(key: Uint8Array, leaf: Finished, depth: number): Finished {
    let below = leaf
    for (let top = open.at(-1); top !== undefined && top.depth > depth; top = open.at(-1)) {
      top.references[nibbleAt(key, top.depth)] = reference(encodeFrom(below, key, top.depth + 1))
      below = { kind: 'branch', depth: top.depth, encoded: encodeRlpList([...top.references, NOTHING]) }
      open.pop()
    }
    return below
  }

  return {
    add(key, value) {
      const length = key.length * 2
      if (path !== undefined && last !== undefined) {
        let depth = 0
        while (depth < length && nibbleAt(key, depth) === nibbleAt(path, depth)) depth++
        if (depth === length || nibbleAt(key, depth) < nibbleAt(path, depth)) throw new Error('keys are not in order')
        const below = fold(path, last, depth)
        if (open.at(-1)?.depth !== depth) open.push({ depth, references: new Array(16).fill(NOTHING) })
        open.at(-1)!.references[nibbleAt(path, depth)] = reference(encodeFrom(below, path, depth + 1))
      }
      path = key.slice()
      last = { kind: 'leaf', value: value.slice() }
    },
    root() {
      if (path === undefined || last === undefined) return EMPTY_ROOT
      return keccak256(encodeFrom(fold(path, last, -1), path, 0))
    },
  }
}

/** RLP of the node that stands at the first `from` nibbles of `path` and holds `below`. */
function encodeFrom(below: Finished, path: Uint8Array, from: number): Uint8Array {
  if (below.kind === 'leaf') {
    return encodeRlpList([encodePath(path, from, path.length * 2, true), encodeRlpString(below.value)])
  }
  if (below.depth === from) return below.encoded
  return encodeRlpList([encodePath(path, from, below.depth, false), reference(below.encoded)])
}

function encodePath(path: Uint8Array, from: number, to: number, isLeaf: boolean): Uint8Array {
  const prefixed = new Uint8Array(hexPrefixBytes(to - from))
  writeHexPrefix(path, 0, from, to, isLeaf, prefixed, 0)
  return encodeRlpString(prefixed)
}

/** A node shorter than a hash stands in its parent itself (Yellow Paper, appendix D). */
const reference = (encoded: Uint8Array): Uint8Array =>
  encoded.length < HASH_BYTES ? encoded : encodeRlpString(keccak256(encoded))
