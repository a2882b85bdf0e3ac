/** The chain's own blocks with all four system contracts, against `@ethereumjs/vm`, which runs the code of two of them. */
import { createBlockFromRLP } from '@ethereumjs/block'
import { createCustomCommon, Hardfork, Mainnet } from '@ethereumjs/common'
import { createAccount, createAddressFromString } from '@ethereumjs/util'
import { createVM, runBlock, type VM } from '@ethereumjs/vm'
import { afterEach, expect, test } from 'vitest'
import { joinBlock } from '../../../protocols/block.ts'
import type { BatchedBlock } from '../../../protocols/block-batch.ts'
import type { ChainSpec, GenesisAccount } from '../../../protocols/chain-spec/chain-spec.ts'
import { DEV } from '../../../protocols/chain-spec/dev.ts'
import {
  BEACON_ROOTS,
  CONSOLIDATION_REQUESTS,
  HISTORY_STORAGE,
  WITHDRAWAL_REQUESTS,
} from '../../../protocols/chain-spec/system-contracts.ts'
import { bytesToHex } from '../../../protocols/hex.ts'
import { RING_ENTRIES } from '../../../protocols/system-contracts/system-calls.ts'
import { seededRandom } from '../../../runtime/simulation/random.ts'
import { createMemoryStore, openDatabase } from '../../../storage/database.ts'
import { bodyKey, canonicalHashKey, headerKey } from '../../../storage/schema.ts'
import { answered, type ChainStage, realStage } from './chain-stage.ts'

const BLOCKS = 24
const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const accounts = DEV.genesis.alloc.kind === 'inline' ? DEV.genesis.alloc.accounts : []
const specWith = (changed: (account: GenesisAccount) => GenesisAccount | undefined): ChainSpec => ({
  ...DEV,
  genesis: {
    ...DEV.genesis,
    alloc: { kind: 'inline', accounts: accounts.map(changed).filter((account) => account !== undefined) },
  },
})
const word = (value: number): Uint8Array => {
  const bytes = new Uint8Array(32)
  new DataView(bytes.buffer).setUint32(28, value)
  return bytes
}
const isAt = (account: GenesisAccount, { address }: { readonly address: Uint8Array }): boolean =>
  bytesToHex(account.address) === bytesToHex(address)

async function open(spec: ChainSpec): Promise<{
  stage: ChainStage
  seal: (timestamp: bigint, root: Uint8Array) => Promise<any>
  blocks: () => Promise<BatchedBlock[]>
}> {
  const location = { engine: 'memory', store: createMemoryStore() } as const
  const stage = await realStage({ spec, database: location })
  closers.push(() => stage.stop())
  expect(await stage.started).toEqual({ ok: true, value: undefined })
  const random = seededRandom('system calls')
  return {
    stage,
    async seal(timestamp, parentBeaconBlockRoot) {
      const { hash: parent } = await stage.head()
      const attributes = {
        timestamp,
        prevRandao: random.bytes(32),
        feeRecipient: random.bytes(20),
        extraData: random.bytes(4),
        gasLimit: 60_000_000n,
        parentBeaconBlockRoot,
      }
      return answered(await stage.ctx.ask(stage.chain, 'sealBlock', { parent, attributes }))
    },
    async blocks() {
      const opened = await openDatabase(location)
      if (!opened.ok) throw new Error(opened.error.code)
      const { value: database } = opened
      const blocks: BatchedBlock[] = []
      for (let number = 1n; ; number++) {
        const hash = database.get(canonicalHashKey(number))
        if (hash === undefined) break
        const headerBytes = database.get(headerKey(number, hash)) as Uint8Array
        const bodyBytes = database.get(bodyKey(number, hash)) as Uint8Array
        blocks.push({ hash, headerBytes, bodyBytes, totalDifficulty: undefined })
      }
      await database.close()
      return blocks
    },
  }
}

const common = createCustomCommon({ chainId: 1337 }, Mainnet, { hardfork: Hardfork.Osaka })

async function machine(spec: ChainSpec): Promise<VM> {
  const vm = await createVM({ common })
  if (spec.genesis.alloc.kind !== 'inline') throw new Error('the accounts are not inline')
  for (const { address, balance, nonce, code, storage } of spec.genesis.alloc.accounts) {
    const at = createAddressFromString(bytesToHex(address))
    await vm.stateManager.putAccount(at, createAccount({ balance, nonce }))
    if (code.length > 0) await vm.stateManager.putCode(at, code)
    for (const { slot, value } of storage) await vm.stateManager.putStorage(at, slot, value)
  }
  await vm.evm.journal.cleanup()
  return vm
}

