import { afterEach, expect, test } from 'vitest'
import type { ApplyAnswer, TrieCommitterMessages } from '../../../actors/trie-committer/messages.ts'
import { trieCommitter } from '../../../actors/trie-committer/trie-committer.ts'
import { keccak256 } from '../../../protocols/keccak256.ts'
import { ok } from '../../../protocols/result.ts'
import { type Context, defineActor } from '../../../runtime/actor.ts'
import type { Ref, Tell } from '../../../runtime/messages.ts'
import { seededRandom } from '../../../runtime/simulation/random.ts'
import { startSystem } from '../../../runtime/system.ts'
import { createBatch } from '../../../storage/batch.ts'
import { createMemoryStore, type Database, openDatabase } from '../../../storage/database.ts'
import { accountNodeKey } from '../../../storage/schema.ts'
import { encodeSlimAccount, leafOfSlimAccount, NEW_ACCOUNT } from '../../../storage/state/account.ts'
import { joinParts } from '../../../storage/state/joined-parts.ts'
import { encodeLeafBatch } from '../../../storage/state/leaf-batch.ts'
import { decodePartRoots } from '../../../storage/state/part-roots.ts'
import type { AccountChange, StateChanges } from '../../../storage/state/state-changes.ts'
import { addStoredNodes, decodeNodeBatch, type StoredNode } from '../../../storage/trie/node-batch.ts'
import { NO_TOPS, type SubTops } from '../../../storage/trie/split-root.ts'
import { createTrie, EMPTY_ROOT } from '../../../storage/trie/trie.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

type RootMessages = { nothing: Tell }

/** The only owner of the trie, or one of several. */
async function committer(
  root: Uint8Array,
  memoryBytes: number,
  { store = createMemoryStore(), index = 0, count = 1 } = {},
) {
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
    deps: { database: location, root, index, count, memoryBytes },
  })
  expect((await child.started).ok).toBe(true)
  const opened = await openDatabase(location)
  if (!opened.ok) throw new Error(opened.error.code)
  const ref: Ref<TrieCommitterMessages> = child.ref
  return {
    store,
    database: opened.value,
    async apply(batch: number, after: number, blocks: readonly StateChanges[]): Promise<ApplyAnswer> {
      const leaves = encodeLeafBatch(blocks, 1, () => 0)[0]!
      const answer = await context.ask(ref, 'apply', { batch, after, leaves }, { transfer: [leaves.buffer] })
      if (!answer.ok) throw new Error(answer.error.code)
      return answer.value
    },
    written: (batch: number) => context.tell(ref, 'written', { batch }),
    revert: (batch: number) => context.tell(ref, 'revert', { batch }),
  }
}

type Block = { readonly changes: StateChanges; readonly root: Uint8Array }

/** Blocks over a growing set of accounts, with deletions, and the roots that an ordinary trie gives. */
function history(seed: string, count: number): Block[] {
  const random = seededRandom(seed)
  const trie = createTrie({ read: () => undefined, memoryBytesMax: Number.POSITIVE_INFINITY })
  const keys = Array.from({ length: 60 }, () => keccak256(random.bytes(4)))
  return Array.from({ length: count }, () => {
    const accounts: AccountChange[] = []
    for (const key of new Set(Array.from({ length: 1 + random.integer(9) }, () => keys[random.integer(60)]!))) {
      const balance = BigInt(random.integer(1_000_000))
      const current = random.integer(4) === 0 ? undefined : encodeSlimAccount({ ...NEW_ACCOUNT, balance })
      accounts.push({ addressHash: key, current, previous: undefined })
      const done = current === undefined ? trie.delete(key) : trie.insert(key, leafOfSlimAccount(current))
      if (!done.ok) throw new Error('a node is missing')
    }
    return { changes: { accounts, slots: [], codes: [] }, root: trie.root().slice() }
  })
}

const changesOf = (blocks: readonly Block[]): StateChanges[] => blocks.map(({ changes }) => changes)

/** What the chain does with an answer: the store's batch, or the first block with another root. */
function joined(before: SubTops, answer: ApplyAnswer, blocks: readonly Block[]) {
  if (!answer.ok) throw new Error(answer.code)
  const parts = joinParts(
    before,
    [decodePartRoots(answer.roots)],
    blocks.map(({ root }) => root),
  )
  if (!parts.ok) return parts
  return ok({ tops: parts.value.tops, nodes: [...decodeNodeBatch(answer.nodes), ...parts.value.nodes] })
}

