/**
 * The one place that names every key. A kind is the first byte; what follows has one length per kind (trie paths excepted,
 * which come last). Block numbers are 8 bytes, big-endian, so that key order is number order.
 */
import { err, ok, type Result } from '../protocols/result.ts'
import type { Database, DatabaseReader, KeyRange } from './database.ts'
import type { DatabaseError } from './database-error.ts'

/** Raised whenever what is stored is laid out differently. */
export const SCHEMA_VERSION = 1

export const HASH_BYTES = 32
export const NUMBER_BYTES = 8
/** Above every block number (EIP-1985 bounds them far lower). */
export const NUMBER_MAX = 0xffff_ffff_ffff_ffffn

const KIND = {
  meta: 0x00,
  badBlock: 0x42, // B ‖ number ‖ hash → block RLP
  accountNode: 0x41, // A ‖ nibbles → node of the account trie
  numberOfHash: 0x48, // H ‖ hash → number
  storageNode: 0x4f, // O ‖ account hash ‖ nibbles → node of a storage trie
  account: 0x61, // a ‖ account hash → slim account
  body: 0x62, // b ‖ number ‖ hash → body RLP
  code: 0x63, // c ‖ code hash → code
  genesisSpec: 0x67, // g ‖ genesis hash → chain specification
  header: 0x68, // h ‖ number ‖ hash → header RLP
  transactionBlock: 0x6c, // l ‖ transaction hash → number of its canonical block
  canonicalHash: 0x6e, // n ‖ number → hash
  slot: 0x6f, // o ‖ account hash ‖ slot hash → RLP of the value
  receipts: 0x72, // r ‖ number ‖ hash → receipts
  totalDifficulty: 0x74, // t ‖ number ‖ hash → 32 bytes, big-endian
  accountChange: 0x78, // x ‖ account hash ‖ number → slim account before that block, empty: none
  changedKeys: 0x79, // y ‖ number → the accounts and slots that block changed
  slotChange: 0x7a, // z ‖ account hash ‖ slot hash ‖ number → value before that block, empty: none
} as const

const encodeAscii = (name: string): Uint8Array => Uint8Array.from([KIND.meta, ...name].map(asciiCode))
const asciiCode = (at: number | string): number => (typeof at === 'number' ? at : at.charCodeAt(0))

export const SCHEMA_VERSION_KEY = encodeAscii('schema-version')
export const HEAD_KEY = encodeAscii('head')
/** Lowest block whose change set is kept, 8 bytes; absent: all are. */
export const HISTORY_TAIL_KEY = encodeAscii('history-tail')

export function encodeNumber(number: bigint): Uint8Array {
  const out = new Uint8Array(NUMBER_BYTES)
  putNumber(out, 0, number)
  return out
}

export const decodeNumber = (bytes: Uint8Array, at = 0): bigint =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(at)

function putNumber(out: Uint8Array, at: number, number: bigint): void {
  if (number < 0n || number > NUMBER_MAX) throw new RangeError(`no block number: ${number}`)
  new DataView(out.buffer, out.byteOffset, out.byteLength).setBigUint64(at, number)
}

function keyOf(kind: number, ...parts: readonly (Uint8Array | bigint)[]): Uint8Array {
  let length = 1
  for (const part of parts) length += typeof part === 'bigint' ? NUMBER_BYTES : part.length
  const key = new Uint8Array(length)
  key[0] = kind
  let at = 1
  for (const part of parts) {
    if (typeof part === 'bigint') {
      putNumber(key, at, part)
      at += NUMBER_BYTES
    } else {
      key.set(part, at)
      at += part.length
    }
  }
  return key
}

export const accountKey = (addressHash: Uint8Array): Uint8Array => keyOf(KIND.account, addressHash)
export const slotKey = (addressHash: Uint8Array, slotHash: Uint8Array): Uint8Array =>
  keyOf(KIND.slot, addressHash, slotHash)
export const codeKey = (codeHash: Uint8Array): Uint8Array => keyOf(KIND.code, codeHash)
/** @param path nibbles, one per byte. */
export const accountNodeKey = (path: Uint8Array): Uint8Array => keyOf(KIND.accountNode, path)
export const storageNodeKey = (addressHash: Uint8Array, path: Uint8Array): Uint8Array =>
  keyOf(KIND.storageNode, addressHash, path)

