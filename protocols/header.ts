/** Block header (Yellow Paper 4.4; EIP-1559, 4895, 4844, 4788, 7685, 7928, 7843) and its encoding. */
import { hexConstant } from './hex.ts'
import { keccak256 } from './keccak256.ts'
import type { Result } from './result.ts'
import { err, ok } from './result.ts'
import type { RlpError, RlpReader } from './rlp.ts'
import {
  encodeRlpList,
  encodeRlpString,
  enterList,
  finished,
  hasMore,
  leaveList,
  rlpReader,
  takeFixed,
  takeString,
  takeUint,
  uintToBytes,
} from './rlp.ts'

/**
 * Byte fields of a decoded header are views of what it was decoded from. Optional fields are positional: one that is
 * present demands all before it.
 */
export type Header = {
  readonly parentHash: Uint8Array // 32
  readonly ommersHash: Uint8Array // 32
  readonly beneficiary: Uint8Array // 20
  readonly stateRoot: Uint8Array // 32
  readonly transactionsRoot: Uint8Array // 32
  readonly receiptsRoot: Uint8Array // 32
  readonly logsBloom: Uint8Array // 256
  readonly difficulty: bigint // ≤ 256 bits in the encoding, 0 after the merge
  readonly number: bigint // u64
  readonly gasLimit: bigint // u64
  readonly gasUsed: bigint // u64
  readonly timestamp: bigint // u64, seconds since the Unix epoch
  readonly extraData: Uint8Array // ≤ 32 by rule, longer with clique
  readonly mixHash: Uint8Array // 32, prevRandao after the merge
  readonly nonce: Uint8Array // 8
  readonly baseFeePerGas?: bigint // wei, ≤ 256 bits; London
  readonly withdrawalsRoot?: Uint8Array // 32; Shanghai
  readonly blobGasUsed?: bigint // u64; Cancun
  readonly excessBlobGas?: bigint // u64; Cancun
  readonly parentBeaconBlockRoot?: Uint8Array // 32; Cancun
  readonly requestsHash?: Uint8Array // 32; Prague
  readonly blockAccessListHash?: Uint8Array // 32; Amsterdam
  readonly slotNumber?: bigint // u64; Amsterdam
}

export type HeaderEncodingError = {
  readonly code: 'HEADER_ENCODING'
  /** Name of the field at which decoding stopped. */
  readonly field: keyof Header | 'header'
  readonly cause: RlpError
}

/** Bytes of extra data on the wire (geth, `Header.SanityCheck`). */
export const EXTRA_DATA_WIRE_MAX = 100 * 1024
/** keccak256(rlp([])): ommers hash of a block without ommers; access-list hash of an empty list. */
export const EMPTY_LIST_HASH = hexConstant('1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347')
/** Fields up to and including the nonce. */
const MANDATORY_FIELDS = 15
const FIELDS_MAX = 23

/** A header from its RLP list of 15 to 23 fields, which must fill `bytes`. */
export function decodeHeader(bytes: Uint8Array): Result<Header, HeaderEncodingError> {
  const reader = rlpReader(bytes)
  const outer = enterList(reader)
  let failedAt: keyof Header | 'header' | undefined
  if (reader.error !== undefined) failedAt = 'header'
  const header: Record<string, unknown> = {}
  for (let i = 0; i < FIELDS_MAX && failedAt === undefined; i++) {
    if (i >= MANDATORY_FIELDS && !hasMore(reader)) break
    const field = FIELDS[i]!
    header[field.name] = take(reader, field)
    if (reader.error !== undefined) failedAt = field.name
  }
  leaveList(reader, outer)
  const done = finished(reader, header as unknown as Header)
  return done.ok ? done : err({ code: 'HEADER_ENCODING', field: failedAt ?? 'header', cause: done.error })
}

/** RLP of a header. Throws when an optional field is present without one before it. */
export function encodeHeader(header: Header): Uint8Array {
  const items: Uint8Array[] = []
  for (let i = 0; i < FIELDS_MAX; i++) {
    const value = header[FIELDS[i]!.name]
    if (value === undefined) break
    items.push(encodeRlpString(typeof value === 'bigint' ? uintToBytes(value) : value))
  }
  if (items.length < MANDATORY_FIELDS) throw new Error(`header without ${FIELDS[items.length]!.name}`)
  for (let i = items.length; i < FIELDS_MAX; i++)
    if (header[FIELDS[i]!.name] !== undefined)
      throw new Error(`header with ${FIELDS[i]!.name} but without ${FIELDS[items.length]!.name}`)
  return encodeRlpList(items)
}

/** Block hash: keccak256 of the header's encoding. */
export const headerHash = (encoded: Uint8Array): Uint8Array => keccak256(encoded)

/**
 * What proof-of-work seals: keccak256 of the header without mixHash and nonce (Yellow Paper 11.5). For the fields up to
 * London; later headers carry no seal.
 */
export function sealHash(header: Header): Uint8Array {
  const items: Uint8Array[] = []
  for (const { name } of FIELDS.slice(0, MANDATORY_FIELDS + 1)) {
    const value = header[name]
    if (name === 'mixHash' || name === 'nonce' || value === undefined) continue
    items.push(encodeRlpString(typeof value === 'bigint' ? uintToBytes(value) : value))
  }
  return keccak256(encodeRlpList(items))
}

/** Number of a header without decoding the rest of it; for routing encoded headers. */
export function headerNumber(bytes: Uint8Array): Result<bigint, HeaderEncodingError> {
  const reader = rlpReader(bytes)
  enterList(reader)
  for (let i = 0; i < 8; i++) takeString(reader)
  const number = takeUint(reader, 8)
  return reader.error === undefined
    ? ok(number)
    : err({ code: 'HEADER_ENCODING', field: 'number', cause: reader.error })
}

type Field = {
  readonly name: keyof Header
  readonly kind: 'fixed' | 'uint' | 'string'
  /** Bytes: exact for fixed, at most for the others. */
  readonly bytes: number
}
const fixed = (name: keyof Header, bytes: number): Field => ({ name, kind: 'fixed', bytes })
const uint = (name: keyof Header, bytes: number): Field => ({ name, kind: 'uint', bytes })

const FIELDS: readonly Field[] = [
  fixed('parentHash', 32),
  fixed('ommersHash', 32),
  fixed('beneficiary', 20),
  fixed('stateRoot', 32),
  fixed('transactionsRoot', 32),
  fixed('receiptsRoot', 32),
  fixed('logsBloom', 256),
  uint('difficulty', 32),
  uint('number', 8),
  uint('gasLimit', 8),
  uint('gasUsed', 8),
  uint('timestamp', 8),
  { name: 'extraData', kind: 'string', bytes: EXTRA_DATA_WIRE_MAX },
  fixed('mixHash', 32),
  fixed('nonce', 8),
  uint('baseFeePerGas', 32),
  fixed('withdrawalsRoot', 32),
  uint('blobGasUsed', 8),
  uint('excessBlobGas', 8),
  fixed('parentBeaconBlockRoot', 32),
  fixed('requestsHash', 32),
  fixed('blockAccessListHash', 32),
  uint('slotNumber', 8),
]

function take(reader: RlpReader, field: Field): Uint8Array | bigint {
  switch (field.kind) {
    case 'fixed':
      return takeFixed(reader, field.bytes)
    case 'uint':
      return takeUint(reader, field.bytes)
    case 'string':
      return takeString(reader, 0, field.bytes)
  }
}
