/** What nodes tell each other in Node Discovery v4 (devp2p `discv4.md`; EIP-868 for records). */
import type { Endpoint } from '../enr/node.ts'
import type { NodeRecord, RecordError } from '../enr/record.ts'
import type { RlpError } from '../rlp.ts'

/** Largest packet: above it datagrams are cut into pieces on the way (discv4.md, "Wire Protocol"). */
export const PACKET_BYTES_MAX = 1_280
/** `hash ‖ signature ‖ type` */
export const PACKET_BYTES_MIN = 98
/** What a ping says it speaks; nobody looks at it (EIP-8). */
export const PROTOCOL_VERSION = 4n
/** How long a packet is good for after it was sent (geth). */
export const EXPIRATION_SECONDS = 20n
/** Nodes that one packet holds in any case, all with IPv6 addresses. */
export const NEIGHBOURS_MAX = 12
/** A target of a search: a public key's size, though no point of the curve is asked for. */
export const TARGET_BYTES = 64

/** Seconds since 1970, as long as which a packet is good. */
type Expiration = bigint

export type Ping = {
  readonly kind: 'ping'
  readonly version: bigint
  /** What the sender thinks of itself; only its TCP port is worth anything. */
  readonly from: Endpoint
  readonly to: Endpoint
  readonly expiration: Expiration
  /** Number of the sender's record (EIP-868); undefined from who has none. */
  readonly recordSeq?: bigint
}
export type Pong = {
  readonly kind: 'pong'
  /** Where the ping came from: how the other end learns its address. */
  readonly to: Endpoint
  readonly pingHash: Uint8Array // 32
  readonly expiration: Expiration
  readonly recordSeq?: bigint
}
export type FindNode = { readonly kind: 'findNode'; readonly target: Uint8Array; readonly expiration: Expiration }
export type Neighbours = {
  readonly kind: 'neighbours'
  /** As told: neither keys nor addresses are checked, see `checkNeighbour`. */
  readonly nodes: readonly Neighbour[]
  readonly expiration: Expiration
}
export type Neighbour = { readonly publicKey: Uint8Array; readonly endpoint: Endpoint }
export type RecordRequest = { readonly kind: 'recordRequest'; readonly expiration: Expiration }
export type RecordResponse = {
  readonly kind: 'recordResponse'
  readonly requestHash: Uint8Array // 32
  /** Its signature is not checked. */
  readonly record: NodeRecord
}
export type Packet = Ping | Pong | FindNode | Neighbours | RecordRequest | RecordResponse

/** First byte of what is signed, in the order of the types above. */
export const PACKET_TYPES = {
  ping: 1,
  pong: 2,
  findNode: 3,
  neighbours: 4,
  recordRequest: 5,
  recordResponse: 6,
} as const satisfies { readonly [K in Packet['kind']]: number }

export type Discv4Error =
  | { readonly code: 'DISCV4_TOO_SHORT' | 'DISCV4_TOO_LARGE'; readonly bytes: number }
  /** The first 32 bytes are not the hash of the others: cut short, or another protocol. */
  | { readonly code: 'DISCV4_HASH' }
  | { readonly code: 'DISCV4_SIGNATURE' }
  | { readonly code: 'DISCV4_TYPE'; readonly type: number }
  | { readonly code: 'DISCV4_ENCODING'; readonly kind: Packet['kind']; readonly cause: RlpError }
  | { readonly code: 'DISCV4_RECORD'; readonly cause: RecordError }
  | { readonly code: 'DISCV4_EXPIRED'; readonly expiration: bigint; readonly nowMs: number }

/** `now + 20 s`, in seconds. */
export const expirationAt = (nowMs: number): bigint => BigInt(Math.floor(nowMs / 1_000)) + EXPIRATION_SECONDS

/** Above it geth's clock takes an expiration for one before 1970. */
const EXPIRATION_MAX = 2n ** 63n - 1n

/** Whether a packet came too late. An answer with a record does not expire. @param nowMs since 1970 */
export function isExpired(packet: Packet, nowMs: number): boolean {
  if (packet.kind === 'recordResponse') return false
  return packet.expiration * 1_000n < BigInt(Math.floor(nowMs)) || packet.expiration > EXPIRATION_MAX
}
