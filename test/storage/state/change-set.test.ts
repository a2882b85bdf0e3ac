import fc from 'fast-check'
import { expect, test } from 'vitest'
import { keccak256 } from '../../../protocols/keccak256.ts'
import { encodeNumber } from '../../../storage/schema.ts'
import {
  accountAfter,
  addChangeSet,
  oldestState,
  pruneChangeSet,
  rollBack,
  slotAfter,
} from '../../../storage/state/change-set.ts'
import { addFlatState, type StateChanges } from '../../../storage/state/state-changes.ts'
import { contents, memoryDatabase, write } from '../memory-database.ts'

const addressHashes = [0, 1, 2, 3].map((n) => keccak256(Uint8Array.of(n)))
const slotHash = keccak256(Uint8Array.of(9))

/** Block: for some accounts (and the same slot of each) the value they get, 0 for none. */
const blocks = fc.array(fc.dictionary(fc.constantFrom('0', '1', '2', '3'), fc.integer({ min: 0, max: 250 })), {
  minLength: 1,
  maxLength: 12,
})
const leaf = (value: number): Uint8Array | undefined => (value === 0 ? undefined : Uint8Array.of(value, value))

/** Writes the blocks 1, 2, …, several to a batch. @returns the values after every block. */
async function writeBlocks(history: Record<string, number>[]) {
  const database = await memoryDatabase()
  const after: number[][] = [[0, 0, 0, 0]]
  const images = [await contents(database)]
  for (const [i, block] of history.entries()) {
    const before = after.at(-1)!
    const values = before.map((value, n) => block[n] ?? value)
    after.push(values)
    const changed = [0, 1, 2, 3].filter((n) => values[n] !== before[n])
    const changes: StateChanges = {
      accounts: changed.map((n) => ({
        addressHash: addressHashes[n]!,
        current: leaf(values[n]!),
        previous: leaf(before[n]!),
      })),
      slots: changed.map((n) => ({
        addressHash: addressHashes[n]!,
        slotHash,
        current: leaf(values[n]!),
        previous: leaf(before[n]!),
      })),
      codes: [],
    }
    await write(database, (batch) => {
      addFlatState(batch, changes)
      addChangeSet(batch, BigInt(i + 1), changes)
    })
    images.push(await contents(database))
  }
  return { database, after, images, head: BigInt(history.length) }
}

test('any history can be told at every block', async () => {
  await fc.assert(
    fc.asyncProperty(blocks, async (history) => {
      const { database, after, head } = await writeBlocks(history)
      for (const [number, values] of after.entries()) {
        for (const [n, addressHash] of addressHashes.entries()) {
          const expected = { ok: true, value: leaf(values[n]!) }
          expect(await accountAfter(database, addressHash, BigInt(number), head)).toEqual(expected)
          expect(await slotAfter(database, addressHash, slotHash, BigInt(number), head)).toEqual(expected)
        }
      }
    }),
    { numRuns: 40 },
  )
})

test('any number of blocks rolled back in one batch leaves the very bytes that were before them', async () => {
  await fc.assert(
    fc.asyncProperty(blocks, fc.nat(), async (history, choice) => {
      const { database, images, after, head } = await writeBlocks(history)
      const target = BigInt(choice) % (head + 1n)
      const restored = new Map<string, Uint8Array | undefined>()
      await write(database, (batch) => {
        for (let block = head; block > target; block--) {
          const done = rollBack(database, batch, block)
          if (!done.ok) throw new Error(done.error.code)
          for (const { addressHash, value } of done.value.accounts) restored.set(String(addressHash), value)
        }
      })
      expect(await contents(database)).toEqual(images[Number(target)])
      for (const [n, addressHash] of addressHashes.entries()) {
        if (!restored.has(String(addressHash))) continue
        expect(restored.get(String(addressHash))).toEqual(leaf(after[Number(target)]![n]!))
      }
    }),
    { numRuns: 40 },
  )
})

test('below what is kept, above the head and without a change set the answer is a typed refusal', async () => {
  const { database, after } = await writeBlocks([{ 0: 1 }, { 0: 2 }, { 0: 3 }, { 0: 4 }])
  expect(oldestState(database)).toBe(0n)
  await write(database, (batch) => pruneChangeSet(database, batch, 1n))
  await write(database, (batch) => pruneChangeSet(database, batch, 2n))
  expect(oldestState(database)).toBe(2n)
  const at = (block: bigint) => accountAfter(database, addressHashes[0]!, block, 4n)
  expect(await at(1n)).toEqual({ ok: false, error: { code: 'HISTORY_PRUNED', block: 1n, oldest: 2n } })
  expect(await at(2n)).toEqual({ ok: true, value: leaf(after[2]![0]!) })
  expect(await at(5n)).toEqual({ ok: false, error: { code: 'HISTORY_AHEAD', block: 5n, head: 4n } })
  await write(database, (batch) => {
    expect(rollBack(database, batch, 2n)).toEqual({ ok: false, error: { code: 'CHANGE_SET_MISSING', block: 2n } })
  })
  const text = (await contents(database)).map(([key]) => key)
  expect(text.filter((key) => key.endsWith(Buffer.from(encodeNumber(2n)).toString('hex')))).toEqual([])
})
