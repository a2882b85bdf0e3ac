import type { Ask } from '../../runtime/messages.ts'
import type { DatabaseError } from '../../storage/database-error.ts'

/** Owns the data directory: lock, schema, the store's life. Whoever reads or writes opens the store for itself. */
export type StorageMessages = {
  /** What was written so far survives a crash of the machine. */
  flush: Ask<void, { readonly ok: true } | { readonly ok: false; readonly error: DatabaseError }>
  /** `new`: the store was empty when it was opened. */
  status: Ask<void, { readonly schema: 'new' | 'known'; readonly directory: string | undefined }>
}
/** `directory` undefined: everything in memory, gone at the end (one thread only: `inline`). */
export type StorageDeps = {
  readonly directory: string | undefined
  readonly cacheBytes: number
}
