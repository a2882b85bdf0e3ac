/**
 * The node table as functions over a value: who is known, at which distance, and who stays (geth 1.14 and later,
 * `p2p/discover/table.go`). It asks nobody: pings and searches are the actor's, which tells the table how they went.
 */

import { bytesEqual } from '../../protocols/bytes.ts'
import { BUCKETS, bucketIndex, closest } from '../../protocols/discv4/distance.ts'
import { type Node, seqOf } from '../../protocols/enr/node.ts'
import { isLan } from '../../protocols/ip/special-networks.ts'
import { type SubnetLimit, subnetLimit } from '../../protocols/ip/subnet-limit.ts'
import {
  BUCKET_SIZE,
  type Bucket,
  COUNTED_PREFIX_BITS,
  type Entry,
  emptyBucket,
  entryIn,
  keyOf,
  newEntry,
  REPLACEMENTS_MAX,
  takeOut,
} from './bucket.ts'
import {
  dueEntries,
  emptyRevalidation,
  leaveList,
  type Moment,
  moveTo,
  nextDueMs,
  REVALIDATION_INTERVALS,
  type Revalidation,
  takeActive,
} from './revalidation.ts'

/** Addresses of one /24 in the whole table (geth). */
const TABLE_ADDRESSES_MAX = 10
/** Searches in a row that a node brought nothing for, after which it goes (geth). */
export const FIND_FAILURES_MAX = 5
/** A bucket with fewer nodes keeps also those: a small network has no better. */
const FIND_FAILURES_BUCKET_MIN = BUCKET_SIZE / 4
/** A ping without answer leaves this part of the checks; at none the node goes. */
const CHECKS_DIVISOR = 3
/** A node with more checks is worth remembering over a restart (geth). */
const STORED_CHECKS_MIN = 6
/** So long in the table, and a node that ever answered is remembered (geth 1.10, `seedMinTableTime`). */
export const STORED_AGE_MS = 5 * 60 * 1_000

export type Table = {
  /** Our own id. */
  readonly self: Uint8Array
  readonly buckets: readonly Bucket[]
  readonly addresses: SubnetLimit
  readonly revalidation: Revalidation
  /** After the first refresh. Before it nobody gets in by pinging us, who could fill a fresh table so. */
  isReady: boolean
}

export const emptyTable = (self: Uint8Array, intervals = REVALIDATION_INTERVALS): Table => ({
  self,
  buckets: Array.from({ length: BUCKETS }, emptyBucket),
  addresses: subnetLimit(COUNTED_PREFIX_BITS, TABLE_ADDRESSES_MAX),
  revalidation: emptyRevalidation(intervals),
  isReady: false,
})

/** What became of a node that was offered. */
export type Addition =
  | 'added'
  | 'replacement' // the bucket is full: it waits for a place
  | 'updated' // it stood there, and has a newer record or another endpoint now
  | 'known'
  | 'self'
  | 'address-missing'
  | 'address-limit-table'
  | 'address-limit-bucket'
  | 'not-ready'

/** Offers a node that was told of or remembered: nobody has seen it alive yet. */
export const addSeenNode = (table: Table, node: Node, moment: Moment): Addition => add(table, node, false, moment)

/** Offers a node that came to us and has shown to be reachable where it came from. */
export const addVerifiedNode = (table: Table, node: Node, moment: Moment): Addition =>
  table.isReady ? add(table, node, true, moment) : 'not-ready'

/** The nodes to ping now. Each is answered for by `nodeAnswered`. */
export const nodesToPing = (table: Table, moment: Moment): Node[] =>
  dueEntries(table.revalidation, moment).map(({ node }) => node)

/** When there are nodes to ping next; Infinity while the table is empty. */
export const nextPingMs = (table: Table): number => nextDueMs(table.revalidation)

export type PingOutcome = {
  readonly answered: boolean
  /** The node's newer record, where the answer announced one and it could be had. */
  readonly newer?: Node
}

