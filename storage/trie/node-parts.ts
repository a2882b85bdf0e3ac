/** What an encoded trie node consists of (Yellow Paper, appendix D), without making a node of it that could be changed. */
import { enterList, leaveList, rlpReader, takeEncoded, takeString } from '../../protocols/rlp.ts'
import { decodeHexPrefix } from './hex-prefix.ts'
import { HASH_BYTES } from './node-arena.ts'

/** `key`: nibbles. A reference is the encoded child itself, its hash (32 bytes), or empty: no child. Views of the node. */
export type NodeParts =
  | { readonly kind: 'leaf'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly kind: 'extension'; readonly key: Uint8Array; readonly reference: Uint8Array }
  | { readonly kind: 'branch'; readonly references: readonly Uint8Array[] }

const BRANCH_ITEMS = 17
const CHILDREN = 16
const HASH_HEADER = 0x80 + HASH_BYTES
const EMPTY = new Uint8Array(0)

/** Of a node of a trie whose keys all have one length: no branch has a value. Undefined for what is no such node. */
export function nodeParts(encoded: Uint8Array): NodeParts | undefined {
  const reader = rlpReader(encoded)
  const end = enterList(reader)
  const items: Uint8Array[] = []
  while (reader.error === undefined && reader.offset < reader.end && items.length < BRANCH_ITEMS)
    items.push(takeEncoded(reader))
  leaveList(reader, end)
  if (reader.error !== undefined || reader.offset !== encoded.length) return undefined
  if (items.length === 2) return shortParts(items[0] as Uint8Array, items[1] as Uint8Array)
  if (items.length !== BRANCH_ITEMS || items[CHILDREN]?.[0] !== 0x80) return undefined
  const references: Uint8Array[] = []
  for (const item of items.slice(0, CHILDREN)) {
    const reference = referenceOf(item)
    if (reference === undefined) return undefined
    references.push(reference)
  }
  return { kind: 'branch', references }
}

function shortParts(first: Uint8Array, second: Uint8Array): NodeParts | undefined {
  const compact = stringOf(first)
  const path = compact === undefined ? undefined : decodeHexPrefix(compact)
  if (path === undefined) return undefined
  if (path.isLeaf) {
    const value = stringOf(second)
    return value === undefined || value.length === 0 ? undefined : { kind: 'leaf', key: path.key, value }
  }
  const reference = referenceOf(second)
  if (reference === undefined || reference.length === 0 || path.key.length === 0) return undefined
  return { kind: 'extension', key: path.key, reference }
}

function stringOf(item: Uint8Array): Uint8Array | undefined {
  const reader = rlpReader(item)
  const value = takeString(reader)
  return reader.error === undefined ? value : undefined
}

function referenceOf(item: Uint8Array): Uint8Array | undefined {
  const first = item[0] as number
  if (first >= 0xc0) return item.length < HASH_BYTES ? item : undefined
  if (first === HASH_HEADER) return item.subarray(1)
  return first === 0x80 ? EMPTY : undefined
}
