import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { ChainHead, ImportAnswer } from '../../../actors/chain/messages.ts'
import type { Header } from '../../../protocols/header.ts'
import { createMemoryStore, type DatabaseLocation, openDatabase } from '../../../storage/database.ts'
import { readPublishedHead } from '../../../storage/published-head.ts'
import { badBlockKey, canonicalHashKey, changedKeysKey, headerKey, receiptsKey } from '../../../storage/schema.ts'
import { oldestState } from '../../../storage/state/change-set.ts'
import { type BuiltBlock, type ChainBuilder, chainBuilder, TEST_SPEC } from '../../chain-builder.ts'
import { createSimulatedDisk } from '../../storage/simulated-disk.ts'
import { type ChainStage, COMMITTER_PATH, realStage } from './chain-stage.ts'
import { crashingStore } from './crashing-store.ts'
import { balanceOf, verifyStored } from './stored-state.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

type Scene = { readonly stage: ChainStage; readonly build: ChainBuilder; readonly location: DatabaseLocation }

async function scene(
  seed: string,
  options: { historyBlocks?: number; listenerRests?: Promise<void> } = {},
): Promise<Scene> {
  const build = await chainBuilder(seed)
  const location = { engine: 'memory', store: createMemoryStore() } as const
  const stage = await realStage({ spec: TEST_SPEC, database: location, ...options })
  closers.push(() => stage.stop())
  expect(await stage.started).toEqual({ ok: true, value: undefined })
  return { stage, build, location }
}

async function stored<T>(location: DatabaseLocation, read: (database: any) => T | Promise<T>): Promise<T> {
  const opened = await openDatabase(location)
  if (!opened.ok) throw new Error(opened.error.code)
  const found = await read(opened.value)
  await opened.value.close()
  return found
}

const isHead = (head: ChainHead, block: BuiltBlock) => {
  expect(head).toMatchObject({ number: block.number, totalDifficulty: block.totalDifficulty })
  expect(head.hash).toEqual(block.hash)
  expect(head.stateRoot).toEqual(block.stateRoot)
}
const faultOf = (answer: ImportAnswer) => answer.failed?.fault
const last = (blocks: readonly BuiltBlock[]): BuiltBlock => blocks[blocks.length - 1] as BuiltBlock
const heavier = { seconds: 1n }
const lighter = { seconds: 30n }

test('imports a chain with ommers over several forks, batch by batch, and every miner has what the builder paid', async () => {
  const { stage, build, location } = await scene('linear')
  const blocks = build.grow(build.genesis, 300)
  expect(blocks.some(({ ommers }) => ommers.length === 2)).toBe(true)
  const batches = [blocks.slice(0, 100), blocks.slice(100, 101), blocks.slice(101, 250), blocks.slice(250)]
  const answers = await Promise.all(batches.map((batch) => stage.import(batch)))
  expect(answers.map(({ imported, known, failed }) => ({ imported, known, failed }))).toEqual(
    batches.map(({ length }) => ({ imported: length, known: 0, failed: undefined })),
  )
  isHead(await stage.head(), last(blocks))
  expect(readPublishedHead(stage.publishedHead)).toMatchObject({ number: 300n, hash: last(blocks).hash })
  await stored(location, async (database) => {
    await verifyStored(database)
    for (const { header } of blocks)
      expect(balanceOf(database, header.beneficiary)).toBe(build.balanceAt(last(blocks), header.beneficiary))
  })
})

test('skips blocks that are in the chain already, the genesis among them, and takes the rest of the batch', async () => {
  const { stage, build } = await scene('known')
  const blocks = build.grow(build.genesis, 20)
  await stage.import(blocks.slice(0, 12))
  expect(await stage.import([build.genesis, ...blocks])).toMatchObject({ imported: 8, known: 13, failed: undefined })
  expect(await stage.import(blocks)).toMatchObject({ imported: 0, known: 20, failed: undefined })
  expect(await stage.import([])).toMatchObject({ imported: 0, known: 0, failed: undefined })
  isHead(await stage.head(), last(blocks))
})

