/**
 * References of changed nodes. Nodes are gathered by how high they stand above the lowest changed one below them, and
 * each height goes through the kernel in batches: so siblings, and cousins, are hashed two at a time, and what a node
 * refers to is known when it is encoded. One at work per thread: a batch is never left open.
 */
import { keccak256 } from '../../protocols/keccak256.ts'
import { nodeRoom } from '../../protocols/kernels/trie-node-kernel.ts'
import { trieNodes } from '../../protocols/trie-node.ts'
import {
  BRANCH,
  CHILD,
  CHILDREN,
  END,
  EXTENSION,
  HASH_BYTES,
  HASHED,
  KIND,
  MARKS,
  MARKS_UNHASHED,
  MARKS_UNSAVED_SHIFT,
  META,
  NodeArena,
  REFERENCE,
  REFERENCE_LENGTH_MASK,
  REFERENCE_LENGTH_SHIFT,
  SAVED,
  TABLE,
  VALUE,
} from './node-arena.ts'
import { encodedBytes, payloadBytes, writeNode } from './node-rlp.ts'

/** Is told each node below and at `top` that was not saved, children first; `encoded` is valid during the call only. */
export type OnEncoded = (node: number, path: Uint8Array, encoded: Uint8Array) => void

const SLOTS = 16
const HASH_WORDS = 8
/** Nodes of one height gathered before they are hashed: enough to fill both lanes, few enough to be in the cache still. */
const HEIGHT_MAX = 240
/** Children from which on a branch has their hashes side by side. */
const TABLE_CHILDREN_MIN = 8

/** Nodes of one height, of which those below are all in lower heights. */
type Height = {
  readonly nodes: Int32Array
  readonly depths: Int32Array
  /** The branch above, 0 for none, and the slot in it. */
  readonly parents: Int32Array
  readonly slots: Uint8Array
  readonly paths: Uint8Array[]
  count: number
}

const heights: Height[] = []
/** Between two calls: nobody's, so that no trie is kept alive. */
const NOBODYS = new NodeArena()
let arena = NOBODYS
let onEncoded: OnEncoded | undefined
/** The flag that a node lacks if it has something to be done. */
let missing = HASHED
let above = 0
let path = new Uint8Array(64)

/** Settles the references of `top`, which stands `depth` nibbles below the root of the keys, and of all below it. */
export function hashNodes(of: NodeArena, top: number, depth: number): void {
  start(of, depth, HASHED, undefined)
  finish(top)
}

/** Settles them, tells what was not saved, and marks it as saved. Paths begin at `top`. */
export function saveNodes(of: NodeArena, top: number, depth: number, tell: OnEncoded): void {
  start(of, depth, SAVED, tell)
  finish(top)
}

function start(of: NodeArena, depth: number, flag: number, tell: OnEncoded | undefined): void {
  arena = of
  above = depth
  missing = flag
  onEncoded = tell
  for (const height of heights) height.count = 0
}

function finish(top: number): void {
  visit(top, above, 0, 0)
  for (let height = 0; height < heights.length; height++) if (heights[height]!.count > 0) settle(heights[height]!)
  arena = NOBODYS
  onEncoded = undefined
}

/** Gathers the node and what is below it. @returns its height */
function visit(node: number, depth: number, parent: number, at: number): number {
  const { words } = arena
  const kind = words[node + META]! & KIND
  let height = 0
  if (kind === BRANCH) {
    const marks = words[node + MARKS]!
    // In order of the slots, so that what is told comes in order.
    let left = missing === HASHED ? marks & MARKS_UNHASHED : marks >>> MARKS_UNSAVED_SHIFT
    for (; left !== 0; left &= left - 1) {
      const slot = 31 - Math.clz32(left & -left)
      const child = words[node + CHILDREN + slot]!
      if (child <= 0) continue
      setNibble(depth, slot)
      const below = visit(child, depth + 1, node, slot)
      if (below >= height) height = below + 1
    }
    words[node + MARKS] = missing === HASHED ? marks & ~MARKS_UNHASHED : 0
  } else if (kind === EXTENSION) {
    const child = words[node + CHILD]!
    if (child > 0 && (words[child]! & missing) === 0) {
      const end = words[node + END]!
      for (let i = depth; i < end; i++) setNibble(i, arena.pathNibble(node, i))
      height = visit(child, end, 0, 0) + 1
    }
  }
  gather(node, depth, height, parent, at)
  return height
}

