/** RLP of trie nodes, written straight into one buffer and read straight out of one: Yellow Paper, appendix D. */
import { decodeHexPrefix, hexPrefixBytes, writeHexPrefix } from './hex-prefix.ts'
import {
  BRANCH,
  BRANCH_LENGTHS_AT,
  EXTENSION,
  type Extension,
  HASH_BYTES,
  LEAF,
  newBranch,
  newExtension,
  newLeaf,
  type TrieNode,
} from './node.ts'

/** Bytes of `writeNode`'s output. The references of branches and extensions must be settled. */
export function encodedBytes(node: TrieNode): number {
  const payload = payloadBytes(node)
  return headerBytes(payload) + payload
}

/** Writes the node at the start of `out`, which has room for `encodedBytes`. @returns the length written. */
export function writeNode(node: TrieNode, out: Uint8Array): number {
  let at = writeHeader(0xc0, payloadBytes(node), out, 0)
  switch (node.kind) {
    case LEAF:
      at = writeKey(node.key, true, out, at)
      return writeString(node.value, out, at)
    case EXTENSION:
      at = writeKey(node.key, false, out, at)
      return writeReference(node.reference, 0, node.referenceLength, out, at)
    case BRANCH: {
      const { references } = node
      for (let slot = 0; slot < 16; slot++) {
        at = writeReference(references, slot * HASH_BYTES, references[BRANCH_LENGTHS_AT + slot]!, out, at)
      }
      if (node.value !== undefined) return writeString(node.value, out, at)
      out[at++] = 0x80
      return at
    }
  }
}

function payloadBytes(node: TrieNode): number {
  switch (node.kind) {
    case LEAF:
      return keyBytes(node.key) + stringBytes(node.value)
    case EXTENSION:
      return keyBytes(node.key) + (node.referenceLength === HASH_BYTES ? HASH_BYTES + 1 : node.referenceLength)
    case BRANCH: {
      const { references } = node
      let bytes = node.value === undefined ? 1 : stringBytes(node.value)
      for (let slot = 0; slot < 16; slot++) {
        const length = references[BRANCH_LENGTHS_AT + slot]!
        bytes += length === HASH_BYTES ? HASH_BYTES + 1 : length === 0 ? 1 : length
      }
      return bytes
    }
  }
}

const headerBytes = (payload: number): number =>
  payload < 56 ? 1 : payload < 0x100 ? 2 : payload < 0x10000 ? 3 : payload < 0x1000000 ? 4 : 5

function writeHeader(base: 0x80 | 0xc0, payload: number, out: Uint8Array, at: number): number {
  if (payload < 56) {
    out[at] = base + payload
    return at + 1
  }
  const lengthBytes = payload < 0x100 ? 1 : payload < 0x10000 ? 2 : payload < 0x1000000 ? 3 : 4
  out[at++] = base + 55 + lengthBytes
  for (let shift = (lengthBytes - 1) * 8; shift >= 0; shift -= 8) out[at++] = payload >>> shift
  return at
}

function stringBytes(bytes: Uint8Array): number {
  return bytes.length === 1 && bytes[0]! < 0x80 ? 1 : headerBytes(bytes.length) + bytes.length
}

function writeString(bytes: Uint8Array, out: Uint8Array, at: number): number {
  if (bytes.length !== 1 || bytes[0]! >= 0x80) at = writeHeader(0x80, bytes.length, out, at)
  out.set(bytes, at)
  return at + bytes.length
}

/** A one-byte compact key is below 0x40, so it is its own RLP. */
function keyBytes(key: Uint8Array): number {
  const length = hexPrefixBytes(key)
  return length === 1 ? 1 : headerBytes(length) + length
}

function writeKey(key: Uint8Array, isLeaf: boolean, out: Uint8Array, at: number): number {
  const length = hexPrefixBytes(key)
  return writeHexPrefix(key, isLeaf, out, length === 1 ? at : writeHeader(0x80, length, out, at))
}