test('refuses a file of another network by its genesis or by an unknown parent', async () => {
  const { stage, build } = await scene('ours')
  const other = await chainBuilder('theirs', {
    ...TEST_SPEC,
    genesis: { ...TEST_SPEC.genesis, timestamp: TEST_SPEC.genesis.timestamp + 1n },
  })
  const theirs = other.grow(other.genesis, 3)
  const answer = await stage.import([other.genesis, ...theirs])
  expect(answer).toMatchObject({ imported: 0, failed: { number: 0n, hash: other.genesis.hash } })
  expect(faultOf(answer)).toEqual({ code: 'BLOCK_OTHER_GENESIS', ours: build.genesis.hash })
  expect(faultOf(await stage.import(theirs))).toEqual({
    code: 'BLOCK_PARENT_UNKNOWN',
    parentHash: other.genesis.hash,
  })
})

const wrongHash = (): Uint8Array => new Uint8Array(32).fill(7)
const SPOILT: readonly (readonly [string, (header: Header) => Header, object])[] = [
  [
    'BLOCK_HEADER',
    (header) => ({ ...header, difficulty: header.difficulty + 1n }),
    { cause: { code: 'HEADER_DIFFICULTY' } },
  ],
  ['BLOCK_HEADER', (header) => ({ ...header, gasLimit: 1n }), { cause: { code: 'HEADER_GAS_LIMIT' } }],
  ['BLOCK_HEADER', (header) => ({ ...header, number: header.number + 5n }), { cause: { code: 'HEADER_NUMBER' } }],
  ['BLOCK_BODY', (header) => ({ ...header, transactionsRoot: wrongHash() }), { field: 'transactionsRoot' }],
  ['BLOCK_BODY', (header) => ({ ...header, ommersHash: wrongHash() }), { field: 'ommersHash' }],
  ['BLOCK_RESULT', (header) => ({ ...header, gasUsed: 21_000n }), { field: 'gasUsed' }],
  ['BLOCK_RESULT', (header) => ({ ...header, receiptsRoot: wrongHash() }), { field: 'receiptsRoot' }],
  ['BLOCK_RESULT', (header) => ({ ...header, logsBloom: new Uint8Array(256).fill(1) }), { field: 'logsBloom' }],
  ['BLOCK_STATE_ROOT', (header) => ({ ...header, stateRoot: wrongHash() }), { claimed: wrongHash() }],
]

test.each(SPOILT)(
  'refuses a block with %s (%#), keeps those before it, and goes on with a sound one',
  async (code, spoil, more) => {
    const { stage, build, location } = await scene(`spoilt ${code}`)
    const blocks = build.grow(build.genesis, 5)
    const bad = build.extend(last(blocks), { spoil })
    const child = build.extend(bad)
    const answer = await stage.import([...blocks, bad, child])
    expect(answer).toMatchObject({ imported: 5, failed: { hash: bad.hash, fault: { code, ...more } } })
    isHead(answer.head, last(blocks))
    const sound = build.extend(last(blocks))
    expect(await stage.import([sound])).toMatchObject({ imported: 1, failed: undefined })
    await stored(location, verifyStored)
  },
)

test('refuses ommers that break a rule, total difficulties that do not add up, and bytes that are no block', async () => {
  const { stage, build } = await scene('faults')
  const blocks = build.grow(build.genesis, 8)
  const tip = last(blocks)
  const ommer = build.ommerOf(tip.parent?.parent as BuiltBlock)
  const twice = build.extend(tip, { ommers: [ommer, ommer] })
  expect(faultOf(await stage.import([...blocks, twice]))).toMatchObject({
    code: 'BLOCK_OMMERS',
    cause: { code: 'OMMER_REPEATED', index: 1 },
  })
  const next = build.extend(tip)
  const { totalDifficulty } = next
  expect(faultOf(await stage.import([{ ...next, totalDifficulty: totalDifficulty + 1n }]))).toEqual({
    code: 'BLOCK_TOTAL_DIFFICULTY',
    computed: totalDifficulty,
    claimed: totalDifficulty + 1n,
  })
  expect(faultOf(await stage.import([{ ...next, headerBytes: Uint8Array.of(0xc1, 0x80) }]))).toMatchObject({
    code: 'BLOCK_ENCODING',
  })
  expect(faultOf(await stage.import([{ ...next, bodyBytes: Uint8Array.of(0xc0) }]))).toMatchObject({
    code: 'BLOCK_ENCODING',
  })
  expect(await stage.import([{ ...next, totalDifficulty: undefined }])).toMatchObject({ imported: 1 })
})