async function write(database: Database, nodes: readonly StoredNode[]): Promise<void> {
  const batch = createBatch()
  addStoredNodes(batch, nodes)
  expect((await database.batch(batch.operations)).ok).toBe(true)
}

test.each([0, 10_000_000])(
  'answers the nodes of each batch, ahead of their being written, in %i bytes of memory',
  async (memory) => {
    const { apply, written, database } = await committer(EMPTY_ROOT, memory)
    const blocks = history('ahead', 60)
    let tops = NO_TOPS
    const late: { batch: number; nodes: readonly StoredNode[] }[] = []
    for (let at = 0, batch = 1; at < 60; at += 5, batch++) {
      const five = blocks.slice(at, at + 5)
      const whole = joined(tops, await apply(batch, batch - 1, changesOf(five)), five)
      if (!whole.ok) throw new Error('another root')
      tops = whole.value.tops
      late.push({ batch, nodes: whole.value.nodes })
      // Two batches behind, as the chain is.
      if (late.length < 3) continue
      const oldest = late.shift()!
      await write(database, oldest.nodes)
      written(oldest.batch)
    }
    for (const { nodes } of late) await write(database, nodes)
    const { root } = blocks[59]!
    const stored = createTrie({ root, read: (path) => database.get(accountNodeKey(path)) })
    const values = new Map<string, AccountChange>()
    for (const { changes } of blocks) for (const change of changes.accounts) values.set(hex(change.addressHash), change)
    for (const { addressHash, current } of values.values())
      expect(stored.get(addressHash)).toEqual({ ok: true, value: current && leafOfSlimAccount(current) })
  },
)

test('goes back to before a batch that is not written, and takes no batch that is built on another than its last', async () => {
  const { apply, written, revert, database } = await committer(EMPTY_ROOT, 1_000_000)
  const blocks = history('wrong', 12)
  const first = blocks.slice(0, 4)
  const whole = joined(NO_TOPS, await apply(1, 0, changesOf(first)), first)
  if (!whole.ok) throw new Error('another root')
  await write(database, whole.value.nodes)
  written(1)
  const spoilt = blocks.slice(4, 8).map((block, i) => (i === 2 ? { ...block, root: new Uint8Array(32) } : block))
  const refused = joined(whole.value.tops, await apply(2, 1, changesOf(spoilt)), spoilt)
  expect(refused).toEqual({ ok: false, error: { code: 'STATE_ROOT', index: 2, computed: blocks[6]!.root } })
  expect((await apply(3, 2, changesOf(blocks.slice(8)))).ok).toBe(true)
  revert(2)
  expect(await apply(4, 3, changesOf(blocks.slice(4)))).toEqual({ ok: false, code: 'OTHER_BATCH', last: 1 })
  const rest = blocks.slice(4)
  expect(joined(whole.value.tops, await apply(5, 1, changesOf(rest)), rest).ok).toBe(true)
})

test('goes on from a stored root, and says so when the store lacks a node of it', async () => {
  const blocks = history('stored', 20)
  const before = blocks.slice(0, 10)
  const after = blocks.slice(10)
  const first = await committer(EMPTY_ROOT, 1_000_000)
  const whole = joined(NO_TOPS, await first.apply(1, 0, changesOf(before)), before)
  if (!whole.ok) throw new Error('another root')
  const { root } = before[9]!
  await write(first.database, whole.value.nodes)
  const second = await committer(root, 1_000_000, { store: first.store })
  expect(joined(whole.value.tops, await second.apply(1, 0, changesOf(after)), after).ok).toBe(true)
  const deep = whole.value.nodes.filter(([key, encoded]) => key.length > 2 && encoded !== undefined)
  await write(
    first.database,
    deep.map(([key]) => [key, undefined]),
  )
  const third = await committer(root, 1_000_000, { store: first.store })
  const answer = await third.apply(1, 0, changesOf(after))
  expect(answer).toMatchObject({ ok: false, code: 'MISSING_NODE', cause: { reason: 'absent' } })
  if (!answer.ok && answer.code === 'MISSING_NODE') expect(answer.cause.path.length).toBeGreaterThan(1)
})

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
