/** Ethereum node records (EIP-778): what a node says about itself, signed and numbered. */
import { bytesEqual, bytesText } from '../bytes.ts'
import { keccak256 } from '../keccak256.ts'
import type { Result } from '../result.ts'
import { err, ok } from '../result.ts'
import type { RlpError } from '../rlp.ts'
import {
  encodeRlpList,
  encodeRlpString,
  enterList,
  finished,
  hasMore,
  leaveList,
  rlpReader,
  takeEncoded,
  takeString,
  takeUint,
  uintToBytes,
} from '../rlp.ts'
import { COMPRESSED_KEY_BYTES } from '../secp256k1/backend.ts'
import type { Identities, NodeKey } from './identity.ts'
import { nodeIdOf } from './identity.ts'

/** Size of an encoded record (EIP-778). */
export const RECORD_BYTES_MAX = 300
/** The number of a record is an integer of 64 bits. */
const SEQ_BYTES = 8
const SEQ_MAX = 2n ** 64n - 1n
/** `r ‖ s` of the scheme `v4`. */
const SIGNATURE_BYTES = 64
/** Name of the one identity scheme there is (EIP-778). */
const SCHEME_V4 = 'v4'

/** What stands under a key. */
export type RecordPair = {
  /** One character a byte: keys are byte strings, and sorted as such. */
  readonly key: string
  /** One RLP item, encoded: the signature covers these very bytes. */
  readonly value: Uint8Array
}

export type NodeRecord = {
  readonly signature: Uint8Array
  /** Of two records of one node the one with the higher number holds. */
  readonly seq: bigint
  /** Sorted by key, each key once. */
  readonly pairs: readonly RecordPair[]
  /** The whole record as it travels. */
  readonly encoded: Uint8Array
}

export type RecordError =
  | { readonly code: 'RECORD_TOO_LARGE'; readonly bytes: number; readonly max: number }
  | { readonly code: 'RECORD_ENCODING'; readonly cause: RlpError }
  | { readonly code: 'RECORD_VALUE_MISSING'; readonly key: string }
  /** Of `key`, which comes after `after`. */
  | { readonly code: 'RECORD_KEY_ORDER' | 'RECORD_KEY_TWICE'; readonly key: string; readonly after: string }
  | { readonly code: 'RECORD_SCHEME'; readonly scheme: string | undefined }
  | { readonly code: 'RECORD_PUBLIC_KEY' | 'RECORD_SIGNATURE' }
  /** No higher number is left. */
  | { readonly code: 'RECORD_SEQ_EXHAUSTED' }

/** A record as it came, of exactly `bytes`, which are copied. The signature is not looked at: see `verifyRecord`. */
export function decodeRecord(bytes: Uint8Array): Result<NodeRecord, RecordError> {
  if (bytes.length > RECORD_BYTES_MAX)
    return err({ code: 'RECORD_TOO_LARGE', bytes: bytes.length, max: RECORD_BYTES_MAX })
  const encoded = bytes.slice()
  const reader = rlpReader(encoded)
  const outer = enterList(reader)
  const signature = takeString(reader)
  const seq = takeUint(reader, SEQ_BYTES)
  const pairs: RecordPair[] = []
  while (hasMore(reader)) {
    const key = bytesText(takeString(reader))
    if (reader.error !== undefined) break
    if (!hasMore(reader)) return err({ code: 'RECORD_VALUE_MISSING', key })
    const value = takeEncoded(reader)
    const after = pairs.at(-1)?.key
    if (after !== undefined && key <= after)
      return err({ code: key === after ? 'RECORD_KEY_TWICE' : 'RECORD_KEY_ORDER', key, after })
    pairs.push({ key, value })
  }
  leaveList(reader, outer)
  const record = finished(reader, { signature, seq, pairs, encoded })
  return record.ok ? record : err({ code: 'RECORD_ENCODING', cause: record.error })
}

