/** The chain with a pool: a scripted one that finds some seals wrong, and the real one with blocks of mainnet. */
import { afterEach, expect, test } from 'vitest'
import type { SealSettings } from '../../../actors/chain/messages.ts'
import type { PoolMessages } from '../../../actors/pool/messages.ts'
import { pool } from '../../../actors/pool/pool.ts'
import { bytesEqual } from '../../../protocols/bytes.ts'
import type { ChainSpec } from '../../../protocols/chain-spec/chain-spec.ts'
import { MAINNET } from '../../../protocols/chain-spec/mainnet.ts'
import { era1Parser } from '../../../protocols/era1/reader.ts'
import { decodeSeal, SEAL_ROW_BYTES, VERDICT_ROW_BYTES } from '../../../protocols/ethash/seal-rows.ts'
import { decodeHeader, encodeHeader, type Header, headerHash, sealHash } from '../../../protocols/header.ts'
import { defineActor } from '../../../runtime/actor.ts'
import { createMemoryStore, type DatabaseLocation, openDatabase } from '../../../storage/database.ts'
import { badBlockKey, headerKey } from '../../../storage/schema.ts'
import { type BuiltBlock, chainBuilder, TEST_SPEC } from '../../chain-builder.ts'
import { readShared, testShared } from '../../shared-data.ts'
import { type ChainStage, realStage, type StageOptions } from './chain-stage.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function open(spec: ChainSpec, seals: NonNullable<StageOptions['seals']>) {
  const location: DatabaseLocation = { engine: 'memory', store: createMemoryStore() }
  const stage: ChainStage = await realStage({ spec, database: location, seals })
  closers.push(() => stage.stop())
  expect(await stage.started).toEqual({ ok: true, value: undefined })
  const isStored = async (key: Uint8Array): Promise<boolean> => {
    const opened = await openDatabase(location)
    if (!opened.ok) throw new Error(opened.error.code)
    const found = opened.value.get(key) !== undefined
    await opened.value.close()
    return found
  }
  return { stage, isStored }
}

/** Finds the seals of some headers wrong; fails so many times before its first answer. */
function judging(wrong: readonly Header[], failures = 0) {
  const hashes = wrong.map(sealHash)
  let left = failures
  let seals = 0
  const definition = defineActor<Pick<PoolMessages, 'verifySeals'>>({
    name: 'pool',
    mailbox: { capacity: 16 },
    behavior: () => ({
      verifySeals({ rows }) {
        if (left-- > 0) return { ok: false, code: 'POOL_FULL', detail: '' }
        const count = rows.length / SEAL_ROW_BYTES
        seals += count
        const verdicts = new Uint8Array(count * VERDICT_ROW_BYTES)
        for (let i = 0; i < count; i++) {
          const seal = decodeSeal(rows.subarray(i * SEAL_ROW_BYTES, (i + 1) * SEAL_ROW_BYTES))
          const isWrong = hashes.some((hash) => bytesEqual(hash, seal.sealHash))
          verdicts[i * VERDICT_ROW_BYTES] = isWrong ? 3 : 1
        }
        return { ok: true, rows: verdicts }
      },
    }),
  })
  return {
    asked: () => seals,
    seals: ((ctx) => ({
      check: 'all',
      pool: ctx.spawn({ name: 'pool', actor: definition, deps: undefined }).ref,
    })) satisfies (ctx: Parameters<NonNullable<StageOptions['seals']>>[0]) => SealSettings,
  }
}
const last = (blocks: readonly BuiltBlock[]): BuiltBlock => blocks[blocks.length - 1] as BuiltBlock
const heavier = { seconds: 1n }
const sealsOf = (blocks: readonly BuiltBlock[]) => blocks.reduce((sum, { ommers }) => sum + 1 + ommers.length, 0)

test('every block and ommer is checked once, though a batch is executed again', async () => {
  const build = await chainBuilder('seals counted')
  const blocks = build.grow(build.genesis, 40)
  const { seals, asked } = judging([blocks[30]!.header])
  const { stage } = await open(TEST_SPEC, seals)
  const sound = blocks.slice(0, 30)
  expect(sound.some(({ ommers }) => ommers.length > 0)).toBe(true)
  expect(await stage.import(blocks.slice(0, 10))).toMatchObject({
    imported: 10,
    sealsChecked: sealsOf(blocks.slice(0, 10)),
  })
  const answer = await stage.import(blocks.slice(5))
  expect(answer).toMatchObject({ imported: 20, known: 5, sealsChecked: sealsOf(blocks.slice(10, 30)) })
  expect(answer.failed).toMatchObject({
    number: 31n,
    hash: blocks[30]!.hash,
    fault: { code: 'BLOCK_SEAL', ommer: undefined },
  })
  expect(asked()).toBe(sealsOf(blocks))
  expect((await stage.head()).hash).toEqual(last(sound).hash)
})

test('a block with a wrong seal is remembered as bad, and so is what is built on it', async () => {
  const build = await chainBuilder('seals bad')
  const blocks = build.grow(build.genesis, 12)
  const bad = blocks[8]!
  const { stage, isStored } = await open(TEST_SPEC, judging([bad.header]).seals)
  expect(await stage.import(blocks)).toMatchObject({ imported: 8, failed: { number: 9n } })
  expect(await isStored(badBlockKey(9n, bad.hash))).toBe(true)
  expect(await isStored(headerKey(9n, bad.hash))).toBe(false)
  expect((await stage.import(blocks.slice(9))).failed).toMatchObject({ number: 10n, fault: { code: 'BLOCK_BAD' } })
})

