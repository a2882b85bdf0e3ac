import { afterEach, expect, test } from 'vitest'
import type { Batch, BatchAnswer, EthashCacheSettings, PoolDeps, PoolMessages } from '../../../actors/pool/messages.ts'
import { concatBytes } from '../../../protocols/bytes.ts'
import { encodeMessages } from '../../../protocols/keccak-batch.ts'
import { keccak256 } from '../../../protocols/keccak256.ts'
import { addressOf } from '../../../protocols/secp256k1/batch.ts'
import { secp256k1 } from '../../../protocols/secp256k1/secp256k1.ts'
import { actorModule } from '../../../runtime/actor.ts'
import type { AnyRef, AskKind, Ref } from '../../../runtime/messages.ts'
import type { ProbeDeps, ProbeMessages } from '../../runtime/actors/probe/messages.ts'
import { answered, raise, type Stage, until } from '../../runtime/stage.ts'

const pool = actorModule<PoolMessages, PoolDeps>(new URL('../../../actors/pool/pool.ts', import.meta.url), 'pool')
const probe = actorModule<ProbeMessages, ProbeDeps>(
  new URL('../../runtime/actors/probe/probe.ts', import.meta.url),
  'probe',
)
type BatchKind = Exclude<AskKind<PoolMessages>, 'info'>

const stages: Stage[] = []
afterEach(async () => {
  for (const stage of stages.splice(0)) await stage.stop()
})

async function scene(threads: number, ethash?: EthashCacheSettings) {
  const stage = await raise({ placement: { pool: 'pool', owner: 'owner' } })
  stages.push(stage)
  const ref: Ref<PoolMessages> = await stage.spawn('pool', pool, { threads, ethash })
  const ask = (kind: BatchKind, rows: Uint8Array, more: Partial<Batch> = {}, deadlineMs = 30_000) =>
    stage.ctx.ask(
      ref,
      kind,
      { rows, owner: stage.ctx.self, priority: 'normal', ...more },
      { deadlineMs, transfer: [rows.buffer as ArrayBuffer] },
    )
  return {
    stage,
    ask,
    rows: async (kind: BatchKind, rows: Uint8Array): Promise<Uint8Array> => {
      const answer: BatchAnswer = await answered(ask(kind, rows))
      if (!answer.ok) throw new Error(`${answer.code} ${answer.detail}`)
      return answer.rows
    },
    info: () => answered(stage.ctx.ask(ref, 'info')),
  }
}

const [HASH, SECRET, OTHER] = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte)) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
]
const KEY = secp256k1.publicKey(SECRET)!
const SIGNATURE = secp256k1.sign(HASH, SECRET)!
/** Rows that take a thread some tens of seconds, on any machine longer than what they are to be interrupted by. */
const long = (): Uint8Array => {
  const row = concatBytes(HASH, SIGNATURE)
  const rows = new Uint8Array(500_000 * row.length)
  rows.set(row)
  for (let filled = row.length; filled < rows.length; filled *= 2) rows.copyWithin(filled, 0, filled)
  return rows
}

test.each([1, 0])('does every kind of work, with %i threads', async (threads) => {
  const { rows, info } = await scene(threads)
  const signed = [HASH, SIGNATURE]
  expect(await rows('recoverKeys', concatBytes(...signed, ...signed))).toEqual(concatBytes(KEY, KEY))
  expect(await rows('recoverAddresses', concatBytes(...signed))).toEqual(addressOf(KEY))
  expect(await rows('verify', concatBytes(HASH, SIGNATURE.subarray(0, 64), KEY))).toEqual(Uint8Array.of(1))
  expect(await rows('sign', concatBytes(HASH, SECRET))).toEqual(SIGNATURE)
  expect(await rows('ecdh', concatBytes(OTHER, KEY))).toEqual(secp256k1.ecdh(SECRET, secp256k1.publicKey(OTHER)!))
  expect(await rows('keccak', encodeMessages([HASH, KEY]))).toEqual(concatBytes(keccak256(HASH), keccak256(KEY)))
  // And the one that loads the curve.
  const work = { running: 0, waiting: 0, completed: 7, aborted: 0 }
  expect(await info()).toEqual({ secp256k1: secp256k1.backend, threads, ...work })
})

test.each([1, 0])(
  'says which implementation of the curve runs before anybody needs it, with %i threads',
  async (threads) => {
    const { info } = await scene(threads)
    await until(async () => (await info()).secp256k1 === secp256k1.backend)
  },
)

test('refuses what are no whole rows, and answers no rows by none', async () => {
  const { ask, rows } = await scene(1)
  for (const kind of ['recoverKeys', 'recoverAddresses', 'verify', 'sign', 'ecdh', 'keccak', 'verifySeals'] as const) {
    expect(await answered(ask(kind, new Uint8Array(33).fill(9)))).toMatchObject({ ok: false, code: 'BATCH_LENGTH' })
    expect(await rows(kind, new Uint8Array(0))).toEqual(new Uint8Array(0))
  }
})

test('a job that overruns its asker is ended with its thread, and the next runs on another', async () => {
  const { ask, rows, info } = await scene(1)
  await rows('recoverKeys', concatBytes(HASH, SIGNATURE))
  const late = await ask('recoverKeys', long(), {}, 300)
  // Whose clock strikes first says so: the asker's or the pool's.
  expect(late.ok ? late.value : late.error).toMatchObject({ code: expect.stringMatching(/^(JOB_)?DEADLINE$/) })
  expect(await rows('recoverKeys', concatBytes(HASH, SIGNATURE))).toEqual(KEY)
  expect(await info()).toMatchObject({ running: 0, waiting: 0, aborted: 1 })
})

test('the jobs of an owner that ends are dropped', async () => {
  const { stage, ask, rows, info } = await scene(1)
  const deps = {} as ProbeDeps
  const owner = stage.ctx.spawn({ name: 'owner', actor: probe, deps, thread: 'owner' })
  await answered(owner.started)
  const jobs = [1, 2].map(() => ask('recoverKeys', long(), { owner: owner.ref as AnyRef }))
  await until(async () => (await info()).waiting === 1)
  await stage.ctx.stop(owner.ref)
  for (const job of jobs) expect(await answered(job)).toMatchObject({ ok: false, code: 'JOB_OWNER_GONE' })
  expect(await rows('recoverKeys', concatBytes(HASH, SIGNATURE))).toEqual(KEY)
})
