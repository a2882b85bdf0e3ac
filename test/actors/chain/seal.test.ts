import { afterEach, expect, test } from 'vitest'
import type { ChainSpec } from '../../../protocols/chain-spec/chain-spec.ts'
import { DEV } from '../../../protocols/chain-spec/dev.ts'
import { decodeHeader, type Header } from '../../../protocols/header.ts'
import { seededRandom } from '../../../runtime/simulation/random.ts'
import { createMemoryStore, type DatabaseLocation, openDatabase } from '../../../storage/database.ts'
import { bodyKey, canonicalHashKey, headerKey } from '../../../storage/schema.ts'
import { chainBuilder, TEST_SPEC } from '../../chain-builder.ts'
import { answered, type ChainStage, COMMITTER_PATH, realStage } from './chain-stage.ts'
import { verifyStored } from './stored-state.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const random = seededRandom('seal')
const attributes = (timestamp: bigint) => ({
  timestamp,
  prevRandao: random.bytes(32),
  feeRecipient: random.bytes(20),
  extraData: Uint8Array.of(1),
  gasLimit: 60_000_000n,
  parentBeaconBlockRoot: random.bytes(32),
})

async function scene(spec: ChainSpec = DEV): Promise<{ stage: ChainStage; location: DatabaseLocation }> {
  const location = { engine: 'memory', store: createMemoryStore() } as const
  const stage = await realStage({ spec, database: location })
  closers.push(() => stage.stop())
  expect(await stage.started).toEqual({ ok: true, value: undefined })
  return { stage, location }
}

const seal = async (stage: ChainStage, parent: Uint8Array, timestamp: bigint) =>
  answered(await stage.ctx.ask(stage.chain, 'sealBlock', { parent, attributes: attributes(timestamp) }))

/** Seals on the head. @throws when it is refused. */
async function sealed(stage: ChainStage, timestamp: bigint) {
  const done = await seal(stage, (await stage.head()).hash, timestamp)
  if (!done.ok) throw new Error(JSON.stringify(done.error, (_k, v) => (typeof v === 'bigint' ? String(v) : v)))
  return done.value
}

async function blocksOf(location: DatabaseLocation) {
  const opened = await openDatabase(location)
  if (!opened.ok) throw new Error(opened.error.code)
  const database = opened.value
  await verifyStored(database)
  const blocks = []
  for (let number = 1n; ; number++) {
    const hash = database.get(canonicalHashKey(number))
    if (hash === undefined) break
    const headerBytes = database.get(headerKey(number, hash)) as Uint8Array
    const header = decodeHeader(headerBytes)
    if (!header.ok) throw new Error(header.error.code)
    const bodyBytes = database.get(bodyKey(number, hash)) as Uint8Array
    blocks.push({ hash, headerBytes, bodyBytes, totalDifficulty: undefined, header: header.value as Header })
  }
  await database.close()
  return blocks
}

test('blocks made here are taken by another node that imports them, to the same head', async () => {
  const { stage, location } = await scene()
  for (const timestamp of [1_700_000_000n, 0n, 1_700_000_000n, 1_800_000_000n]) await sealed(stage, timestamp)
  const blocks = await blocksOf(location)
  expect(blocks.map(({ header }) => header.timestamp)).toEqual([
    1_700_000_000n,
    1_700_000_001n,
    1_700_000_002n,
    1_800_000_000n,
  ])
  const other = await scene()
  expect(await other.stage.import(blocks)).toMatchObject({ imported: 4, failed: undefined })
  expect(await other.stage.head()).toEqual(await stage.head())
})

test('only on the block that was asked for: who was not answered asks again, and no block is made twice', async () => {
  const { stage } = await scene()
  const genesis = (await stage.head()).hash
  const both = await Promise.all([seal(stage, genesis, 1n), seal(stage, genesis, 2n)])
  const head = await stage.head()
  expect(both).toEqual([
    { ok: true, value: head },
    { ok: false, error: { code: 'SEAL_PARENT' } },
  ])
  expect(head.number).toBe(1n)
})

test('goes on after a restart of the chain or its committer', async () => {
  const { stage, location } = await scene()
  for (const path of ['chain', COMMITTER_PATH]) {
    await sealed(stage, 1_000n)
    const head = await stage.head()
    const before = stage.restarts('chain')
    expect(stage.ctx.system.restart(path).ok).toBe(true)
    await expect.poll(() => stage.restarts('chain')).toBeGreaterThan(before)
    await expect.poll(async () => (await stage.ctx.ask(stage.chain, 'head')).ok).toBe(true)
    expect(await stage.head()).toEqual(head)
    expect((await sealed(stage, 2_000n)).number).toBe(head.number + 1n)
  }
  expect(await blocksOf(location)).toHaveLength(4)
})

test('a chain that is not merged makes none, and says why', async () => {
  const { stage } = await scene(TEST_SPEC)
  const { genesis } = await chainBuilder('unmerged')
  expect(await seal(stage, genesis.hash, genesis.header.timestamp + 13n)).toMatchObject({
    ok: false,
    error: { code: 'SEAL_BLOCK', number: 1n, fault: { code: 'BLOCK_HEADER', cause: { code: 'HEADER_DIFFICULTY' } } },
  })
  expect((await stage.head()).number).toBe(0n)
})
