import { beforeEach, expect, test } from 'vitest'
import { keccak256 } from '../../protocols/keccak256.ts'
import { type Batch, createBatch } from '../../storage/batch.ts'
import * as chain from '../../storage/chain-store.ts'
import { createMemoryStore, type Database, openDatabase } from '../../storage/database.ts'
import { encodeSlimAccount, NEW_ACCOUNT } from '../../storage/state/account.ts'
import { addChangeSet } from '../../storage/state/change-set.ts'
import { slotLeaf } from '../../storage/state/slot.ts'
import { addFlatState, type StateChanges } from '../../storage/state/state-changes.ts'
import { contents, memoryDatabase, write } from './memory-database.ts'

const hashOf = (number: bigint, branch = 0): Uint8Array => keccak256(new TextEncoder().encode(`${number} ${branch}`))
const addressHash = hashOf(77n)
const slotHash = hashOf(78n)
const slim = (balance: bigint): Uint8Array => encodeSlimAccount({ ...NEW_ACCOUNT, balance })
const word = (n: number): Uint8Array => new Uint8Array(32).fill(n, 31)
const block = (number: bigint, branch = 0): chain.StoredBlock => ({
  number,
  hash: hashOf(number, branch),
  header: Uint8Array.of(1, Number(number), branch),
  body: Uint8Array.of(2, Number(number), branch),
  receipts: branch === 0 ? Uint8Array.of(3, Number(number)) : undefined,
  totalDifficulty: number * 10n ** 20n,
})
const head = (number: bigint): chain.Head => ({
  number,
  hash: hashOf(number),
  stateRoot: hashOf(number, 99),
  totalDifficulty: number * 10n ** 20n,
  epoch: 3n,
})

/** One canonical block after which the account's balance, and its slot, are the block's number. */
function addCanonicalBlock(batch: Batch, number: bigint): void {
  const changes: StateChanges = {
    accounts: [{ addressHash, current: slim(number), previous: number === 0n ? undefined : slim(number - 1n) }],
    slots:
      number === 0n
        ? []
        : [
            {
              addressHash,
              slotHash,
              current: slotLeaf(word(Number(number))),
              previous: number === 1n ? undefined : slotLeaf(word(Number(number - 1n))),
            },
          ],
    codes: [],
  }
  chain.addBlock(batch, block(number))
  chain.addCanonical(batch, number, hashOf(number))
  addFlatState(batch, changes)
  if (number > 0n) addChangeSet(batch, number, changes)
  chain.addHead(batch, head(number))
}

let database: Database
beforeEach(async () => {
  database = await memoryDatabase()
})

test('before the genesis there is no head', async () => {
  expect(chain.readHead(database)).toBeUndefined()
  const view = chain.openChainView(database)
  expect(() => view.head()).toThrow('no head')
  await view.close()
})

test('a view answers all of a block, the head and the state', async () => {
  await write(database, (batch) => {
    for (let n = 0n; n <= 3n; n++) addCanonicalBlock(batch, n)
    chain.addTransactionBlock(batch, hashOf(500n), 2n)
    chain.addGenesisSpec(batch, hashOf(0n), Uint8Array.of(7))
  })
  expect(chain.readHead(database)).toEqual(head(3n))
  const view = chain.openChainView(database, chain.createImmutableCache(10_000))
  for (let round = 0; round < 2; round++) {
    expect(view.head()).toEqual(head(3n))
    expect(view.canonicalHash(2n)).toEqual(hashOf(2n))
    expect(view.canonicalHash(4n)).toBeUndefined()
    expect(view.numberOf(hashOf(2n))).toBe(2n)
    expect(view.numberOf(hashOf(4n))).toBeUndefined()
    expect(view.header(2n, hashOf(2n))).toEqual(block(2n).header)
    expect(view.header(1n, hashOf(2n))).toBeUndefined()
    expect(view.body(2n, hashOf(2n))).toEqual(block(2n).body)
    expect(view.receipts(2n, hashOf(2n))).toEqual(block(2n).receipts)
    expect(view.totalDifficulty(2n, hashOf(2n))).toBe(2n * 10n ** 20n)
    expect(view.transactionBlock(hashOf(500n))).toBe(2n)
    expect(view.account(addressHash)?.balance).toBe(3n)
    expect(view.account(slotHash)).toBeUndefined()
    expect(view.storageSlot(addressHash, slotHash)).toEqual(word(3))
    expect(view.storageSlot(addressHash, addressHash)).toEqual(word(0))
  }
  expect(chain.genesisSpec(database, hashOf(0n))).toEqual(Uint8Array.of(7))
  await view.close()
})