function setNibble(depth: number, nibble: number): void {
  if (onEncoded === undefined) return
  const at = depth - above
  if (at >= path.length) {
    const longer = new Uint8Array(path.length * 2 + at)
    longer.set(path)
    path = longer
  }
  path[at] = nibble
}

function gather(node: number, depth: number, at: number, parent: number, slot: number): void {
  while (heights.length <= at)
    heights.push({
      nodes: new Int32Array(HEIGHT_MAX),
      depths: new Int32Array(HEIGHT_MAX),
      parents: new Int32Array(HEIGHT_MAX),
      slots: new Uint8Array(HEIGHT_MAX),
      paths: [],
      count: 0,
    })
  const height = heights[at]!
  const i = height.count++
  height.nodes[i] = node
  height.depths[i] = depth
  height.parents[i] = parent
  height.slots[i] = slot
  if (onEncoded !== undefined) height.paths[i] = path.slice(0, depth - above)
  if (height.count === HEIGHT_MAX) for (let lower = 0; lower <= at; lower++) settle(heights[lower]!)
}

const { input, tables, tableWords, lengths, references, batchMax, fromTable, encodedOnly, lengthBits, referTo } =
  trieNodes
let scratch = new Uint8Array(0)

function settle(height: Height): void {
  const { nodes, depths, count } = height
  let first = 0
  let used = 0
  let table = 0
  for (let i = 0; i < count; i++) {
    const node = nodes[i]!
    let { words } = arena
    const isTable = (words[node + META]! & KIND) === BRANCH && words[node + VALUE] === 0
    let payload: number
    if (isTable) {
      payload = words[node + TABLE] === 0 ? branchBytes(words, node) : tabledBytes(words, node)
      if (words[node + TABLE] === 0 && deservesTable(words, node, payload)) {
        arena.newTable(node)
        words = arena.words
      }
    } else payload = payloadBytes(arena, node, depths[i]!)
    const length = encodedBytes(payload)
    const room = nodeRoom(length)
    if (used + room > input.length || i - first === batchMax) {
      flush(height, first, i)
      first = i
      used = 0
      table = 0
    }
    if (room > input.length) {
      settleAlone(height, i, payload)
      first = i + 1
      continue
    }
    const meta = words[node + META]!
    const isKnown = (meta & HASHED) !== 0 && ((meta >> REFERENCE_LENGTH_SHIFT) & REFERENCE_LENGTH_MASK) === HASH_BYTES
    let order = isKnown ? length | encodedOnly : length
    if (isTable) {
      order |= fromTable
      table = words[node + TABLE] === 0 ? writeTable(words, node, table) : copyTable(words, node, table)
    } else writeNode(arena, node, depths[i]!, payload, input, used)
    lengths[i - first] = order
    used += room
  }
  flush(height, first, count)
  height.count = 0
}

/** Whether all children, which are many, have hashes: each then takes 32 bytes more than an empty slot. */
function deservesTable(words: Int32Array, node: number, payload: number): boolean {
  const children = childrenOf(words, node)
  return children >= TABLE_CHILDREN_MIN && payload === SLOTS + 1 + children * HASH_BYTES && !hasEmbedded(words, node)
}

function childrenOf(words: Int32Array, node: number): number {
  let children = 0
  for (let i = node + CHILDREN; i < node + CHILDREN + SLOTS; i++) if (words[i] !== 0) children++
  return children
}

function hasEmbedded(words: Int32Array, node: number): boolean {
  for (let i = node + CHILDREN; i < node + CHILDREN + SLOTS; i++) {
    const child = words[i]!
    if (child > 0 && ((words[child]! >> REFERENCE_LENGTH_SHIFT) & REFERENCE_LENGTH_MASK) !== HASH_BYTES) return true
  }
  return false
}

/** Payload of a branch without a value whose children all have hashes. */
const tabledBytes = (words: Int32Array, node: number): number => SLOTS + 1 + childrenOf(words, node) * HASH_BYTES

