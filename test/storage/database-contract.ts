import { afterEach, describe, expect, test } from 'vitest'
import type { Database, Entry, KeyRange } from '../../storage/database.ts'
import { DatabaseFault } from '../../storage/database-error.ts'

export const key = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes)

async function collect(reader: { range: Database['range'] }, range: KeyRange): Promise<Entry[]> {
  const entries: Entry[] = []
  for await (const entry of reader.range(range)) entries.push(entry)
  return entries
}

/** What every store behind the door does alike. `open` gives a fresh, empty database at every call. */
export function databaseContract(engine: string, open: () => Promise<Database>): void {
  describe(`a database over ${engine}`, () => {
    const opened: Database[] = []
    const fresh = async (): Promise<Database> => {
      const database = await open()
      opened.push(database)
      return database
    }
    afterEach(async () => {
      for (const database of opened.splice(0)) await database.close()
    })

    test('answers undefined for what was never written', async () => {
      expect((await fresh()).get(key(1))).toBeUndefined()
    })

    test('reads back a batch, of two writes of one key the later', async () => {
      const database = await fresh()
      const done = await database.batch([
        { type: 'put', key: key(1), value: key(9) },
        { type: 'put', key: key(2), value: key() },
        { type: 'put', key: key(3), value: key(7) },
        { type: 'del', key: key(3) },
        { type: 'put', key: key(1), value: key(8, 8) },
      ])
      expect(done.ok).toBe(true)
      expect(database.get(key(1))).toEqual(key(8, 8))
      expect(database.get(key(2))).toEqual(key())
      expect(database.get(key(3))).toBeUndefined()
    })

    test('hands out bytes that are the caller’s', async () => {
      const database = await fresh()
      const value = key(1, 2, 3)
      await database.batch([{ type: 'put', key: key(1), value }])
      value[0] = 99
      const read = database.get(key(1))!
      read[1] = 99
      expect(database.get(key(1))).toEqual(key(1, 2, 3))
      expect(Buffer.isBuffer(database.get(key(1)))).toBe(false)
    })

    test('iterates in byte order, within bounds, both ways, up to a limit', async () => {
      const database = await fresh()
      const keys = Array.from({ length: 700 }, (_, i) => key(5, i >> 8, i & 255))
      await database.batch(keys.map((k) => ({ type: 'put', key: k, value: k })))
      await database.batch([{ type: 'put', key: key(4, 255), value: key() }], { sync: true })
      await database.batch([], { sync: true })
      expect((await collect(database, { gte: key(5), lt: key(6) })).map(([k]) => k)).toEqual(keys)
      expect((await collect(database, { gt: keys[10]!, lte: keys[13]! })).map(([k]) => k)).toEqual(keys.slice(11, 14))
      expect((await collect(database, { lt: key(6), reverse: true, limit: 2 })).map(([k]) => k)).toEqual([
        keys[699],
        keys[698],
      ])
      expect(await collect(database, {})).toHaveLength(701)
    })

    test('a range left early can be followed by anything else', async () => {
      const database = await fresh()
      await database.batch([1, 2, 3].map((k) => ({ type: 'put', key: key(k), value: key(k) })))
      for await (const [k] of database.range({})) if (k[0] === 2) break
      expect(await collect(database, {})).toHaveLength(3)
    })

    test('a snapshot stays at its moment while batches go on', async () => {
      const database = await fresh()
      await database.batch([{ type: 'put', key: key(1), value: key(1) }])
      const snapshot = database.snapshot()
      await database.batch([
        { type: 'put', key: key(1), value: key(2) },
        { type: 'put', key: key(2), value: key(2) },
      ])
      expect(snapshot.get(key(1))).toEqual(key(1))
      expect(snapshot.get(key(2))).toBeUndefined()
      expect(await collect(snapshot, {})).toEqual([[key(1), key(1)]])
      expect(database.get(key(1))).toEqual(key(2))
      await snapshot.close()
      await snapshot.close()
      expect(() => snapshot.get(key(1))).toThrow(DatabaseFault)
      expect(database.get(key(1))).toEqual(key(2))
    })

    test('refuses every use after close with a typed error', async () => {
      const database = await fresh()
      const snapshot = database.snapshot()
      await database.close()
      expect(() => database.get(key(1))).toThrow(expect.objectContaining({ code: 'DATABASE_CLOSED' }))
      expect(() => database.snapshot()).toThrow(expect.objectContaining({ code: 'DATABASE_CLOSED' }))
      expect(() => snapshot.get(key(1))).toThrow(expect.objectContaining({ code: 'DATABASE_CLOSED' }))
      await expect(collect(database, {})).rejects.toMatchObject({ code: 'DATABASE_CLOSED' })
      await expect(collect(snapshot, {})).rejects.toMatchObject({ code: 'DATABASE_CLOSED' })
      expect(await database.batch([{ type: 'del', key: key(1) }])).toMatchObject({
        ok: false,
        error: { code: 'DATABASE_CLOSED' },
      })
      await snapshot.close()
    })

    test('a range left half-way keeps neither its snapshot nor the database open', async () => {
      const database = await fresh()
      await database.batch([1, 2, 3].map((k) => ({ type: 'put', key: key(k), value: key(k) })))
      const [closed, left] = [database.snapshot(), database.snapshot()]
      const ranges = [closed.range({}), left.range({}), database.range({})]
      for (const range of ranges) await range.next()
      await closed.close()
      await expect(ranges[0]!.next()).rejects.toMatchObject({ code: 'DATABASE_CLOSED' })
      expect((await ranges[1]!.next()).value).toEqual([key(2), key(2)])
      await database.close()
      for (const range of ranges.slice(1)) await expect(range.next()).rejects.toMatchObject({ code: 'DATABASE_CLOSED' })
    })

    test('closes twice, at once, with a batch and a range under way', async () => {
      const database = await fresh()
      await database.batch(Array.from({ length: 600 }, (_, i) => ({ type: 'put', key: key(i >> 8, i), value: key(1) })))
      const range = database.range({})
      await range.next()
      const written = database.batch([{ type: 'put', key: key(9), value: key(9) }])
      await Promise.all([database.close(), database.close()])
      expect((await written).ok).toBe(true)
      await expect(
        (async () => {
          for await (const _ of range);
        })(),
      ).rejects.toMatchObject({ code: 'DATABASE_CLOSED' })
      await database.close()
    })
  })
}
