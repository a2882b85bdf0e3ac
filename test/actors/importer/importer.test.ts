import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BATCHES_IN_FLIGHT_MAX } from '../../../actors/importer/batch-window.ts'
import { sharedPath, testShared } from '../../shared-data.ts'
import { answer, blockFile, followingChain, type NumberedBlock, runImport, temporaryFiles } from './rig.ts'

const ERA1_DATA = ['data', 'mainnet-00000-5ec1ffb8.era1'] as const
const ERA1 = sharedPath(...ERA1_DATA)
const ERA1_BLOCKS = 8192

let files: Awaited<ReturnType<typeof temporaryFiles>>
beforeAll(async () => {
  files = await temporaryFiles()
})
afterAll(() => files.remove())

const flat = (batches: readonly (readonly bigint[])[]) => batches.flat().map(Number)
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

describe('a file', () => {
  test('of RLP blocks goes to the chain in order, in batches of at most 192', async () => {
    const file = await files.write('1000.rlp', blockFile(1, 1000))
    const chain = followingChain()
    const run = await runImport([file], (blocks) => chain.take(blocks))
    expect(flat(run.batches)).toEqual(numbers(1, 1000))
    expect(Math.max(...run.batches.map((batch) => batch.length))).toBe(192)
    expect(run.totals).toEqual({ faults: 0, imported: 1000, known: 0, head: 1000n, sealsChecked: 1000 })
    expect(run.files).toMatchObject([{ file, fault: undefined, progress: { imported: 1000, head: 1000n, index: 0 } }])
  })
  testShared('of era1 is known by its first bytes, and its blocks carry total difficulty', ERA1_DATA, async () => {
    const chain = followingChain(-1n)
    let first: NumberedBlock | undefined
    const run = await runImport([ERA1], (blocks) => {
      first ??= blocks[0]
      return chain.take(blocks)
    })
    expect(first).toMatchObject({ number: 0n, totalDifficulty: 17_179_869_184n })
    expect(run.totals).toEqual({ faults: 0, imported: ERA1_BLOCKS, known: 0, head: 8191n, sealsChecked: ERA1_BLOCKS })
    const { fileBytes, doneBytes } = run.files[0]!.progress
    expect(doneBytes).toBe(fileBytes)
  })
  testShared('of era1 with a damaged entry gives the blocks before it, then a fault', ERA1_DATA, async () => {
    const bytes = await readFile(ERA1)
    bytes[240_206]! ^= 0x10
    const chain = followingChain(-1n)
    const run = await runImport([await files.write('flipped.era1', bytes)], (blocks) => chain.take(blocks))
    expect(run.files[0]!.fault).toMatchObject({ code: 'IMPORT_FORMAT' })
    expect(run.totals.imported).toBeGreaterThan(400)
  })
  test('without blocks is done at once', async () => {
    const run = await runImport([await files.write('empty', new Uint8Array(0))], () => answer(0, 0, 0n))
    expect(run.totals).toEqual({ faults: 0, imported: 0, known: 0, head: 0n, sealsChecked: 0 })
    expect(run.batches).toEqual([])
  })
  test('that is not there is a fault', async () => {
    const file = join(files.directory, 'missing')
    const run = await runImport([file], () => answer(0, 0, 0n))
    expect(run.files[0]!.fault).toMatchObject({ code: 'IMPORT_FILE', file, cause: { code: 'DISK_NOT_FOUND' } })
    expect(run.totals.faults).toBe(1)
  })
  test('that is a directory is a fault', async () => {
    const run = await runImport([files.directory], () => answer(0, 0, 0n))
    expect(run.files[0]!.fault).toMatchObject({ code: 'IMPORT_FILE', cause: { code: 'DISK_IO' } })
  })
  test('that ends within a block gives its whole blocks, then a fault', async () => {
    const bytes = blockFile(1, 300)
    const chain = followingChain()
    const run = await runImport([await files.write('torn.rlp', bytes.subarray(0, bytes.length - 1))], (b) =>
      chain.take(b),
    )
    expect(chain.head()).toBe(299n)
    expect(run.files[0]!.fault).toMatchObject({ code: 'IMPORT_FORMAT', cause: { code: 'STREAM_TRUNCATED' } })
  })
  testShared('of era1 whose end is missing gives its blocks, then a fault', ERA1_DATA, async () => {
    const bytes = await readFile(ERA1)
    const file = await files.write('torn.era1', bytes.subarray(0, bytes.length - 100))
    const chain = followingChain(-1n)
    const run = await runImport([file], (blocks) => chain.take(blocks))
    expect(chain.head()).toBe(8191n)
    expect(run.files[0]!.fault).toMatchObject({ code: 'IMPORT_FORMAT', cause: { code: 'E2STORE_TRUNCATED' } })
  })
  test('of something else is a fault', async () => {
    const run = await runImport([await files.write('text', Buffer.from('hello'))], () => answer(0, 0, 0n))
    expect(run.files[0]!.fault).toMatchObject({
      code: 'IMPORT_FORMAT',
      cause: { code: 'STREAM_NOT_A_LIST', offset: 0 },
    })
  })
})

