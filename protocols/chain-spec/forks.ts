/** Names and order of the forks, as geth's chain config has them. */

/** Activated at a block number, in the order in which they must come. */
export const BLOCK_FORKS = [
  'homestead',
  'dao',
  'eip150',
  'eip155',
  'eip158',
  'byzantium',
  'constantinople',
  'petersburg',
  'istanbul',
  'muirGlacier',
  'berlin',
  'london',
  'arrowGlacier',
  'grayGlacier',
  'mergeNetsplit',
] as const
export type BlockFork = (typeof BLOCK_FORKS)[number]

/** Activated at a block timestamp (seconds), in the order in which they must come; all of them after the merge. */
export const TIME_FORKS = [
  'shanghai',
  'cancun',
  'prague',
  'osaka',
  'bpo1',
  'bpo2',
  'bpo3',
  'bpo4',
  'bpo5',
  'amsterdam',
  'bogota',
  'ubt',
] as const
export type TimeFork = (typeof TIME_FORKS)[number]
export type Fork = BlockFork | TimeFork

/** May be absent between forks that are present (geth, `CheckConfigForkOrder`). */
export const OPTIONAL_FORKS: ReadonlySet<Fork> = new Set<Fork>([
  'dao',
  'muirGlacier',
  'arrowGlacier',
  'grayGlacier',
  'mergeNetsplit',
  'cancun',
  'prague',
  'osaka',
  'bpo1',
  'bpo2',
  'bpo3',
  'bpo4',
  'bpo5',
  'amsterdam',
  'bogota',
  'ubt',
])

/** Forks that may bring a blob schedule of their own; osaka and amsterdam go on with the one before (EIP-7892). */
export const BLOB_FORKS = [
  'cancun',
  'prague',
  'osaka',
  'bpo1',
  'bpo2',
  'bpo3',
  'bpo4',
  'bpo5',
  'amsterdam',
] as const satisfies readonly TimeFork[]
export type BlobFork = (typeof BLOB_FORKS)[number]

/** May be without an entry: they inherit. */
export const BLOB_INHERITING: ReadonlySet<BlobFork> = new Set<BlobFork>(['osaka', 'amsterdam'])

export type ForkOrderError =
  | { readonly code: 'FORK_MISSING'; readonly fork: Fork; readonly before: Fork } // `before` is on, `fork` is not
  | { readonly code: 'FORK_ORDER'; readonly fork: Fork; readonly after: Fork } // `fork` activates before `after`
  | { readonly code: 'FORK_BLOB_SCHEDULE'; readonly fork: BlobFork } // active without parameters
