import { expect, test } from 'vitest'
import type { ChainSpec } from '../../../protocols/chain-spec/chain-spec.ts'
import { DEV } from '../../../protocols/chain-spec/dev.ts'
import { sealingThroughPowerFailures, sealingThroughRestarts } from './sealing-run.ts'
import { SETTINGS, sealingWorld } from './sealing-world.ts'

const PERIOD_MS = 5_000
const secondOf = (ms: number): bigint => BigInt(Math.floor(ms / 1000))

test('seals every period, at the second of the clock', async () => {
  const { world, end } = await sealingWorld('period', DEV, { periodMs: PERIOD_MS })
  const from = world.now()
  await world.runFor(10.5 * PERIOD_MS)
  const [, ...made] = await end()
  expect(made.map(({ number }) => number)).toEqual([1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n, 10n])
  for (const [index, { timestamp }] of made.entries()) {
    const due = secondOf(from + (index + 1) * PERIOD_MS)
    expect(timestamp - due === 0n || timestamp - due === 1n, `block ${index + 1}`).toBe(true)
  }
})

test('without a period seals only when asked, as many as asked for, and answers the last', async () => {
  const { world, seal, end } = await sealingWorld('on demand', DEV)
  await world.runFor(3_600_000)
  expect(await seal(1)).toMatchObject({ ok: true, value: { ok: true, value: { number: 1n } } })
  expect(await seal(7)).toMatchObject({ ok: true, value: { ok: true, value: { number: 8n } } })
  const headers = await end()
  expect(headers).toHaveLength(9)
  // Eight blocks within a second: each is one later than its parent all the same.
  expect(headers.at(-1)!.timestamp - headers[2]!.timestamp).toBe(6n)
})

test('what is in a header is what the settings say, and no two blocks are the same', async () => {
  const { seal, end } = await sealingWorld('fields', DEV)
  await seal(20)
  const [genesis, ...made] = await end()
  for (const { beneficiary, extraData } of made) {
    expect(beneficiary).toEqual(SETTINGS.feeRecipient)
    expect(extraData).toEqual(SETTINGS.extraData)
  }
  expect(new Set(made.map(({ mixHash }) => Buffer.from(mixHash).toString('hex'))).size).toBe(20)
  expect(made[0]!.gasLimit).toBe(genesis!.gasLimit + genesis!.gasLimit / 1024n - 1n)
  for (const [index, { gasLimit }] of made.slice(1).entries()) expect(gasLimit).toBeGreaterThan(made[index]!.gasLimit)
})

test('goes on where the clock stands behind the head, and where it has jumped ahead', async () => {
  const ahead: ChainSpec = { ...DEV, genesis: { ...DEV.genesis, timestamp: 4_000_000_000n } }
  const behind = await sealingWorld('behind', ahead)
  await behind.seal(3)
  expect((await behind.end()).map(({ timestamp }) => timestamp - 4_000_000_000n)).toEqual([0n, 1n, 2n, 3n])
  const jumping = await sealingWorld('jump', DEV)
  await jumping.seal(1)
  await jumping.world.runFor(2 * 3_600_000)
  await jumping.seal(1)
  const [, first, second] = await jumping.end()
  expect(second!.timestamp - first!.timestamp).toBeGreaterThanOrEqual(7_200n)
})

test.each([1, 2, 3, 4, 5, 6])(
  'restarts of chain and committer by seed %i: each block that was asked for, and no more',
  async (seed) => expect(await sealingThroughRestarts(seed)).toBeGreaterThan(1),
)

test.each([1, 2, 3, 4])(
  'power failures by seed %i: what is left is sound, keeps what was made durable, and is built on',
  async (seed) => expect(await sealingThroughPowerFailures(seed)).toBeGreaterThan(3),
)

test('a restart of the sealer itself loses no block, and the periods go on', async () => {
  const { world, ctx, end, heads } = await sealingWorld('sealer', DEV, { periodMs: PERIOD_MS })
  for (let round = 0; round < 4; round++) {
    await world.runFor(2.5 * PERIOD_MS)
    expect(ctx.system.restart('sealer').ok).toBe(true)
  }
  await world.runFor(2.5 * PERIOD_MS)
  expect(await end()).toHaveLength(11)
  expect(heads.map(({ number }) => number)).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n, 10n])
})

test('a chain that does not answer is not waited for beyond the deadline, and seals again when it answers', async () => {
  const { world, ctx, ask, seal, end } = await sealingWorld('away', DEV)
  expect(ctx.system.pause('chain').ok).toBe(true)
  const answer = ask(1)
  await world.runFor(60_000)
  expect(await world.settle(answer)).toMatchObject({ ok: false, error: { code: 'DEADLINE' } })
  expect(ctx.system.resume('chain').ok).toBe(true)
  expect(await seal(1)).toMatchObject({ ok: true, value: { ok: true } })
  expect((await end()).length).toBeLessThanOrEqual(3)
})
