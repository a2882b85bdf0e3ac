import { expect, test } from 'vitest'
import * as schema from '../../storage/schema.ts'
import { memoryDatabase, write } from './memory-database.ts'

const hash = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)

test('marks an empty database and admits it from then on', async () => {
  const database = await memoryDatabase()
  expect(await schema.admitSchema(database)).toEqual({ ok: true, value: 'new' })
  expect(await schema.admitSchema(database)).toEqual({ ok: true, value: 'known' })
})

test('refuses a newer schema, and an older one', async () => {
  const database = await memoryDatabase()
  await write(database, (batch) => batch.put(schema.SCHEMA_VERSION_KEY, Uint8Array.of(0, 0, 0, 9)))
  expect(await schema.admitSchema(database)).toMatchObject({ ok: false, error: { code: 'SCHEMA_NEWER', stored: 9 } })
  await write(database, (batch) => batch.put(schema.SCHEMA_VERSION_KEY, Uint8Array.of(0, 0, 0, 0)))
  expect(await schema.admitSchema(database)).toMatchObject({ ok: false, error: { code: 'SCHEMA_OLDER', stored: 0 } })
})

test('refuses a database that holds something but no version, and leaves it as it is', async () => {
  const database = await memoryDatabase()
  await write(database, (batch) => batch.put(Uint8Array.of(1), Uint8Array.of(1)))
  expect(await schema.admitSchema(database)).toMatchObject({ ok: false, error: { code: 'SCHEMA_MISSING' } })
  expect(database.get(schema.SCHEMA_VERSION_KEY)).toBeUndefined()
})

test('no two kinds share a first byte, and keys have the length their kind says', () => {
  const keys = [
    [schema.accountKey(hash(1)), 33],
    [schema.slotKey(hash(1), hash(2)), 65],
    [schema.codeKey(hash(1)), 33],
    [schema.accountNodeKey(Uint8Array.of(1, 2)), 3],
    [schema.storageNodeKey(hash(1), Uint8Array.of(1, 2)), 35],
    [schema.headerKey(1n, hash(1)), 41],
    [schema.bodyKey(1n, hash(1)), 41],
    [schema.receiptsKey(1n, hash(1)), 41],
    [schema.totalDifficultyKey(1n, hash(1)), 41],
    [schema.canonicalHashKey(1n), 9],
    [schema.numberOfHashKey(hash(1)), 33],
    [schema.transactionBlockKey(hash(1)), 33],
    [schema.genesisSpecKey(hash(1)), 33],
    [schema.badBlockKey(1n, hash(1)), 41],
    [schema.changedKeysKey(1n), 9],
    [schema.accountChangeKey(hash(1), 1n), 41],
    [schema.slotChangeKey(hash(1), hash(2), 1n), 73],
    [schema.HEAD_KEY, 5],
  ] as const
  for (const [key, length] of keys) expect(key).toHaveLength(length)
  expect(new Set(keys.map(([key]) => key[0])).size).toBe(keys.length)
})

test('key order is number order, also above 2^32', () => {
  const keys = [0n, 1n, 255n, 256n, 2n ** 32n, 2n ** 63n, schema.NUMBER_MAX].map(schema.canonicalHashKey)
  expect(keys.toSorted(Buffer.compare)).toEqual(keys)
  expect(keys.map((key) => schema.decodeNumber(key, 1))).toContain(2n ** 63n)
  expect(() => schema.canonicalHashKey(-1n)).toThrow(RangeError)
  expect(() => schema.canonicalHashKey(schema.NUMBER_MAX + 1n)).toThrow(RangeError)
})
