import { afterEach, expect, test } from 'vitest'
import type { TrieCommitterMessages } from '../../../actors/trie-committer/messages.ts'
import { trieCommitter } from '../../../actors/trie-committer/trie-committer.ts'
import { keccak256 } from '../../../protocols/keccak256.ts'
import { type Context, defineActor } from '../../../runtime/actor.ts'
import type { Ref, Tell } from '../../../runtime/messages.ts'
import { seededRandom } from '../../../runtime/simulation/random.ts'
import { startSystem } from '../../../runtime/system.ts'
import { createBatch } from '../../../storage/batch.ts'
import { createMemoryStore, type Database, openDatabase } from '../../../storage/database.ts'
import { accountNodeKey } from '../../../storage/schema.ts'
import { addNodes } from '../../../storage/state/genesis-state.ts'
import { type BlockLeaves, encodeLeafBatch, type Leaf } from '../../../storage/trie/leaf-batch.ts'
import { decodeNodeBatch } from '../../../storage/trie/node-batch.ts'
import { createTrie, EMPTY_ROOT } from '../../../storage/trie/trie.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

type RootMessages = { nothing: Tell }

async function committer(root: Uint8Array, memoryBytes: number, store = createMemoryStore()) {
  const location = { engine: 'memory', store } as const
  let ctx: Context<RootMessages> | undefined
  const system = await startSystem({
    root: defineActor<RootMessages>({
      name: 'root',
      mailbox: { capacity: 8 },
      behavior(context) {
        ctx = context
        return { nothing() {} }
      },
    }),
    deps: undefined,
    placement: {},
    log: { verbosity: 0, format: 'terminal', colour: false },
    isolate: true,
  })
  closers.push(() => system.stop())
  while (ctx === undefined) await new Promise((resolve) => setTimeout(resolve, 1))
  const context = ctx as Context<RootMessages>
  const child = context.spawn({
    name: 'committer',
    actor: trieCommitter,
    deps: { database: location, root, memoryBytes },
  })
  expect((await child.started).ok).toBe(true)
  const opened = await openDatabase(location)
  if (!opened.ok) throw new Error(opened.error.code)
  const ref: Ref<TrieCommitterMessages> = child.ref
  let count = 0
  return {
    store,
    database: opened.value,
    async apply(from: Uint8Array, blocks: readonly BlockLeaves[]) {
      const leaves = encodeLeafBatch(blocks)
      const answer = await context.ask(ref, 'apply', { batch: ++count, from, leaves }, { transfer: [leaves.buffer] })
      if (!answer.ok) throw new Error(answer.error.code)
      return answer.value
    },
    written: (batch = count) => context.tell(ref, 'written', { batch }),
  }
}

/** Blocks over a growing set of keys, with deletions, and the roots that an ordinary trie gives. */
function history(seed: string, count: number): BlockLeaves[] {
  const random = seededRandom(seed)
  const trie = createTrie({ read: () => undefined, memoryBytesMax: Number.POSITIVE_INFINITY })
  const keys = Array.from({ length: 60 }, () => keccak256(random.bytes(4)))
  return Array.from({ length: count }, () => {
    const leaves: Leaf[] = []
    for (const key of new Set(Array.from({ length: 1 + random.integer(9) }, () => keys[random.integer(60)]!))) {
      const value = random.integer(4) === 0 ? undefined : random.bytes(1 + random.integer(80))
      leaves.push({ key, value })
      if (!(value === undefined ? trie.delete(key) : trie.insert(key, value)).ok) throw new Error('a node is missing')
    }
    return { leaves, root: trie.root().slice() }
  })
}

async function write(database: Database, nodes: Uint8Array): Promise<void> {
  const batch = createBatch()
  addNodes(batch, accountNodeKey, decodeNodeBatch(nodes))
  expect((await database.batch(batch.operations)).ok).toBe(true)
}

test.each([0, 10_000_000])(
  'answers the nodes of each batch, ahead of their being written, in %i bytes of memory',
  async (memory) => {
    const { apply, written, database } = await committer(EMPTY_ROOT, memory)
    const blocks = history('ahead', 60)
    let root: Uint8Array = EMPTY_ROOT
    const late: { batch: number; nodes: Uint8Array }[] = []
    for (let at = 0, batch = 1; at < 60; at += 5, batch++) {
      const answer = await apply(root, blocks.slice(at, at + 5))
      if (!answer.ok) throw new Error(answer.code)
      root = blocks[at + 4]!.root
      late.push({ batch, nodes: answer.nodes })
      // Two batches behind, as the chain is.
      if (late.length < 3) continue
      const oldest = late.shift()!
      await write(database, oldest.nodes)
      written(oldest.batch)
    }
    for (const { nodes } of late) await write(database, nodes)
    written()
    const stored = createTrie({ root, read: (path) => database.get(accountNodeKey(path)) })
    const values = new Map<string, Leaf>()
    for (const { leaves } of blocks) for (const leaf of leaves) values.set(String(leaf.key), leaf)
    for (const { key, value } of values.values()) expect(stored.get(key)).toEqual({ ok: true, value })
  },
)

test('refuses a batch with a wrong root, says in which block, and stands where it stood', async () => {
  const { apply } = await committer(EMPTY_ROOT, 1_000_000)
  const blocks = history('wrong', 12)
  expect((await apply(EMPTY_ROOT, blocks.slice(0, 4))).ok).toBe(true)
  const root = blocks[3]!.root
  const spoilt = blocks.slice(4, 8).map((block, i) => (i === 2 ? { ...block, root: new Uint8Array(32) } : block))
  expect(await apply(root, spoilt)).toEqual({ ok: false, code: 'STATE_ROOT', index: 2, computed: blocks[6]!.root })
  expect(await apply(blocks[7]!.root, blocks.slice(8))).toEqual({ ok: false, code: 'OTHER_ROOT', root })
  expect((await apply(root, blocks.slice(4))).ok).toBe(true)
})

test('goes on from a stored root, and says so when the store lacks a node of it', async () => {
  const blocks = history('stored', 20)
  const first = await committer(EMPTY_ROOT, 1_000_000)
  const answer = await first.apply(EMPTY_ROOT, blocks.slice(0, 10))
  if (!answer.ok) throw new Error(answer.code)
  const root = blocks[9]!.root
  const lacking = await committer(root, 1_000_000)
  expect(await lacking.apply(root, blocks.slice(10))).toMatchObject({ ok: false, code: 'MISSING_NODE' })
  await write(first.database, answer.nodes)
  const second = await committer(root, 1_000_000, first.store)
  expect((await second.apply(root, blocks.slice(10))).ok).toBe(true)
})
