/** The first block: written into an empty store, compared with what a filled one holds. */
import { encodeBody } from '../../protocols/body.ts'
import { bytesEqual } from '../../protocols/bytes.ts'
import type { ChainSpec } from '../../protocols/chain-spec/chain-spec.ts'
import { loadGenesisAlloc } from '../../protocols/chain-spec/genesis-alloc.ts'
import { genesisHeader } from '../../protocols/chain-spec/genesis-header.ts'
import { encodeHeader, headerHash } from '../../protocols/header.ts'
import { bytesToHex } from '../../protocols/hex.ts'
import { keccak256 } from '../../protocols/keccak256.ts'
import { err, ok, type Result } from '../../protocols/result.ts'
import { createBatch } from '../../storage/batch.ts'
import {
  addBlock,
  addCanonical,
  addGenesisSpec,
  addHead,
  genesisSpec,
  type Head,
  readHead,
} from '../../storage/chain-store.ts'
import type { Database } from '../../storage/database.ts'
import { canonicalHashKey } from '../../storage/schema.ts'
import { genesisState } from '../../storage/state/genesis-state.ts'
import { NO_RECEIPTS } from './persist.ts'

export type GenesisFault =
  | { readonly code: 'GENESIS_MISMATCH'; readonly stored: Uint8Array; readonly configured: Uint8Array }
  | { readonly code: 'GENESIS_NOT_WRITTEN'; readonly cause: string }

export function describeGenesisFault(fault: GenesisFault): string {
  switch (fault.code) {
    case 'GENESIS_MISMATCH':
      return `the data directory holds a chain with genesis ${bytesToHex(fault.stored)}, the network's is ${bytesToHex(fault.configured)}: choose the network it was made for, or another --datadir`
    case 'GENESIS_NOT_WRITTEN':
      return `the genesis cannot be written: ${fault.cause}`
  }
}

/** @returns the persisted head, which is the genesis in a new store, and the hash of block 0. */
export async function openGenesis(
  database: Database,
  spec: ChainSpec,
): Promise<Result<{ readonly head: Head; readonly genesisHash: Uint8Array }, GenesisFault>> {
  const stored = readHead(database)
  const storedHash = stored === undefined ? undefined : database.get(canonicalHashKey(spec.genesis.number))
  const mark = markOf(spec)
  // Building a state of thousands of accounts only to compare its root would be most of a start.
  if (stored !== undefined && storedHash !== undefined) {
    const writtenFor = genesisSpec(database, storedHash)
    if (writtenFor !== undefined && bytesEqual(writtenFor, mark)) return ok({ head: stored, genesisHash: storedHash })
  }
  const state = genesisState(await loadGenesisAlloc(spec.genesis))
  const header = genesisHeader(spec, state.stateRoot)
  const headerBytes = encodeHeader(header)
  const hash = headerHash(headerBytes)
  if (stored !== undefined) {
    const storedGenesis = storedHash ?? new Uint8Array(32)
    if (!bytesEqual(storedGenesis, hash))
      return err({ code: 'GENESIS_MISMATCH', stored: storedGenesis, configured: hash })
    return ok({ head: stored, genesisHash: hash })
  }
  const batch = createBatch()
  const { number, difficulty, stateRoot } = header
  const body = encodeBody({
    transactions: [],
    ommers: [],
    ...(header.withdrawalsRoot === undefined ? {} : { withdrawals: [] }),
  })
  addBlock(batch, { number, hash, header: headerBytes, body, receipts: NO_RECEIPTS, totalDifficulty: difficulty })
  addCanonical(batch, number, hash)
  state.addTo(batch)
  addGenesisSpec(batch, hash, mark)
  const head: Head = { number, hash, stateRoot, totalDifficulty: difficulty, epoch: 1n }
  addHead(batch, head)
  const written = await database.batch(batch.operations, { sync: true })
  return written.ok ? ok({ head, genesisHash: hash }) : err({ code: 'GENESIS_NOT_WRITTEN', cause: written.error.code })
}

/** Of all that the genesis block is made of, 32 bytes: the fork times may change later, the genesis may not. */
function markOf(spec: ChainSpec): Uint8Array {
  const { genesis, blockForks, timeForks, consensus } = spec
  const reached = (forks: object, now: bigint) =>
    Object.entries(forks).filter(([, at]) => at !== undefined && at <= now)
  const atGenesis = [...reached(blockForks, genesis.number), ...reached(timeForks, genesis.timestamp)]
  const text = JSON.stringify({ genesis, atGenesis, consensus }, (_key, value) =>
    typeof value === 'bigint' ? `${value}n` : value instanceof Uint8Array ? bytesToHex(value) : value,
  )
  return keccak256(new TextEncoder().encode(text))
}
