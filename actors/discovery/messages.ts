import type { Node } from '../../protocols/enr/node.ts'
import type { Network } from '../../protocols/ip/network.ts'
import type { Millis, NetAddress } from '../../runtime/capabilities.ts'
import type { Ask, Lossy, Ref, Tell } from '../../runtime/messages.ts'
import type { DatabaseLocation } from '../../storage/database.ts'

/** Finds nodes: Node Discovery v4 over UDP with its node table, and node lists in DNS (EIP-1459). */
export type DiscoveryMessages = {
  /**
   * Nodes to be tried, as they are found, each with its record where it gave one; none after 20 s. While nobody asks,
   * nobody is searched for.
   */
  candidates: Ask<{ readonly count: number }, readonly Node[]>
  /** The newest that the network knows of a node; undefined where nobody knows more than `node` says. */
  resolve: Ask<{ readonly node: Node }, Node | undefined>
  /** A search for the nodes nearest to a public key, or to any 64 bytes. Nearest first. */
  lookup: Ask<{ readonly target: Uint8Array }, readonly Node[]>
  /** The node table, nearest bucket first (`debug_discoveryV4Table`). */
  table: Ask<void, readonly TableBucket[]>
  info: Ask<void, DiscoveryInfo>
  /** The own record has changed: encoded, signed by our key. */
  localRecord: Tell<{ readonly record: Uint8Array }, Lossy<'coalesce'>>
  /** To self: a datagram. Beyond the mailbox it is lost, as on the way. */
  datagram: Ask<{ readonly from: NetAddress; readonly bytes: Uint8Array }, void>
  /** To self: a time that somebody waits for has come. */
  due: Tell<{ readonly timer: number }>
  /** To self: something that runs beside the messages is over; `failure` is a bug in it. */
  taskDone: Tell<{ readonly failure: string | undefined }>
  flush: Tell
  expire: Tell
}

/** What discovery tells its surroundings. */
export type DiscoveryNeeds = {
  /** Where other nodes see us, as enough of them say. @property ip 4 or 16 bytes @property port of UDP */
  endpointStatement: Tell<{ readonly ip: Uint8Array; readonly port: number }, Lossy<'coalesce'>>
}

export type DiscoveryDeps = {
  /** Secret, 32 bytes. */
  readonly nodeKey: Uint8Array
  /** The own record, encoded. */
  readonly record: Uint8Array
  /** UDP. An IPv6 address takes IPv4 as well, `0.0.0.0` only that. */
  readonly listen: NetAddress
  readonly bootnodes: readonly Node[]
  /** `enrtree://…` */
  readonly trees: readonly string[]
  /** Networks of `--netrestrict`; undefined: all. */
  readonly restrict: readonly Network[] | undefined
  /** Of the node database, which nobody else opens; undefined: in memory. */
  readonly database: DatabaseLocation | undefined
  readonly parent: Ref<DiscoveryNeeds> | undefined
  readonly intervals?: Partial<DiscoveryIntervals>
}

/** In milliseconds; `DISCOVERY_INTERVALS` has geth's. */
export type DiscoveryIntervals = {
  /** Between the end of a refresh of the table and the next, half of it at least. */
  readonly refreshMs: number
  /** The same while the table is empty. */
  readonly emptyRefreshMs: number
  /** Longest time between two pings of nodes that are new or doubtful, and of those that answered. */
  readonly fastMs: number
  readonly slowMs: number
  /** Between two writes of the nodes that were there for `rememberAfterMs`. */
  readonly copyMs: number
  readonly rememberAfterMs: number
  /** Between the starts of two searches for candidates. */
  readonly walkMs: number
  /** For one reply. */
  readonly replyMs: number
}

export type TableBucket = {
  readonly distance: number
  readonly entries: readonly TableEntry[]
  readonly replacements: readonly TableEntry[]
}
export type TableEntry = {
  readonly node: Node
  readonly addedMs: Millis
  readonly checks: number
  readonly isLive: boolean
}

export type DiscoveryInfo = {
  readonly address: NetAddress
  /** In the table, and those of them that answered a ping. */
  readonly nodes: number
  readonly liveNodes: number
  readonly refreshes: number
  readonly lookups: number
  /** Of the node database. */
  readonly rememberedNodes: number
  readonly contacts: number
  /** Requests that wait for their reply. */
  readonly pending: number
  /** Since the start: datagrams by what they were, dropped ones by why. */
  readonly packetsIn: Counts
  readonly packetsOut: Counts
  readonly dropped: Counts
  readonly bytesIn: number
  readonly bytesOut: number
  /** Candidates given, by source. */
  readonly candidates: Counts
  /** Answers of DNS that were none, by why. */
  readonly dnsFailures: Counts
  readonly externalEndpoint: { readonly ip: Uint8Array; readonly port: number } | undefined
}
export type Counts = { readonly [name: string]: number }
