/**
 * A Merkle-Patricia trie (Yellow Paper, appendix D) in memory over a store of nodes keyed by path. Nodes are changed in
 * place and hashed once, at `root()` or `commit()`, however often they changed. Clean nodes beyond the byte budget are
 * unloaded, the longest unvisited first, and come back through the reader.
 *
 * Paths are relative to this trie's own root: an owner of the sub-trie below some nibbles reads and stores under its prefix.
 */
import { bytesEqual } from '../../protocols/bytes.ts'
import { hexConstant } from '../../protocols/hex.ts'
import { keccak256 } from '../../protocols/keccak256.ts'
import { err, ok, type Result } from '../../protocols/result.ts'
import { writeNibbles } from './hex-prefix.ts'
import {
  BRANCH,
  BRANCH_LENGTHS_AT,
  type Branch,
  branchReference,
  EXTENSION,
  type Extension,
  HASH_BYTES,
  isOccupied,
  LEAF,
  newBranch,
  newExtension,
  newLeaf,
  nodeBytes,
  referenceLength,
  type TrieNode,
} from './node.ts'
import { decodeNode, encodedBytes, writeNode } from './node-rlp.ts'
import type { TrieError } from './trie-error.ts'

/** keccak256(0x80), the root of a trie without keys (Yellow Paper, appendix D). */
export const EMPTY_ROOT = hexConstant('56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421')

/** Nodes held before unloading begins, when the owner names no budget. */
const MEMORY_BYTES_DEFAULT = 64 * 1024 * 1024
/** Share of the budget that unloading goes down to, so that it is not needed again at once. */
const UNLOAD_TO_SHARE = 0.5
/** Operations that count as one age: fewer ages make unloading cheaper, more make it choose better. */
const OPERATIONS_PER_AGE = 256
/** Nibbles of a 32-byte key; longer keys grow the buffers. */
const SECURE_PATH_NIBBLES = 64

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
  readonly hash?: (bytes: Uint8Array) => Uint8Array
}