/** What an outcome means for others. */
export type PingEffect = {
  /** Left the table. */
  readonly removed?: Node
  /** Came into its bucket in the place of the one removed. */
  readonly promoted?: Node
  /** Has been there for long: to be remembered over a restart. */
  readonly stored?: Node
}

/** How the ping of `nodesToPing` went. Nothing happens where the node has left the table meanwhile. */
export function nodeAnswered(table: Table, id: Uint8Array, outcome: PingOutcome, moment: Moment): PingEffect {
  const entry = takeActive(table.revalidation, keyOf(id))
  if (entry?.list === undefined) return {}
  const bucket = bucketOf(table, id)
  if (!outcome.answered) {
    entry.checks = Math.floor(entry.checks / CHECKS_DIVISOR)
    if (entry.checks === 0) return remove(table, bucket, entry, moment)
    moveTo(table.revalidation.fast, entry, moment)
  } else {
    entry.checks++
    entry.isLive = true
    const hasMoved = outcome.newer !== undefined && update(table, bucket, entry, outcome.newer, false, moment).hasMoved
    if (!hasMoved) moveTo(table.revalidation.slow, entry, moment)
  }
  return entry.isLive && entry.checks >= STORED_CHECKS_MIN ? { stored: entry.node } : {}
}

/**
 * How a search through a node went, which stands in the table or not.
 * @param failures searches in a row, this one included, that the node brought nothing for
 * @returns the node that left the table for it, and the one in its place
 */
export function nodeSearched(
  table: Table,
  id: Uint8Array,
  failures: number,
  moment: Moment,
): Pick<PingEffect, 'removed' | 'promoted'> {
  const bucket = bucketOf(table, id)
  const entry = entryIn(bucket.entries, keyOf(id))
  if (entry === undefined || failures < FIND_FAILURES_MAX || bucket.entries.length < FIND_FAILURES_BUCKET_MIN) return {}
  return remove(table, bucket, entry, moment)
}

/** Takes a node out, as one that was found to be of no use. */
export function removeNode(table: Table, id: Uint8Array, moment: Moment): Pick<PingEffect, 'removed' | 'promoted'> {
  const bucket = bucketOf(table, id)
  const entry = entryIn(bucket.entries, keyOf(id))
  return entry === undefined ? {} : remove(table, bucket, entry, moment)
}

/**
 * The nodes nearest to a target, nearest first.
 * @param preferLive only those that answered a ping, unless none did: what strangers are told
 */
export function closestNodes(table: Table, target: Uint8Array, max: number, preferLive: boolean): Node[] {
  const entries = table.buckets.flatMap((bucket) => bucket.entries)
  const live = preferLive ? entries.filter(({ isLive }) => isLive) : []
  return closest(
    target,
    (live.length > 0 ? live : entries).map(({ node }) => node),
    max,
  )
}

/** Nodes that answered at least once and have been there for 5 minutes: the seeds of the next start (geth 1.10, `copyLiveNodes`). */
export function nodesToRemember(table: Table, nowMs: number, ageMs = STORED_AGE_MS): Node[] {
  return table.buckets
    .flatMap((bucket) => bucket.entries)
    .filter(({ checks, addedMs }) => checks > 0 && nowMs - addedMs >= ageMs)
    .map(({ node }) => node)
}

export const nodeIn = (table: Table, id: Uint8Array): Node | undefined =>
  entryIn(bucketOf(table, id).entries, keyOf(id))?.node

export const tableSize = (table: Table): number => table.buckets.reduce((sum, { entries }) => sum + entries.length, 0)

const bucketOf = (table: Table, id: Uint8Array): Bucket => table.buckets[bucketIndex(table.self, id)]!

function add(table: Table, node: Node, isInbound: boolean, moment: Moment): Addition {
  if (bytesEqual(node.id, table.self)) return 'self'
  if (node.endpoint.ip === undefined) return 'address-missing'
  const bucket = bucketOf(table, node.id)
  const present = entryIn(bucket.entries, keyOf(node.id))
  if (present !== undefined) return update(table, bucket, present, node, isInbound, moment).addition
  if (bucket.entries.length >= BUCKET_SIZE) return addReplacement(table, bucket, node, moment)
  const refusal = countAddress(table, bucket, node)
  if (refusal !== undefined) return refusal
  enter(table, bucket, newEntry(node, moment.nowMs), moment)
  return 'added'
}

