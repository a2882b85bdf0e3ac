/** Over a LevelDB that another opener of the process writes to, as the chain actor does. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bytesToHex } from '../../../protocols/hex.ts'
import { keccak256 } from '../../../protocols/keccak256.ts'
import { createBatch } from '../../../storage/batch.ts'
import { addBlock, addCanonical, addHead } from '../../../storage/chain-store.ts'
import { type Database, openDatabase } from '../../../storage/database.ts'
import { createPublishedHeadMemory, publishHead } from '../../../storage/published-head.ts'
import { encodeSlimAccount, NEW_ACCOUNT } from '../../../storage/state/account.ts'
import { addChangeSet } from '../../../storage/state/change-set.ts'
import { addFlatState, type StateChanges } from '../../../storage/state/state-changes.ts'
import { storedBlock } from './memory-chain.ts'
import { type Rig, startRig } from './rig.ts'

const ADDRESS = new Uint8Array(20).fill(0x11)
const CODE = Uint8Array.of(1, 2, 3)
const blocks = [0n, 1n, 2n, 3n].map((number) => storedBlock({ number }))
/** After block n: balance 10 n, nonce n. */
const slim = (number: bigint) =>
  encodeSlimAccount({ ...NEW_ACCOUNT, nonce: number, balance: number * 10n, codeHash: keccak256(CODE) })

const publishedHead = createPublishedHeadMemory()
let directory: string
let writer: Database
let rig: Rig

async function write(number: bigint): Promise<void> {
  const batch = createBatch()
  const block = { ...blocks[Number(number)]!, number, totalDifficulty: number }
  addBlock(batch, block)
  addCanonical(batch, number, block.hash)
  const changes: StateChanges = {
    accounts: [
      {
        addressHash: keccak256(ADDRESS),
        current: slim(number),
        previous: number === 0n ? undefined : slim(number - 1n),
      },
    ],
    slots: [],
    codes: [{ hash: keccak256(CODE), code: CODE }],
  }
  addFlatState(batch, changes)
  if (number > 0n) addChangeSet(batch, number, changes)
  addHead(batch, { number, hash: block.hash, stateRoot: new Uint8Array(32), totalDifficulty: number, epoch: 1n })
  expect((await writer.batch(batch.operations)).ok).toBe(true)
  publishHead(publishedHead, { number, hash: block.hash, epoch: 1n })
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'troupe-rpc-store-'))
  const opened = await openDatabase({ engine: 'level', directory })
  if (!opened.ok) throw new Error(opened.error.code)
  writer = opened.value
  rig = await startRig({
    store: { location: { engine: 'level', directory }, genesisHash: blocks[0]!.hash, publishedHead },
  })
})
afterAll(async () => {
  await rig.stop()
  await writer.close()
  await rm(directory, { recursive: true })
})
const call = async (method: string, ...params: unknown[]) => {
  const { result, error } = await rig.call(method, ...params)
  return error === undefined ? result : error.message
}

test('a store without a genesis block is read as such', async () => {
  expect(await call('eth_blockNumber')).toBe('header not found')
  expect(await call('eth_getBalance', bytesToHex(ADDRESS))).toBe('header not found')
  expect(await call('eth_getBlockByNumber', 'latest', false)).toBeNull()
})
test('what is written is seen by the next call, old state by its block', async () => {
  for (const number of [0n, 1n, 2n]) await write(number)
  const address = bytesToHex(ADDRESS)
  expect(await call('eth_blockNumber')).toBe('0x2')
  expect(await call('eth_getBalance', address)).toBe('0x14')
  expect(await call('eth_getBalance', address, '0x1')).toBe('0xa')
  expect(await call('eth_getTransactionCount', address, { blockHash: bytesToHex(blocks[1]!.hash) })).toBe('0x1')
  expect(await call('eth_getBalance', address, '0x0')).toBe('0x0')
  expect(await call('eth_getCode', address)).toBe('0x010203')
  expect((await call('eth_getBlockByNumber', '0x2', true)).hash).toBe(bytesToHex(blocks[2]!.hash))
  await write(3n)
  expect(await call('eth_blockNumber')).toBe('0x3')
  expect(await call('eth_getBalance', address)).toBe('0x1e')
  expect((await rig.ipcCall('admin_nodeInfo')).result.protocols.eth.head).toBe(bytesToHex(blocks[3]!.hash))
})