test('says of a block with transactions that it is not executed yet, on the chain and beside it', async () => {
  const { stage, build } = await scene('transactions')
  const blocks = build.grow(build.genesis, 4, lighter)
  const transactions = [Uint8Array.of(0xc3, 1, 2, 3)]
  const next = build.extend(last(blocks), { transactions })
  const fault = { code: 'BLOCK_UNSUPPORTED', what: 'transactions' }
  expect(await stage.import([...blocks, next])).toMatchObject({ imported: 4, failed: { hash: next.hash, fault } })
  const side = build.grow(blocks[1] as BuiltBlock, 2, heavier)
  const sideNext = build.extend(last(side), { transactions, seconds: 1n })
  const answer = await stage.import([...side, sideNext])
  expect(answer).toMatchObject({ failed: { hash: sideNext.hash, fault } })
  isHead(await stage.head(), last(side))
})

test('a wrong state root in a batch: what is before it is in, batches already executed on it are answered and leave nothing', async () => {
  const { stage, build, location } = await scene('root')
  const before = build.grow(build.genesis, 30)
  const bad = build.extend(last(before), { spoil: (header) => ({ ...header, stateRoot: wrongHash() }) })
  const after = build.grow(bad, 200)
  const [first, second, third] = await Promise.all([
    stage.import([...before, bad, ...after.slice(0, 10)]),
    stage.import(after.slice(10, 100)),
    stage.import(after.slice(100)),
  ])
  expect(first).toMatchObject({ imported: 30, failed: { number: 31n, fault: { code: 'BLOCK_STATE_ROOT' } } })
  for (const answer of [second, third])
    expect(answer).toMatchObject({ imported: 0, failed: { fault: { code: 'BLOCK_PARENT_UNKNOWN' } } })
  await stored(location, async (database) => {
    expect((await verifyStored(database)).number).toBe(30n)
    expect(database.get(headerKey(31n, bad.hash))).toBeUndefined()
    expect(database.get(changedKeysKey(31n))).toBeUndefined()
  })
  const sound = build.grow(last(before), 40)
  expect(await stage.import(sound)).toMatchObject({ imported: 40, failed: undefined })
  isHead(await stage.head(), last(sound))
})

test('keeps a lighter branch aside without executing it, and still knows it later', async () => {
  const { stage, build, location } = await scene('aside')
  const blocks = build.grow(build.genesis, 20, heavier)
  await stage.import(blocks)
  const side = build.grow(blocks[9] as BuiltBlock, 6, lighter)
  expect(await stage.import(side)).toMatchObject({ imported: 0, known: 6, failed: undefined })
  isHead(await stage.head(), last(blocks))
  await stored(location, (database) => {
    for (const { number, hash } of side) {
      expect(database.get(headerKey(number, hash))).toBeDefined()
      expect(database.get(receiptsKey(number, hash))).toBeUndefined()
      expect(database.get(canonicalHashKey(number))).not.toEqual(hash)
    }
  })
})

test.each([1, 2, 7, 40])(
  'switches to a heavier branch that leaves the chain %i blocks below the head',
  async (depth) => {
    const { stage, build, location } = await scene(`reorg ${depth}`)
    const common = build.grow(build.genesis, 30)
    const left = build.grow(last(common), depth, lighter)
    const branch = build.grow(last(common), depth, heavier)
    expect(last(branch).totalDifficulty).toBeGreaterThan(last(left).totalDifficulty)
    await stage.import([...common, ...left])
    const answer = await stage.import(branch)
    expect(answer).toMatchObject({ imported: depth, failed: undefined })
    isHead(answer.head, last(branch))
    await stored(location, async (database) => {
      await verifyStored(database)
      for (const { number, hash, header } of left) {
        expect(database.get(canonicalHashKey(number))).not.toEqual(hash)
        expect(database.get(receiptsKey(number, hash))).toBeUndefined()
        expect(balanceOf(database, header.beneficiary)).toBe(build.balanceAt(last(branch), header.beneficiary))
      }
    })
    // And back, because the old branch grew, by blocks of which the first is known aside.
    const longer = build.grow(last(left), depth + 3, heavier)
    expect(await stage.import(longer)).toMatchObject({ failed: undefined })
    isHead(await stage.head(), last(longer))
    await stored(location, verifyStored)
  },
)

