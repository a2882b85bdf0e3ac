/** RLP of trie nodes, written straight into one buffer and read straight out of one: Yellow Paper, appendix D. */
import { decodeHexPrefix, writeHexPrefix } from './hex-prefix.ts'
import {
  BRANCH,
  CHILD,
  CHILDREN,
  END,
  EXTENSION,
  HASH_BYTES,
  KIND,
  LEAF,
  META,
  type NodeArena,
  REFERENCE,
  REFERENCE_LENGTH_MASK,
  REFERENCE_LENGTH_SHIFT,
  VALUE,
} from './node-arena.ts'

const WORD_BYTES = 4
/** Bytes up to which a loop is faster than a view and a call into the engine. */
const COPY_BYTES_MAX = 128

/** Bytes of the node's encoding with its header. */
export const encodedBytes = (payload: number): number => headerBytes(payload) + payload

/**
 * Writes the node, which stands `depth` nibbles below the root of the keys, at `at`; the references of what is below it
 * must be settled. @param payload its `payloadBytes` @returns the offset after it
 */
export function writeNode(
  arena: NodeArena,
  node: number,
  depth: number,
  payload: number,
  out: Uint8Array,
  at: number,
): number {
  const { words, bytes } = arena
  const kind = words[node + META]! & KIND
  at = writeHeader(0xc0, payload, out, at)
  if (kind !== BRANCH) {
    const end = words[node + END]!
    const length = ((end - depth) >> 1) + 1
    if (length > 1) at = writeHeader(0x80, length, out, at)
    at = writeHexPrefix(arena.pathSource(node), arena.pathStart(node), depth, end, kind === LEAF, out, at)
    if (kind === LEAF) return writeValue(arena, node, out, at)
    return writeReference(words, bytes, words[node + CHILD]!, out, at)
  }
  for (let slot = CHILDREN; slot < CHILDREN + 16; slot++)
    at = writeReference(words, bytes, words[node + slot]!, out, at)
  if (words[node + VALUE] !== 0) return writeValue(arena, node, out, at)
  out[at] = 0x80
  return at + 1
}

/** Of a node that stands `depth` nibbles below the root of the keys. */
export function payloadBytes(arena: NodeArena, node: number, depth: number): number {
  const { words } = arena
  const kind = words[node + META]! & KIND
  if (kind !== BRANCH) {
    const length = ((words[node + END]! - depth) >> 1) + 1
    // A compact key of one byte is below 0x40, so it is its own RLP.
    const path = length === 1 ? 1 : headerBytes(length) + length
    return path + (kind === LEAF ? valueBytes(arena, node) : slotBytes(arena, words[node + CHILD]!))
  }
  let payload = valueBytes(arena, node)
  for (let slot = CHILDREN; slot < CHILDREN + 16; slot++) payload += slotBytes(arena, words[node + slot]!)
  return payload
}

