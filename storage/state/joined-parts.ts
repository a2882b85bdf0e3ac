/** The state root of each block from what the owners of its parts answer. */
import { bytesEqual } from '../../protocols/bytes.ts'
import { err, ok, type Result } from '../../protocols/result.ts'
import { accountNodeKey } from '../schema.ts'
import type { StoredNode } from '../trie/node-batch.ts'
import { changedTops, joinRoot, type SubTop, type SubTops } from '../trie/split-root.ts'
import type { BlockRoots, StorageRoot } from './part-roots.ts'

export type JoinedParts = {
  /** After the last block. */
  readonly tops: SubTops
  /** What stands at the root, and directly below it where the owners cannot know. To be stored with their nodes. */
  readonly nodes: readonly StoredNode[]
  /** By block. */
  readonly storage: readonly (readonly StorageRoot[])[]
}
/** Block `index` of the batch has another root than it claims. */
export type JoinFault = { readonly code: 'STATE_ROOT'; readonly index: number; readonly computed: Uint8Array }

/** @param parts answers of the owners, by block. @param claimed state root of each block, 32 bytes. */
export function joinParts(
  before: SubTops,
  parts: readonly (readonly BlockRoots[])[],
  claimed: readonly Uint8Array[],
): Result<JoinedParts, JoinFault> {
  const tops: SubTop[] = [...before]
  const storage: StorageRoot[][] = []
  let root = joinRoot(tops)
  for (const [index, claim] of claimed.entries()) {
    const ofBlock = parts.map((blocks) => blocks[index] as BlockRoots)
    storage.push(ofBlock.flatMap((block) => block.storage))
    let isChanged = false
    for (const block of ofBlock)
      for (const { nibble, top } of block.tops) {
        tops[nibble] = top
        isChanged = true
      }
    if (isChanged) root = joinRoot(tops)
    if (!bytesEqual(root.root, claim)) return err({ code: 'STATE_ROOT', index, computed: root.root })
  }
  const nodes = changedTops(before, tops).map(([path, encoded]): StoredNode => [accountNodeKey(path), encoded])
  nodes.push([accountNodeKey(new Uint8Array(0)), root.node])
  return ok({ tops, nodes, storage })
}
