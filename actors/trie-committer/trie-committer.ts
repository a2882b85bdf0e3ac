/** Parts of the state trie in memory: one commit per batch of blocks, their tops per block. */
import { defineActor } from '../../runtime/actor.ts'
import { moving } from '../../runtime/moving.ts'
import { openDatabase } from '../../storage/database.ts'
import { accountNodeKey } from '../../storage/schema.ts'
import { decodeLeafBatch } from '../../storage/state/leaf-batch.ts'
import { firstNibble } from '../../storage/state/nibble-ranges.ts'
import { encodePartRoots } from '../../storage/state/part-roots.ts'
import { createTriePart } from '../../storage/state/trie-part.ts'
import { encodeNodeBatch } from '../../storage/trie/node-batch.ts'
import { splitRoot } from '../../storage/trie/split-root.ts'
import type { TrieCommitterDeps, TrieCommitterMessages } from './messages.ts'

/** Batches that the chain has under way: it keeps two, and one more may be told to begin. */
const MAILBOX_CAPACITY = 256

export const trieCommitter = defineActor<TrieCommitterMessages, TrieCommitterDeps>({
  name: 'trie-committer',
  mailbox: { capacity: MAILBOX_CAPACITY },
  async behavior(ctx, { database: location, root, index, count, memoryBytes }) {
    const opened = await openDatabase(location)
    if (!opened.ok) throw new Error(`the store cannot be opened: ${opened.error.code}`)
    const database = ctx.own(opened.value)
    const tops = splitRoot((path) => database.get(accountNodeKey(path)), root)
    if (!tops.ok) throw new Error(`the store lacks the top of the state trie: ${tops.error.reason}`)
    const part = createTriePart({
      get: (key) => database.get(key),
      tops: tops.value,
      first: firstNibble(index, count),
      end: firstNibble(index + 1, count),
      memoryBytes,
    })
    return {
      apply({ batch, after, leaves }) {
        const last = part.last()
        if (after !== last) return { ok: false, code: 'OTHER_BATCH', last }
        const applied = part.apply(batch, decodeLeafBatch(leaves))
        if (!applied.ok) return { ok: false, code: 'MISSING_NODE', cause: applied.error }
        const roots = encodePartRoots(applied.value.blocks)
        const nodes = encodeNodeBatch(applied.value.nodes)
        return moving({ ok: true, roots, nodes }, [roots.buffer, nodes.buffer])
      },
      written: ({ batch }) => part.written(batch),
      revert: ({ batch }) => part.revert(batch),
    }
  },
})
