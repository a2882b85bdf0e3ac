/** A bucket of the node table: nodes at about one distance, and nodes that would take their places. */
import type { Node } from '../../protocols/enr/node.ts'
import { bytesToBareHex } from '../../protocols/hex.ts'
import { type SubnetLimit, subnetLimit } from '../../protocols/ip/subnet-limit.ts'
import type { RevalidationList } from './revalidation.ts'

/** Nodes of a bucket: k of Kademlia (discv4.md). */
export const BUCKET_SIZE = 16
/** Nodes that wait for a place (geth). */
export const REPLACEMENTS_MAX = 10
/** Addresses of one /24 in a bucket (geth): who rents a network does not get a bucket for it. */
const BUCKET_ADDRESSES_MAX = 2
/** Bits of the prefix that addresses are counted by, of IPv6 too (geth). */
export const COUNTED_PREFIX_BITS = 24

/** A node in the table. It is one object for its whole stay: identity tells it from a later one with the same key. */
export type Entry = {
  readonly key: string
  node: Node
  /** When it came into the bucket or among the replacements. */
  readonly addedMs: number
  /** Pings answered, less what was taken off for pings that were not. */
  checks: number
  /** Answered a ping at the endpoint it has now. */
  isLive: boolean
  /** Where it waits for its next ping; undefined for a replacement and for what has left the table. */
  list: RevalidationList | undefined
}

export type Bucket = {
  /** In the order in which they came. */
  readonly entries: Entry[]
  /** The newest first. */
  readonly replacements: Entry[]
  readonly addresses: SubnetLimit
}

export const emptyBucket = (): Bucket => ({
  entries: [],
  replacements: [],
  addresses: subnetLimit(COUNTED_PREFIX_BITS, BUCKET_ADDRESSES_MAX),
})

export const newEntry = (node: Node, addedMs: number): Entry => ({
  key: keyOf(node.id),
  node,
  addedMs,
  checks: 0,
  isLive: false,
  list: undefined,
})

/** A node id as a key of maps and sets. */
export const keyOf = (id: Uint8Array): string => bytesToBareHex(id)

export const entryIn = (entries: readonly Entry[], key: string): Entry | undefined =>
  entries.find((entry) => entry.key === key)

/** Takes an entry out of a list that has it. */
export function takeOut(entries: Entry[], entry: Entry): void {
  const at = entries.indexOf(entry)
  if (at < 0) throw new Error(`the entry ${entry.key} is not in its list`)
  entries.splice(at, 1)
}
