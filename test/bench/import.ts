/** Importing real mainnet blocks, ours against `@ethereumjs/blockchain` and `@ethereumjs/vm`: without seals, and with all. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBlockFromRLP } from '@ethereumjs/block'
import { createBlockchain } from '@ethereumjs/blockchain'
import { Common, Mainnet } from '@ethereumjs/common'
import { Ethash } from '@ethereumjs/ethash'
import { getGenesis } from '@ethereumjs/genesis'
import { createVM, runBlock } from '@ethereumjs/vm'
import type { ChainDeps, ChainMessages } from '../../actors/chain/messages.ts'
import type { PoolDeps, PoolMessages } from '../../actors/pool/messages.ts'
import { joinBlock } from '../../protocols/block.ts'
import { encodeBlockBatch } from '../../protocols/block-batch.ts'
import { bytesEqual } from '../../protocols/bytes.ts'
import { MAINNET } from '../../protocols/chain-spec/mainnet.ts'
import { type Era1Block, era1Parser } from '../../protocols/era1/reader.ts'
import { makeCache } from '../../protocols/ethash/cache.ts'
import { datasetSize } from '../../protocols/ethash/epoch.ts'
import { bytesToHex } from '../../protocols/hex.ts'
import { actorModule, type Context, defineActor } from '../../runtime/actor.ts'
import type { Ref } from '../../runtime/messages.ts'
import { startSystem } from '../../runtime/system.ts'
import { createPublishedHeadMemory } from '../../storage/published-head.ts'
import { sharedPath } from '../shared-data.ts'
import type { BenchCase, Contender, Outcome } from './harness.ts'

const BLOCKS = 8_191
const BLOCKS_SMALL = 128
const BATCH_BLOCKS = 192
const BATCHES_AHEAD = 3
const TRIE_BYTES = 64 * 1024 * 1024

export const importing: BenchCase = {
  name: 'import of mainnet blocks',
  unit: 'blocks/s',
  better: 'higher',
  rounds: 3,
  goals: [{ of: 'ours, LevelDB', over: '@ethereumjs, in memory', factor: 10 }],
  async open(small) {
    const blocks = await firstBlocks(small ? BLOCKS_SMALL : BLOCKS)
    const genesis = await getGenesis(1)
    if (genesis === undefined) throw new Error('@ethereumjs/genesis lacks mainnet')
    const contenders: readonly Contender[] = [
      { name: 'ours, LevelDB', run: () => importWithOurs(blocks, 1) },
      { name: 'ours, two committers', run: () => importWithOurs(blocks, 2) },
      { name: '@ethereumjs, in memory', run: () => importWithTheirs(blocks, genesis) },
    ]
    return { contenders, close: async () => {} }
  },
}

const SEALED_BLOCKS = 2_048
/** Theirs checks so few seals in a second that it gets no more blocks, which are what is compared. */
const PEER_BLOCKS = 16

export const importingSealed: BenchCase = {
  name: 'import of mainnet blocks, all seals checked',
  unit: 'blocks/s',
  better: 'higher',
  rounds: 3,
  goals: [{ of: 'ours, two pool threads', over: '@ethereumjs, in memory', factor: 20 }],
  async open(small) {
    const blocks = await firstBlocks(small ? BLOCKS_SMALL : SEALED_BLOCKS)
    const genesis = await getGenesis(1)
    if (genesis === undefined) throw new Error('@ethereumjs/genesis lacks mainnet')
    const cache = makeCache(0).bytes
    const theirs = new Ethash()
    theirs.cache = Array.from({ length: cache.length / 64 }, (_, row) => cache.slice(row * 64, (row + 1) * 64))
    const ours = (threads: number) => importWithOurs(blocks, 1, threads)
    const contenders: readonly Contender[] = [
      { name: 'ours, two pool threads', run: () => ours(2) },
      { name: 'ours, one pool thread', run: () => ours(1) },
      // Its cache is given to it; ours is made by each run.
      { name: '@ethereumjs, in memory', run: () => importWithTheirs(blocks.slice(0, PEER_BLOCKS), genesis, theirs) },
    ]
    return { contenders, close: async () => {} }
  },
}

async function firstBlocks(count: number): Promise<readonly Era1Block[]> {
  const parsed = era1Parser().push(await readFile(sharedPath('data', 'mainnet-00000-5ec1ffb8.era1')))
  if (!parsed.ok) throw new Error(`the era1 file does not parse: ${parsed.error.code}`)
  return parsed.value.slice(1, count + 1)
}

