import type { Ask } from '../../runtime/messages.ts'
import type { DatabaseLocation } from '../../storage/database.ts'
import type { DatabaseError } from '../../storage/database-error.ts'

/** Owns the data directory: lock, schema, the store's life. Whoever reads or writes opens the store for itself. */
export type StorageMessages = {
  /** What was written so far survives a crash of the machine. */
  flush: Ask<void, { readonly ok: true } | { readonly ok: false; readonly error: DatabaseError }>
  /** `new`: the store was empty when it was opened. */
  status: Ask<void, { readonly schema: 'new' | 'known'; readonly directory: string | undefined }>
}
export type StorageDeps = {
  /** Data directory to lock; undefined: everything in memory, gone at the end (one thread only: `inline`). */
  readonly directory: string | undefined
  /** The store in it, as all its openers are given it. */
  readonly database: DatabaseLocation
}
