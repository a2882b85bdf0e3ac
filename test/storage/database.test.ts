import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createMemoryStore, type Database, type DatabaseLocation, openDatabase } from '../../storage/database.ts'
import { databaseContract, key } from './database-contract.ts'
import { createSimulatedDisk } from './simulated-disk.ts'

let root: string
let directories = 0
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'troupe-database-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

const newDirectory = (): string => join(root, String(directories++))
const requireHere = createRequire(import.meta.url)

async function open(location: DatabaseLocation): Promise<Database> {
  const database = await openDatabase(location)
  if (!database.ok) throw new Error(database.error.code)
  return database.value
}

databaseContract('LevelDB', () => open({ engine: 'level', directory: newDirectory() }))
databaseContract('memory', () => open({ engine: 'memory', store: createMemoryStore() }))
databaseContract('a log on a disk', () => open({ engine: 'disk', disk: createSimulatedDisk(), directory: 'd' }))

test('LevelDB keeps what was written over close and open', async () => {
  const directory = newDirectory()
  const first = await open({ engine: 'level', directory })
  await first.batch([{ type: 'put', key: key(1), value: key(2) }])
  await first.close()
  const second = await open({ engine: 'level', directory })
  expect(second.get(key(1))).toEqual(key(2))
  await second.close()
})

test('two openers of one process share one LevelDB, and one lives on when the other closes', async () => {
  const directory = newDirectory()
  const one = await open({ engine: 'level', directory })
  const other = await open({ engine: 'level', directory })
  await one.batch([{ type: 'put', key: key(1), value: key(2) }])
  expect(other.get(key(1))).toEqual(key(2))
  await one.close()
  expect(other.get(key(1))).toEqual(key(2))
  await other.close()
})

test('a worker thread reads what this thread wrote', async () => {
  const directory = newDirectory()
  const database = await open({ engine: 'level', directory })
  await database.batch([{ type: 'put', key: key(1), value: key(42) }])
  const worker = new Worker(
    `const { workerData, parentPort } = require('node:worker_threads')
     const { Level } = require(workerData.level)
     const db = new Level(workerData.directory, { keyEncoding: 'view', valueEncoding: 'view', multithreading: true })
     db.open().then(() => { parentPort.postMessage(db.getSync(Uint8Array.of(1))[0]); return db.close() })`,
    { eval: true, workerData: { directory, level: requireHere.resolve('level') } },
  )
  const [value] = await once(worker, 'message')
  expect(value).toBe(42)
  await once(worker, 'exit')
  await database.close()
})

test('another process that holds the directory is a typed refusal, and its kill -9 frees it', async () => {
  const directory = newDirectory()
  const holder = spawn(process.execPath, [
    '-e',
    `const { Level } = require(${JSON.stringify(requireHere.resolve('level'))})
     const db = new Level(${JSON.stringify(directory)})
     db.open().then(() => { console.log('held'); setInterval(() => {}, 1000) })`,
  ])
  await once(holder.stdout, 'data')
  const refused = await openDatabase({ engine: 'level', directory })
  expect(refused).toMatchObject({ ok: false, error: { code: 'DATABASE_LOCKED', location: directory } })
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  await (await open({ engine: 'level', directory })).close()
})

test('a damaged LevelDB is a typed refusal', async () => {
  const directory = newDirectory()
  const database = await open({ engine: 'level', directory })
  await database.batch([{ type: 'put', key: key(1), value: key(2) }])
  await database.close()
  const manifest = (await readdir(directory)).find((name) => name.startsWith('MANIFEST'))!
  await writeFile(join(directory, manifest), 'not a manifest at all, but long enough to be read')
  expect(await openDatabase({ engine: 'level', directory })).toMatchObject({
    ok: false,
    error: { code: 'DATABASE_CORRUPT' },
  })
})

test('a memory store outlives its openers and is shared by them', async () => {
  const store = createMemoryStore()
  const one = await open({ engine: 'memory', store })
  const other = await open({ engine: 'memory', store })
  await one.batch([{ type: 'put', key: key(1), value: key(2) }])
  await one.close()
  expect(other.get(key(1))).toEqual(key(2))
  await other.close()
})

/** Batch `i` writes its number under `count` and under a key of its own, and deletes the key of batch `i - 3`. */
const numbered = (i: number) =>
  [
    { type: 'put', key: key(0), value: key(i) },
    { type: 'put', key: key(1, i), value: key(i, i) },
    { type: 'del', key: key(1, i - 3) },
  ] as const

test('after a crash the log holds exactly a prefix of the batches, with at least all synced ones', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.boolean(), { maxLength: 12 }), { minLength: 1, maxLength: 4 }),
      fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
      async (lives, chances) => {
        const disk = createSimulatedDisk()
        let count = 0
        for (const syncs of lives) {
          const database = await open({ engine: 'disk', disk, directory: 'd' })
          let synced = count
          for (const sync of syncs) {
            expect((await database.batch(numbered(++count), { sync })).ok).toBe(true)
            if (sync) synced = count
          }
          disk.crash(() => chances.next().value as number)
          const after = await open({ engine: 'disk', disk, directory: 'd' })
          const kept = after.get(key(0))?.[0] ?? 0
          expect(kept).toBeGreaterThanOrEqual(synced)
          expect(kept).toBeLessThanOrEqual(count)
          const keys: number[] = []
          for await (const [k] of after.range({ gte: key(1), lt: key(2) })) keys.push(k[1]!)
          expect(keys).toEqual([kept - 2, kept - 1, kept].filter((i) => i >= 1))
          count = kept
          await after.close()
        }
      },
    ),
    { numRuns: 150 },
  )
})

test('a batch that does not fit is refused whole, and the next one is written in its place', async () => {
  const disk = createSimulatedDisk()
  const database = await open({ engine: 'disk', disk, directory: 'd' })
  await database.batch(numbered(1))
  disk.failWrites(1)
  expect(await database.batch(numbered(2))).toMatchObject({ ok: false, error: { code: 'DATABASE_FULL' } })
  expect(database.get(key(0))).toEqual(key(1))
  expect((await database.batch(numbered(3), { sync: true })).ok).toBe(true)
  await database.close()
  const again = await open({ engine: 'disk', disk, directory: 'd' })
  expect(again.get(key(0))).toEqual(key(3))
  expect(again.get(key(1, 2))).toBeUndefined()
  await again.close()
})

test('a flipped bit in the log ends it there', async () => {
  const disk = createSimulatedDisk()
  const database = await open({ engine: 'disk', disk, directory: 'd' })
  for (let i = 1; i <= 3; i++) await database.batch(numbered(i), { sync: true })
  await database.close()
  const log = disk.durableBytes('d/batches.log')!.slice()
  log[Math.floor(log.length / 2)]! ^= 1
  disk.setDurableBytes('d/batches.log', log)
  const again = await open({ engine: 'disk', disk, directory: 'd' })
  expect(again.get(key(0))).toEqual(key(1))
  await again.close()
})
