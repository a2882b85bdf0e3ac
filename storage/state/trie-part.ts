/**
 * The parts of the state trie below some of its root's nibbles, with the storage tries of their accounts, in memory over
 * the store. A batch of blocks is one commit. It can be taken back until it is written.
 */
import { bytesText } from '../../protocols/bytes.ts'
import { err, ok, type Result } from '../../protocols/result.ts'
import { accountNodeKey, storageNodeKey } from '../schema.ts'
import type { StoredNode } from '../trie/node-batch.ts'
import { NIBBLES, rootOfPart, type SubTop, type SubTops, subTop } from '../trie/split-root.ts'
import { createTrie, EMPTY_ROOT, type Trie } from '../trie/trie.ts'
import type { TrieError } from '../trie/trie-error.ts'
import { walkTrie } from '../trie/walk.ts'
import { storageRootOfLeaf } from './account.ts'
import type { AccountLeaf, BlockLeaves } from './leaf-batch.ts'
import { openTries } from './open-tries.ts'
import type { BlockRoots, StorageRoot } from './part-roots.ts'

export type TriePartOptions = {
  readonly get: (key: Uint8Array) => Uint8Array | undefined
  /** Of the stored state. */
  readonly tops: SubTops
  /** Nibbles from `first` up to below `end` are this part's. */
  readonly first: number
  readonly end: number
  readonly memoryBytes: number
}
/** `nodes`: what the whole batch changed, to be stored. The tops that are no branches are not among them. */
export type PartCommit = { readonly blocks: readonly BlockRoots[]; readonly nodes: readonly StoredNode[] }

export type TriePart = {
  /** After a refusal the part stands where it stood. @param batch above all before. */
  apply(batch: number, blocks: readonly BlockLeaves[]): Result<PartCommit, TrieError>
  /** The nodes of the batches up to this one are in the store. */
  written(batch: number): void
  /** Takes back this batch and all after it, which must not be written. */
  revert(batch: number): void
  /** The newest batch that it stands after; 0: none. */
  last(): number
}

/** Share of the memory that storage tries have. */
const STORAGE_SHARE = 1 / 4

type Applied = { readonly batch: number; readonly nodes: UnwrittenNodes; readonly before: SubTops }

