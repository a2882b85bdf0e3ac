import { statSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { BatchAnswer, EthashCacheSettings, PoolDeps, PoolMessages } from '../../../actors/pool/messages.ts'
import { era1Parser } from '../../../protocols/era1/reader.ts'
import { decodeVerdict, encodeSeals, VERDICT_ROW_BYTES } from '../../../protocols/ethash/seal-rows.ts'
import { decodeHeader, type Header } from '../../../protocols/header.ts'
import { bytesToBareHex } from '../../../protocols/hex.ts'
import { keccak256 } from '../../../protocols/keccak256.ts'
import { actorModule } from '../../../runtime/actor.ts'
import { answered, raise, type Stage } from '../../runtime/stage.ts'
import { describeShared, readShared } from '../../shared-data.ts'

const ERA1 = ['data', 'mainnet-00000-5ec1ffb8.era1']
const pool = actorModule<PoolMessages, PoolDeps>(new URL('../../../actors/pool/pool.ts', import.meta.url), 'pool')
const FILES = ['cache-R23-0000000000000000', 'cache-R23-0000000000000000.keccak256']
/** Of the cache of epoch 0: PoWTests, `cache_hash`. */
const DIGEST = '35ded12eecf2ce2e8da2e15c06d463aae9b84cb2530a00b932e4bbc484cde353'
/** More than one job takes. */
const COUNT = 40

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'troupe-ethash-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))
const stages: Stage[] = []
afterEach(async () => {
  for (const stage of stages.splice(0)) await stage.stop()
})

async function scene(threads: number, ethash: EthashCacheSettings | undefined) {
  const stage = await raise({ placement: { pool: 'pool' } })
  stages.push(stage)
  const ref = await stage.spawn('pool', pool, { threads, ethash })
  return (headers: readonly Header[]): Promise<BatchAnswer> => {
    const rows = encodeSeals(headers)
    return answered(
      stage.ctx.ask(
        ref,
        'verifySeals',
        { rows, owner: stage.ctx.self, priority: 'normal' },
        { deadlineMs: 120_000, transfer: [rows.buffer] },
      ),
    )
  }
}

const verdicts = (answer: BatchAnswer, headers: readonly Header[]): string[] => {
  if (!answer.ok) throw new Error(`${answer.code} ${answer.detail}`)
  return headers.map((header, i) => {
    const verdict = decodeVerdict(answer.rows.subarray(i * VERDICT_ROW_BYTES, (i + 1) * VERDICT_ROW_BYTES), header)
    return verdict.ok ? 'right' : verdict.error.code
  })
}

describeShared('seals of mainnet', ERA1, () => {
  let headers: Header[]
  beforeAll(() => {
    const parsed = era1Parser().push(readShared(...ERA1).slice(0, 64 * 1024))
    if (!parsed.ok) throw new Error(parsed.error.code)
    headers = parsed.value.slice(1, COUNT + 1).map(({ headerBytes }) => {
      const header = decodeHeader(headerBytes)
      if (!header.ok) throw new Error(header.error.code)
      return header.value
    })
    expect(headers).toHaveLength(COUNT)
  })
  const right = () => headers.map(() => 'right')
  const kept = () => ({ directory: join(directory, 'kept', 'ethash'), keptMax: 3 })
  const file = (name: string) => join(kept().directory, name)
  const until = async (is: () => Promise<boolean>) => {
    while (!(await is())) await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const isKept = () =>
    readdir(kept().directory).then(
      (names) => FILES.every((name) => names.includes(name)) && !names.some((name) => name.endsWith('.tmp')),
      () => false,
    )

  test('are right, and wrong where nonce, mix hash or difficulty is another', async () => {
    const verify = await scene(2, undefined)
    const flipped = (bytes: Uint8Array) => bytes.map((byte, i) => (i === 7 ? byte ^ 1 : byte))
    const some = headers.with(3, { ...headers[3]!, nonce: flipped(headers[3]!.nonce) })
    some[20] = { ...some[20]!, mixHash: flipped(some[20]!.mixHash) }
    // It is part of what the seal is of, so the mix hash is another too.
    some[39] = { ...some[39]!, difficulty: some[39]!.difficulty + 1n }
    const expected = right().with(3, 'SEAL_MIX_HASH').with(20, 'SEAL_MIX_HASH').with(39, 'SEAL_MIX_HASH')
    expect(verdicts(await verify(some), some)).toEqual(expected)
    expect(await verify([])).toMatchObject({ ok: true, rows: new Uint8Array(0) })
    expect(await verify([{ ...headers[0]!, number: (1n << 64n) - 1n }])).toMatchObject({
      ok: false,
      code: 'SEAL_EPOCH',
    })
  })

  test('leave the cache on the disk, as go-ethereum would, with its digest beside it', async () => {
    const verify = await scene(0, kept())
    expect(verdicts(await verify(headers), headers)).toEqual(right())
    await until(isKept)
    const bytes = await readFile(file(FILES[0]!))
    expect(bytes.subarray(0, 8).toString('hex')).toBe('fecaddbaaddee1fe')
    expect(bytesToBareHex(keccak256(bytes.subarray(8)))).toBe(DIGEST)
    expect((await readFile(file(FILES[1]!), 'utf8')).trim()).toBe(DIGEST)
  })

  test('are checked against the cache on the disk, which is not made or written again', async () => {
    await utimes(file(FILES[0]!), 1, 1)
    const verify = await scene(1, kept())
    expect(verdicts(await verify(headers), headers)).toEqual(right())
    expect(statSync(file(FILES[0]!)).mtimeMs).toBe(1_000)
  })

  const damages: readonly [string, () => Promise<void>][] = [
    ['truncated', () => truncate(file(FILES[0]!), 5_000_000)],
    ['of a flipped bit', () => flip(FILES[0]!, 12_345_678)],
    ['without a digest', () => rm(file(FILES[1]!))],
    ['with another digest', () => flip(FILES[1]!, 9)],
  ]
  async function flip(name: string, at: number): Promise<void> {
    const bytes = await readFile(file(name))
    bytes[at]! ^= 1
    await writeFile(file(name), bytes)
  }

  test.each(damages)('are right with a cache file %s, which is made anew', async (_name, damage) => {
    await damage()
    await utimes(file(FILES[0]!), 1, 1)
    const verify = await scene(1, kept())
    expect(verdicts(await verify(headers.slice(0, 2)), headers.slice(0, 2))).toEqual(['right', 'right'])
    await until(async () => statSync(file(FILES[0]!)).mtimeMs !== 1_000 && (await isKept()))
    const bytes = await readFile(file(FILES[0]!))
    expect(bytesToBareHex(keccak256(bytes.subarray(8)))).toBe(DIGEST)
    await until(async () => (await readFile(file(FILES[1]!), 'utf8')) === `${DIGEST}\n`)
  })

  test('are right where nothing can be written', async () => {
    await writeFile(join(directory, 'file'), '')
    const verify = await scene(1, { directory: join(directory, 'file', 'ethash'), keptMax: 3 })
    expect(verdicts(await verify(headers.slice(0, 2)), headers.slice(0, 2))).toEqual(['right', 'right'])
  })
})