test('batches stay near 1 MiB, and at most three are on their way', async () => {
  const file = await files.write('fat.rlp', blockFile(1, 120, 64 * 1024))
  const chain = followingChain()
  const held: (() => void)[] = []
  let isHolding = true
  const run = await runImport([file], async (blocks) => {
    // The first answers wait until there are as many as may be, and then for one that may not.
    const answered = new Promise<void>((resolve) => held.push(resolve))
    if (!isHolding || held.length === BATCHES_IN_FLIGHT_MAX) {
      if (isHolding) await new Promise((resolve) => setTimeout(resolve, 100))
      isHolding = false
      for (const answer of held.splice(0)) answer()
    }
    await answered
    return chain.take(blocks)
  })
  expect(run.totals.imported).toBe(120)
  expect(run.batchBytesMax).toBeLessThan(1024 * 1024 + 70 * 1024)
  expect(run.inFlightMax).toBe(BATCHES_IN_FLIGHT_MAX)
})

test('progress grows with what the chain has answered', async () => {
  const file = await files.write('p.rlp', blockFile(1, 3000))
  const chain = followingChain()
  const run = await runImport([file], (blocks) => chain.take(blocks))
  const done = run.progress.map(({ doneBytes }) => doneBytes)
  expect(done).toEqual([...done].sort((a, b) => a - b))
  expect(done.at(-1)).toBeLessThanOrEqual(run.progress[0]!.fileBytes)
  expect(run.progress.at(-1)!.imported).toBe(3000)
})

describe('a block that is refused', () => {
  test('ends its file with its number and why, and the next file is read', async () => {
    const bad = await files.write('bad.rlp', blockFile(1, 900))
    const good = await files.write('good.rlp', blockFile(301, 400))
    const chain = followingChain()
    const run = await runImport([bad, good], (blocks) => {
      const at = blocks.findIndex(({ number }) => number === 301n)
      if (at < 0 || run1Done) return chain.take(blocks)
      run1Done = true
      const before = chain.take(blocks.slice(0, at))
      return { ...before, failed: { number: 301n, hash: blocks[at]!.hash, fault: { code: 'BLOCK_BAD' } } }
    })
    expect(run.files.map(({ fault }) => fault)).toMatchObject([
      { code: 'IMPORT_BLOCK', file: bad, number: 301n, fault: { code: 'BLOCK_BAD' } },
      undefined,
    ])
    expect(run.totals).toEqual({ faults: 1, imported: 400, known: 0, head: 400n, sealsChecked: 400 })
  })
  let run1Done = false
  test('is the first one, not one of those behind it', async () => {
    const file = await files.write('first.rlp', blockFile(5, 900))
    const run = await runImport([file], (blocks) => followingChain().take(blocks))
    expect(run.files).toHaveLength(1)
    expect(run.files[0]!.fault).toMatchObject({ code: 'IMPORT_BLOCK', number: 5n })
    expect(run.totals.faults).toBe(1)
  })
})

describe('a chain that ends while it imports', () => {
  test('gets again what it did not answer, and nothing is lost', async () => {
    const file = await files.write('restart.rlp', blockFile(1, 2000))
    const chain = followingChain()
    const run = await runImport([file], (blocks, call) => {
      if (call === 2 || call === 9) throw new Error('killed before the batch')
      const taken = chain.take(blocks)
      if (call === 5) throw new Error('killed after the batch was written')
      return taken
    })
    expect(chain.head()).toBe(2000n)
    expect(run.totals.faults).toBe(0)
    expect(run.totals.imported + run.totals.known).toBe(2000)
    expect(run.totals.head).toBe(2000n)
  })
  test('is not taken for a refusal when only a batch in the middle is lost', async () => {
    const file = await files.write('middle.rlp', blockFile(1, 600))
    const chain = followingChain()
    let wasLost = false
    const run = await runImport([file], async (blocks) => {
      if (blocks[0]!.number === 193n && !wasLost) {
        wasLost = true
        throw new Error('killed')
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
      return chain.take(blocks)
    })
    expect(run.totals).toMatchObject({ faults: 0, head: 600n })
    expect(run.totals.imported + run.totals.known).toBe(600)
  })
})

testShared('the vectors of this test are there', ERA1_DATA, async () => {
  let bytes = 0
  for await (const chunk of createReadStream(ERA1)) bytes += chunk.length
  expect(bytes).toBe(3_891_337)
})
