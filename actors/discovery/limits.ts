/** Times and bounds of discovery (geth, `p2p/discover`). */
import type { DiscoveryIntervals } from './messages.ts'
import { FAST_INTERVAL_MS, SLOW_INTERVAL_MS } from './revalidation.ts'
import { STORED_AGE_MS } from './table.ts'

export const DISCOVERY_INTERVALS: DiscoveryIntervals = {
  refreshMs: 30 * 60 * 1_000,
  emptyRefreshMs: 10_000,
  fastMs: FAST_INTERVAL_MS,
  slowMs: SLOW_INTERVAL_MS,
  copyMs: 30_000,
  rememberAfterMs: STORED_AGE_MS,
  walkMs: 1_000,
  replyMs: 500,
}

/** An endpoint proof is good for so long (geth, `bondExpiration`). */
export const BOND_MS = 24 * 60 * 60 * 1_000
/** With more failed searches than this the other end has probably forgotten us: we prove our endpoint again. */
export const BOND_FAILURES_MAX = 5
/** Nodes that were remembered, tried at a refresh, and how old they may be (geth). */
export const SEEDS_MAX = 30
export const SEED_AGE_MS_MAX = 5 * 24 * 60 * 60 * 1_000
/** Searches for random targets at each refresh (geth). */
export const REFRESH_LOOKUPS = 3
/** Times at which the node database is cleaned. */
export const EXPIRE_MS = 60 * 60 * 1_000
/** Time after which what the node database has not written is written. */
export const FLUSH_MS = 10_000
/** Requests for a record at the same time, while candidates are looked for (geth 1.16). */
export const RECORD_REQUESTS_AT_ONCE = 16
/** An ask for candidates is answered by then, even with none. */
export const CANDIDATES_MS = 20_000
/** Candidates of one answer, and asks that may wait. */
export const CANDIDATES_MAX = 256
export const CANDIDATE_ASKS_MAX = 64
/** Pings to one address that are not answered yet and were caused by pings from there: more is what a forger of addresses wants. */
export const RETURN_PINGS_MAX = 8