export function createTriePart(options: TriePartOptions): TriePart {
  const { get, first, end, memoryBytes } = options
  let tops = options.tops
  /** Newest last. */
  const unwritten: Applied[] = []
  let lastWritten = 0
  /** Of the batch under way. */
  let current = unwrittenNodes()
  const parts: (Trie | undefined)[] = new Array(NIBBLES).fill(undefined)
  const partBytes = (memoryBytes * (1 - STORAGE_SHARE)) / Math.max(1, end - first)
  const storageTries = openTries(memoryBytes * STORAGE_SHARE)

  /** What is stored by this key, or will be once all batches are. */
  function read(key: Uint8Array): Uint8Array | undefined {
    let found = current.find(key)
    for (let i = unwritten.length - 1; found === undefined && i >= 0; i--) found = unwritten[i]!.nodes.find(key)
    return found === undefined ? get(key) : found[1]
  }

  function partAt(nibble: number): Trie {
    if (nibble < first || nibble >= end) throw new Error(`nibble ${nibble} belongs to another part`)
    const open = parts[nibble]
    if (open !== undefined) return open
    const top = tops[nibble]
    const trie = createTrie({
      read: (path) =>
        path.length === 0 && top !== undefined && 'node' in top ? top.node : read(keyBelow(nibble, path)),
      root: rootOfPart(top),
      nibblesAbove: 1,
      memoryBytesMax: partBytes,
    })
    parts[nibble] = trie
    return trie
  }

  function storageTrie(addressHash: Uint8Array, root: Uint8Array): Trie {
    return storageTries.open(addressHash, root, (memoryBytesMax) =>
      createTrie({ read: (path) => read(storageNodeKey(addressHash, path)), root, memoryBytesMax }),
    )
  }

  /** Drops what is in memory only. */
  function reset(): void {
    parts.fill(undefined)
    storageTries.clear()
    current = unwrittenNodes()
  }

  function applyBlock(leaves: BlockLeaves): Result<BlockRoots, TrieError> {
    let touched = 0
    const storage: StorageRoot[] = []
    for (const leaf of leaves) {
      const nibble = leaf.key[0]! >> 4
      const part = partAt(nibble)
      // Copied: the trie keeps it, and the batch is one buffer.
      const value = leaf.value?.slice()
      if (leaf.storage !== undefined) {
        const settled = settleStorage(part, leaf, leaf.storage)
        if (!settled.ok) return settled
        storage.push(settled.value)
        if (value !== undefined) storageRootOfLeaf(value).set(settled.value.root)
      }
      const done = value === undefined ? part.delete(leaf.key) : part.insert(leaf.key, value)
      if (!done.ok) return err(below(nibble, done.error))
      touched |= 1 << nibble
    }
    const changed: { nibble: number; top: SubTop }[] = []
    for (let nibble = first; nibble < end; nibble++) {
      if ((touched & (1 << nibble)) === 0) continue
      const part = partAt(nibble)
      const top = part.top()
      if (!top.ok) return err(below(nibble, top.error))
      changed.push({ nibble, top: subTop(top.value, part.root()) })
    }
    return ok({ tops: changed, storage })
  }

  /** Applies the slots of one account. What its leaf holds now says where they are applied to. */
  function settleStorage(
    part: Trie,
    { key, value }: AccountLeaf,
    { isWiped, slots }: NonNullable<AccountLeaf['storage']>,
  ): Result<StorageRoot, TrieError> {
    const addressHash = key.slice()
    const found = part.get(key)
    if (!found.ok) return err(below(key[0]! >> 4, found.error))
    let root = found.value === undefined ? EMPTY_ROOT : storageRootOfLeaf(found.value).slice()
    const wiped: { slotHash: Uint8Array; value: Uint8Array }[] = []
    if (isWiped) {
      const missing = wipe(addressHash, root, wiped)
      if (missing !== undefined) return err(missing)
      root = EMPTY_ROOT
    }
    if (slots.length > 0) {
      const trie = storageTrie(addressHash, root)
      for (const slot of slots) {
        const done = slot.value === undefined ? trie.delete(slot.key) : trie.insert(slot.key, slot.value.slice())
        if (!done.ok) return done
      }
      root = trie.root()
    }
    // Without its account nobody could find what is left.
    if (value === undefined) {
      const missing = wipe(addressHash, root, wiped)
      if (missing !== undefined) return err(missing)
      root = EMPTY_ROOT
    }
    return ok({ addressHash, root, wiped })
  }

  function wipe(
    addressHash: Uint8Array,
    root: Uint8Array,
    wiped: { slotHash: Uint8Array; value: Uint8Array }[],
  ): TrieError | undefined {
    const open = storageTries.take(addressHash)
    if (open !== undefined) current.add(storageNodes(addressHash, open))
    const gone: StoredNode[] = []
    const missing = walkTrie((path) => read(storageNodeKey(addressHash, path)), root, {
      node: (path) => gone.push([storageNodeKey(addressHash, path), undefined]),
      leaf: (slotHash, value) => wiped.push({ slotHash, value: value.slice() }),
    })
    current.add(gone)
    return missing
  }

  function commit(blocks: readonly BlockRoots[]): void {
    const newest = [...tops]
    for (const { tops: changed } of blocks) for (const { nibble, top } of changed) newest[nibble] = top
    for (let nibble = first; nibble < end; nibble++) {
      const top = newest[nibble]
      if (top === tops[nibble]) continue
      const changed: StoredNode[] = []
      for (const [path, encoded] of partAt(nibble).commit().changed)
        if (path.length > 0 || (top !== undefined && 'branch' in top)) changed.push([keyBelow(nibble, path), encoded])
      current.add(changed)
    }
    for (const [addressHash, trie] of storageTries.used()) current.add(storageNodes(addressHash, trie))
    storageTries.settle()
    tops = newest
  }

  return {
    apply(batch, blocks) {
      const before = tops
      const roots: BlockRoots[] = []
      for (const leaves of blocks) {
        const applied = applyBlock(leaves)
        if (!applied.ok) {
          reset()
          return applied
        }
        roots.push(applied.value)
      }
      commit(roots)
      const nodes = current
      current = unwrittenNodes()
      unwritten.push({ batch, nodes, before })
      return ok({ blocks: roots, nodes: nodes.list })
    },
    written(batch) {
      while (unwritten[0] !== undefined && unwritten[0].batch <= batch) {
        lastWritten = unwritten[0].batch
        unwritten.shift()
      }
    },
    revert(batch) {
      const at = unwritten.findIndex((applied) => applied.batch >= batch)
      if (at === -1) return
      tops = (unwritten[at] as Applied).before
      unwritten.length = at
      reset()
    },
    last: () => unwritten.at(-1)?.batch ?? lastWritten,
  }
}

/** Nodes of one batch, in order: of two of one key the later counts. */
type UnwrittenNodes = {
  readonly list: readonly StoredNode[]
  add(nodes: readonly StoredNode[]): void
  find(key: Uint8Array): StoredNode | undefined
}

/** Indexed when a node is looked for first: a batch whose nodes all stay in memory never is. */
function unwrittenNodes(): UnwrittenNodes {
  const list: StoredNode[] = []
  let index: Map<string, StoredNode> | undefined
  return {
    list,
    add(nodes) {
      index = undefined
      for (const node of nodes) list.push(node)
    },
    find(key) {
      if (list.length === 0) return undefined
      index ??= new Map(list.map((node) => [bytesText(node[0]), node]))
      return index.get(bytesText(key))
    },
  }
}

const storageNodes = (addressHash: Uint8Array, trie: Trie): StoredNode[] =>
  trie.commit().changed.map(([path, encoded]) => [storageNodeKey(addressHash, path), encoded])

function keyBelow(nibble: number, path: Uint8Array): Uint8Array {
  const whole = new Uint8Array(path.length + 1)
  whole[0] = nibble
  whole.set(path, 1)
  return accountNodeKey(whole)
}

const below = (nibble: number, error: TrieError): TrieError => ({
  ...error,
  path: Uint8Array.of(nibble, ...error.path),
})