function theirBlock({ headerBytes, bodyBytes }: BatchedBlock) {
  const joined = joinBlock(headerBytes, bodyBytes)
  if (!joined.ok) throw new Error(joined.error.code)
  return createBlockFromRLP(joined.value, { common, setHardfork: false })
}
/** @throws when they find another state root, or anything else that is not as the header says. */
const run = async (vm: VM, block: BatchedBlock): Promise<void> => {
  const theirs = theirBlock(block)
  await runBlock(vm, { block: theirs, root: await vm.stateManager.getStateRoot(), skipHeaderValidation: true })
  expect(bytesToHex(await vm.stateManager.getStateRoot())).toBe(bytesToHex(theirs.header.stateRoot))
}

/** As their deployment leaves the contracts of requests, and with an excess that falls from block to block. */
const USED = specWith((account) => {
  if (isAt(account, WITHDRAWAL_REQUESTS))
    return { ...account, storage: [{ slot: word(0), value: new Uint8Array(32).fill(0xff) }] }
  if (!isAt(account, CONSOLIDATION_REQUESTS)) return account
  return {
    ...account,
    storage: [
      { slot: word(0), value: word(9) },
      { slot: word(1), value: word(3) },
    ],
  }
})

test.each([
  ['the dev chain', DEV],
  ['a chain whose contracts hold an excess', USED],
])('@ethereumjs/vm finds the state root of every block: %s', async (_name, spec) => {
  const { stage, seal, blocks } = await open(spec)
  const random = seededRandom('blocks')
  let timestamp = 1_700_000_000n
  for (let made = 0; made < BLOCKS; made++) {
    // Every third falls on the ring entry of the one before, every fourth has no root.
    timestamp += made % 3 === 0 ? RING_ENTRIES : BigInt(1 + random.integer(100))
    const root = made % 4 === 3 ? new Uint8Array(32) : random.bytes(32)
    expect(await seal(timestamp, root)).toMatchObject({ ok: true, value: { number: BigInt(made + 1) } })
  }
  const made = await blocks()
  expect(made).toHaveLength(BLOCKS)
  const vm = await machine(spec)
  for (const block of made) await run(vm, block)
  expect(bytesToHex((await stage.head()).stateRoot)).toBe(bytesToHex(await vm.stateManager.getStateRoot()))
  expect(new Set(made.map((block) => bytesToHex(theirBlock(block).header.stateRoot))).size).toBe(BLOCKS)

  // A machine that begins with another state does not find them.
  await expect(run(await machine(specWith((account) => ({ ...account, balance: 1n }))), made[0]!)).rejects.toThrow()

  const importing = await open(spec)
  expect(await importing.stage.import(made)).toMatchObject({ imported: BLOCKS, failed: undefined })
  expect(await importing.stage.head()).toEqual(await stage.head())
})

test.each([
  ['beacon roots', BEACON_ROOTS],
  ['block hashes', HISTORY_STORAGE],
])('without the contract of %s its call does nothing, as @ethereumjs/vm finds', async (_name, contract) => {
  const spec = specWith((account) => (isAt(account, contract) ? undefined : account))
  const { seal, blocks } = await open(spec)
  for (let made = 1n; made <= 3n; made++) expect(await seal(1_700_000_000n + made, word(7))).toMatchObject({ ok: true })
  const vm = await machine(spec)
  for (const block of await blocks()) await run(vm, block)
})

test.each([
  ['withdrawal', WITHDRAWAL_REQUESTS],
  ['consolidation', CONSOLIDATION_REQUESTS],
])('without the contract of %s requests no block is valid', async (_name, contract) => {
  const { stage, seal } = await open(specWith((account) => (isAt(account, contract) ? undefined : account)))
  expect(await seal(1_700_000_000n, word(7))).toEqual({
    ok: false,
    error: { code: 'SEAL_BLOCK', number: 1n, fault: { code: 'BLOCK_SYSTEM_CONTRACT', address: contract.address } },
  })
  expect((await stage.head()).number).toBe(0n)
})

test('other code at a system contract, and requests that wait, are not executed here', async () => {
  for (const spec of [
    ...[BEACON_ROOTS, HISTORY_STORAGE, WITHDRAWAL_REQUESTS, CONSOLIDATION_REQUESTS].map((contract) =>
      specWith((account) => (isAt(account, contract) ? { ...account, code: Uint8Array.of(0) } : account)),
    ),
    specWith((account) =>
      isAt(account, CONSOLIDATION_REQUESTS) ? { ...account, storage: [{ slot: word(3), value: word(1) }] } : account,
    ),
  ]) {
    const { seal } = await open(spec)
    const fault = { code: 'BLOCK_UNSUPPORTED', what: 'system calls' }
    expect(await seal(1_700_000_000n, word(7))).toEqual({ ok: false, error: { code: 'SEAL_BLOCK', number: 1n, fault } })
    // What the calls before it had written is taken back: the same again.
    expect(await seal(1_700_000_000n, word(7))).toEqual({ ok: false, error: { code: 'SEAL_BLOCK', number: 1n, fault } })
  }
})
