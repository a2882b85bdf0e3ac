export type DatabaseError =
  /** Another process holds the directory. */
  | { readonly code: 'DATABASE_LOCKED'; readonly location: string; readonly cause: string }
  /** What is stored fails its checksums; a re-import or a repair is needed. */
  | { readonly code: 'DATABASE_CORRUPT'; readonly location: string; readonly cause: string }
  | { readonly code: 'DATABASE_FULL'; readonly location: string; readonly cause: string }
  | { readonly code: 'DATABASE_IO'; readonly location: string; readonly cause: string }
  | { readonly code: 'DATABASE_CLOSED'; readonly location: string }

/**
 * What synchronous reads and iterations throw: use after close (a bug of the caller) or a store that no longer answers.
 * Supervision sees it; `error` is the plain data that may cross threads.
 */
export class DatabaseFault extends Error {
  readonly code: DatabaseError['code']
  readonly error: DatabaseError

  constructor(error: DatabaseError) {
    super(`${error.code} at ${error.location}${'cause' in error ? `: ${error.cause}` : ''}`)
    this.name = 'DatabaseFault'
    this.code = error.code
    this.error = error
  }
}

/** Plain data for anything that the store threw (abstract-level and classic-level codes). */
export function databaseError(location: string, thrown: unknown): DatabaseError {
  if (thrown instanceof DatabaseFault) return thrown.error
  const chain: { code: string; message: string }[] = []
  for (let at = thrown; at instanceof Error; at = at.cause) {
    chain.push({ code: String((at as { code?: unknown }).code ?? ''), message: at.message })
  }
  const cause = chain.at(-1)?.message ?? String(thrown)
  if (chain.some((e) => e.code === 'LEVEL_LOCKED')) return { code: 'DATABASE_LOCKED', location, cause }
  // LevelDB reports a missing or unreadable manifest or CURRENT file as an invalid argument or a missing file.
  if (chain.some((e) => e.code === 'LEVEL_CORRUPTION' || /corrupt|CURRENT|missing files|MANIFEST/i.test(e.message))) {
    return { code: 'DATABASE_CORRUPT', location, cause }
  }
  if (chain.some((e) => e.code === 'ENOSPC' || /no space left/i.test(e.message))) {
    return { code: 'DATABASE_FULL', location, cause }
  }
  const closed = ['LEVEL_SNAPSHOT_NOT_OPEN', 'LEVEL_ITERATOR_NOT_OPEN', 'LEVEL_DATABASE_NOT_OPEN']
  if (chain.length === 1 && closed.includes(chain[0]!.code)) return { code: 'DATABASE_CLOSED', location }
  return { code: 'DATABASE_IO', location, cause }
}
