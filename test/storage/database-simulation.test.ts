import { expect, test } from 'vitest'
import { simulatedDisk } from '../../runtime/simulation/disk.ts'
import { SimulatedWorld } from '../../runtime/simulation/world.ts'
import { type Database, openDatabase } from '../../storage/database.ts'
import { key } from './database-contract.ts'

/** Batch `i` writes its number under one key, and under a key of its own. */
const numbered = (i: number) =>
  [
    { type: 'put', key: key(0), value: key(i) },
    { type: 'put', key: key(1, i), value: key(i, i) },
  ] as const

test('on the disk of the simulation, power failures leave a prefix of the batches with all synced ones', async () => {
  let lost = 0
  for (let seed = 0; seed < 40; seed++) {
    const world = new SimulatedWorld({ seed })
    const disk = simulatedDisk(world, 'h')
    const open = async (): Promise<Database> => {
      const opened = await world.settle(openDatabase({ engine: 'disk', disk, directory: '/data/troupe/chaindata' }))
      if (!opened.ok) throw new Error(JSON.stringify(opened.error))
      return opened.value
    }
    let count = 0
    for (let life = 0; life < 4; life++) {
      const database = await open()
      let synced = count
      const batches = world.random.integer(6)
      for (let i = 0; i < batches; i++) {
        const sync = world.random.integer(3) === 0
        expect((await world.settle(database.batch(numbered(++count), { sync }))).ok).toBe(true)
        if (sync) synced = count
      }
      disk.crash()
      expect(await world.settle(database.batch(numbered(99)))).toMatchObject({
        ok: false,
        error: { code: 'DATABASE_CLOSED' },
      })
      const after = await open()
      const kept = after.get(key(0))?.[0] ?? 0
      expect(kept).toBeGreaterThanOrEqual(synced)
      expect(kept).toBeLessThanOrEqual(count)
      for (let i = 1; i <= count + 1; i++) expect(after.get(key(1, i)) !== undefined).toBe(i <= kept)
      lost += count - kept
      count = kept
      await world.settle(after.close())
    }
    world.close()
  }
  expect(lost).toBeGreaterThan(20)
})

test('a full simulated disk refuses the batch and goes on serving what it has', async () => {
  const world = new SimulatedWorld({ seed: 1 })
  const disk = simulatedDisk(world, 'h', { capacityBytes: 150 })
  const opened = await world.settle(openDatabase({ engine: 'disk', disk, directory: '/d' }))
  if (!opened.ok) throw new Error(opened.error.code)
  const database = opened.value
  expect((await world.settle(database.batch(numbered(1)))).ok).toBe(true)
  expect(await world.settle(database.batch([{ type: 'put', key: key(7), value: new Uint8Array(500) }]))).toMatchObject({
    ok: false,
    error: { code: 'DATABASE_FULL' },
  })
  expect(database.get(key(0))).toEqual(key(1))
  expect((await world.settle(database.batch(numbered(2), { sync: true }))).ok).toBe(true)
  await world.settle(database.close())
  world.close()
})