test('a wrong ommer is named', async () => {
  const build = await chainBuilder('seals ommer')
  const blocks = build.grow(build.genesis, 60)
  const at = blocks.findIndex(({ ommers }) => ommers.length > 0)
  const ommer = decodeHeader(blocks[at]!.ommers[0]!)
  if (!ommer.ok) throw new Error(ommer.error.code)
  const { stage } = await open(TEST_SPEC, judging([ommer.value]).seals)
  const answer = await stage.import(blocks)
  expect(answer).toMatchObject({ imported: at })
  expect(answer.failed?.fault).toMatchObject({ code: 'BLOCK_SEAL', ommer: headerHash(blocks[at]!.ommers[0]!) })
})

test('batches on their way behind a wrong seal are refused for want of it, not taken', async () => {
  const build = await chainBuilder('seals behind')
  const blocks = build.grow(build.genesis, 40)
  const { stage } = await open(TEST_SPEC, judging([blocks[4]!.header]).seals)
  const parts = [blocks.slice(0, 10), blocks.slice(10, 20), blocks.slice(20, 30), blocks.slice(30)]
  const answers = await Promise.all(parts.map((part) => stage.import(part)))
  expect(answers.map(({ imported }) => imported)).toEqual([4, 0, 0, 0])
  expect(answers.map(({ failed }) => failed?.fault.code)).toEqual([
    'BLOCK_SEAL',
    ...[1, 2, 3].map(() => expect.stringMatching(/^BLOCK_(PARENT_UNKNOWN|BAD)$/)),
  ])
  expect((await stage.head()).number).toBe(4n)
})

test('beside the chain, blocks with wrong seals are not stored, sound ones before them are', async () => {
  const build = await chainBuilder('seals aside')
  const trunk = build.grow(build.genesis, 20)
  const branch = build.grow(trunk[9]!, 4, { seconds: 30n })
  const { stage, isStored } = await open(TEST_SPEC, judging([branch[2]!.header]).seals)
  await stage.import(trunk)
  const answer = await stage.import(branch)
  expect(answer).toMatchObject({ imported: 0, known: 2, sealsChecked: sealsOf(branch.slice(0, 2)) })
  expect(answer.failed).toMatchObject({ number: 13n, hash: branch[2]!.hash, fault: { code: 'BLOCK_SEAL' } })
  const stored = await Promise.all(branch.map(({ number, hash }) => isStored(headerKey(number, hash))))
  expect(stored).toEqual([true, true, false, false])
  expect((await stage.import(branch)).failed).toMatchObject({ number: 13n, fault: { code: 'BLOCK_BAD' } })
  expect((await stage.head()).hash).toEqual(last(trunk).hash)
})

test('a heavier branch is switched to as far as its seals are right, and none is checked twice', async () => {
  const build = await chainBuilder('seals reorg')
  const trunk = build.grow(build.genesis, 12)
  const branch = build.grow(trunk[5]!, 12, heavier)
  const { seals, asked } = judging([branch[10]!.header])
  const { stage } = await open(TEST_SPEC, seals)
  await stage.import(trunk)
  const answer = await stage.import(branch)
  expect(branch[9]!.totalDifficulty).toBeGreaterThan(last(trunk).totalDifficulty)
  expect(answer).toMatchObject({ imported: 10, failed: { number: 17n, fault: { code: 'BLOCK_SEAL' } } })
  expect((await stage.head()).hash).toEqual(branch[9]!.hash)
  expect(asked()).toBe(sealsOf(trunk) + sealsOf(branch))
})

test('a pool that is full for a while costs time, no block', async () => {
  const build = await chainBuilder('seals full')
  const blocks = build.grow(build.genesis, 10)
  const { stage } = await open(TEST_SPEC, judging([], 2).seals)
  expect(await stage.import(blocks)).toMatchObject({ imported: 10, sealsChecked: sealsOf(blocks), failed: undefined })
})

const ERA1 = ['data', 'mainnet-00000-5ec1ffb8.era1']
testShared('blocks of mainnet: right as they are, and wrong with another mix hash', ERA1, async () => {
  const parsed = era1Parser().push(readShared(...ERA1).slice(0, 100_000))
  if (!parsed.ok) throw new Error(parsed.error.code)
  const blocks = parsed.value.slice(1, 61)
  const { stage } = await open(MAINNET, (ctx) => ({
    check: 'all',
    pool: ctx.spawn({ name: 'pool', actor: pool, deps: { threads: 0, ethash: undefined } }).ref,
  }))
  const batched = blocks.map((block) => ({ ...block, hash: headerHash(block.headerBytes) }))
  expect(await stage.import(batched.slice(0, 30))).toMatchObject({ imported: 30, failed: undefined })
  const header = decodeHeader(batched[40]!.headerBytes)
  if (!header.ok) throw new Error(header.error.code)
  const headerBytes = encodeHeader({ ...header.value, mixHash: header.value.mixHash.map((byte) => byte ^ 0x80) })
  const wrong = { ...batched[40]!, headerBytes, hash: headerHash(headerBytes) }
  const answer = await stage.import([...batched.slice(30, 40), wrong, ...batched.slice(41)])
  expect(answer).toMatchObject({
    imported: 10,
    failed: {
      number: 41n,
      hash: wrong.hash,
      fault: { code: 'BLOCK_SEAL', cause: { code: 'SEAL_MIX_HASH', expected: header.value.mixHash.slice() } },
    },
  })
  expect(await stage.import(batched.slice(40))).toMatchObject({ imported: 20, failed: undefined })
})