/** After an operation that answers MISSING_NODE the trie is as it was before it. */
export type Trie = {
  get(key: Uint8Array): Result<Uint8Array | undefined, TrieError>
  /** An empty value deletes. `value` is kept: it is not to be changed afterwards. */
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
  const { read, hash = keccak256, memoryBytesMax = MEMORY_BYTES_DEFAULT, nibblesAbove = 0 } = options
  /** Hash of the whole, null while unknown. */
  let rootHash: Uint8Array | null = options.root?.slice() ?? EMPTY_ROOT
  let isTopLoaded = bytesEqual(rootHash, EMPTY_ROOT)
  let top: TrieNode | null = null
  const topReference = new Uint8Array(HASH_BYTES)

  /** The key of the operation under way, as nibbles; its first `depth` are the path of the node being visited. */
  let nibbles = new Uint8Array(SECURE_PATH_NIBBLES + 1)
  let length = 0
  let isChanged = false
  let memory = 0
  let unloadAt = memoryBytesMax
  let age = 0
  let operationsOfAge = 0

  /** Paths at which a stored node stood that no node stands at now, by their latin-1 text. Only deletions fill it. */
  const vanished = new Map<string, Uint8Array>()
  const vanishing: Uint8Array[] = []

  let scratch = new Uint8Array(1024)
  let path = new Uint8Array(SECURE_PATH_NIBBLES + 1)
  let changed: ChangedNode[] = []

  function begin(key: Uint8Array): void {
    if (nibbles.length < key.length * 2 + 1) {
      nibbles = new Uint8Array(key.length * 2 + 1)
      path = new Uint8Array(key.length * 2 + 1)
    }
    length = writeNibbles(key, nibbles) - nibblesAbove
    if (nibblesAbove > 0) nibbles.copyWithin(0, nibblesAbove, nibblesAbove + length)
    isChanged = false
    if (++operationsOfAge === OPERATIONS_PER_AGE) {
      operationsOfAge = 0
      age++
    }
    if (memory > unloadAt) unload(memoryBytesMax * UNLOAD_TO_SHARE)
  }

  function refusal(thrown: unknown): { readonly ok: false; readonly error: TrieError } {
    vanishing.length = 0
    if (thrown instanceof MissingNode) return err(thrown.error)
    throw thrown
  }

  // Loading

  function load(at: Uint8Array, reference: Uint8Array): TrieNode {
    const isHash = reference.length === HASH_BYTES
    const encoded = isHash ? read(at) : reference
    const refuse = (reason: TrieError['reason']) =>
      new MissingNode({ code: 'MISSING_NODE', path: at.slice(), reference: reference.slice(), reason })
    if (encoded === undefined) throw refuse('absent')
    if (isHash && !bytesEqual(hash(encoded), reference)) throw refuse('mismatch')
    const node = decodeNode(encoded, isHash, age)
    if (node === undefined) throw refuse('malformed')
    memory += nodeBytes(node)
    return node
  }

  function loadTop(): TrieNode | null {
    if (!isTopLoaded) {
      top = load(nibbles.subarray(0, 0), rootHash!)
      isTopLoaded = true
    }
    return top
  }

  /** The branch's path is the first `depth` of `nibbles`, but the slot need not be the next of them. */
  function childOfBranch(node: Branch, slot: number, depth: number): TrieNode | null {
    const present = node.children[slot]!
    if (present !== null || referenceLength(node, slot) === 0) return present
    const at = nibbles.slice(0, depth + 1)
    at[depth] = slot
    const child = load(at, branchReference(node, slot))
    node.children[slot] = child
    return child
  }

  function childOfExtension(node: Extension, depth: number): Branch {
    if (node.child !== null) return node.child
    const at = nibbles.slice(0, depth + node.key.length)
    at.set(node.key, depth)
    const reference = node.reference.subarray(0, node.referenceLength)
    const child = load(at, reference)
    if (child.kind !== BRANCH) {
      memory -= nodeBytes(child)
      throw new MissingNode({ code: 'MISSING_NODE', path: at, reference: reference.slice(), reason: 'malformed' })
    }
    node.child = child
    return child
  }

  // Changing

  function touch(node: TrieNode): void {
    isChanged = true
    node.hashed = false
    node.saved = false
  }

  /** Counts the node as in memory. */
  function added<N extends TrieNode>(node: N): N {
    memory += nodeBytes(node)
    isChanged = true
    return node
  }

  function removed(node: TrieNode): void {
    memory -= nodeBytes(node)
    isChanged = true
  }

  /** How many nibbles from `depth` on the node's key shares with the key of the operation. */
  function sharedNibbles(key: Uint8Array, depth: number): number {
    const end = Math.min(key.length, length - depth)
    let shared = 0
    while (shared < end && key[shared] === nibbles[depth + shared]) shared++
    return shared
  }

  /** @returns what stands at this path afterwards. */
  function insertAt(node: TrieNode, depth: number, value: Uint8Array): TrieNode {
    node.used = age
    switch (node.kind) {
      case LEAF: {
        const shared = sharedNibbles(node.key, depth)
        if (shared === node.key.length && depth + shared === length) {
          if (bytesEqual(node.value, value)) return node
          memory += value.length - node.value.length
          node.value = value
          touch(node)
          return node
        }
        const branch = newBranch(false, age)
        if (shared === node.key.length) branch.value = node.value
        else branch.children[node.key[shared]!] = added(newLeaf(node.key.slice(shared + 1), node.value, false, age))
        return fork(node, node.key, branch, shared, depth, value)
      }
      case EXTENSION: {
        const shared = sharedNibbles(node.key, depth)
        if (shared === node.key.length) {
          const next = insertAt(childOfExtension(node, depth), depth + shared, value)
          if (!isChanged) return node
          node.child = next as Branch // an insertion leaves a branch a branch
          touch(node)
          return node
        }
        const branch = newBranch(false, age)
        const slot = node.key[shared]!
        const rest = node.key.slice(shared + 1)
        if (rest.length === 0) {
          branch.children[slot] = node.child
          branch.references.set(node.reference, slot * HASH_BYTES)
          branch.references[BRANCH_LENGTHS_AT + slot] = node.referenceLength
        } else {
          const extension = added(newExtension(rest, node.child, false, age))
          extension.reference.set(node.reference)
          extension.referenceLength = node.referenceLength
          branch.children[slot] = extension
        }
        return fork(node, node.key, branch, shared, depth, value)
      }
      case BRANCH: {
        if (depth === length) {
          if (node.value !== undefined && bytesEqual(node.value, value)) return node
          memory -= nodeBytes(node)
          node.value = value
          memory += nodeBytes(node)
          touch(node)
          return node
        }
        const slot = nibbles[depth]!
        const child = childOfBranch(node, slot, depth)
        if (child === null) {
          node.children[slot] = added(newLeaf(nibbles.slice(depth + 1, length), value, false, age))
          touch(node)
          return node
        }
        const next = insertAt(child, depth + 1, value)
        if (!isChanged) return node
        node.children[slot] = next
        touch(node)
        return node
      }
    }
  }

  /** Puts the new value beside what `branch` has of `old`, and the nibbles they share above it. */
  function fork(
    old: TrieNode,
    key: Uint8Array,
    branch: Branch,
    shared: number,
    depth: number,
    value: Uint8Array,
  ): TrieNode {
    const at = depth + shared
    if (at === length) branch.value = value
    else branch.children[nibbles[at]!] = added(newLeaf(nibbles.slice(at + 1, length), value, false, age))
    removed(old)
    added(branch)
    if (shared === 0) {
      branch.stored = old.stored
      return branch
    }
    return added(newExtension(key.slice(0, shared), branch, old.stored, age))
  }

  /** @returns what stands at this path afterwards, null for nothing. */
  function deleteAt(node: TrieNode, depth: number): TrieNode | null {
    node.used = age
    switch (node.kind) {
      case LEAF: {
        if (depth + node.key.length !== length || sharedNibbles(node.key, depth) !== node.key.length) return node
        if (node.stored) vanishing.push(nibbles.slice(0, depth))
        removed(node)
        return null
      }
      case EXTENSION: {
        if (sharedNibbles(node.key, depth) !== node.key.length) return node
        const below = depth + node.key.length
        const next = deleteAt(childOfExtension(node, depth), below)
        if (!isChanged) return node
        if (next === null) throw new Error('a branch lost all its keys at once')
        if (next.kind === BRANCH) {
          node.child = next
          touch(node)
          return node
        }
        if (next.stored) vanishing.push(nibbles.slice(0, below))
        removed(node)
        return lengthened(node.key, next, node.stored)
      }
      case BRANCH: {
        if (depth === length) {
          if (node.value === undefined) return node
          return withoutEntry(node, -1, depth)
        }
        const slot = nibbles[depth]!
        const child = childOfBranch(node, slot, depth)
        if (child === null) return node
        const next = deleteAt(child, depth + 1)
        if (!isChanged) return node
        if (next === null) return withoutEntry(node, slot, depth)
        node.children[slot] = next
        touch(node)
        return node
      }
    }
  }

  /** The branch without the key in `slot` (-1: without its value): still a branch, or what is left merged upward. */
  function withoutEntry(node: Branch, slot: number, depth: number): TrieNode {
    let left = node.value !== undefined && slot !== -1 ? 1 : 0
    let last = -1
    for (let i = 0; i < 16; i++) {
      if (i === slot || !isOccupied(node, i)) continue
      left++
      last = i
    }
    if (left === 0) throw new Error('a branch with a single key')
    if (left > 1) {
      if (slot === -1) {
        memory -= nodeBytes(node)
        node.value = undefined
        memory += nodeBytes(node)
      } else {
        node.children[slot] = null
        node.references[BRANCH_LENGTHS_AT + slot] = 0
      }
      touch(node)
      return node
    }
    if (last === -1) {
      removed(node)
      return added(newLeaf(new Uint8Array(0), node.value!, node.stored, age))
    }
    // Loaded before anything above the deleted leaf is changed: if it is missing, the trie stays as it was.
    const sibling = childOfBranch(node, last, depth)!
    sibling.used = age
    removed(node)
    if (sibling.kind !== BRANCH) {
      if (sibling.stored) {
        const at = nibbles.slice(0, depth + 1)
        at[depth] = last
        vanishing.push(at)
      }
      return lengthened(Uint8Array.of(last), sibling, node.stored)
    }
    const extension = added(newExtension(Uint8Array.of(last), sibling, node.stored, age))
    extension.reference.set(node.references.subarray(last * HASH_BYTES, (last + 1) * HASH_BYTES))
    extension.referenceLength = referenceLength(node, last)
    return extension
  }

  /** The short node with `prefix` before its key. */
  function lengthened(prefix: Uint8Array, node: Exclude<TrieNode, Branch>, stored: boolean): TrieNode {
    const key = new Uint8Array(prefix.length + node.key.length)
    key.set(prefix)
    key.set(node.key, prefix.length)
    removed(node)
    if (node.kind === LEAF) return added(newLeaf(key, node.value, stored, age))
    const extension = added(newExtension(key, node.child, stored, age))
    extension.reference.set(node.reference)
    extension.referenceLength = node.referenceLength
    return extension
  }

  function remove(key: Uint8Array): Result<void, TrieError> {
    begin(key)
    const before = memory
    try {
      const node = loadTop()
      if (node === null) return DONE
      const next = deleteAt(node, 0)
      if (!isChanged) return DONE
      top = next
      rootHash = null
      for (const at of vanishing) vanished.set(pathText(at), at)
      vanishing.length = 0
      return DONE
    } catch (thrown) {
      if (isChanged) memory = before // the leaf that was counted out stays after all; what was loaded is small
      return refusal(thrown)
    }
  }

  // Hashing

  function encode(node: TrieNode): number {
    if (node.kind !== BRANCH || node.value !== undefined) {
      const bytes = encodedBytes(node)
      if (bytes > scratch.length) scratch = new Uint8Array(bytes * 2)
    }
    return writeNode(node, scratch)
  }

  /** Writes the reference of the node just encoded, and says its length. */
  function refer(bytes: number, target: Uint8Array, at: number): number {
    if (bytes < HASH_BYTES) {
      for (let i = 0; i < bytes; i++) target[at + i] = scratch[i]!
      return bytes
    }
    target.set(hash(scratch.subarray(0, bytes)), at)
    return HASH_BYTES
  }

  function settle(node: TrieNode, target: Uint8Array, at: number): number {
    if (node.kind === BRANCH) {
      const { children, references } = node
      for (let slot = 0; slot < 16; slot++) {
        const child = children[slot]!
        if (child === null || child.hashed) continue
        references[BRANCH_LENGTHS_AT + slot] = settle(child, references, slot * HASH_BYTES)
      }
    } else if (node.kind === EXTENSION && node.child !== null && !node.child.hashed) {
      node.referenceLength = settle(node.child, node.reference, 0)
    }
    node.hashed = true
    return refer(encode(node), target, at)
  }

  function save(node: TrieNode, target: Uint8Array, at: number, depth: number): number {
    if (node.kind === BRANCH) {
      const { children, references } = node
      for (let slot = 0; slot < 16; slot++) {
        const child = children[slot]!
        if (child === null || child.saved) continue
        path[depth] = slot
        references[BRANCH_LENGTHS_AT + slot] = save(child, references, slot * HASH_BYTES, depth + 1)
      }
    } else if (node.kind === EXTENSION && node.child !== null && !node.child.saved) {
      path.set(node.key, depth)
      node.referenceLength = save(node.child, node.reference, 0, depth + node.key.length)
    }
    const bytes = encode(node)
    if (bytes >= HASH_BYTES || depth === 0) {
      const here = path.slice(0, depth)
      changed.push([here, scratch.slice(0, bytes)])
      if (vanished.size > 0) vanished.delete(pathText(here))
      node.stored = true
    } else if (node.stored) {
      changed.push([path.slice(0, depth), undefined])
      node.stored = false
    }
    const isKnown = node.hashed && bytes >= HASH_BYTES
    node.hashed = true
    node.saved = true
    return isKnown ? HASH_BYTES : refer(bytes, target, at)
  }

  /** Of a top whose encoding is in `scratch`: the root is hashed whatever its size. */
  const hashOfTop = (bytes: number): Uint8Array =>
    bytes === HASH_BYTES ? topReference.slice() : hash(scratch.subarray(0, bytes))

  function root(): Uint8Array {
    rootHash ??= top === null ? EMPTY_ROOT : hashOfTop(settle(top, topReference, 0))
    return rootHash
  }

  // Unloading

  function unload(bytes: number): void {
    if (top === null) {
      if (isTopLoaded) memory = 0
    } else if (memory > bytes) {
      const bytesOfAge = new Map<number, number>()
      countClean(top, bytesOfAge)
      let excess = memory - bytes
      let oldestKept = Number.NEGATIVE_INFINITY
      for (const used of [...bytesOfAge.keys()].sort((a, b) => a - b)) {
        if (excess <= 0) break
        excess -= bytesOfAge.get(used)!
        oldestKept = used + 1
      }
      memory = unloadBelow(top, oldestKept)
    }
    // Dirty nodes cannot go: no new attempt before something worth it has come in.
    unloadAt = Math.max(memoryBytesMax, memory * 1.25)
  }

  function countClean(node: TrieNode, bytesOfAge: Map<number, number>): void {
    if (node.saved && node !== top) bytesOfAge.set(node.used, (bytesOfAge.get(node.used) ?? 0) + nodeBytes(node))
    if (node.kind === EXTENSION && node.child !== null) countClean(node.child, bytesOfAge)
    if (node.kind !== BRANCH) return
    for (const child of node.children) if (child !== null) countClean(child, bytesOfAge)
  }

  /** @returns bytes of what stays from this node down. */
  function unloadBelow(node: TrieNode, oldestKept: number): number {
    let bytes = nodeBytes(node)
    if (node.kind === EXTENSION && node.child !== null) {
      if (node.child.saved && node.child.used < oldestKept) node.child = null
      else bytes += unloadBelow(node.child, oldestKept)
    } else if (node.kind === BRANCH) {
      for (let slot = 0; slot < 16; slot++) {
        const child = node.children[slot]!
        if (child === null) continue
        if (child.saved && child.used < oldestKept) node.children[slot] = null
        else bytes += unloadBelow(child, oldestKept)
      }
    }
    return bytes
  }

  return {
    get(key) {
      begin(key)
      try {
        let node = loadTop()
        let depth = 0
        while (node !== null) {
          node.used = age
          if (node.kind === BRANCH) {
            if (depth === length) return ok(node.value)
            node = childOfBranch(node, nibbles[depth]!, depth)
            depth++
            continue
          }
          if (sharedNibbles(node.key, depth) !== node.key.length) return DONE
          if (node.kind === LEAF) return depth + node.key.length === length ? ok(node.value) : DONE
          const child = childOfExtension(node, depth)
          depth += node.key.length
          node = child
        }
        return DONE
      } catch (thrown) {
        return refusal(thrown)
      }
    },
    insert(key, value) {
      if (value.length === 0) return remove(key)
      begin(key)
      try {
        const node = loadTop()
        top =
          node === null
            ? added(newLeaf(nibbles.slice(0, length), value, vanished.delete(''), age))
            : insertAt(node, 0, value)
        if (isChanged) rootHash = null
        return DONE
      } catch (thrown) {
        return refusal(thrown)
      }
    },
    delete: remove,
    root,
    commit() {
      changed = []
      if (top !== null && !top.saved) {
        const bytes = save(top, topReference, 0, 0)
        rootHash ??= hashOfTop(bytes)
      }
      for (const at of vanished.values()) changed.push([at, undefined])
      vanished.clear()
      const committed = { root: root(), changed }
      changed = []
      age++
      if (memory > unloadAt) unload(memoryBytesMax * UNLOAD_TO_SHARE)
      return committed
    },
    top() {
      root()
      try {
        const node = loadTop()
        return ok(node === null ? undefined : scratch.slice(0, encode(node)))
      } catch (thrown) {
        return refusal(thrown)
      }
    },
    prove(key) {
      root()
      begin(key)
      const proof: Uint8Array[] = []
      try {
        let node = loadTop()
        let depth = 0
        while (node !== null) {
          node.used = age
          const bytes = encode(node)
          if (bytes >= HASH_BYTES || depth === 0) proof.push(scratch.slice(0, bytes))
          if (node.kind === BRANCH) {
            if (depth === length) break
            node = childOfBranch(node, nibbles[depth]!, depth)
            depth++
            continue
          }
          if (node.kind === LEAF || sharedNibbles(node.key, depth) !== node.key.length) break
          const child = childOfExtension(node, depth)
          depth += node.key.length
          node = child
        }
        return ok(proof)
      } catch (thrown) {
        return refusal(thrown)
      }
    },
    memoryBytes: () => memory,
    unload,
  }
}

const pathText = (path: Uint8Array): string => String.fromCharCode(...path)
