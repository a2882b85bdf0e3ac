/**
 * A Merkle-Patricia trie (Yellow Paper, appendix D) in memory over a store of nodes keyed by path. Nodes are changed in
 * place and hashed once, at `root()` or `commit()`, however often they changed. Clean nodes beyond the byte budget are
 * unloaded, the longest unvisited first, and come back through the reader.
 *
 * Paths are relative to this trie's own root: an owner of the sub-trie below some nibbles reads and stores under its prefix.
 */
import { bytesEqual, bytesText } from '../../protocols/bytes.ts'
import { hexConstant } from '../../protocols/hex.ts'
import { keccak256 } from '../../protocols/keccak256.ts'
import { err, ok, type Result } from '../../protocols/result.ts'
import {
  BRANCH,
  CHILD,
  CHILDREN,
  END,
  EXTENSION,
  HASH_BYTES,
  HASHED,
  KIND,
  LEAF,
  MARKS,
  MARKS_UNSAVED_SHIFT,
  META,
  NodeArena,
  nibbleAt,
  SAVED,
  STORED,
  USED,
  VALUE,
} from './node-arena.ts'
import { hashNodes, saveNodes } from './node-hasher.ts'
import { type DecodedNode, decodeNode, encodedBytes, payloadBytes, writeNode } from './node-rlp.ts'
import type { TrieError } from './trie-error.ts'

/** keccak256(0x80), the root of a trie without keys (Yellow Paper, appendix D). */
export const EMPTY_ROOT = hexConstant('56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421')

/** Nodes held before unloading begins, when the owner names no budget. */
const MEMORY_BYTES_DEFAULT = 64 * 1024 * 1024
/** Share of the budget that unloading goes down to, so that it is not needed again at once. */
const UNLOAD_TO_SHARE = 0.5
/** Operations that count as one age: fewer ages make unloading cheaper, more make it choose better. */
const OPERATIONS_PER_AGE = 256
/** Of a 32-byte key; longer keys grow the buffers. */
const SECURE_KEY_BYTES = 32

/** The stored encoding of the node at `path` (nibbles, one per byte; valid during the call only). */
export type NodeReader = (path: Uint8Array) => Uint8Array | undefined
/** `encoded` undefined: nothing stands at this path any more. */
export type ChangedNode = readonly [path: Uint8Array, encoded: Uint8Array | undefined]
export type TrieCommit = { readonly root: Uint8Array; readonly changed: readonly ChangedNode[] }

export type TrieOptions = {
  readonly read: NodeReader
  /** 32 bytes; absent for an empty trie. */
  readonly root?: Uint8Array
  readonly memoryBytesMax?: number
  /** Leading nibbles of every key that stand above this trie: its paths begin after them. */
  readonly nibblesAbove?: number
}

/** After an operation that answers MISSING_NODE the trie is as it was before it. */
export type Trie = {
  get(key: Uint8Array): Result<Uint8Array | undefined, TrieError>
  /** An empty value deletes. `value` may be kept: it is not to be changed afterwards. */
  insert(key: Uint8Array, value: Uint8Array): Result<void, TrieError>
  delete(key: Uint8Array): Result<void, TrieError>
  /** Root hash of what the trie now holds, 32 bytes. */
  root(): Uint8Array
  /**
   * Root and all nodes that changed since the last commit, each path once, for the store. Until the reader answers them they
   * must be kept where the reader looks (see `node-buffer.ts`): any clean node may be unloaded.
   */
  commit(): TrieCommit
  /** The encoded top node, as the reference of a parent is made from; undefined: an empty trie. */
  top(): Result<Uint8Array | undefined, TrieError>
  /** The stored nodes on the path to `key`, root first; for an absent key the nodes that prove its absence. */
  prove(key: Uint8Array): Result<readonly Uint8Array[], TrieError>
  /** Estimated bytes of the nodes in memory. */
  memoryBytes(): number
  /** Unloads clean nodes until about `bytes` are left. Dirty nodes stay, so commit before it. */
  unload(bytes: number): void
}

/** Thrown below the public functions only, so that the descent needs no Result per level. */
class MissingNode extends Error {
  readonly error: TrieError

  constructor(error: TrieError) {
    super(error.code)
    this.error = error
  }
}

const DONE = ok(undefined)

