/**
 * The one door to the key-value store. Reads are synchronous, a batch is atomic, ranges are in byte order of the keys.
 * Every thread opens the same LevelDB directory for itself: within one process they share one store, and the block cache of the
 * first opener, which must therefore be the last to close.
 */
import type { AbstractLevel, AbstractSnapshot } from 'abstract-level'
import { Level } from 'level'
import { MemoryLevel } from 'memory-level'
import { err, ok, type Result } from '../protocols/result.ts'
import type { BatchOperation } from './batch.ts'
import { type BatchLog, openBatchLog } from './batch-log.ts'
import { type DatabaseError, DatabaseFault, databaseError } from './database-error.ts'
import type { LogDisk } from './disk.ts'

type Store = AbstractLevel<any, Uint8Array, Uint8Array>

/** Entries handed over at once by a range; with `RANGE_CHUNK_BYTES` it bounds what a range holds in memory. */
const RANGE_CHUNK_ENTRIES = 256
/** LevelDB stops filling a chunk beyond this size. */
const RANGE_CHUNK_BYTES = 256 * 1024
/** LevelDB's memory-resident log before it becomes a table file; two may exist. */
const WRITE_BUFFER_BYTES = 16 * 1024 * 1024

const VIEWS = { keyEncoding: 'view', valueEncoding: 'view' } as const

/** No key of the schema: deleting it makes an empty batch carry its `sync`, which the stores below would skip. */
const NEVER_WRITTEN_KEY = Uint8Array.of(0xff)

/** A store in memory that several databases of one process can open; it outlives them. */
export type MemoryStore = { readonly level: Store }

export const createMemoryStore = (): MemoryStore => ({ level: newMemoryLevel() })

export type DatabaseLocation =
  | { readonly engine: 'level'; readonly directory: string; readonly cacheBytes?: number }
  | { readonly engine: 'memory'; readonly store: MemoryStore }
  /** A log of batches with the whole index in memory; one opener at a time. For simulation. */
  | { readonly engine: 'disk'; readonly disk: LogDisk; readonly directory: string }

export type KeyRange = {
  readonly gte?: Uint8Array
  readonly gt?: Uint8Array
  readonly lte?: Uint8Array
  readonly lt?: Uint8Array
  readonly reverse?: boolean
  /** Entries at most. */
  readonly limit?: number
}
export type Entry = readonly [key: Uint8Array, value: Uint8Array]

/** What both the database and a snapshot of it answer. Use after close throws `DatabaseFault` `DATABASE_CLOSED`. */
export interface DatabaseReader {
  /** The bytes are the caller's. */
  get(key: Uint8Array): Uint8Array | undefined
  /** In key order, read in bounded chunks, over the store as it is when the iteration begins. */
  range(range: KeyRange): AsyncGenerator<Entry, void, undefined>
}
/** The store as it was at one moment; to be closed, or it keeps old data from being compacted away. */
export interface DatabaseSnapshot extends DatabaseReader {
  close(): Promise<void>
}
export interface Database extends DatabaseReader {
  readonly location: string
  /** All or nothing. `sync`: what this and all earlier batches wrote survives a crash of the machine. */
  batch(
    operations: readonly BatchOperation[],
    options?: { readonly sync?: boolean },
  ): Promise<Result<void, DatabaseError>>
  snapshot(): DatabaseSnapshot
  /** Waits for batches under way, ends snapshots and ranges. Closing again is fine and waits for the same end. */
  close(): Promise<void>
}

export async function openDatabase(location: DatabaseLocation): Promise<Result<Database, DatabaseError>> {
  switch (location.engine) {
    case 'level': {
      const level = new Level<Uint8Array, Uint8Array>(location.directory, {
        ...VIEWS,
        multithreading: true,
        writeBufferSize: WRITE_BUFFER_BYTES,
        ...(location.cacheBytes === undefined ? {} : { cacheSize: location.cacheBytes }),
      } as ConstructorParameters<typeof Level<Uint8Array, Uint8Array>>[1]) as unknown as Store
      try {
        await level.open()
      } catch (thrown) {
        return err(databaseError(location.directory, thrown))
      }
      return ok(door({ level, location: location.directory, isOwned: true, isShared: false, log: undefined }))
    }
    case 'memory': {
      const { level } = location.store
      await level.open()
      return ok(door({ level, location: 'memory', isOwned: false, isShared: true, log: undefined }))
    }
    case 'disk': {
      const level = newMemoryLevel()
      await level.open()
      const log = await openBatchLog(location.disk, location.directory, (operations) => level.batch(operations))
      if (!log.ok) return log
      return ok(door({ level, location: location.directory, isOwned: true, isShared: true, log: log.value }))
    }
  }
}

const newMemoryLevel = (): Store =>
  new MemoryLevel<Uint8Array, Uint8Array>({ ...VIEWS, storeEncoding: 'view' }) as unknown as Store

