/** The import of a generated file of any length, and what memory it takes at most. */
import { mkdtemp, open, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytesToHex } from '../../../protocols/hex.ts'
import { readHead } from '../../../storage/chain-store.ts'
import { type BuiltBlock, blockRlp, chainBuilder, TEST_SPEC } from '../../chain-builder.ts'
import { openImported, startImport } from './import-process.ts'

export type LongImport = {
  readonly blocks: number
  readonly fileBytes: number
  /** High-water mark of the resident memory of the importing process. */
  readonly peakBytes: number
  readonly durationMs: number
}

const SAMPLE_MS = 100
/** A new account for every second block, so that the state grows with the file. */
const NEW_MINER_EVERY = 2

/** The test network without its allocations, as a file. */
export const GENESIS = {
  config: {
    chainId: 7357,
    ethash: {},
    homesteadBlock: 0,
    eip150Block: 0,
    eip155Block: 0,
    eip158Block: 0,
    byzantiumBlock: 0,
    constantinopleBlock: 0,
  },
  difficulty: '0x20000',
  gasLimit: '0x4c4b40',
  timestamp: String(TEST_SPEC.genesis.timestamp),
  alloc: {},
}
const SPEC = {
  ...TEST_SPEC,
  genesis: { ...TEST_SPEC.genesis, alloc: { kind: 'inline', accounts: [] } },
  blockForks: {
    homestead: 0n,
    eip150: 0n,
    eip155: 0n,
    eip158: 0n,
    byzantium: 0n,
    constantinople: 0n,
    petersburg: 0n,
  },
} as const

/** @throws when the import fails or ends at another block than the builder's. */
export async function longImport(blocks: number, seed: string | number, cacheMb: number): Promise<LongImport> {
  const directory = await mkdtemp(join(tmpdir(), 'troupe-long-'))
  try {
    const file = join(directory, 'chain.rlp')
    const genesis = join(directory, 'genesis.json')
    await writeFile(genesis, JSON.stringify(GENESIS))
    const newest = await writeChain(file, blocks, seed)
    const datadir = join(directory, 'data')
    const startedAt = performance.now()
    const flags = ['--network', genesis, '--cache', String(cacheMb), '--verbosity', '1']
    const run = startImport(datadir, file, flags)
    let peakBytes = 0
    const sampling = setInterval(() => {
      peakBytes = Math.max(peakBytes, run.peakBytes())
    }, SAMPLE_MS)
    const { code } = await run.ended
    clearInterval(sampling)
    const durationMs = performance.now() - startedAt
    if (code !== 0) throw new Error(`the import of ${blocks} blocks (seed ${seed}) failed: ${run.output()}`)
    const database = await openImported(datadir)
    const head = database && readHead(database)
    await database?.close()
    if (head === undefined || bytesToHex(head.hash) !== bytesToHex(newest.hash))
      throw new Error(`the import (seed ${seed}) ended at block ${head?.number} of ${blocks}`)
    return { blocks, fileBytes: (await stat(file)).size, peakBytes, durationMs }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

export async function writeChain(path: string, count: number, seed: string | number): Promise<BuiltBlock> {
  const build = await chainBuilder(seed, SPEC)
  const file = await open(path, 'w')
  let newest = build.genesis
  for (let i = 0; i < count; i++) {
    const beneficiary = i % NEW_MINER_EVERY === 0 ? build.random.bytes(20) : undefined
    newest = build.extend(newest, beneficiary === undefined ? {} : { beneficiary })
    await file.write(blockRlp(newest))
  }
  await file.close()
  return newest
}