export const headerKey = (number: bigint, hash: Uint8Array): Uint8Array => keyOf(KIND.header, number, hash)
export const bodyKey = (number: bigint, hash: Uint8Array): Uint8Array => keyOf(KIND.body, number, hash)
export const receiptsKey = (number: bigint, hash: Uint8Array): Uint8Array => keyOf(KIND.receipts, number, hash)
export const totalDifficultyKey = (number: bigint, hash: Uint8Array): Uint8Array =>
  keyOf(KIND.totalDifficulty, number, hash)
export const canonicalHashKey = (number: bigint): Uint8Array => keyOf(KIND.canonicalHash, number)
export const numberOfHashKey = (hash: Uint8Array): Uint8Array => keyOf(KIND.numberOfHash, hash)
export const transactionBlockKey = (hash: Uint8Array): Uint8Array => keyOf(KIND.transactionBlock, hash)
export const genesisSpecKey = (genesisHash: Uint8Array): Uint8Array => keyOf(KIND.genesisSpec, genesisHash)
export const badBlockKey = (number: bigint, hash: Uint8Array): Uint8Array => keyOf(KIND.badBlock, number, hash)

export const changedKeysKey = (number: bigint): Uint8Array => keyOf(KIND.changedKeys, number)
export const accountChangeKey = (addressHash: Uint8Array, number: bigint): Uint8Array =>
  keyOf(KIND.accountChange, addressHash, number)
export const slotChangeKey = (addressHash: Uint8Array, slotHash: Uint8Array, number: bigint): Uint8Array =>
  keyOf(KIND.slotChange, addressHash, slotHash, number)

/** Headers of one height, canonical and side. The hash is what follows `HEADER_HASH_AT` in the key. */
export const headersAt = (number: bigint): KeyRange => ({
  gte: keyOf(KIND.header, number),
  lt: number === NUMBER_MAX ? Uint8Array.of(KIND.header + 1) : keyOf(KIND.header, number + 1n),
})
/** All accounts of the flat state, in order of the hash that follows `ACCOUNT_HASH_AT` in the key. */
export const allAccounts: KeyRange = { gte: Uint8Array.of(KIND.account), lt: Uint8Array.of(KIND.account + 1) }
export const ACCOUNT_HASH_AT = 1
/** All slots of one account, in order of the hash that follows `SLOT_HASH_AT` in the key. */
export const slotsOf = (addressHash: Uint8Array): KeyRange => ({
  gte: keyOf(KIND.slot, addressHash),
  lte: keyOf(KIND.slot, addressHash, new Uint8Array(HASH_BYTES).fill(0xff)),
})
export const SLOT_HASH_AT = 1 + HASH_BYTES
export const HEADER_HASH_AT = 1 + NUMBER_BYTES
export const allBadBlocks: KeyRange = { gte: Uint8Array.of(KIND.badBlock), lt: Uint8Array.of(KIND.badBlock + 1) }

export type SchemaError =
  | { readonly code: 'SCHEMA_NEWER'; readonly stored: number; readonly known: number }
  /** Written by an earlier version: to be migrated or imported again. */
  | { readonly code: 'SCHEMA_OLDER'; readonly stored: number; readonly known: number }
  /** Not empty, but not ours: nothing in it is to be guessed or overwritten. */
  | { readonly code: 'SCHEMA_MISSING'; readonly location: string }
  | { readonly code: 'SCHEMA_DATABASE'; readonly cause: DatabaseError }

/** Admits a database of this schema and marks an empty one as such. To be called before anything else is read. */
export async function admitSchema(database: Database): Promise<Result<'new' | 'known', SchemaError>> {
  const stored = database.get(SCHEMA_VERSION_KEY)
  if (stored !== undefined) {
    const version = stored.length === 4 ? new DataView(stored.buffer, stored.byteOffset).getUint32(0) : 0
    if (version === SCHEMA_VERSION) return ok('known')
    const code = version > SCHEMA_VERSION ? 'SCHEMA_NEWER' : 'SCHEMA_OLDER'
    return err({ code, stored: version, known: SCHEMA_VERSION })
  }
  if (!(await isEmpty(database))) return err({ code: 'SCHEMA_MISSING', location: database.location })
  const version = new Uint8Array(4)
  new DataView(version.buffer).setUint32(0, SCHEMA_VERSION)
  const written = await database.batch([{ type: 'put', key: SCHEMA_VERSION_KEY, value: version }], { sync: true })
  return written.ok ? ok('new') : err({ code: 'SCHEMA_DATABASE', cause: written.error })
}

async function isEmpty(reader: DatabaseReader): Promise<boolean> {
  for await (const _ of reader.range({ limit: 1 })) return false
  return true
}
