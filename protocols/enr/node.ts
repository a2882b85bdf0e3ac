/** A node as the network knows it: by its signed record, or by key and endpoint alone (an enode URL, discv4). */
import { IPV6_BYTES, unmapped } from '../ip/address.ts'
import { isMulticast, isUnspecified, locality } from '../ip/special-networks.ts'
import type { Result } from '../result.ts'
import { err, ok } from '../result.ts'
import type { EnodeUrlError } from './enode-url.ts'
import { ENODE_SCHEME, formatEnodeUrl, parseEnodeUrl } from './enode-url.ts'
import { ip4Of, ip6Of, type PortKey, portOf } from './entries.ts'
import type { Identities } from './identity.ts'
import { nodeIdOf } from './identity.ts'
import type { NodeRecord, RecordError } from './record.ts'
import { verifyRecord } from './record.ts'
import type { RecordTextError } from './text.ts'
import { formatRecord, parseRecord, RECORD_PREFIX } from './text.ts'

/** Where a node is reached. `ip`: 4 or 16 bytes in their one form, undefined if unknown. A port of 0: none. */
export type Endpoint = { readonly ip: Uint8Array | undefined; readonly udp: number; readonly tcp: number }

export type Node = {
  readonly id: Uint8Array // 32
  readonly publicKey: Uint8Array // 64
  /** Of a record that names both families, the one that reaches further. */
  readonly endpoint: Endpoint
  /** A DNS name in the place of an address: resolved by who dials. */
  readonly hostname?: string
  /** Absent: known by key and endpoint alone, told to nobody as a record. */
  readonly record?: NodeRecord
}

/** A key and where it was seen. */
export const nodeAt = (publicKey: Uint8Array, endpoint: Endpoint): Node => ({
  id: nodeIdOf(publicKey),
  publicKey,
  endpoint,
})

/** The node of a record, whose signature is checked. */
export function nodeOfRecord(record: NodeRecord, identities: Identities): Result<Node, RecordError> {
  const verified = verifyRecord(record, identities)
  return verified.ok ? ok({ ...verified.value, endpoint: endpointOf(record), record }) : verified
}

/** Number of the record that is known of a node; 0n where none is. */
export const seqOf = (node: Node): bigint => node.record?.seq ?? 0n

/** Of both families the one that reaches further, IPv4 where they reach equally far (geth, `enode.Node`). */
export function endpointOf(record: NodeRecord): Endpoint {
  const [ip4, ip6] = [usable(ip4Of(record)), usable(ip6Of(record))]
  const preferred = ip6 !== undefined && (ip4 === undefined || locality(ip6) > locality(ip4)) ? ip6 : ip4
  const isIp6 = preferred?.length === IPV6_BYTES
  const port = (key: PortKey, key6: PortKey): number =>
    (isIp6 ? portOf(record, key6) : undefined) ?? portOf(record, key) ?? 0
  return { ip: preferred, udp: port('udp', 'udp6'), tcp: port('tcp', 'tcp6') }
}
const usable = (ip: Uint8Array | undefined): Uint8Array | undefined =>
  ip === undefined || isMulticast(ip) ? undefined : unmapped(ip)

/** Address and port where a node answers discovery; undefined where it does not. */
export const udpOf = ({ endpoint }: Node): { readonly ip: Uint8Array; readonly port: number } | undefined =>
  reachable(endpoint.ip, endpoint.udp)
/** Address and port where a node takes RLPx connections; undefined where it does not. */
export const tcpOf = ({ endpoint }: Node): { readonly ip: Uint8Array; readonly port: number } | undefined =>
  reachable(endpoint.ip, endpoint.tcp)

const reachable = (ip: Uint8Array | undefined, port: number) =>
  ip === undefined || isUnspecified(ip) || port === 0 ? undefined : { ip, port }

export type NodeTextError =
  | { readonly code: 'NODE_TEXT_PREFIX'; readonly text: string }
  | EnodeUrlError
  | RecordTextError

/** A node of `enode://…` or `enr:…`; the signature of a record is checked. */
export function parseNode(text: string, identities: Identities): Result<Node, NodeTextError> {
  if (text.startsWith(RECORD_PREFIX)) {
    const record = parseRecord(text)
    return record.ok ? nodeOfRecord(record.value, identities) : record
  }
  if (!text.startsWith(ENODE_SCHEME)) return err({ code: 'NODE_TEXT_PREFIX', text: text.slice(0, SHOWN_MAX) })
  const url = parseEnodeUrl(text, identities)
  if (!url.ok) return url
  const { publicKey, hostname, ...endpoint } = url.value
  return ok({ ...nodeAt(publicKey, endpoint), ...(hostname !== undefined && { hostname }) })
}
/** Of a text that is refused so much is repeated. */
const SHOWN_MAX = 64

/** `enr:…` where there is a record, otherwise `enode://…`. */
export const formatNode = (node: Node): string =>
  node.record === undefined ? enodeUrlOf(node) : formatRecord(node.record)

export const enodeUrlOf = ({ publicKey, endpoint, hostname }: Node): string =>
  formatEnodeUrl({ publicKey, ...endpoint, ...(hostname !== undefined && { hostname }) })