test('a view tells the state after old blocks, and refuses what it cannot know', async () => {
  await write(database, (batch) => {
    for (let n = 0n; n <= 4n; n++) addCanonicalBlock(batch, n)
  })
  const view = chain.openChainView(database)
  for (let n = 0n; n <= 4n; n++) {
    expect(await view.accountAt(addressHash, n)).toMatchObject({ ok: true, value: { balance: n } })
    expect(await view.storageSlotAt(addressHash, slotHash, n)).toEqual({ ok: true, value: word(Number(n)) })
  }
  expect(view.oldestState()).toBe(0n)
  expect(await view.accountAt(slotHash, 1n)).toEqual({ ok: true, value: undefined })
  expect(await view.accountAt(addressHash, 5n)).toMatchObject({ ok: false, error: { code: 'HISTORY_AHEAD' } })
  await view.close()
})

test('the answers of a view agree with each other while blocks are written', async () => {
  const store = createMemoryStore()
  const open = async (): Promise<Database> => {
    const opened = await openDatabase({ engine: 'memory', store })
    if (!opened.ok) throw new Error(opened.error.code)
    return opened.value
  }
  const [writer, reader] = [await open(), await open()]
  await write(writer, (batch) => addCanonicalBlock(batch, 0n))
  let isWriting = true
  const writing = (async () => {
    for (let n = 1n; n <= 60n; n++) {
      await write(writer, (batch) => addCanonicalBlock(batch, n))
      await new Promise((resolve) => setImmediate(resolve))
    }
    isWriting = false
  })()
  let views = 0
  const cache = chain.createImmutableCache()
  while (isWriting) {
    const view = chain.openChainView(reader, cache)
    const { number, hash } = view.head()
    await new Promise((resolve) => setImmediate(resolve))
    expect(view.canonicalHash(number)).toEqual(hash)
    expect(view.canonicalHash(number + 1n)).toBeUndefined()
    expect(view.account(addressHash)?.balance).toBe(number)
    expect(await view.accountAt(addressHash, number)).toMatchObject({ value: { balance: number } })
    if (number > 0n)
      expect(await view.accountAt(addressHash, number - 1n)).toMatchObject({ value: { balance: number - 1n } })
    await view.close()
    views++
  }
  await writing
  expect(views).toBeGreaterThan(5)
})

test('side blocks are found by height, and pruned without a trace', async () => {
  await write(database, (batch) => {
    for (let n = 0n; n <= 2n; n++) addCanonicalBlock(batch, n)
  })
  const before = await contents(database)
  await write(database, (batch) => {
    chain.addBlock(batch, block(1n, 1))
    chain.addBlock(batch, block(1n, 2))
    chain.addBlock(batch, block(2n, 1))
  })
  const view = chain.openChainView(database)
  expect(view.header(1n, hashOf(1n, 2))).toEqual(block(1n, 2).header)
  expect(view.receipts(1n, hashOf(1n, 2))).toBeUndefined()
  expect(new Set((await chain.sideBlocksAt(view.reader, 1n)).map(String))).toEqual(
    new Set([hashOf(1n, 1), hashOf(1n, 2)].map(String)),
  )
  await view.close()
  await write(database, async (batch) => {
    expect(await chain.pruneSideBlocks(database, batch, 0n)).toBe(0)
    expect(await chain.pruneSideBlocks(database, batch, 1n)).toBe(2)
    expect(await chain.pruneSideBlocks(database, batch, 2n)).toBe(1)
  })
  expect(await contents(database)).toEqual(before)
})

test('of bad blocks the ten highest are remembered, each once', async () => {
  for (const number of [5n, 1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n, 10n, 11n]) {
    await write(database, (batch) =>
      chain.addBadBlock(database, batch, { number, hash: hashOf(number), block: Uint8Array.of(Number(number)) }),
    )
  }
  const remembered = await chain.badBlocks(database)
  expect(remembered.map(({ number }) => number)).toEqual([11n, 10n, 9n, 8n, 7n, 6n, 5n, 4n, 3n, 2n])
  expect(remembered[0]).toEqual({ number: 11n, hash: hashOf(11n), block: Uint8Array.of(11) })
  expect(await contents(database)).toHaveLength(10)
})

test('what is added can be taken back', async () => {
  await write(database, (batch) => {
    chain.addBlock(batch, block(1n))
    chain.addReceipts(batch, 1n, hashOf(1n), Uint8Array.of(9))
    chain.addCanonical(batch, 1n, hashOf(1n))
    chain.addTransactionBlock(batch, hashOf(9n), 1n)
  })
  const batch = createBatch()
  chain.removeBlock(batch, 1n, hashOf(1n))
  chain.removeCanonical(batch, 1n)
  chain.removeTransactionBlock(batch, hashOf(9n))
  expect(batch.bytes()).toBeGreaterThan(0)
  await database.batch(batch.operations)
  expect(await contents(database)).toEqual([])
})
