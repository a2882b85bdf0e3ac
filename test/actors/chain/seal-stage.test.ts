import { expect, test } from 'vitest'
import { createSealStage, type SealedBlock } from '../../../actors/chain/seals.ts'
import type { BatchAnswer } from '../../../actors/pool/messages.ts'
import { decodeSeal, SEAL_ROW_BYTES, VERDICT_ROW_BYTES } from '../../../protocols/ethash/seal-rows.ts'
import { encodeHeader, type Header, headerHash } from '../../../protocols/header.ts'
import { ok, type Result } from '../../../protocols/result.ts'
import type { AskFailure } from '../../../runtime/actor.ts'
import { seededRandom } from '../../../runtime/simulation/random.ts'
import { plainHeader } from '../../plain-header.ts'

const headerOf = (number: number, more: Partial<Header> = {}): Header =>
  plainHeader({
    difficulty: 131_072n,
    number: BigInt(number),
    timestamp: 1n,
    mixHash: new Uint8Array(32).fill(3),
    nonce: new Uint8Array(8).fill(4),
    ...more,
  })
const WRONG = { nonce: new Uint8Array(8).fill(0xff) }
const blockOf = (header: Header, ommers: readonly Header[] = []): SealedBlock => ({
  hash: headerHash(encodeHeader(header)),
  header,
  ommers: ommers.map(encodeHeader),
})
const blocks = (count: number, first = 1) => Array.from({ length: count }, (_, i) => blockOf(headerOf(first + i)))

type Script = Result<BatchAnswer, AskFailure> | 'judge'
const failed = (code: 'POOL_FULL' | 'JOB_DEADLINE' | 'SEAL_EPOCH'): Script => ok({ ok: false, code, detail: 'why' })
const DOWN: Script = {
  ok: false,
  error: { code: 'ACTOR_DOWN', outcome: 'NOT_DONE', actor: 'pool', kind: 'verifySeals' },
}

/** A pool that fails as scripted, and then finds wrong what has a nonce of all ones. */
function scene(check: 'all' | 'sample' | 'none', ...script: Script[]) {
  const asked: bigint[][] = []
  const waited: number[] = []
  const stage = createSealStage({
    check,
    random: seededRandom('seals'),
    log: { error() {}, warn() {}, info() {}, debug() {}, trace() {} },
    wait: async (ms) => void waited.push(ms),
    async verify(rows) {
      const count = rows.length / SEAL_ROW_BYTES
      const seals = Array.from({ length: count }, (_, i) =>
        decodeSeal(rows.subarray(i * SEAL_ROW_BYTES, (i + 1) * SEAL_ROW_BYTES)),
      )
      asked.push(seals.map(({ number }) => number))
      const answer = script.shift() ?? 'judge'
      if (answer !== 'judge') return answer
      const verdicts = new Uint8Array(count * VERDICT_ROW_BYTES)
      // 3: SEAL_MIX_HASH, and what it should be.
      for (const [i, { nonce }] of seals.entries()) verdicts[i * VERDICT_ROW_BYTES] = nonce[0] === 0xff ? 3 : 1
      return ok({ ok: true, rows: verdicts })
    },
  })
  return { stage, asked, waited }
}

test('all seals are asked for in one go, those of ommers too', async () => {
  const { stage, asked } = scene('all')
  const ommers = [headerOf(1, { timestamp: 2n }), headerOf(1, { timestamp: 3n })]
  expect(await stage.check([blockOf(headerOf(1)), blockOf(headerOf(2), ommers), blockOf(headerOf(3))])).toEqual({
    ok: true,
    checked: 5,
  })
  expect(asked).toEqual([[1n, 2n, 1n, 1n, 3n]])
})

test('names the first block with a wrong seal, and the ommer if it is that', async () => {
  const { stage } = scene('all')
  const ommer = headerOf(2, WRONG)
  const wrong = [...blocks(2), blockOf(headerOf(3), [ommer]), blockOf(headerOf(4, WRONG))]
  expect(await stage.check(wrong)).toEqual({
    ok: false,
    checked: 2,
    index: 2,
    fault: {
      code: 'BLOCK_SEAL',
      cause: { code: 'SEAL_MIX_HASH', mixHash: ommer.mixHash, expected: new Uint8Array(32) },
      ommer: headerHash(encodeHeader(ommer)),
    },
  })
  expect(await scene('all').stage.check([blockOf(headerOf(4, WRONG))])).toMatchObject({
    index: 0,
    fault: { code: 'BLOCK_SEAL', ommer: undefined },
  })
})

