/** The state trie in memory: one commit per batch of blocks, one root per block. */
import { bytesEqual } from '../../protocols/bytes.ts'
import { defineActor } from '../../runtime/actor.ts'
import { moving } from '../../runtime/moving.ts'
import { openDatabase } from '../../storage/database.ts'
import { accountNodeKey } from '../../storage/schema.ts'
import { type BlockLeaves, decodeLeafBatch } from '../../storage/trie/leaf-batch.ts'
import { encodeNodeBatch } from '../../storage/trie/node-batch.ts'
import { createNodeBuffer } from '../../storage/trie/node-buffer.ts'
import { type ChangedNode, createTrie } from '../../storage/trie/trie.ts'
import type { ApplyAnswer, TrieCommitterDeps, TrieCommitterMessages } from './messages.ts'

/** Batches that the chain has under way: it keeps two, and one more may be told to begin. */
const MAILBOX_CAPACITY = 256

export const trieCommitter = defineActor<TrieCommitterMessages, TrieCommitterDeps>({
  name: 'trie-committer',
  mailbox: { capacity: MAILBOX_CAPACITY },
  async behavior(ctx, deps) {
    const opened = await openDatabase(deps.database)
    if (!opened.ok) throw new Error(`the store cannot be opened: ${opened.error.code}`)
    const database = ctx.own(opened.value)
    /** Nodes of batches that the chain has not written yet. */
    const buffer = createNodeBuffer((path) => database.get(accountNodeKey(path)))
    const unwritten: { readonly batch: number; readonly nodes: readonly ChangedNode[] }[] = []
    let root = deps.root
    let trie = open()

    function open() {
      return createTrie({ read: buffer.read, root, memoryBytesMax: deps.memoryBytes })
    }

    /** The trie as it stood before the batch: what the refused batch changed was never committed. */
    function refuse(answer: ApplyAnswer): ApplyAnswer {
      trie = open()
      return answer
    }

    function applyBlocks(blocks: readonly BlockLeaves[]): ApplyAnswer | undefined {
      for (const [index, block] of blocks.entries()) {
        for (const { key, value } of block.leaves) {
          const done = value === undefined ? trie.delete(key) : trie.insert(key, value.slice())
          if (!done.ok) return { ok: false, code: 'MISSING_NODE', cause: done.error }
        }
        const computed = trie.root()
        if (!bytesEqual(computed, block.root)) return { ok: false, code: 'STATE_ROOT', index, computed }
      }
      return undefined
    }

    return {
      apply({ batch, from, leaves }) {
        if (!bytesEqual(from, root)) return { ok: false, code: 'OTHER_ROOT', root }
        const refused = applyBlocks(decodeLeafBatch(leaves))
        if (refused !== undefined) return refuse(refused)
        const committed = trie.commit()
        root = committed.root
        buffer.add(committed.changed)
        unwritten.push({ batch, nodes: committed.changed })
        const nodes = encodeNodeBatch(committed.changed)
        return moving({ ok: true, nodes }, [nodes.buffer])
      },
      written({ batch }) {
        while (unwritten[0] !== undefined && unwritten[0].batch <= batch) {
          buffer.forget(unwritten[0].nodes)
          unwritten.shift()
        }
      },
    }
  },
})