test('a shorter branch that is heavier wins, and nothing stays canonical above it', async () => {
  const { stage, build, location } = await scene('shorter')
  const common = build.grow(build.genesis, 60, heavier)
  const left = build.grow(last(common), 41, { seconds: 900n })
  const branch = build.grow(last(common), 40, heavier)
  expect(last(branch).totalDifficulty).toBeGreaterThan(last(left).totalDifficulty)
  await stage.import([...common, ...left])
  await stage.import(branch)
  isHead(await stage.head(), last(branch))
  await stored(location, async (database) => {
    await verifyStored(database)
    expect(database.get(changedKeysKey(101n))).toBeUndefined()
  })
})

test('two branches in one batch: the heaviest block decides, not the last', async () => {
  const { stage, build } = await scene('mixed')
  const common = build.grow(build.genesis, 10)
  await stage.import([...common, ...build.grow(last(common), 3, lighter)])
  const heavy = build.grow(last(common), 5, heavier)
  const light = build.grow(last(common), 2, lighter)
  const mixed = [heavy[0], light[0], heavy[1], heavy[2], light[1], heavy[3], heavy[4]] as BuiltBlock[]
  expect(await stage.import([...mixed.slice(0, 4), mixed[5], mixed[6], mixed[4]] as BuiltBlock[])).toMatchObject({
    imported: 5,
    failed: undefined,
  })
  isHead(await stage.head(), last(heavy))
})

test('a heavier branch with an invalid block: back to the old head, remembered as bad, not tried again', async () => {
  const { stage, build, location } = await scene('bad branch')
  const common = build.grow(build.genesis, 10)
  const left = build.grow(last(common), 6, heavier)
  await stage.import([...common, ...left])
  const before = await stage.head()
  const sound = build.grow(last(common), 3, heavier)
  const bad = build.extend(last(sound), { seconds: 1n, spoil: (h) => ({ ...h, stateRoot: wrongHash() }) })
  const after = build.grow(bad, 6, heavier)
  const answer = await stage.import([...sound, bad, ...after])
  expect(answer).toMatchObject({ imported: 0, failed: { hash: bad.hash, fault: { code: 'BLOCK_STATE_ROOT' } } })
  expect(await stage.head()).toEqual(before)
  await stored(location, async (database) => {
    await verifyStored(database)
    expect(database.get(badBlockKey(bad.number, bad.hash))).toBeDefined()
  })
  const told = stage.heads.length
  expect(faultOf(await stage.import([bad]))).toEqual({ code: 'BLOCK_BAD' })
  expect(faultOf(await stage.import(after.slice(0, 2)))).toEqual({ code: 'BLOCK_BAD' })
  // Built on what stands beside the chain already, further up: found out before anything is rolled back.
  expect(faultOf(await stage.import(build.grow(last(after), 2, heavier)))).toEqual({ code: 'BLOCK_BAD' })
  expect(await stage.head()).toEqual(before)
  expect(stage.heads.length).toBe(told)
  const next = build.grow(last(left), 2)
  expect(await stage.import(next)).toMatchObject({ imported: 2 })
})

test('of an invalid branch the sound part is kept when it is heavier by itself', async () => {
  const { stage, build, location } = await scene('sound part')
  const common = build.grow(build.genesis, 10)
  await stage.import([...common, ...build.grow(last(common), 2, lighter)])
  const sound = build.grow(last(common), 5, heavier)
  const bad = build.extend(last(sound), { spoil: (h) => ({ ...h, gasUsed: 1n }) })
  const answer = await stage.import([...sound, bad])
  expect(answer).toMatchObject({ imported: 5, failed: { hash: bad.hash, fault: { code: 'BLOCK_RESULT' } } })
  isHead(await stage.head(), last(sound))
  await stored(location, verifyStored)
})

