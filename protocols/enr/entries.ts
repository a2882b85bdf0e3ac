/** Keys of node records that are known here (EIP-778, EIP-868, EIP-2124), read and written. */
import { IPV4_BYTES, IPV6_BYTES } from '../ip/address.ts'
import { encodeRlp, encodeRlpString, enterList, nextItem, rlpReader, takeFixed, takeUint, uintToBytes } from '../rlp.ts'
import type { NodeRecord, RecordPair } from './record.ts'
import { stringIn, valueIn } from './record.ts'

/** `tcp6` and `udp6` are those of the IPv6 address where they differ; `quic` as consensus clients use it. */
export type PortKey = 'tcp' | 'udp' | 'tcp6' | 'udp6' | 'quic' | 'quic6'
export const PORT_KEYS: readonly PortKey[] = ['tcp', 'udp', 'tcp6', 'udp6', 'quic', 'quic6']
export const PORT_MAX = 0xffff

/** Which chain a node is on (EIP-2124): CRC-32 of genesis and the forks passed, and the next fork, 0n if none is known. */
export type ForkId = { readonly hash: Uint8Array; readonly next: bigint }
const FORK_HASH_BYTES = 4

/** Undefined where the key is absent, or its value no IPv4 address. @returns 4 bytes, a view */
export const ip4Of = (record: NodeRecord): Uint8Array | undefined => sized(stringIn(record, 'ip'), IPV4_BYTES)
/** Undefined where the key is absent, or its value no IPv6 address. @returns 16 bytes, a view */
export const ip6Of = (record: NodeRecord): Uint8Array | undefined => sized(stringIn(record, 'ip6'), IPV6_BYTES)

/** Undefined where the key is absent, or its value no integer of 16 bits. */
export function portOf(record: NodeRecord, key: PortKey): number | undefined {
  const value = valueIn(record, key)
  if (value === undefined) return undefined
  const reader = rlpReader(value)
  const port = takeUint(reader, 2)
  return reader.error === undefined ? Number(port) : undefined
}

/** The `eth` entry (EIP-2124, EIP-868); more than a fork id in it is for later versions. Undefined where it is absent or malformed. */
export function forkIdOf(record: NodeRecord): ForkId | undefined {
  const value = valueIn(record, 'eth')
  if (value === undefined) return undefined
  const reader = rlpReader(value)
  enterList(reader)
  const entryEnd = enterList(reader)
  const hash = takeFixed(reader, FORK_HASH_BYTES)
  const next = takeUint(reader, 8)
  if (reader.error === undefined && reader.offset !== reader.end) return undefined
  reader.end = entryEnd
  while (reader.error === undefined && reader.offset < reader.end) nextItem(reader)
  return reader.error === undefined ? { hash, next } : undefined
}

export const ip4Entry = (address: Uint8Array): RecordPair => addressEntry('ip', address, IPV4_BYTES)
export const ip6Entry = (address: Uint8Array): RecordPair => addressEntry('ip6', address, IPV6_BYTES)

export function portEntry(key: PortKey, port: number): RecordPair {
  if (!Number.isInteger(port) || port < 0 || port > PORT_MAX) throw new RangeError(`${port} is no port`)
  return { key, value: encodeRlpString(uintToBytes(BigInt(port))) }
}

export function forkIdEntry({ hash, next }: ForkId): RecordPair {
  if (hash.length !== FORK_HASH_BYTES) throw new RangeError(`a fork hash has ${hash.length} bytes`)
  return { key: 'eth', value: encodeRlp([[hash, uintToBytes(next)]]) }
}

function addressEntry(key: string, address: Uint8Array, length: number): RecordPair {
  if (address.length !== length) throw new RangeError(`${address.length} bytes where ${key} has ${length}`)
  return { key, value: encodeRlpString(address) }
}

const sized = (bytes: Uint8Array | undefined, length: number): Uint8Array | undefined =>
  bytes?.length === length ? bytes : undefined