/** Replacements stand by a full bucket only: as soon as there is room, one of them takes it. */
function addReplacement(table: Table, bucket: Bucket, node: Node, moment: Moment): Addition {
  if (entryIn(bucket.replacements, keyOf(node.id)) !== undefined) return 'known'
  const refusal = countAddress(table, bucket, node)
  if (refusal !== undefined) return refusal
  bucket.replacements.unshift(newEntry(node, moment.nowMs))
  const last = bucket.replacements.length > REPLACEMENTS_MAX ? bucket.replacements.pop() : undefined
  if (last !== undefined) uncountAddress(table, bucket, last.node)
  return 'replacement'
}

/** The node itself may say anything, also less than before; others must have something newer to say. */
function update(
  table: Table,
  bucket: Bucket,
  entry: Entry,
  node: Node,
  isInbound: boolean,
  moment: Moment,
): { readonly addition: Addition; readonly hasMoved: boolean } {
  if (!isInbound && seqOf(node) <= seqOf(entry.node)) return { addition: 'known', hasMoved: false }
  const [before, now] = [entry.node.endpoint, node.endpoint]
  // A ping carries no record: who pings from where it is known keeps the record that is known.
  const isSamePlace =
    before.udp === now.udp && before.ip !== undefined && now.ip !== undefined && bytesEqual(before.ip, now.ip)
  if (isSamePlace && node.record === undefined && entry.node.record !== undefined)
    return { addition: 'known', hasMoved: false }
  if (now.ip === undefined) return { addition: 'address-missing', hasMoved: false }
  const hasOtherAddress = before.ip === undefined || !bytesEqual(before.ip, now.ip)
  if (hasOtherAddress) {
    uncountAddress(table, bucket, entry.node)
    const refusal = countAddress(table, bucket, node)
    if (refusal !== undefined) {
      const back = countAddress(table, bucket, entry.node)
      if (back !== undefined) throw new Error('an address that was counted finds no room')
      return { addition: refusal, hasMoved: false }
    }
  }
  const hasMoved = !isSamePlace
  const isNews = hasMoved || before.tcp !== now.tcp || seqOf(node) !== seqOf(entry.node)
  entry.node = node
  if (hasMoved) {
    entry.isLive = false
    moveTo(table.revalidation.fast, entry, moment)
  }
  return { addition: isNews ? 'updated' : 'known', hasMoved }
}

function remove(
  table: Table,
  bucket: Bucket,
  entry: Entry,
  moment: Moment,
): { readonly removed: Node; readonly promoted?: Node } {
  takeOut(bucket.entries, entry)
  uncountAddress(table, bucket, entry.node)
  leaveList(entry)
  if (bucket.replacements.length === 0) return { removed: entry.node }
  // Any of them, since their order is the choice of who sends them. Its address is counted already.
  const next = bucket.replacements[moment.draw(bucket.replacements.length)]!
  takeOut(bucket.replacements, next)
  enter(table, bucket, next, moment)
  return { removed: entry.node, promoted: next.node }
}

function enter(table: Table, bucket: Bucket, entry: Entry, moment: Moment): void {
  bucket.entries.push(entry)
  moveTo(table.revalidation.fast, entry, moment)
}

/** Local addresses are not counted: a test network stands in one /24. @returns why there is no room */
function countAddress(table: Table, bucket: Bucket, { endpoint: { ip } }: Node): Addition | undefined {
  if (ip === undefined || isLan(ip)) return undefined
  if (!table.addresses.add(ip)) return 'address-limit-table'
  if (bucket.addresses.add(ip)) return undefined
  table.addresses.remove(ip)
  return 'address-limit-bucket'
}

function uncountAddress(table: Table, bucket: Bucket, { endpoint: { ip } }: Node): void {
  if (ip === undefined || isLan(ip)) return
  table.addresses.remove(ip)
  bucket.addresses.remove(ip)
}