/** Whose record this is: its scheme is `v4` and the signature is of the key it names. Nothing else in it is to be used before. */
export function verifyRecord(
  record: NodeRecord,
  identities: Identities,
): Result<{ readonly publicKey: Uint8Array; readonly id: Uint8Array }, RecordError> {
  const schemeBytes = stringIn(record, 'id')
  const scheme = schemeBytes && bytesText(schemeBytes)
  if (scheme !== SCHEME_V4) return err({ code: 'RECORD_SCHEME', scheme })
  const compressed = stringIn(record, 'secp256k1')
  if (compressed?.length !== COMPRESSED_KEY_BYTES) return err({ code: 'RECORD_PUBLIC_KEY' })
  if (record.signature.length !== SIGNATURE_BYTES) return err({ code: 'RECORD_SIGNATURE' })
  const publicKey = identities.decompress(compressed)
  if (publicKey === undefined) return err({ code: 'RECORD_PUBLIC_KEY' })
  const hash = keccak256(encodeContent(record.seq, record.pairs))
  if (!identities.verify(hash, record.signature, publicKey)) return err({ code: 'RECORD_SIGNATURE' })
  return ok({ publicKey, id: nodeIdOf(publicKey) })
}

/**
 * Makes and signs a record; the pairs `id` and `secp256k1` are added. Refuses one that becomes too large.
 * @param pairs in any order; throws where a key stands there twice
 */
export function signRecord(
  seq: bigint,
  pairs: readonly RecordPair[],
  key: NodeKey,
  identities: Pick<Identities, 'compress'>,
): Result<NodeRecord, RecordError> {
  if (seq < 0n || seq > SEQ_MAX) throw new RangeError(`${seq} is no number of a record`)
  const sorted = [
    ...pairs.filter((pair) => pair.key !== 'id' && pair.key !== 'secp256k1'),
    { key: 'id', value: encodeRlpString(bytesOfLatin1(SCHEME_V4)) },
    { key: 'secp256k1', value: encodeRlpString(identities.compress(key.publicKey)) },
  ].sort((a, b) => (a.key < b.key ? -1 : 1))
  for (let i = 1; i < sorted.length; i++)
    if (sorted[i]!.key === sorted[i - 1]!.key) throw new Error(`the key ${sorted[i]!.key} stands twice`)
  const signature = key.sign(keccak256(encodeContent(seq, sorted))).slice(0, SIGNATURE_BYTES)
  const encoded = encodeRlpList([encodeRlpString(signature), ...contentItems(seq, sorted)])
  if (encoded.length > RECORD_BYTES_MAX)
    return err({ code: 'RECORD_TOO_LARGE', bytes: encoded.length, max: RECORD_BYTES_MAX })
  return ok({ signature, seq, pairs: sorted, encoded })
}

/** New values under keys; undefined takes a key out. */
export type RecordChanges = ReadonlyMap<string, Uint8Array | undefined>

/** The next record of its owner: `record` itself where nothing changes, otherwise signed under the next number. */
export function changeRecord(
  record: NodeRecord,
  changes: RecordChanges,
  key: NodeKey,
  identities: Pick<Identities, 'compress'>,
): Result<NodeRecord, RecordError> {
  const isChange = ([name, value]: [string, Uint8Array | undefined]): boolean => {
    const old = valueIn(record, name)
    return old === undefined || value === undefined ? old !== value : !bytesEqual(old, value)
  }
  if (![...changes].some(isChange)) return ok(record)
  if (record.seq === SEQ_MAX) return err({ code: 'RECORD_SEQ_EXHAUSTED' })
  const pairs = record.pairs.filter((pair) => !changes.has(pair.key))
  for (const [name, value] of changes) if (value !== undefined) pairs.push({ key: name, value })
  return signRecord(record.seq + 1n, pairs, key, identities)
}

/** The encoded item under a key; undefined where there is none. */
export const valueIn = (record: NodeRecord, key: string): Uint8Array | undefined =>
  record.pairs.find((pair) => pair.key === key)?.value

/** The byte string under a key, as a view; undefined where there is none, or a list. */
export function stringIn(record: NodeRecord, key: string): Uint8Array | undefined {
  const value = valueIn(record, key)
  if (value === undefined) return undefined
  const reader = rlpReader(value)
  const string = finished(reader, takeString(reader))
  return string.ok ? string.value : undefined
}

const encodeContent = (seq: bigint, pairs: readonly RecordPair[]): Uint8Array => encodeRlpList(contentItems(seq, pairs))

const contentItems = (seq: bigint, pairs: readonly RecordPair[]): Uint8Array[] => [
  encodeRlpString(uintToBytes(seq)),
  ...pairs.flatMap(({ key, value }) => [encodeRlpString(bytesOfLatin1(key)), value]),
]

function bytesOfLatin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => {
    const code = character.charCodeAt(0)
    if (code > 0xff || character.length > 1) throw new RangeError(`a key of a record has one character a byte: ${text}`)
    return code
  })
}