test('with short history: a branch from below it is refused, and after a reorg no state is promised that was pruned', async () => {
  const { stage, build, location } = await scene('history', { historyBlocks: 10 })
  const blocks = build.grow(build.genesis, 40, lighter)
  for (let at = 0; at < 40; at += 4) await stage.import(blocks.slice(at, at + 4))
  expect(await stored(location, oldestState)).toBe(30n)
  const tooDeep = build.grow(blocks[19] as BuiltBlock, 22, heavier)
  expect(faultOf(await stage.import(tooDeep))).toEqual({ code: 'BLOCK_REORG_DEPTH', base: 20n, oldest: 30n })
  isHead(await stage.head(), last(blocks))
  const branch = build.grow(blocks[33] as BuiltBlock, 6, heavier)
  const heavyEnough = last(branch).totalDifficulty > last(blocks).totalDifficulty
  if (!heavyEnough) branch.push(...build.grow(last(branch), 1, heavier))
  expect(await stage.import(branch)).toMatchObject({ failed: undefined })
  isHead(await stage.head(), last(branch))
  expect(await stored(location, oldestState)).toBeGreaterThanOrEqual(30n)
  await stored(location, verifyStored)
})

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 2_000) throw new Error(`does not come to hold: ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

async function runsAgain(stage: ChainStage, path: string, restarts: number): Promise<void> {
  for (let tries = 0; stage.restarts(path) < restarts || !(await stage.ctx.ask(stage.chain, 'head')).ok; tries++) {
    if (tries > 2_000) throw new Error(`${path} did not restart`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

test('an operator restarts the chain in the middle of an import: the head is kept, the epoch grows, the import goes on', async () => {
  const { stage, build, location } = await scene('restart')
  const blocks = build.grow(build.genesis, 400)
  await stage.import(blocks.slice(0, 50))
  const epoch = readPublishedHead(stage.publishedHead)?.epoch as bigint
  const underWay = [stage.tryImport(blocks.slice(50, 250)), stage.tryImport(blocks.slice(250))]
  expect(stage.ctx.system.restart('chain').ok).toBe(true)
  const answers = await Promise.all(underWay)
  for (const answer of answers) if (!answer.ok) expect(['ACTOR_FAILED', 'ACTOR_DOWN']).toContain(answer.error.code)
  await runsAgain(stage, 'chain', 1)
  expect((await stage.head()).number).toBeGreaterThanOrEqual(50n)
  await stored(location, verifyStored)
  expect(readPublishedHead(stage.publishedHead)?.epoch).toBe(epoch + 1n)
  // Without a block in between.
  expect(stage.ctx.system.restart('chain').ok).toBe(true)
  await runsAgain(stage, 'chain', 2)
  expect(readPublishedHead(stage.publishedHead)?.epoch).toBe(epoch + 2n)
  await stage.import(blocks)
  isHead(await stage.head(), last(blocks))
})

test('a committer that ends takes the chain with it, and both come back at the persisted head', async () => {
  const { stage, build, location } = await scene('committer')
  const blocks = build.grow(build.genesis, 120)
  await stage.import(blocks.slice(0, 60))
  expect(stage.ctx.system.restart(COMMITTER_PATH).ok).toBe(true)
  await runsAgain(stage, 'chain', 1)
  isHead(await stage.head(), blocks[59] as BuiltBlock)
  expect(await stage.import(blocks.slice(60))).toMatchObject({ imported: 60, failed: undefined })
  await stored(location, verifyStored)
})

test('at a stop what was asked for is finished', async () => {
  const { stage, build, location } = await scene('drain')
  const blocks = build.grow(build.genesis, 200)
  const under = Promise.all([stage.tryImport(blocks.slice(0, 100)), stage.tryImport(blocks.slice(100))])
  const stopped = stage.ctx.stop(stage.chain)
  expect((await under).every(({ ok }) => ok)).toBe(true)
  await stopped
  await stored(location, async (database) => expect((await verifyStored(database)).number).toBe(200n))
})

test('a full disk is said, nothing of the batch is in, and with room again the import goes on', async () => {
  const build = await chainBuilder('full')
  const disk = createSimulatedDisk()
  const location = { engine: 'memory', store: await crashingStore(disk, '/chaindata') } as const
  const stage = await realStage({ spec: TEST_SPEC, database: location })
  closers.push(() => stage.stop())
  expect((await stage.started).ok).toBe(true)
  const blocks = build.grow(build.genesis, 90)
  await stage.import(blocks.slice(0, 30))
  disk.failWrites(1)
  const [full, next] = await Promise.all([stage.import(blocks.slice(30, 60)), stage.tryImport(blocks.slice(60))])
  expect(full).toMatchObject({ imported: 0, failed: { number: 31n, fault: { code: 'BLOCK_NOT_WRITTEN' } } })
  if (next.ok) expect(faultOf(next.value)).toMatchObject({ code: 'BLOCK_PARENT_UNKNOWN' })
  expect(await stored(location, async (database) => (await verifyStored(database)).number)).toBe(30n)
  // The committer is ahead of the store by the lost batch, so the chain begins again at the persisted head.
  let again = await stage.tryImport(blocks)
  for (let tries = 0; !again.ok && tries < 100; tries++) {
    await runsAgain(stage, 'chain', 1)
    again = await stage.tryImport(blocks)
  }
  expect(again).toMatchObject({ ok: true, value: { failed: undefined } })
  isHead(await stage.head(), last(blocks))
  const side = build.grow(blocks[79] as BuiltBlock, 2, lighter)
  disk.failWrites(1)
  expect(await stage.import(side)).toMatchObject({ known: 0, failed: { fault: { code: 'BLOCK_NOT_WRITTEN' } } })
  expect(await stage.import(side)).toMatchObject({ known: 2, failed: undefined })
  await stored(location, verifyStored)
})

test('listeners hear of every head when they keep up', async () => {
  const { stage, build } = await scene('heads')
  for (const block of build.grow(build.genesis, 20)) await stage.import([block])
  await until(() => stage.heads.length === 21)
  expect(stage.heads.map(({ number }) => Number(number))).toEqual(Array.from({ length: 21 }, (_, number) => number))
})

test('a listener that rests hears of the newest head afterwards, not of all', async () => {
  const HEADS = 200
  let wake = () => {}
  const listenerRests = new Promise<void>((resolve) => {
    wake = resolve
  })
  const { stage, build } = await scene('resting', { listenerRests })
  const blocks = build.grow(build.genesis, HEADS)
  for (const block of blocks) await stage.import([block])
  wake()
  await until(() => stage.heads[stage.heads.length - 1]?.number === BigInt(HEADS))
  expect(stage.heads.length).toBeLessThan(HEADS)
  const numbers = stage.heads.map(({ number }) => Number(number))
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
})

test('on threads of its own, over LevelDB: imports, reorganises, survives the restart of the system', {
  timeout: 30_000,
}, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'troupe-chain-'))
  closers.push(() => rm(directory, { recursive: true, force: true }))
  const location = { engine: 'level', directory: join(directory, 'chaindata') } as const
  const options = {
    spec: TEST_SPEC,
    database: location,
    placement: { chain: 'chain', 'chain/trie-committer-*': 'trie' },
  }
  const build = await chainBuilder('threads')
  const blocks = build.grow(build.genesis, 500, lighter)
  const first = await realStage(options)
  expect((await first.started).ok).toBe(true)
  await Promise.all([first.import(blocks.slice(0, 200)), first.import(blocks.slice(200))])
  await first.stop()
  const second = await realStage(options)
  expect((await second.started).ok).toBe(true)
  isHead(await second.head(), last(blocks))
  const branch = build.grow(blocks[449] as BuiltBlock, 60, heavier)
  expect(await second.import(branch)).toMatchObject({ imported: 60, failed: undefined })
  isHead(await second.head(), last(branch))
  expect(second.ctx.system.restart(COMMITTER_PATH).ok).toBe(true)
  await runsAgain(second, 'chain', 1)
  const more = build.grow(last(branch), 30)
  expect(await second.import(more)).toMatchObject({ imported: 30 })
  await second.stop()
  await stored(location, async (database) => expect((await verifyStored(database)).number).toBe(540n))
  const other = { ...TEST_SPEC, genesis: { ...TEST_SPEC.genesis, timestamp: 1n } }
  const third = await realStage({ ...options, spec: other })
  const refused = await third.started
  expect(refused).toMatchObject({ ok: false, error: { code: 'START_FAILED' } })
  if (!refused.ok) expect(refused.error.detail).toMatch(/data directory holds a chain with genesis 0x[0-9a-f]{64}/)
  await third.stop()
})
