import { bytesText } from '../../protocols/bytes.ts'
import type { ChangedNode, NodeReader } from './trie.ts'

/** Committed nodes that are not in the store yet, the newest of each path, in front of the store's own reader. */
export type NodeBuffer = {
  readonly read: NodeReader
  add(changed: readonly ChangedNode[]): void
  /** Keys, encodings and bookkeeping, estimated. */
  bytes(): number
  /** All that is buffered, each path once. They stay readable until `forget` of the same list. */
  take(): readonly ChangedNode[]
  /** After the batch with `taken` is written: what was not changed again since is dropped. */
  forget(taken: readonly ChangedNode[]): void
}

/** Map entry, key string and array of one buffered node. */
const ENTRY_BYTES = 200

export function createNodeBuffer(below: NodeReader): NodeBuffer {
  const nodes = new Map<string, ChangedNode>()
  let bytes = 0
  const weight = (node: ChangedNode): number => ENTRY_BYTES + 2 * node[0].length + (node[1]?.length ?? 0)
  return {
    read(path) {
      const node = nodes.size === 0 ? undefined : nodes.get(bytesText(path))
      return node === undefined ? below(path) : node[1]
    },
    add(changed) {
      for (const node of changed) {
        const key = bytesText(node[0])
        const old = nodes.get(key)
        bytes += weight(node) - (old === undefined ? 0 : weight(old))
        nodes.set(key, node)
      }
    },
    bytes: () => bytes,
    take: () => [...nodes.values()],
    forget(taken) {
      for (const node of taken) {
        const key = bytesText(node[0])
        if (nodes.get(key) !== node) continue
        nodes.delete(key)
        bytes -= weight(node)
      }
    },
  }
}
