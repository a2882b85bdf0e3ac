/** Trie committers on threads of their own: two beside one, on the same blocks, as the chain drives them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Committer, type Committers, createCommitters } from '../../actors/chain/committers.ts'
import type { TrieCommitterDeps, TrieCommitterMessages } from '../../actors/trie-committer/messages.ts'
import { bytesToHex } from '../../protocols/hex.ts'
import { actorModule, type Context, defineActor } from '../../runtime/actor.ts'
import { seededRandom } from '../../runtime/simulation/random.ts'
import { startSystem } from '../../runtime/system.ts'
import { encodeSlimAccount, leafOfSlimAccount, NEW_ACCOUNT } from '../../storage/state/account.ts'
import type { StateChanges } from '../../storage/state/state-changes.ts'
import { NO_TOPS } from '../../storage/trie/split-root.ts'
import { createTrie, EMPTY_ROOT } from '../../storage/trie/trie.ts'
import type { BenchCase, Contender, Outcome } from './harness.ts'

const ACCOUNTS = 100_000
const BLOCK_KEYS = 1_000
const BLOCKS = 16
const BATCH_BLOCKS = 4
/** As the chain keeps under way. */
const BATCHES_AHEAD = 2
/** Keys of a block that were not there before: one in this many. */
const NEW_ONE_IN = 10
const SMALL_SHARE = 0.05
const MEMORY_BYTES = 512 * 1024 * 1024

type Block = { readonly changes: StateChanges; readonly root: Uint8Array }

export const committing: BenchCase = {
  name: 'committers, blocks of 1,000 keys',
  unit: 'keys/s',
  better: 'higher',
  rounds: 5,
  goals: [{ of: 'two committers', over: 'one committer', factor: 1.4 }],
  async open(small) {
    const [two, one] = [await scene('two committers', 2, small), await scene('one committer', 1, small)]
    return {
      contenders: [two.contender, one.contender],
      async close() {
        await two.close()
        await one.close()
      },
    }
  },
}

const COMMITTER = actorModule<TrieCommitterMessages, TrieCommitterDeps>(
  new URL('../../actors/trie-committer/trie-committer.ts', import.meta.url),
  'trieCommitter',
)

async function scene(
  name: string,
  count: number,
  small: boolean,
): Promise<{ readonly contender: Contender; close(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'troupe-bench-'))
  let give: (ctx: Context<Record<never, never>>) => void = () => {}
  const given = new Promise<Context<Record<never, never>>>((resolve) => {
    give = resolve
  })
  const system = await startSystem({
    root: defineActor<Record<never, never>>({
      name: 'bench',
      mailbox: { capacity: 64 },
      behavior(ctx) {
        give(ctx)
        return {}
      },
    }),
    deps: undefined,
    placement: Object.fromEntries(Array.from({ length: count }, (_, i) => [`committer-${i}`, `trie-${i}`])),
    log: { verbosity: 1, format: 'terminal', colour: false },
    limits: { '*': { heapMb: 1_024 } },
  })
  const ctx = await given
  const list: Committer[] = []
  for (let index = 0; index < count; index++) {
    const { ref, started } = ctx.spawn({
      name: `committer-${index}`,
      actor: COMMITTER,
      deps: {
        database: { engine: 'level', directory },
        root: EMPTY_ROOT,
        index,
        count,
        memoryBytes: Math.floor(MEMORY_BYTES / count),
      },
    })
    const up = await started
    if (!up.ok) throw new Error(up.error.detail)
    list.push({
      apply: (batch, after, leaves) =>
        ctx.ask(ref, 'apply', { batch, after, leaves }, { transfer: [leaves.buffer], deadlineMs: 60_000 }),
      written: (batch) => ctx.tell(ref, 'written', { batch }),
      revert: (batch) => ctx.tell(ref, 'revert', { batch }),
    })
  }
  const committers = createCommitters(list, NO_TOPS)
  const makeBlock = blockMaker(small)
  const accounts = small ? ACCOUNTS * SMALL_SHARE : ACCOUNTS
  await feed(
    committers,
    Array.from({ length: accounts / BLOCK_KEYS }, () => makeBlock(1)),
  )
  const contender: Contender = {
    name,
    async run(): Promise<Outcome> {
      const blocks = Array.from({ length: Math.ceil(small ? BLOCKS * SMALL_SHARE : BLOCKS) }, () =>
        makeBlock(NEW_ONE_IN),
      )
      const began = performance.now()
      const nodes = await feed(committers, blocks)
      const measured = ((blocks.length * BLOCK_KEYS) / (performance.now() - began)) * 1000
      return { answer: { nodes, root: bytesToHex(blocks.at(-1)!.root) }, measured }
    },
  }
  return {
    contender,
    async close() {
      await system.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** What the chain does with executed blocks, but for the store. @returns how many nodes it would write. */
async function feed(committers: Committers, blocks: readonly Block[]): Promise<number> {
  const ahead: { readonly batch: readonly Block[]; readonly applied: ReturnType<Committers['apply']> }[] = []
  let nodes = 0
  const settle = async (): Promise<void> => {
    const { batch, applied } = ahead.shift()!
    const joined = committers.join(
      await applied,
      batch.map(({ root }) => root),
    )
    if (!joined.ok) throw new Error(joined.error.code)
    committers.written()
    nodes += joined.value.nodes.length
  }
  for (let at = 0; at < blocks.length; at += BATCH_BLOCKS) {
    const batch = blocks.slice(at, at + BATCH_BLOCKS)
    ahead.push({ batch, applied: committers.apply(batch.map(({ changes }) => changes)) })
    if (ahead.length >= BATCHES_AHEAD) await settle()
  }
  while (ahead.length > 0) await settle()
  return nodes
}

/** The same blocks for each that asks: accounts that get other balances, and new ones, with the roots of one trie. */
function blockMaker(small: boolean): (newOneIn: number) => Block {
  const random = seededRandom(`committers ${small}`)
  const trie = createTrie({ read: () => undefined, memoryBytesMax: Number.POSITIVE_INFINITY })
  const keys: Uint8Array[] = []
  return (newOneIn) => {
    const chosen = new Set<number>()
    while (chosen.size < BLOCK_KEYS) {
      if (random.integer(newOneIn) === 0) {
        chosen.add(keys.length)
        keys.push(random.bytes(32))
      } else chosen.add(random.integer(keys.length))
    }
    const accounts = [...chosen].map((at) => {
      const current = encodeSlimAccount({ ...NEW_ACCOUNT, balance: BigInt(1 + random.integer(2 ** 48)) })
      const addressHash = keys[at]!
      if (!trie.insert(addressHash, leafOfSlimAccount(current)).ok) throw new Error('a node is missing')
      return { addressHash, current, previous: undefined }
    })
    const root = trie.commit().root.slice()
    return { changes: { accounts, slots: [], codes: [] }, root }
  }
}
