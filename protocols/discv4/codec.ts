/**
 * Packets of Node Discovery v4 as bytes: `hash ‖ signature ‖ type ‖ one RLP list` (devp2p `discv4.md`). What later
 * versions append, to the list or behind it, is passed over (EIP-8).
 */
import { bytesEqual } from '../bytes.ts'
import { PORT_MAX } from '../enr/entries.ts'
import type { Identities, NodeKey } from '../enr/identity.ts'
import type { Endpoint } from '../enr/node.ts'
import { decodeRecord } from '../enr/record.ts'
import { addressOfBytes } from '../ip/address.ts'
import { keccak256 } from '../keccak256.ts'
import type { Result } from '../result.ts'
import { err, ok, unreachable } from '../result.ts'
import type { RlpReader } from '../rlp.ts'
import {
  encodeRlpList,
  encodeRlpString,
  enterList,
  hasMore,
  leaveList,
  nextItem,
  rlpReader,
  takeEncodedList,
  takeFixed,
  takeString,
  takeUint,
  uintToBytes,
} from '../rlp.ts'
import { HASH_BYTES, PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from '../secp256k1/backend.ts'
import type { Discv4Error, Neighbour, Packet } from './packet.ts'
import { PACKET_BYTES_MAX, PACKET_BYTES_MIN, PACKET_TYPES, TARGET_BYTES } from './packet.ts'

/** Where the signed part begins: its first byte is the packet's type. */
const TYPE_AT = HASH_BYTES + SIGNATURE_BYTES
/** Integers without a narrower range have 64 bits. */
const UINT64_BYTES = 8

export type SealedPacket = {
  readonly bytes: Uint8Array
  /** What answers refer to. */
  readonly hash: Uint8Array
}

/** Signs a packet. One that becomes larger than 1,280 bytes is a bug, and thrown. */
export function encodePacket(packet: Packet, key: NodeKey): SealedPacket {
  const body = bodyOf(packet)
  const size = TYPE_AT + 1 + body.length
  if (size > PACKET_BYTES_MAX) throw new RangeError(`a packet of ${size} bytes`)
  const bytes = new Uint8Array(size)
  bytes[TYPE_AT] = PACKET_TYPES[packet.kind]
  bytes.set(body, TYPE_AT + 1)
  bytes.set(key.sign(keccak256(bytes.subarray(TYPE_AT))), HASH_BYTES)
  const hash = keccak256(bytes.subarray(HASH_BYTES))
  bytes.set(hash)
  return { bytes, hash }
}

/** A packet whose sender is not known yet: `senderOf` says who it is, and costs most. */
export type UnverifiedPacket = {
  readonly packet: Packet
  readonly hash: Uint8Array // 32
  readonly signature: Uint8Array // 65
  /** What was signed. */
  readonly signedHash: Uint8Array // 32
}

/** Reads a datagram, which is copied where it is kept; the signature is not looked at. */
export function openPacket(datagram: Uint8Array): Result<UnverifiedPacket, Discv4Error> {
  const { length } = datagram
  if (length < PACKET_BYTES_MIN) return err({ code: 'DISCV4_TOO_SHORT', bytes: length })
  if (length > PACKET_BYTES_MAX) return err({ code: 'DISCV4_TOO_LARGE', bytes: length })
  const bytes = datagram.slice()
  const hash = bytes.subarray(0, HASH_BYTES)
  if (!bytesEqual(hash, keccak256(bytes.subarray(HASH_BYTES)))) return err({ code: 'DISCV4_HASH' })
  const packet = readBody(bytes[TYPE_AT]!, rlpReader(bytes, TYPE_AT + 1))
  if (!packet.ok) return packet
  const signature = bytes.subarray(HASH_BYTES, TYPE_AT)
  return ok({ packet: packet.value, hash, signature, signedHash: keccak256(bytes.subarray(TYPE_AT)) })
}

/** Public key of who signed a packet. @returns 64 bytes */
export function senderOf(
  { signedHash, signature }: UnverifiedPacket,
  identities: Pick<Identities, 'recover'>,
): Result<Uint8Array, Discv4Error> {
  const sender = identities.recover(signedHash, signature)
  return sender === undefined ? err({ code: 'DISCV4_SIGNATURE' }) : ok(sender)
}

export type ReceivedPacket = {
  readonly packet: Packet
  readonly hash: Uint8Array
  /** Public key of who sent it. */
  readonly sender: Uint8Array
}

/** Reads a datagram and who sent it. */
export function decodePacket(
  datagram: Uint8Array,
  identities: Pick<Identities, 'recover'>,
): Result<ReceivedPacket, Discv4Error> {
  const opened = openPacket(datagram)
  if (!opened.ok) return opened
  const sender = senderOf(opened.value, identities)
  if (!sender.ok) return sender
  const { packet, hash } = opened.value
  return ok({ packet, hash, sender: sender.value })
}

function bodyOf(packet: Packet): Uint8Array {
  switch (packet.kind) {
    case 'ping':
      return encodeRlpList([
        uint(packet.version),
        endpointItem(packet.from),
        endpointItem(packet.to),
        uint(packet.expiration),
        ...optional(packet.recordSeq),
      ])
    case 'pong':
      return encodeRlpList([
        endpointItem(packet.to),
        encodeRlpString(packet.pingHash),
        uint(packet.expiration),
        ...optional(packet.recordSeq),
      ])
    case 'findNode':
      return encodeRlpList([encodeRlpString(packet.target), uint(packet.expiration)])
    case 'neighbours':
      return encodeRlpList([encodeRlpList(packet.nodes.map(neighbourItem)), uint(packet.expiration)])
    case 'recordRequest':
      return encodeRlpList([uint(packet.expiration)])
    case 'recordResponse':
      return encodeRlpList([encodeRlpString(packet.requestHash), packet.record.encoded])
    default:
      return unreachable(packet)
  }
}

const uint = (value: bigint): Uint8Array => encodeRlpString(uintToBytes(value))
const optional = (value: bigint | undefined): Uint8Array[] => (value === undefined ? [] : [uint(value)])
const port = (value: number): Uint8Array => {
  if (!Number.isInteger(value) || value < 0 || value > PORT_MAX) throw new RangeError(`${value} is no port`)
  return uint(BigInt(value))
}

const endpointItems = ({ ip, udp, tcp }: Endpoint): Uint8Array[] => [
  encodeRlpString(ip === undefined ? NOTHING : addressOf(ip)),
  port(udp),
  port(tcp),
]
const endpointItem = (endpoint: Endpoint): Uint8Array => encodeRlpList(endpointItems(endpoint))
const neighbourItem = ({ publicKey, endpoint }: Neighbour): Uint8Array =>
  encodeRlpList([...endpointItems(endpoint), encodeRlpString(publicKey)])

const NOTHING = new Uint8Array(0)

function addressOf(ip: Uint8Array): Uint8Array {
  const address = addressOfBytes(ip)
  if (address === undefined) throw new RangeError(`${ip.length} bytes are no IP address`)
  return address
}

function readBody(type: number, reader: RlpReader): Result<Packet, Discv4Error> {
  // What stands behind the list is not read.
  enterList(reader)
  switch (type) {
    case PACKET_TYPES.ping: {
      const version = takeUint(reader, UINT64_BYTES)
      const [from, to] = [takeEndpoint(reader), takeEndpoint(reader)]
      const expiration = takeUint(reader, UINT64_BYTES)
      return read(reader, { kind: 'ping', version, from, to, expiration, ...takeRecordSeq(reader) })
    }
    case PACKET_TYPES.pong: {
      const to = takeEndpoint(reader)
      const pingHash = takeFixed(reader, HASH_BYTES)
      const expiration = takeUint(reader, UINT64_BYTES)
      return read(reader, { kind: 'pong', to, pingHash, expiration, ...takeRecordSeq(reader) })
    }
    case PACKET_TYPES.findNode: {
      const target = takeFixed(reader, TARGET_BYTES)
      return read(reader, { kind: 'findNode', target, expiration: takeUint(reader, UINT64_BYTES) })
    }
    case PACKET_TYPES.neighbours: {
      const nodes = takeNeighbours(reader)
      return read(reader, { kind: 'neighbours', nodes, expiration: takeUint(reader, UINT64_BYTES) })
    }
    case PACKET_TYPES.recordRequest:
      return read(reader, { kind: 'recordRequest', expiration: takeUint(reader, UINT64_BYTES) })
    case PACKET_TYPES.recordResponse: {
      const requestHash = takeFixed(reader, HASH_BYTES)
      const encoded = takeEncodedList(reader)
      if (reader.error !== undefined)
        return err({ code: 'DISCV4_ENCODING', kind: 'recordResponse', cause: reader.error })
      const record = decodeRecord(encoded)
      if (!record.ok) return err({ code: 'DISCV4_RECORD', cause: record.error })
      return read(reader, { kind: 'recordResponse', requestHash, record: record.value })
    }
    default:
      return err({ code: 'DISCV4_TYPE', type })
  }
}

/** The packet, after what a later version appended to its list: items, of whatever kind. */
function read(reader: RlpReader, packet: Packet): Result<Packet, Discv4Error> {
  while (hasMore(reader)) nextItem(reader)
  return reader.error === undefined
    ? ok(packet)
    : err({ code: 'DISCV4_ENCODING', kind: packet.kind, cause: reader.error })
}

/** Absent too where something else stands in its place: EIP-8 has vectors with a list there, from before EIP-868. */
function takeRecordSeq(reader: RlpReader): { readonly recordSeq?: bigint } {
  if (!hasMore(reader)) return {}
  const probe = rlpReader(reader.bytes, reader.offset, reader.end)
  const recordSeq = takeUint(probe, UINT64_BYTES)
  return probe.error === undefined ? { recordSeq } : {}
}

function takeEndpoint(reader: RlpReader): Endpoint {
  const outer = enterList(reader)
  const endpoint = takeEndpointItems(reader)
  leaveList(reader, outer)
  return endpoint
}

/** An address of another size than 4 or 16 bytes is as good as none: senders of pings put anything there. */
function takeEndpointItems(reader: RlpReader): Endpoint {
  const ip = addressOfBytes(takeString(reader))
  return { ip, udp: takePort(reader), tcp: takePort(reader) }
}

const takePort = (reader: RlpReader): number => Number(takeUint(reader, 2))

function takeNeighbours(reader: RlpReader): Neighbour[] {
  const nodes: Neighbour[] = []
  const outer = enterList(reader)
  while (hasMore(reader)) {
    const inner = enterList(reader)
    const endpoint = takeEndpointItems(reader)
    const publicKey = takeFixed(reader, PUBLIC_KEY_BYTES)
    leaveList(reader, inner)
    nodes.push({ publicKey, endpoint })
  }
  leaveList(reader, outer)
  return nodes
}
