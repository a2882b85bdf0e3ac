import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { StorageDeps, StorageMessages } from '../../../actors/storage/messages.ts'
import { describeDatabaseError, describeSchemaError } from '../../../actors/storage/refusal.ts'
import { storage } from '../../../actors/storage/storage.ts'
import { type Context, type DownReason, defineActor } from '../../../runtime/actor.ts'
import type { Ask, Ref } from '../../../runtime/messages.ts'
import type { Result } from '../../../runtime/result.ts'
import { startSystem } from '../../../runtime/system.ts'
import { dataDirectory, lockDataDirectory } from '../../../storage/data-directory.ts'
import { createMemoryStore, openDatabase } from '../../../storage/database.ts'
import { SCHEMA_VERSION, SCHEMA_VERSION_KEY } from '../../../storage/schema.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'troupe-storage-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

const onDisk = (): StorageDeps => ({
  directory: root,
  database: { engine: 'level', directory: dataDirectory(root).chainDatabase },
})

type RootMessages = { nothing: Ask<void, void> }
type Started = {
  readonly started: Result<void, DownReason>
  readonly ref: Ref<StorageMessages>
  readonly ctx: Context<RootMessages>
}

async function withStorage<T>(deps: StorageDeps, use: (started: Started) => Promise<T>): Promise<T> {
  let settle: (started: Started) => void = () => {}
  const up = new Promise<Started>((resolve) => {
    settle = resolve
  })
  const system = await startSystem({
    root: defineActor<RootMessages>({
      name: 'supervisor',
      mailbox: { capacity: 4 },
      behavior(ctx) {
        const { ref, started } = ctx.spawn({ name: 'storage', actor: storage, deps })
        void started.then((outcome) => settle({ started: outcome, ref, ctx }))
        return { nothing() {} }
      },
    }),
    deps: undefined,
    placement: {},
    log: { verbosity: 0, format: 'logfmt', colour: false },
  })
  try {
    return await use(await up)
  } finally {
    await system.stop()
  }
}
const failure = (deps: StorageDeps) =>
  withStorage(deps, async ({ started }) => (started.ok ? undefined : started.error.detail))

test('a new data directory is locked, marked with the schema, and known the next time', async () => {
  const status = () =>
    withStorage(onDisk(), async ({ ctx, ref }) => {
      expect((await lockDataDirectory(root)).ok).toBe(false)
      expect(await ctx.ask(ref, 'flush')).toEqual({ ok: true, value: { ok: true } })
      return ctx.ask(ref, 'status')
    })
  expect(await status()).toEqual({ ok: true, value: { schema: 'new', directory: root } })
  expect(await status()).toEqual({ ok: true, value: { schema: 'known', directory: root } })
})

test('the lock is given back at the end', async () => {
  await withStorage(onDisk(), async () => {})
  const lock = await lockDataDirectory(root)
  if (!lock.ok) throw new Error(lock.error.message)
  await lock.value.release()
})

test('memory needs no directory', async () => {
  const deps: StorageDeps = { directory: undefined, database: { engine: 'memory', store: createMemoryStore() } }
  expect(await withStorage(deps, ({ ctx, ref }) => ctx.ask(ref, 'status'))).toEqual({
    ok: true,
    value: { schema: 'new', directory: undefined },
  })
})

test('a locked data directory is refused with who holds it', async () => {
  const lock = await lockDataDirectory(root)
  if (!lock.ok) throw new Error(lock.error.message)
  expect(await failure(onDisk())).toContain(
    `The data directory ${root} is in use by process ${process.pid}: stop it, or choose another --datadir.`,
  )
  await lock.value.release()
  expect(await failure(onDisk())).toBeUndefined()
})

test('a store of a newer schema is refused, and the lock given back', async () => {
  await withStorage(onDisk(), async () => {})
  const database = await openDatabase(onDisk().database)
  if (!database.ok) throw new Error(database.error.code)
  const version = Uint8Array.of(0, 0, 0, SCHEMA_VERSION + 1)
  await database.value.batch([{ type: 'put', key: SCHEMA_VERSION_KEY, value: version }])
  await database.value.close()
  expect(await failure(onDisk())).toContain('was written by a newer version (schema 2, this one knows 1)')
  const lock = await lockDataDirectory(root)
  if (!lock.ok) throw new Error(lock.error.message)
  await lock.value.release()
})

describe('every refusal is one sentence', () => {
  const location = '/d'
  test.each([
    { code: 'DATABASE_LOCKED', location, cause: 'x' },
    { code: 'DATABASE_CORRUPT', location, cause: 'x' },
    { code: 'DATABASE_FULL', location, cause: 'x' },
    { code: 'DATABASE_IO', location, cause: 'x' },
    { code: 'DATABASE_CLOSED', location },
  ] as const)('$code', (error) => {
    expect(describeDatabaseError(error)).toMatch(/^The [a-z ]*database \/d [^\n]+$/)
    expect(describeSchemaError({ code: 'SCHEMA_DATABASE', cause: error }, '/d')).toBe(describeDatabaseError(error))
  })
  test.each([
    { code: 'SCHEMA_NEWER', stored: 9, known: 1 },
    { code: 'SCHEMA_OLDER', stored: 0, known: 1 },
    { code: 'SCHEMA_MISSING', location },
  ] as const)('$code', (error) => expect(describeSchemaError(error, '/d')).toMatch(/\/d [^\n]+--datadir\.$/))
})