test('what was found right is not asked for again, and nothing but that', async () => {
  const { stage, asked } = scene('all')
  const some = [...blocks(3), blockOf(headerOf(4, WRONG)), blockOf(headerOf(5))]
  expect(await stage.check(some)).toMatchObject({ ok: false, index: 3, checked: 3 })
  expect(await stage.check(some.slice(0, 3))).toEqual({ ok: true, checked: 0 })
  expect(await stage.check(some.slice(2))).toMatchObject({ ok: false, index: 1, checked: 0 })
  expect(asked).toEqual([
    [1n, 2n, 3n, 4n, 5n],
    [4n, 5n],
  ])
})

test('many go in several asks', async () => {
  const { stage, asked } = scene('all')
  expect(await stage.check(blocks(1_100))).toEqual({ ok: true, checked: 1_100 })
  expect(asked.map(({ length }) => length)).toEqual([512, 512, 76])
})

test('a header without difficulty has no seal', async () => {
  const { stage, asked } = scene('all')
  expect(await stage.check([blockOf(headerOf(1, { difficulty: 0n, ...WRONG }))])).toEqual({ ok: true, checked: 0 })
  expect(asked).toEqual([])
})

test('of many about one in 100 is sampled, and a sampled one that is wrong is refused', async () => {
  const { stage, asked } = scene('sample')
  const verdict = await stage.check(blocks(4_000))
  expect(verdict.ok).toBe(true)
  expect(verdict.checked).toBe(asked.flat().length)
  // Forty and six standard deviations.
  expect(verdict.checked).toBeGreaterThan(2)
  expect(verdict.checked).toBeLessThan(78)
  const wrong = Array.from({ length: 2_000 }, (_, i) => blockOf(headerOf(10_000 + i, WRONG)))
  expect(await stage.check(wrong)).toMatchObject({ ok: false, fault: { code: 'BLOCK_SEAL' } })
})

test('with none, nobody is asked', async () => {
  const { stage, asked } = scene('none')
  expect(await stage.check([blockOf(headerOf(1, WRONG))])).toEqual({ ok: true, checked: 0 })
  expect(asked).toEqual([])
})

test('a pool that is full, overruns or restarts is asked again', async () => {
  const { stage, asked, waited } = scene('all', failed('POOL_FULL'), DOWN, failed('JOB_DEADLINE'))
  expect(await stage.check(blocks(2))).toEqual({ ok: true, checked: 2 })
  expect(asked).toHaveLength(4)
  expect(waited).toEqual([100, 400, 1_600])
})

test('seals that nobody checks are never right: the blocks before them are taken, and the fault is no verdict', async () => {
  const { stage, waited } = scene('all', ...Array.from({ length: 20 }, () => DOWN))
  const verdict = await stage.check(blocks(2))
  expect(verdict).toEqual({
    ok: false,
    checked: 0,
    index: 0,
    fault: { code: 'BLOCK_SEAL_UNCHECKED', cause: 'ACTOR_DOWN' },
  })
  expect(waited.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(30_000)
})

test('what would be refused again is not asked again', async () => {
  const { stage, waited } = scene('all', failed('SEAL_EPOCH'))
  expect(await stage.check(blocks(1))).toMatchObject({
    fault: { code: 'BLOCK_SEAL_UNCHECKED', cause: 'SEAL_EPOCH why' },
  })
  expect(waited).toEqual([])
})

test('once closed, it does not ask again', async () => {
  const { stage, asked } = scene('all', DOWN, DOWN)
  stage.close()
  expect(await stage.check(blocks(1))).toMatchObject({ ok: false, fault: { code: 'BLOCK_SEAL_UNCHECKED' } })
  expect(asked).toHaveLength(1)
})

test('an answer that lacks verdicts is a bug, and never taken for right', async () => {
  const { stage } = scene('all', ok({ ok: true, rows: new Uint8Array(VERDICT_ROW_BYTES) }))
  await expect(stage.check(blocks(2))).rejects.toThrow('no verdict')
})