type Opened = {
  readonly level: Store
  readonly location: string
  /** Closing the database closes `level`. */
  readonly isOwned: boolean
  /** `level` keeps the very bytes it is given, so they are copied in and out. */
  readonly isShared: boolean
  readonly log: BatchLog | undefined
}

function door({ level, location, isOwned, isShared, log }: Opened): Database {
  const underWay = new Set<Promise<unknown>>()
  const snapshots = new Set<DatabaseSnapshot>()
  const iterators = new Set<{ close(): Promise<void> }>()
  let closing: Promise<void> | undefined

  const assertOpen = (): void => {
    if (closing !== undefined) throw new DatabaseFault({ code: 'DATABASE_CLOSED', location })
  }

  // LevelDB answers a Buffer: the same bytes as a plain view, so that comparisons and `slice` mean what they say.
  const handOut = isShared
    ? (bytes: Uint8Array): Uint8Array => bytes.slice()
    : (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)

  function read(key: Uint8Array, options: object | undefined): Uint8Array | undefined {
    assertOpen()
    try {
      const value = options === undefined ? level.getSync(key) : level.getSync(key, options)
      return value === undefined ? undefined : handOut(value)
    } catch (thrown) {
      throw new DatabaseFault(databaseError(location, thrown))
    }
  }

  async function* iterate(
    range: KeyRange,
    snapshot: AbstractSnapshot | undefined,
    open: Set<{ close(): Promise<void> }>,
    check: () => void,
  ): AsyncGenerator<Entry, void, undefined> {
    check()
    const options = { ...VIEWS, ...range, highWaterMarkBytes: RANGE_CHUNK_BYTES }
    const iterator = level.iterator(snapshot === undefined ? options : { ...options, snapshot })
    open.add(iterator)
    try {
      for (;;) {
        check()
        const chunk = await iterator.nextv(RANGE_CHUNK_ENTRIES)
        if (chunk.length === 0) return
        for (const [key, value] of chunk) {
          check()
          yield [handOut(key), handOut(value)]
        }
      }
    } catch (thrown) {
      throw new DatabaseFault(
        closing === undefined ? databaseError(location, thrown) : { code: 'DATABASE_CLOSED', location },
      )
    } finally {
      open.delete(iterator)
      await iterator.close()
    }
  }

  async function apply(operations: readonly BatchOperation[], sync: boolean): Promise<Result<void, DatabaseError>> {
    const kept = isShared ? operations.map(copyOperation) : (operations as BatchOperation[])
    if (log !== undefined) {
      const logged = await log.append(kept, sync)
      if (!logged.ok) return logged
    }
    try {
      // One native call per operation is far cheaper than abstract-level's array form, which copies and encodes each.
      const chained = level.batch()
      for (const operation of kept) {
        if (operation.type === 'put') chained.put(operation.key, operation.value)
        else chained.del(operation.key)
      }
      await chained.write({ sync } as object)
      return ok(undefined)
    } catch (thrown) {
      return err(databaseError(location, thrown))
    }
  }

  async function shut(): Promise<void> {
    await Promise.allSettled(underWay)
    await Promise.all([...iterators, ...snapshots].map((resource) => resource.close()))
    await log?.close()
    if (isOwned) await level.close()
  }

  return {
    location,
    get: (key) => read(key, undefined),
    range: (range) => iterate(range, undefined, iterators, assertOpen),
    batch(operations, options) {
      if (closing !== undefined) return Promise.resolve(err({ code: 'DATABASE_CLOSED', location }))
      const sync = options?.sync ?? false
      if (operations.length === 0 && !sync) return Promise.resolve(ok(undefined))
      const done = apply(operations.length === 0 ? [{ type: 'del', key: NEVER_WRITTEN_KEY }] : operations, sync)
      underWay.add(done)
      return done.finally(() => underWay.delete(done))
    },
    snapshot() {
      assertOpen()
      const taken = level.snapshot()
      const options = { ...VIEWS, snapshot: taken }
      const ofSnapshot = new Set<{ close(): Promise<void> }>()
      let isClosed = false
      const assertSnapshotOpen = (): void => {
        assertOpen()
        if (isClosed) throw new DatabaseFault({ code: 'DATABASE_CLOSED', location })
      }
      const snapshot: DatabaseSnapshot = {
        get(key) {
          assertSnapshotOpen()
          return read(key, options)
        },
        range: (range) => iterate(range, taken, ofSnapshot, assertSnapshotOpen),
        async close() {
          isClosed = true
          snapshots.delete(snapshot)
          // An iterator that its reader left half-way would keep the snapshot open for ever.
          await Promise.all([...ofSnapshot].map((iterator) => iterator.close()))
          await taken.close()
        },
      }
      snapshots.add(snapshot)
      return snapshot
    },
    close() {
      closing ??= shut()
      return closing
    },
  }
}

const copyOperation = (op: BatchOperation): BatchOperation =>
  op.type === 'put'
    ? { type: 'put', key: op.key.slice(), value: op.value.slice() }
    : { type: 'del', key: op.key.slice() }
