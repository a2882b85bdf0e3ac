import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dataDirectory, defaultDataRoot, lockDataDirectory } from '../../storage/data-directory.ts'
import { openDatabase } from '../../storage/database.ts'

let parent: string
let roots = 0
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'troupe-datadir-'))
})
afterAll(() => rm(parent, { recursive: true, force: true }))
const newRoot = (): string => join(parent, String(roots++))

async function lock(root: string) {
  const held = await lockDataDirectory(root)
  if (!held.ok) throw new Error(held.error.message)
  return held.value
}

test.runIf(process.platform === 'linux')('names what stands where', () => {
  expect(defaultDataRoot()).toMatch(/\/\.troupe$/)
  expect(dataDirectory('/d')).toEqual({
    root: '/d',
    instance: '/d/troupe',
    chainDatabase: '/d/troupe/chaindata',
    lock: '/d/troupe/LOCK',
    ipc: '/d/troupe.ipc',
  })
})

test('refuses a second holder in this process, with the pid, until the first releases', async () => {
  const root = newRoot()
  const first = await lock(root)
  const refused = await lockDataDirectory(root)
  expect(refused).toMatchObject({
    ok: false,
    error: { code: 'DATA_DIRECTORY_LOCKED', directory: root, pid: process.pid },
  })
  expect(!refused.ok && refused.error.message).toContain(`process ${process.pid}`)
  await first.release()
  await first.release()
  await (await lock(root)).release()
})

test.runIf(process.platform !== 'win32')('keeps the directory to its owner', async () => {
  const root = newRoot()
  const held = await lock(root)
  expect((await stat(root)).mode & 0o777).toBe(0o700)
  await held.release()
})

test.runIf(process.platform !== 'win32')('keeps each directory that it makes to its owner, however deep', async () => {
  const top = newRoot()
  const held = await lock(join(top, 'a', 'b', 'c', 'd', 'e', 'f'))
  for (let at = held.directory.instance; at !== parent; at = dirname(at))
    expect([at, (await stat(at)).mode & 0o777]).toEqual([at, 0o700])
  await held.release()
})

test('the holder and its threads open the chain database any number of times', async () => {
  const held = await lock(newRoot())
  const location = { engine: 'level', directory: held.directory.chainDatabase } as const
  const opened = await Promise.all([openDatabase(location), openDatabase(location)])
  for (const database of opened) {
    expect(database.ok).toBe(true)
    if (database.ok) await database.value.close()
  }
  await held.release()
})

test('kill -9 of the holder needs no repair', async () => {
  const root = newRoot()
  await (await lock(root)).release()
  const level = createRequire(import.meta.url).resolve('level')
  const holder = spawn(process.execPath, [
    '-e',
    `const { Level } = require(${JSON.stringify(level)})
     const db = new Level(${JSON.stringify(dataDirectory(root).lock)})
     db.open().then(() => { console.log('held'); setInterval(() => {}, 1000) })`,
  ])
  await once(holder.stdout, 'data')
  await writeFile(join(dataDirectory(root).lock, 'pid'), `${holder.pid}\n`)
  expect(await lockDataDirectory(root)).toMatchObject({
    ok: false,
    error: { code: 'DATA_DIRECTORY_LOCKED', pid: holder.pid },
  })
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  const held = await lock(root)
  expect(await readFile(join(dataDirectory(root).lock, 'pid'), 'utf8')).toBe(`${process.pid}\n`)
  await held.release()
})

test('a directory that cannot be made is a typed refusal', async () => {
  const file = newRoot()
  await writeFile(file, '')
  expect(await lockDataDirectory(file)).toMatchObject({ ok: false, error: { code: 'DATA_DIRECTORY_IO' } })
})

test.skipIf(process.platform !== 'linux')(
  'below /proc, where nothing can be made, is refused and does not hang',
  async () => {
    const refused = await lockDataDirectory('/proc/troupe/below')
    expect(refused).toMatchObject({ ok: false, error: { code: 'DATA_DIRECTORY_IO' } })
  },
)
