import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { DEV } from '../../../protocols/chain-spec/dev.ts'
import { seededRandom } from '../../../runtime/simulation/random.ts'
import { createMemoryStore, type DatabaseLocation, openDatabase } from '../../../storage/database.ts'
import { type BuiltBlock, chainBuilder, TEST_SPEC } from '../../chain-builder.ts'
import { answered, type ChainStage, realStage, type StageOptions } from './chain-stage.ts'
import { verifyStored } from './stored-state.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const last = (blocks: readonly BuiltBlock[]): BuiltBlock => blocks[blocks.length - 1] as BuiltBlock

async function started(options: Parameters<typeof realStage>[0]): Promise<ChainStage> {
  const stage = await realStage(options)
  closers.push(() => stage.stop())
  expect(await stage.started).toEqual({ ok: true, value: undefined })
  return stage
}

async function verified(location: DatabaseLocation) {
  const opened = await openDatabase(location)
  if (!opened.ok) throw new Error(opened.error.code)
  const head = await verifyStored(opened.value)
  await opened.value.close()
  return head
}

async function runsAgain(stage: ChainStage, restarts: number): Promise<void> {
  for (let tries = 0; stage.restarts('chain') < restarts || !(await stage.ctx.ask(stage.chain, 'head')).ok; tries++) {
    if (tries > 2_000) throw new Error('the chain did not restart')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const inMemory = (): StageOptions => ({
  spec: TEST_SPEC,
  database: { engine: 'memory', store: createMemoryStore() },
  // Little, so that nodes come back from the store and from what is not written yet.
  trieBytes: 60_000,
})

test.each([1, 2, 3, 16])(
  'with %i committers: an import, a wrong root in its middle, a reorganisation and the way back',
  async (committers) => {
    const options = inMemory()
    const stage = await started({ ...options, committers })
    const build = await chainBuilder('committers')
    const common = build.grow(build.genesis, 60)
    const bad = build.extend(last(common), { spoil: (header) => ({ ...header, stateRoot: new Uint8Array(32) }) })
    const [first, second] = await Promise.all([
      stage.import([...common, bad]),
      stage.import(build.grow(bad, 20).slice(1)),
    ])
    expect(first).toMatchObject({ imported: 60, failed: { fault: { code: 'BLOCK_STATE_ROOT' } } })
    expect(second).toMatchObject({ imported: 0 })
    const left = build.grow(last(common), 20, { seconds: 30n })
    const branch = build.grow(last(common), 22, { seconds: 1n })
    const again = build.grow(last(left), 12, { seconds: 1n })
    for (const part of [left, branch, again]) {
      expect(await stage.import(part)).toMatchObject({ failed: undefined })
      expect((await stage.head()).hash).toEqual(last(part).hash)
      expect((await verified(options.database)).hash).toEqual(last(part).hash)
    }
    expect(stage.restarts('chain')).toBe(0)
  },
)

test('a data directory is taken over by another number of committers', async () => {
  const options = inMemory()
  const build = await chainBuilder('other number')
  let tip = build.genesis
  for (const committers of [2, 1, 16, 3]) {
    const stage = await started({ ...options, committers })
    const blocks = build.grow(tip, 40)
    tip = last(blocks)
    expect(await stage.import(blocks)).toMatchObject({ imported: 40, failed: undefined })
    await stage.stop()
    expect((await verified(options.database)).hash).toEqual(tip.hash)
  }
})

test.each([0, 1, 15])('committer %i of 16 ends in the middle of an import: all come back with the chain', async (n) => {
  const options = inMemory()
  const stage = await started({ ...options, committers: 16 })
  const build = await chainBuilder('one ends')
  const blocks = build.grow(build.genesis, 200)
  await stage.import(blocks.slice(0, 30))
  const underWay = [stage.tryImport(blocks.slice(30, 120)), stage.tryImport(blocks.slice(120))]
  expect(stage.ctx.system.restart(`chain/trie-committer-${n}`).ok).toBe(true)
  for (const answer of await Promise.all(underWay))
    if (!answer.ok) expect(['ACTOR_FAILED', 'ACTOR_DOWN']).toContain(answer.error.code)
  await runsAgain(stage, 1)
  await verified(options.database)
  expect(await stage.import(blocks)).toMatchObject({ failed: undefined })
  expect((await stage.head()).hash).toEqual(last(blocks).hash)
  await verified(options.database)
})

test('two committers on threads of their own, over LevelDB: one restarts twice while blocks come in', {
  timeout: 30_000,
}, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'troupe-committers-'))
  closers.push(() => rm(directory, { recursive: true, force: true }))
  const database = { engine: 'level', directory: join(directory, 'chaindata') } as const
  const placement = { chain: 'chain', 'chain/trie-committer-0': 'trie-0', 'chain/trie-committer-1': 'trie-1' }
  const stage = await started({ spec: TEST_SPEC, database, placement, committers: 2 })
  const build = await chainBuilder('two threads')
  const blocks = build.grow(build.genesis, 400)
  for (let at = 0, restarts = 1; at < 400; at += 200, restarts++) {
    const underWay = [stage.tryImport(blocks.slice(at, at + 100)), stage.tryImport(blocks.slice(at + 100, at + 200))]
    expect(stage.ctx.system.restart('chain/trie-committer-1').ok).toBe(true)
    await Promise.all(underWay)
    await runsAgain(stage, restarts)
    expect(await stage.import(blocks.slice(0, at + 200))).toMatchObject({ failed: undefined })
  }
  expect((await stage.head()).hash).toEqual(last(blocks).hash)
  await stage.stop()
  expect((await verified(database)).number).toBe(400n)
})

test('system contracts get their slots block by block, and the roots are the same whoever computes them', async () => {
  const [alone, ...others] = [await sealedRoots(1), await sealedRoots(2), await sealedRoots(16)]
  expect(new Set(alone).size).toBe(12)
  for (const roots of others) expect(roots).toEqual(alone)
})

async function sealedRoots(committers: number): Promise<string[]> {
  const roots: string[] = []
  const options = { ...inMemory(), spec: DEV }
  const stage = await started({ ...options, committers })
  const random = seededRandom('slots')
  for (let block = 1; block <= 12; block++) {
    const { hash } = await stage.head()
    const attributes = {
      timestamp: 1_800_000_000n + BigInt(block),
      prevRandao: random.bytes(32),
      feeRecipient: random.bytes(20),
      extraData: new Uint8Array(0),
      gasLimit: 30_000_000n,
      parentBeaconBlockRoot: random.bytes(32),
    }
    const sealed = answered(await stage.ctx.ask(stage.chain, 'sealBlock', { parent: hash, attributes }))
    if (!sealed.ok) throw new Error(sealed.error.code)
    expect((await verified(options.database)).stateRoot).toEqual(sealed.value.stateRoot)
    roots.push(Buffer.from(sealed.value.stateRoot).toString('hex'))
    if (block === 6) {
      expect(stage.ctx.system.restart(`chain/trie-committer-${committers - 1}`).ok).toBe(true)
      await runsAgain(stage, 1)
    }
  }
  return roots
}