export function createTrie(options: TrieOptions): Trie {
  const { read, memoryBytesMax = MEMORY_BYTES_DEFAULT, nibblesAbove = 0 } = options
  const arena = new NodeArena()
  /** Hash of the whole, null while unknown. */
  let rootHash: Uint8Array | null = options.root?.slice() ?? EMPTY_ROOT
  let isTopLoaded = bytesEqual(rootHash, EMPTY_ROOT)
  /** 0: no keys, or not loaded. */
  let top = 0

  /** Of the operation under way, and its nibbles. */
  let key: Uint8Array = new Uint8Array(0)
  let length = 0
  /** The nodes from the top to the one being visited, without it. */
  let visited = new Int32Array(SECURE_KEY_BYTES * 2 + 1)
  let visitedCount = 0
  /** Of those that are branches: where the next one stands. */
  let visitedSlots = new Uint8Array(visited.length)
  /** Path of a node being loaded, two nibbles a byte. */
  let packed = new Uint8Array(SECURE_KEY_BYTES)
  let unloadAt = memoryBytesMax
  let age = 0
  let operationsOfAge = 0

  /** Paths at which a stored node stood that no node stands at now, by their latin-1 text. Only deletions fill it. */
  const vanished = new Map<string, Uint8Array>()

  function begin(next: Uint8Array): void {
    key = next
    length = next.length * 2
    visitedCount = 0
    if (visited.length <= length) {
      visited = new Int32Array(length * 2)
      visitedSlots = new Uint8Array(length * 2)
      packed = new Uint8Array(length)
    }
    if (++operationsOfAge === OPERATIONS_PER_AGE) {
      operationsOfAge = 0
      age++
    }
    if (arena.memoryBytes() > unloadAt) unload(memoryBytesMax * UNLOAD_TO_SHARE)
  }

  function refusal(thrown: unknown): { readonly ok: false; readonly error: TrieError } {
    if (thrown instanceof MissingNode) return err(thrown.error)
    throw thrown
  }

  // Loading

  function loadTop(): number {
    if (!isTopLoaded) {
      top = load(nibblesAbove, -1, rootHash!)
      isTopLoaded = true
    }
    return top
  }

  /** The node at the first `depth` nibbles of the key, with `slot` in the place of the last of them unless it is -1. */
  function load(depth: number, slot: number, reference: Uint8Array): number {
    const at = pathOfKey(depth)
    if (slot >= 0) at[at.length - 1] = slot
    const refuse = (reason: TrieError['reason']) =>
      new MissingNode({ code: 'MISSING_NODE', path: at, reference: reference.slice(), reason })
    const encoded = read(at)
    if (encoded === undefined) throw refuse('absent')
    if (!bytesEqual(keccak256(encoded), reference)) throw refuse('mismatch')
    const end = (depth + 1) >> 1
    for (let i = 0; i < end; i++) packed[i] = key[i] ?? 0
    if (slot >= 0) setNibble(depth - 1, slot)
    const node = take(encoded, reference, depth)
    if (node === 0) throw refuse('malformed')
    return node
  }

  /** Nibbles `nibblesAbove` to `depth` of the key, one a byte, the caller's. */
  function pathOfKey(depth: number): Uint8Array {
    const at = new Uint8Array(depth - nibblesAbove)
    for (let i = nibblesAbove; i < depth; i++) at[i - nibblesAbove] = nibbleAt(key, i)
    return at
  }

  function setNibble(at: number, nibble: number): void {
    const place = at >> 1
    if (place >= packed.length) {
      const longer = new Uint8Array(packed.length * 2)
      longer.set(packed)
      packed = longer
    }
    packed[place] = (at & 1) === 0 ? (nibble << 4) | (packed[place]! & 0x0f) : (packed[place]! & 0xf0) | nibble
  }

  /** A record of the encoded node that stands at the first `depth` nibbles of `packed`. @returns 0 if it is not a node */
  function take(encoded: Uint8Array, reference: Uint8Array, depth: number): number {
    const decoded = decodeNode(encoded)
    if (decoded === undefined) return 0
    const node = record(decoded, depth, reference.length === HASH_BYTES ? STORED : 0)
    if (node === 0) return 0
    arena.bytes.set(reference, arena.referenceStart(node))
    arena.setReferenceLength(node, reference.length)
    arena.words[node + META]! |= HASHED | SAVED
    return node
  }

  function record(decoded: DecodedNode, depth: number, stored: number): number {
    if (decoded.kind !== BRANCH) {
      const end = depth + decoded.path.length
      for (let i = 0; i < decoded.path.length; i++) setNibble(depth + i, decoded.path[i]!)
      if (decoded.kind === EXTENSION) {
        const child = takeReference(decoded.reference, end)
        if (child > 0 && (arena.words[child + META]! & KIND) !== BRANCH) {
          arena.freeBelow(child)
          return 0
        }
        return child === 0 ? 0 : arena.newExtension(packed, end, child, stored, age)
      }
      // A key is whole bytes.
      return (end & 1) === 1 ? 0 : arena.newLeaf(packed, end, decoded.value.slice(), stored, age)
    }
    const node = arena.newBranch(stored, age)
    if (decoded.value !== undefined) {
      const place = arena.newValue(decoded.value.slice())
      arena.words[node + VALUE] = place
    }
    for (let slot = 0; slot < 16; slot++) {
      const reference = decoded.references[slot]
      if (reference === undefined) continue
      setNibble(depth, slot)
      const child = takeReference(reference, depth + 1)
      if (child === 0) {
        arena.freeBelow(node)
        return 0
      }
      arena.words[node + CHILDREN + slot] = child
    }
    return node
  }

  /** What a slot holds for a reference: embedded nodes are taken at once. 0: malformed. */
  function takeReference(reference: Uint8Array, depth: number): number {
    return reference.length === HASH_BYTES ? arena.newReference(reference) : take(reference, reference, depth)
  }

  /** What stands in a slot of the branch at the first `depth` nibbles of the key, 0 for nothing. */
  function childOfBranch(node: number, slot: number, depth: number): number {
    const held = arena.words[node + CHILDREN + slot]!
    if (held >= 0) return held
    // The slot need not be the key's, so the path may go on beyond its end.
    const child = load(depth + 1, slot, arena.referenceAt(held).slice())
    arena.freeReference(held)
    arena.words[node + CHILDREN + slot] = child
    return child
  }

  function childOfExtension(node: number): number {
    const held = arena.words[node + CHILD]!
    if (held >= 0) return held
    const end = arena.words[node + END]!
    const reference = arena.referenceAt(held).slice()
    const child = load(end, -1, reference)
    if ((arena.words[child + META]! & KIND) !== BRANCH) {
      arena.freeBelow(child)
      throw new MissingNode({ code: 'MISSING_NODE', path: pathOfKey(end), reference, reason: 'malformed' })
    }
    arena.freeReference(held)
    arena.words[node + CHILD] = child
    return child
  }

  // Changing

  /** The node and all above it are neither hashed nor saved any more. */
  function touch(node: number): void {
    const { words } = arena
    words[node + META]! &= ~(HASHED | SAVED)
    for (let i = visitedCount - 1; i >= 0; i--) {
      const above = visited[i]!
      if ((words[above + META]! & KIND) === BRANCH)
        words[above + MARKS]! |= (1 | (1 << MARKS_UNSAVED_SHIFT)) << visitedSlots[i]!
      if ((words[above + META]! & (HASHED | SAVED)) === 0) break
      words[above + META]! &= ~(HASHED | SAVED)
    }
    rootHash = null
  }

  /** Puts `node` where the node being visited stands, below the last one visited. */
  function replace(node: number, depth: number): void {
    if (visitedCount === 0) {
      top = node
      return
    }
    const above = visited[visitedCount - 1]!
    const { words } = arena
    if ((words[above + META]! & KIND) === BRANCH) words[above + CHILDREN + nibbleAt(key, depth - 1)] = node
    else words[above + CHILD] = node
  }

  function setStored(node: number, stored: number): void {
    arena.words[node + META] = (arena.words[node + META]! & ~STORED) | stored
  }

  /** Where the path of a short node at `depth` and the key part: at most the end of either. */
  function sharedEnd(node: number, depth: number): number {
    const source = arena.pathSource(node)
    const start = arena.pathStart(node)
    const end = Math.min(arena.words[node + END]!, length)
    let at = depth >> 1
    // Above this trie's own nibbles nothing is compared.
    let mask = (depth & 1) === 0 ? 0xff : 0x0f
    for (; 2 * at < end; at++) {
      const difference = (source[start + at]! ^ key[at]!) & mask
      if (difference !== 0) return Math.min(end, 2 * at + (difference < 0x10 ? 1 : 0))
      mask = 0xff
    }
    return end
  }

  function put(value: Uint8Array): void {
    let node = loadTop()
    if (node === 0) {
      top = arena.newLeaf(key, length, value, vanished.delete('') ? STORED : 0, age)
      rootHash = null
      return
    }
    let depth = nibblesAbove
    for (;;) {
      const { words } = arena
      words[node + USED] = age
      const kind = words[node + META]! & KIND
      if (kind === BRANCH) {
        if (depth === length) {
          setBranchValue(node, value)
          return
        }
        const slot = nibbleAt(key, depth)
        const child = childOfBranch(node, slot, depth)
        if (child === 0) {
          const leaf = arena.newLeaf(key, length, value, 0, age)
          arena.setChild(node, slot, leaf)
          touch(node)
          return
        }
        visitedSlots[visitedCount] = slot
        visited[visitedCount++] = node
        node = child
        depth++
        continue
      }
      const shared = sharedEnd(node, depth)
      if (shared < words[node + END]!) {
        fork(node, depth, shared, value)
        return
      }
      if (kind === EXTENSION) {
        visited[visitedCount++] = node
        node = childOfExtension(node)
        depth = shared
        continue
      }
      if (shared === length) setLeafValue(node, depth, value)
      else fork(node, depth, shared, value)
      return
    }
  }

  function setBranchValue(node: number, value: Uint8Array): void {
    if (arena.hasValue(node, value)) return
    const { words } = arena
    arena.freeValue(words[node + VALUE]!)
    words[node + VALUE] = arena.newValue(value)
    touch(node)
  }

  function setLeafValue(node: number, depth: number, value: Uint8Array): void {
    if (arena.hasValue(node, value)) return
    const leaf = arena.setLeafValue(node, value)
    if (leaf !== node) replace(leaf, depth)
    touch(leaf)
  }

  /** Puts a branch at `shared` of the path of a short node, with the new value beside what was there. */
  function fork(node: number, depth: number, shared: number, value: Uint8Array): void {
    const stored = arena.words[node + META]! & STORED
    const branch = arena.newBranch(shared === depth ? stored : 0, age)
    if (shared === length) {
      const place = arena.newValue(value)
      arena.words[branch + VALUE] = place
    } else {
      const leaf = arena.newLeaf(key, length, value, 0, age)
      arena.setChild(branch, nibbleAt(key, shared), leaf)
    }
    const { words } = arena
    const end = words[node + END]!
    const slot = shared === end ? -1 : arena.pathNibble(node, shared)
    if (slot === -1) {
      words[branch + VALUE] = arena.newValue(arena.value(node)!)
      arena.freeNode(node)
    } else if ((words[node + META]! & KIND) === EXTENSION && end === shared + 1) {
      arena.setChild(branch, slot, words[node + CHILD]!)
      arena.freeNode(node)
    } else {
      words[node + META]! &= ~(HASHED | SAVED | STORED)
      arena.setChild(branch, slot, node)
    }
    const upper = shared === depth ? branch : arena.newExtension(key, shared, branch, stored, age)
    replace(upper, depth)
    touch(upper)
  }

  function remove(next: Uint8Array): Result<void, TrieError> {
    begin(next)
    try {
      const node = loadTop()
      if (node !== 0) removeBelow(node)
      return DONE
    } catch (thrown) {
      return refusal(thrown)
    }
  }

  function removeBelow(from: number): void {
    let node = from
    let depth = nibblesAbove
    for (;;) {
      const { words } = arena
      words[node + USED] = age
      const kind = words[node + META]! & KIND
      if (kind === BRANCH) {
        if (depth === length) {
          if (words[node + VALUE] !== 0) removeEntry(node, -1, depth)
          return
        }
        const slot = nibbleAt(key, depth)
        const child = childOfBranch(node, slot, depth)
        if (child === 0) return
        visitedSlots[visitedCount] = slot
        visited[visitedCount++] = node
        node = child
        depth++
        continue
      }
      const end = words[node + END]!
      if (sharedEnd(node, depth) !== end) return
      if (kind === EXTENSION) {
        visited[visitedCount++] = node
        node = childOfExtension(node)
        depth = end
        continue
      }
      if (end === length) removeLeaf(node, depth)
      return
    }
  }

  function removeLeaf(leaf: number, depth: number): void {
    if (visitedCount === 0) {
      vanish(leaf, depth)
      arena.freeNode(leaf)
      top = 0
      rootHash = null
      return
    }
    // Above a leaf stands a branch: an extension leads to one.
    const branch = visited[--visitedCount]!
    removeEntry(branch, nibbleAt(key, depth - 1), depth - 1)
  }

  /** Notes that no node stands any more at the first `depth` nibbles of the key, where this one was. */
  function vanish(node: number, depth: number, slot = -1): void {
    if ((arena.words[node + META]! & STORED) === 0) return
    const at = pathOfKey(depth)
    if (slot >= 0) at[at.length - 1] = slot
    vanished.set(bytesText(at), at)
  }

  /** Takes the leaf in `slot` (-1: the value) from the branch: it stays a branch, or what is left of it moves up. */
  function removeEntry(branch: number, slot: number, depth: number): void {
    let left = arena.words[branch + VALUE] !== 0 && slot !== -1 ? 1 : 0
    let last = -1
    for (let i = 0; i < 16; i++) {
      if (i === slot || arena.words[branch + CHILDREN + i] === 0) continue
      left++
      last = i
    }
    if (left === 0) throw new Error('a branch with a single key')
    // Loaded before anything is changed: if it is missing, the trie stays as it was.
    const sibling = left === 1 && last !== -1 ? childOfBranch(branch, last, depth) : 0
    const { words } = arena
    if (slot === -1) {
      arena.freeValue(words[branch + VALUE]!)
      words[branch + VALUE] = 0
    } else {
      const leaf = words[branch + CHILDREN + slot]!
      vanish(leaf, depth + 1)
      arena.freeNode(leaf)
      words[branch + CHILDREN + slot] = 0
    }
    if (left > 1) {
      touch(branch)
      return
    }
    const stored = words[branch + META]! & STORED
    if (sibling === 0) {
      const value = arena.value(branch)!
      arena.freeNode(branch)
      lift(arena.newLeaf(key, depth, value, stored, age), depth)
      return
    }
    words[sibling + USED] = age
    arena.freeNode(branch)
    if ((words[sibling + META]! & KIND) === BRANCH) {
      // The key may end here.
      const path = new Uint8Array((depth + 2) >> 1)
      path.set(key.subarray(0, path.length))
      const byte = depth >> 1
      path[byte] = (depth & 1) === 0 ? last << 4 : (path[byte]! & 0xf0) | last
      lift(arena.newExtension(path, depth + 1, sibling, stored, age), depth)
      return
    }
    vanish(sibling, depth + 1, last)
    setStored(sibling, stored)
    lift(sibling, depth)
  }

  /** Puts a short node where a branch stood: an extension that led to the branch is part of its path already. */
  function lift(node: number, depth: number): void {
    let at = depth
    const above = visitedCount === 0 ? 0 : visited[visitedCount - 1]!
    if (above !== 0 && (arena.words[above + META]! & KIND) === EXTENSION) {
      vanish(node, depth)
      setStored(node, arena.words[above + META]! & STORED)
      visitedCount--
      at = depthBelowVisited()
      arena.freeNode(above)
    }
    replace(node, at)
    touch(node)
  }

  function depthBelowVisited(): number {
    let depth = nibblesAbove
    for (let i = 0; i < visitedCount; i++) {
      const node = visited[i]!
      depth = (arena.words[node + META]! & KIND) === BRANCH ? depth + 1 : arena.words[node + END]!
    }
    return depth
  }

  // Hashing

  function encoded(node: number, depth: number): Uint8Array {
    const payload = payloadBytes(arena, node, depth)
    const out = new Uint8Array(encodedBytes(payload))
    writeNode(arena, node, depth, payload, out, 0)
    return out
  }

  function root(): Uint8Array {
    if (rootHash === null) {
      if (top !== 0) hashNodes(arena, top, nibblesAbove)
      rootHash = topHash()
    }
    return rootHash
  }

  /** The top is hashed whatever its size. */
  function topHash(): Uint8Array {
    if (top === 0) return EMPTY_ROOT
    const reference = arena.reference(top)
    return reference.length === HASH_BYTES ? reference.slice() : keccak256(reference)
  }

  // Unloading

  function unload(bytes: number): void {
    const excess = arena.memoryBytes() - bytes
    if (top !== 0 && excess > 0) {
      const bytesOfAge = new Map<number, number>()
      countClean(top, bytesOfAge)
      let left = excess
      let oldestKept = Number.NEGATIVE_INFINITY
      for (const used of [...bytesOfAge.keys()].sort((a, b) => a - b)) {
        if (left <= 0) break
        left -= bytesOfAge.get(used)!
        oldestKept = used + 1
      }
      unloadBelow(top, oldestKept)
      top = arena.compact(top)
    }
    // Dirty nodes cannot go: no new attempt before something worth it has come in.
    unloadAt = Math.max(memoryBytesMax, arena.memoryBytes() * 1.25)
  }

  function countClean(node: number, bytesOfAge: Map<number, number>): void {
    const { words } = arena
    const meta = words[node + META]!
    if ((meta & SAVED) !== 0 && node !== top) {
      const used = words[node + USED]!
      bytesOfAge.set(used, (bytesOfAge.get(used) ?? 0) + arena.nodeBytes(node))
    }
    if ((meta & KIND) === LEAF) return
    const isBranch = (meta & KIND) === BRANCH
    const end = node + (isBranch ? CHILDREN + 16 : CHILD + 1)
    for (let i = node + (isBranch ? CHILDREN : CHILD); i < end; i++)
      if (words[i]! > 0) countClean(words[i]!, bytesOfAge)
  }

  function unloadBelow(node: number, oldestKept: number): void {
    const kind = arena.words[node + META]! & KIND
    if (kind === LEAF) return
    const isBranch = kind === BRANCH
    const end = node + (isBranch ? CHILDREN + 16 : CHILD + 1)
    for (let i = node + (isBranch ? CHILDREN : CHILD); i < end; i++) {
      const child = arena.words[i]!
      if (child <= 0) continue
      const isOld = (arena.words[child + META]! & SAVED) !== 0 && arena.words[child + USED]! < oldestKept
      // An embedded node has no other place than its parent.
      if (isOld && arena.referenceLength(child) === HASH_BYTES) {
        const reference = arena.unload(child)
        arena.words[i] = reference
      } else unloadBelow(child, oldestKept)
    }
  }

  return {
    get(next) {
      begin(next)
      try {
        let node = loadTop()
        let depth = nibblesAbove
        while (node !== 0) {
          const { words } = arena
          words[node + USED] = age
          const kind = words[node + META]! & KIND
          if (kind === BRANCH) {
            if (depth === length) return ok(arena.value(node))
            node = childOfBranch(node, nibbleAt(key, depth), depth)
            depth++
            continue
          }
          const end = words[node + END]!
          if (sharedEnd(node, depth) !== end) return DONE
          if (kind === LEAF) return end === length ? ok(arena.value(node)) : DONE
          node = childOfExtension(node)
          depth = end
        }
        return DONE
      } catch (thrown) {
        return refusal(thrown)
      }
    },
    insert(next, value) {
      if (value.length === 0) return remove(next)
      begin(next)
      try {
        put(value)
        return DONE
      } catch (thrown) {
        return refusal(thrown)
      }
    },
    delete: remove,
    root,
    commit() {
      const changed: ChangedNode[] = []
      if (top !== 0 && (arena.words[top + META]! & SAVED) === 0) {
        saveNodes(arena, top, nibblesAbove, (node, path, encoding) => {
          if (encoding.length >= HASH_BYTES || path.length === 0) {
            changed.push([path, encoding.slice()])
            if (vanished.size > 0) vanished.delete(bytesText(path))
            setStored(node, STORED)
          } else if ((arena.words[node + META]! & STORED) !== 0) {
            changed.push([path, undefined])
            setStored(node, 0)
          }
        })
        rootHash ??= topHash()
      }
      for (const at of vanished.values()) changed.push([at, undefined])
      vanished.clear()
      const committed = { root: root(), changed }
      age++
      if (arena.memoryBytes() > unloadAt) unload(memoryBytesMax * UNLOAD_TO_SHARE)
      return committed
    },
    top() {
      root()
      try {
        const node = loadTop()
        return ok(node === 0 ? undefined : encoded(node, nibblesAbove))
      } catch (thrown) {
        return refusal(thrown)
      }
    },
    prove(next) {
      root()
      begin(next)
      const proof: Uint8Array[] = []
      try {
        let node = loadTop()
        let depth = nibblesAbove
        while (node !== 0) {
          arena.words[node + USED] = age
          if (arena.referenceLength(node) === HASH_BYTES || depth === nibblesAbove) proof.push(encoded(node, depth))
          const kind = arena.words[node + META]! & KIND
          if (kind === BRANCH) {
            if (depth === length) break
            node = childOfBranch(node, nibbleAt(key, depth), depth)
            depth++
            continue
          }
          const end = arena.words[node + END]!
          if (kind === LEAF || sharedEnd(node, depth) !== end) break
          node = childOfExtension(node)
          depth = end
        }
        return ok(proof)
      } catch (thrown) {
        return refusal(thrown)
      }
    },
    memoryBytes: () => arena.memoryBytes(),
    unload,
  }
}