/** The kernel's table from the branch's own. @returns where the next table begins */
function copyTable(words: Int32Array, node: number, table: number): number {
  const own = words[node + TABLE]!
  let to = (table + SLOTS) >> 2
  for (let slot = 0; slot < SLOTS; slot++) {
    if (words[node + CHILDREN + slot] === 0) {
      tables[table + slot] = 0
      continue
    }
    tables[table + slot] = HASH_BYTES
    const from = own + slot * HASH_WORDS
    for (let i = 0; i < HASH_WORDS; i++) tableWords[to + i] = words[from + i]!
    to += HASH_WORDS
  }
  return to << 2
}

/** Payload of a branch without a value. */
function branchBytes(words: Int32Array, node: number): number {
  let payload = 1
  for (let i = node + CHILDREN; i < node + CHILDREN + SLOTS; i++) {
    const slot = words[i]!
    if (slot === 0) payload += 1
    else if (slot < 0) payload += 1 + HASH_BYTES
    else {
      const length = (words[slot]! >> REFERENCE_LENGTH_SHIFT) & REFERENCE_LENGTH_MASK
      payload += length === HASH_BYTES ? 1 + HASH_BYTES : length
    }
  }
  return payload
}

/** @returns where the next table begins */
function writeTable(words: Int32Array, node: number, table: number): number {
  let to = (table + SLOTS) >> 2
  for (let slot = 0; slot < SLOTS; slot++) {
    const child = words[node + CHILDREN + slot]!
    if (child === 0) {
      tables[table + slot] = 0
      continue
    }
    tables[table + slot] = child < 0 ? HASH_BYTES : (words[child]! >> REFERENCE_LENGTH_SHIFT) & REFERENCE_LENGTH_MASK
    const from = child < 0 ? -child : child + REFERENCE
    tableWords[to] = words[from]!
    tableWords[to + 1] = words[from + 1]!
    tableWords[to + 2] = words[from + 2]!
    tableWords[to + 3] = words[from + 3]!
    tableWords[to + 4] = words[from + 4]!
    tableWords[to + 5] = words[from + 5]!
    tableWords[to + 6] = words[from + 6]!
    tableWords[to + 7] = words[from + 7]!
    to += HASH_WORDS
  }
  return to << 2
}

/** Hands the nodes `first` to `end` of a height to the kernel, and takes what it answers. */
function flush(height: Height, first: number, end: number): void {
  if (first === end) return
  referTo(end - first)
  const { words } = arena
  let at = 0
  for (let i = first; i < end; i++) {
    const order = lengths[i - first]!
    const length = order & lengthBits
    const node = height.nodes[i]!
    const isKnown = length >= HASH_BYTES && (order & encodedOnly) !== 0
    if (!isKnown) {
      const from = (i - first) * HASH_WORDS
      arena.setReference(node, references, from, Math.min(length, HASH_BYTES))
      tellParent(height, i, references, from, length)
    }
    words[node + META]! |= HASHED
    if (onEncoded !== undefined) {
      words[node + META]! |= SAVED
      onEncoded(node, height.paths[i]!, input.subarray(at, at + length))
      at += nodeRoom(length)
    }
  }
}

/** Keeps the table of the branch above right, or takes it away when a child has no hash any more. */
function tellParent(height: Height, i: number, source: Int32Array, from: number, length: number): void {
  const parent = height.parents[i]!
  if (parent === 0) return
  const { words } = arena
  const table = words[parent + TABLE]!
  if (table === 0) return
  if (length < HASH_BYTES) {
    arena.freeTable(parent)
    return
  }
  const to = table + height.slots[i]! * HASH_WORDS
  for (let word = 0; word < HASH_WORDS; word++) words[to + word] = source[from + word]!
}

/** A node that the kernel has no room for. */
function settleAlone(height: Height, i: number, payload: number): void {
  const node = height.nodes[i]!
  const length = encodedBytes(payload)
  if (scratch.length < length) scratch = new Uint8Array(length)
  writeNode(arena, node, height.depths[i]!, payload, scratch, 0)
  const encoded = scratch.subarray(0, length)
  const hash = new Int32Array(keccak256(encoded).buffer)
  arena.setReference(node, hash, 0, HASH_BYTES)
  tellParent(height, i, hash, 0, HASH_BYTES)
  arena.words[node + META]! |= HASHED
  if (onEncoded === undefined) return
  arena.words[node + META]! |= SAVED
  onEncoded(node, height.paths[i]!, encoded)
}