function writeReference(source: Uint8Array, from: number, length: number, out: Uint8Array, at: number): number {
  if (length === 0) {
    out[at] = 0x80
    return at + 1
  }
  if (length === HASH_BYTES) out[at++] = 0x80 + HASH_BYTES
  for (let i = 0; i < length; i++) out[at + i] = source[from + i]!
  return at + length
}

/**
 * The node of exactly these bytes, clean, its children as references. Undefined for anything but a well-formed node:
 * a list of 2 or 17, child slots empty, a hash, or a list of fewer than 32 bytes. Nothing of `bytes` is kept.
 */
export function decodeNode(bytes: Uint8Array, stored: boolean, used: number): TrieNode | undefined {
  const list = readItem(bytes, 0, bytes.length)
  if (list === undefined || !list.isList || list.end !== bytes.length) return undefined
  const items: Item[] = []
  for (let at = list.start; at < list.end; ) {
    const item = readItem(bytes, at, list.end)
    if (item === undefined || items.length === 17) return undefined
    items.push(item)
    at = item.end
  }
  const node = items.length === 2 ? decodeShort(bytes, items, stored, used) : decodeBranch(bytes, items, stored, used)
  if (node === undefined) return undefined
  node.hashed = true
  node.saved = true
  return node
}

function decodeShort(bytes: Uint8Array, items: readonly Item[], stored: boolean, used: number): TrieNode | undefined {
  const [first, second] = items as [Item, Item]
  if (first.isList) return undefined
  const path = decodeHexPrefix(bytes.subarray(first.start, first.end))
  if (path === undefined) return undefined
  if (path.isLeaf) {
    if (second.isList || second.start === second.end) return undefined
    return newLeaf(path.key, bytes.slice(second.start, second.end), stored, used)
  }
  const length = slotLength(second)
  if (path.key.length === 0 || length === undefined || length === 0) return undefined
  const node: Extension = newExtension(path.key, null, stored, used)
  const from = length === HASH_BYTES ? second.start : second.at
  node.reference.set(bytes.subarray(from, from + length))
  node.referenceLength = length
  return node
}

function decodeBranch(bytes: Uint8Array, items: readonly Item[], stored: boolean, used: number): TrieNode | undefined {
  if (items.length !== 17) return undefined
  const node = newBranch(stored, used)
  for (let slot = 0; slot < 16; slot++) {
    const item = items[slot]!
    const length = slotLength(item)
    if (length === undefined) return undefined
    const from = length === HASH_BYTES ? item.start : item.at
    for (let i = 0; i < length; i++) node.references[slot * HASH_BYTES + i] = bytes[from + i]!
    node.references[BRANCH_LENGTHS_AT + slot] = length
  }
  const last = items[16]!
  if (last.isList) return undefined
  if (last.start !== last.end) node.value = bytes.slice(last.start, last.end)
  return node
}

/** Length of the reference in a child slot: 0, 32, or that of an embedded node; undefined if it is none of these. */
function slotLength(item: Item): number | undefined {
  if (item.isList) return item.end - item.at < HASH_BYTES ? item.end - item.at : undefined
  const length = item.end - item.start
  return length === 0 || length === HASH_BYTES ? length : undefined
}

/** `at`: of the header, `start`: of the payload, `end`: after it. */
type Item = { readonly isList: boolean; readonly at: number; readonly start: number; readonly end: number }

function readItem(bytes: Uint8Array, at: number, limit: number): Item | undefined {
  const first = bytes[at]
  if (first === undefined || at >= limit) return undefined
  if (first < 0x80) return { isList: false, at, start: at, end: at + 1 }
  const isList = first >= 0xc0
  const short = first - (isList ? 0xc0 : 0x80)
  let start = at + 1
  let length = short
  if (short > 55) {
    const lengthBytes = short - 55
    if (lengthBytes > 4 || start + lengthBytes > limit || bytes[start] === 0) return undefined
    length = 0
    for (let i = 0; i < lengthBytes; i++) length = length * 256 + bytes[start + i]!
    start += lengthBytes
    if (length < 56) return undefined
  } else if (!isList && length === 1 && (bytes[start] ?? 0) < 0x80) return undefined
  const end = start + length
  return end > limit ? undefined : { isList, at, start, end }
}