/** Bytes that stand in a parent for what its slot holds. */
export function slotBytes(arena: NodeArena, slot: number): number {
  if (slot === 0) return 1
  if (slot < 0) return 1 + HASH_BYTES
  const length = arena.referenceLength(slot)
  return length === HASH_BYTES ? 1 + HASH_BYTES : length
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

/** Of no value, too: an empty string. */
function valueBytes(arena: NodeArena, node: number): number {
  const length = arena.valueLength(node)
  if (length === 1 && arena.valueSource(node)[arena.valueStart(node)]! < 0x80) return 1
  return headerBytes(length) + length
}

function writeValue(arena: NodeArena, node: number, out: Uint8Array, at: number): number {
  const length = arena.valueLength(node)
  const source = arena.valueSource(node)
  const start = arena.valueStart(node)
  if (length !== 1 || source[start]! >= 0x80) at = writeHeader(0x80, length, out, at)
  if (length > COPY_BYTES_MAX) out.set(source.subarray(start, start + length), at)
  else for (let i = 0; i < length; i++) out[at + i] = source[start + i]!
  return at + length
}

function writeReference(words: Int32Array, bytes: Uint8Array, slot: number, out: Uint8Array, at: number): number {
  if (slot === 0) {
    out[at] = 0x80
    return at + 1
  }
  let from = -slot * WORD_BYTES
  let length = HASH_BYTES
  if (slot > 0) {
    from = (slot + REFERENCE) * WORD_BYTES
    length = (words[slot]! >> REFERENCE_LENGTH_SHIFT) & REFERENCE_LENGTH_MASK
  }
  if (length === HASH_BYTES) out[at++] = 0x80 + HASH_BYTES
  for (let i = 0; i < length; i++) out[at + i] = bytes[from + i]!
  return at + length
}

/** A node as it is read: its own part of the path, one nibble a byte, and what its slots hold. All but paths are views. */
export type DecodedNode =
  | { readonly kind: typeof LEAF; readonly path: Uint8Array; readonly value: Uint8Array }
  | { readonly kind: typeof EXTENSION; readonly path: Uint8Array; readonly reference: Uint8Array }
  | {
      readonly kind: typeof BRANCH
      /** 16, undefined for an empty slot. */
      readonly references: readonly (Uint8Array | undefined)[]
      readonly value: Uint8Array | undefined
    }

/**
 * The node of exactly these bytes. Undefined for anything but a well-formed node: a list of 2 or 17, child slots empty, a
 * hash, or a list of fewer than 32 bytes, which is not looked into.
 */
export function decodeNode(bytes: Uint8Array): DecodedNode | undefined {
  const list = readItem(bytes, 0, bytes.length)
  if (list === undefined || !list.isList || list.end !== bytes.length) return undefined
  const items: Item[] = []
  for (let at = list.start; at < list.end; ) {
    const item = readItem(bytes, at, list.end)
    if (item === undefined || items.length === 17) return undefined
    items.push(item)
    at = item.end
  }
  return items.length === 2 ? decodeShort(bytes, items) : decodeBranch(bytes, items)
}

/** As `decodeNode`, in a trie whose keys all have one length: no branch has a value. */
export function decodeFixedKeyNode(bytes: Uint8Array): DecodedNode | undefined {
  const node = decodeNode(bytes)
  return node?.kind === BRANCH && node.value !== undefined ? undefined : node
}

function decodeShort(bytes: Uint8Array, items: readonly Item[]): DecodedNode | undefined {
  const [first, second] = items as [Item, Item]
  if (first.isList) return undefined
  const prefixed = decodeHexPrefix(bytes.subarray(first.start, first.end))
  if (prefixed === undefined) return undefined
  const { key: path, isLeaf } = prefixed
  if (isLeaf) {
    if (second.isList || second.start === second.end) return undefined
    return { kind: LEAF, path, value: bytes.subarray(second.start, second.end) }
  }
  const reference = slotOf(bytes, second)
  if (path.length === 0 || reference === undefined || reference.length === 0) return undefined
  return { kind: EXTENSION, path, reference }
}

function decodeBranch(bytes: Uint8Array, items: readonly Item[]): DecodedNode | undefined {
  if (items.length !== 17) return undefined
  const references: (Uint8Array | undefined)[] = []
  for (let slot = 0; slot < 16; slot++) {
    const reference = slotOf(bytes, items[slot]!)
    if (reference === undefined) return undefined
    references.push(reference.length === 0 ? undefined : reference)
  }
  const last = items[16]!
  if (last.isList) return undefined
  return { kind: BRANCH, references, value: last.start === last.end ? undefined : bytes.subarray(last.start, last.end) }
}

/** What a child slot holds: nothing, a hash or an embedded node; undefined if it is none of these. */
function slotOf(bytes: Uint8Array, item: Item): Uint8Array | undefined {
  if (item.isList) return item.end - item.at < HASH_BYTES ? bytes.subarray(item.at, item.end) : undefined
  const length = item.end - item.start
  return length === 0 || length === HASH_BYTES ? bytes.subarray(item.start, item.end) : undefined
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
