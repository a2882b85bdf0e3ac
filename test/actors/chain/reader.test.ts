import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { actorModule } from '../../../runtime/actor.ts'
import { type BuiltBlock, chainBuilder, TEST_SPEC } from '../../chain-builder.ts'
import type { HeadReaderDeps, HeadReaderMessages } from './actors/head-reader/messages.ts'
import { answered, realStage } from './chain-stage.ts'

const HEAD_READER = actorModule<HeadReaderMessages, HeadReaderDeps>(
  new URL('./actors/head-reader/head-reader.ts', import.meta.url),
  'headReader',
)

test('a reader on another thread always finds number, hash and balance of one block, also while branches change', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'troupe-reader-'))
  const database = { engine: 'level', directory: join(directory, 'chaindata') } as const
  const build = await chainBuilder('reader')
  const common = build.grow(build.genesis, 300)
  const left = build.grow(common[299] as BuiltBlock, 10, { seconds: 30n })
  const branch = build.grow(common[299] as BuiltBlock, 12, { seconds: 1n })
  const rest = build.grow(branch[11] as BuiltBlock, 300)
  const all = [build.genesis, ...common, ...left, ...branch, ...rest]
  const known = all.map((block) => ({
    number: block.number,
    hash: block.hash,
    miner: block.header.beneficiary,
    balance: build.balanceAt(block, block.header.beneficiary),
  }))
  const stage = await realStage({
    spec: TEST_SPEC,
    database,
    placement: { chain: 'chain', 'chain/trie-committer-*': 'chain', reader: 'reader' },
  })
  try {
    expect((await stage.started).ok).toBe(true)
    const reader = stage.ctx.spawn({ name: 'reader', actor: HEAD_READER, deps: { database, known } })
    expect((await reader.started).ok).toBe(true)
    let isImporting = true
    const importing = (async () => {
      for (const part of [common, left, branch, rest])
        for (let at = 0; at < part.length; ) {
          const size = part === branch ? part.length : 1 + build.random.integer(4)
          expect((await stage.import(part.slice(at, at + size))).failed).toBeUndefined()
          at += size
        }
      isImporting = false
    })()
    const heads = new Set<bigint>()
    const wrong: string[] = []
    let reads = 0
    do {
      const reading = answered(await stage.ctx.ask(reader.ref, 'read', { times: 20 }))
      for (const head of reading.heads) heads.add(head)
      wrong.push(...reading.wrong)
      reads += reading.reads
    } while (isImporting && wrong.length === 0)
    expect(wrong).toEqual([])
    await importing
    expect((await stage.head()).number).toBe(612n)
    // It did read in the middle of things, not only before and after them.
    expect(reads).toBeGreaterThan(100)
    expect(heads.size).toBeGreaterThan(20)
  } finally {
    await stage.stop()
    await rm(directory, { recursive: true, force: true })
  }
})