/** Chain and trie committers on threads of their own, blocks in memory, head and state on disk. */
async function importWithOurs(
  blocks: readonly Era1Block[],
  committers: number,
  poolThreads?: number,
): Promise<Outcome> {
  const directory = await mkdtemp(join(tmpdir(), 'troupe-bench-'))
  let give: (ctx: Context<Record<never, never>>) => void = () => {}
  const given = new Promise<Context<Record<never, never>>>((resolve) => {
    give = resolve
  })
  const root = defineActor<Record<never, never>>({
    name: 'bench',
    mailbox: { capacity: 64 },
    behavior(ctx) {
      give(ctx)
      return {}
    },
  })
  const placement = {
    pool: 'pool',
    chain: 'chain',
    'chain/trie-committer-0': 'trie-0',
    'chain/trie-committer-1': 'trie-1',
  }
  const log = { verbosity: 1, format: 'terminal', colour: false } as const
  const system = await startSystem({ root, deps: undefined, placement, log })
  try {
    const ctx = await given
    const chain = ctx.spawn({
      name: 'chain',
      actor: actorModule<ChainMessages, ChainDeps>(new URL('../../actors/chain/chain.ts', import.meta.url), 'chain'),
      deps: {
        database: { engine: 'level', directory },
        spec: MAINNET,
        publishedHead: createPublishedHeadMemory(),
        historyBlocks: 90_000,
        committers,
        trieBytes: TRIE_BYTES,
        listeners: [],
        seals: poolThreads === undefined ? undefined : { check: 'all', pool: startPool(ctx, poolThreads) },
      },
    })
    const started = await chain.started
    if (!started.ok) throw new Error(started.error.detail)
    const began = performance.now()
    const ahead: Promise<void>[] = []
    let head = ''
    // With seals the answer is the block where theirs ends.
    const first = poolThreads === undefined ? BATCH_BLOCKS : PEER_BLOCKS
    for (let at = 0, end = first; at < blocks.length; at = end, end += BATCH_BLOCKS) {
      const batch = encodeBlockBatch(blocks.slice(at, end))
      const isCompared = poolThreads === undefined || at === 0
      const answered = ctx.ask(chain.ref, 'importBlocks', { blocks: batch }, { transfer: [batch.buffer] })
      ahead.push(
        answered.then((answer) => {
          if (!answer.ok) throw new Error(answer.error.code)
          if (answer.value.failed !== undefined) throw new Error(answer.value.failed.fault.code)
          if (isCompared) head = bytesToHex(answer.value.head.hash)
        }),
      )
      if (ahead.length > BATCHES_AHEAD) await ahead.shift()
    }
    await Promise.all(ahead)
    return { answer: head, measured: (blocks.length / (performance.now() - began)) * 1000 }
  } finally {
    await system.stop()
    await rm(directory, { recursive: true, force: true })
  }
}

function startPool(ctx: Context<Record<never, never>>, threads: number): Ref<PoolMessages> {
  const actor = actorModule<PoolMessages, PoolDeps>(new URL('../../actors/pool/pool.ts', import.meta.url), 'pool')
  return ctx.spawn({ name: 'pool', actor, deps: { threads, ethash: undefined } }).ref
}

async function importWithTheirs(
  blocks: readonly Era1Block[],
  genesisState: NonNullable<Awaited<ReturnType<typeof getGenesis>>>,
  ethash?: Ethash,
): Promise<Outcome> {
  const common = new Common({ chain: Mainnet, hardfork: 'chainstart' })
  const blockchain = await createBlockchain({ common, genesisState, validateBlocks: true, validateConsensus: false })
  const vm = await createVM({ common, blockchain })
  await vm.stateManager.generateCanonicalGenesis?.(genesisState)
  const began = performance.now()
  for (const { headerBytes, bodyBytes } of blocks) {
    const encoded = joinBlock(headerBytes, bodyBytes)
    if (!encoded.ok) throw new Error(encoded.error.code)
    const block = createBlockFromRLP(encoded.value, { common })
    if (ethash !== undefined) {
      const { header } = block
      const { mix } = ethash.run(ethash.headerHash(header.raw()), header.nonce, datasetSize(0))
      if (!bytesEqual(mix, header.mixHash)) throw new Error(`the seal of block ${header.number} is wrong`)
    }
    await runBlock(vm, { block })
    await blockchain.putBlock(block)
  }
  const measured = (blocks.length / (performance.now() - began)) * 1000
  return { answer: bytesToHex((await blockchain.getCanonicalHeadBlock()).hash()), measured }
}
