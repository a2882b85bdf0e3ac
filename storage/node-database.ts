/**
 * What is known of other nodes over restarts (geth, `p2p/enode/nodedb.go`): when each (id, address) was in contact, how
 * often searches through it brought nothing, and the records of nodes that were there for long. All of it is in memory,
 * which its bounds allow, and written behind by `flush`; without a location it is in memory only.
 */
import type { Identities } from '../protocols/enr/identity.ts'
import { type Node, nodeAt, nodeOfRecord, seqOf } from '../protocols/enr/node.ts'
import { decodeRecord } from '../protocols/enr/record.ts'
import { bytesToBareHex } from '../protocols/hex.ts'
import { addressOfBytes } from '../protocols/ip/address.ts'
import { ok, type Result } from '../protocols/result.ts'
import type { BatchOperation } from './batch.ts'
import { type Database, type DatabaseLocation, openDatabase } from './database.ts'
import type { DatabaseError } from './database-error.ts'

/** A node that was not heard of for so long is forgotten (geth, `dbNodeExpiration`). */
export const NODE_EXPIRY_MS = 24 * 60 * 60 * 1_000
/** Contacts with whoever proved to be where it is; the least recent goes. A table has 272 nodes, a day meets some thousands. */
export const CONTACTS_MAX = 16_384
/** Contacts with those that did not prove it: anybody makes up as many as there is room for. */
export const STRANGERS_MAX = 4_096
/** Nodes that are remembered; the one not seen for longest goes. */
export const NODES_MAX = 8_192

/** Layout of the rows; a store of another one is emptied, since it holds nothing that cannot be found again. */
const VERSION = 1
const VERSION_KEY = Uint8Array.of(0x76)
const CONTACT_PREFIX = 0x63
const NODE_PREFIX = 0x6e
const ID_BYTES = 32
const IP_BYTES = 16
const CONTACT_BYTES = 17
const KEY_BYTES = 64
/** `seenMs`, 8 bytes, and what the node is encoded as, 1 byte. */
const NODE_HEAD_BYTES = 9
const AS_ENDPOINT = 0
const AS_RECORD = 1
const ROWS_AT_ONCE = 1_024

/** Milliseconds since 1970; 0: never. */
export type Contact = { readonly lastPingMs: number; readonly lastPongMs: number; readonly findFailures: number }
const NO_CONTACT: Contact = { lastPingMs: 0, lastPongMs: 0, findFailures: 0 }

export type NodeDatabase = {
  /** Of a node at an address of 4 or 16 bytes. */
  contact(id: Uint8Array, ip: Uint8Array): Contact
  noteContact(id: Uint8Array, ip: Uint8Array, news: Partial<Contact>): void
  /** Keeps a node for later starts; an older record than the one kept is passed over. */
  remember(node: Node, nowMs: number): void
  /** Nodes seen within `maxAgeMs`, in an order that `draw` chooses. */
  seeds(count: number, maxAgeMs: number, nowMs: number, draw: (below: number) => number): Node[]
  /** Forgets what was not heard of for a day. @returns how many contacts and nodes */
  expire(nowMs: number): number
  /** Writes what has changed. Nothing is lost where it fails: the next one tries again. */
  flush(): Promise<Result<void, DatabaseError>>
  readonly nodes: number
  readonly contacts: number
  /** After a last flush. */
  close(): Promise<void>
}

type NodeRow = { readonly id: Uint8Array; readonly seq: bigint; seenMs: number; readonly encoded: Uint8Array }

/** @param location undefined: nothing is kept over a restart. Opened by one owner at a time. */
export async function openNodeDatabase(
  location: DatabaseLocation | undefined,
  identities: Identities,
): Promise<Result<NodeDatabase, DatabaseError>> {
  if (location === undefined) return ok(nodeDatabase(undefined, identities))
  const opened = await openDatabase(location)
  if (!opened.ok) return opened
  const database = nodeDatabase(opened.value, identities)
  const loaded = await database.load(opened.value)
  if (loaded.ok) return ok(database)
  await opened.value.close()
  return loaded
}

function nodeDatabase(store: Database | undefined, identities: Identities) {
  /** By id and address, the least recent first. */
  const bonded = new Map<string, Contact>()
  const strangers = new Map<string, Contact>()
  /** By id, the one seen least recently first. */
  const nodes = new Map<string, NodeRow>()
  /** Keys of rows that the store has, and of those that it is to have or to lose. */
  const stored = new Set<string>()
  const changed = new Set<string>()

  function setContact(key: string, contact: Contact): void {
    const isBonded = contact.lastPongMs > 0
    strangers.delete(key)
    bonded.delete(key)
    const map = isBonded ? bonded : strangers
    map.set(key, contact)
    if (isBonded) changed.add(key)
    if (map.size <= (isBonded ? CONTACTS_MAX : STRANGERS_MAX)) return
    const oldest = map.keys().next().value!
    map.delete(oldest)
    if (isBonded) dropRow(oldest)
  }

  function setNode(key: string, row: NodeRow): void {
    nodes.delete(key)
    nodes.set(key, row)
    changed.add(key)
    if (nodes.size <= NODES_MAX) return
    const oldest = nodes.keys().next().value!
    nodes.delete(oldest)
    dropRow(oldest)
  }

  /** A row that was never written need not be deleted: what waits stays within what is stored. */
  function dropRow(key: string): void {
    if (stored.has(key)) changed.add(key)
    else changed.delete(key)
  }

  const rowOf = (key: string): Uint8Array | undefined => {
    const contact = bonded.get(key)
    if (contact !== undefined) return encodeContact(contact)
    const node = nodes.get(key)
    return node && encodeNodeRow(node)
  }

  async function flush(): Promise<Result<void, DatabaseError>> {
    if (store === undefined) {
      changed.clear()
      return ok(undefined)
    }
    const keys = [...changed]
    changed.clear()
    const operations: BatchOperation[] = keys.map((key) => {
      const value = rowOf(key)
      return value === undefined ? { type: 'del', key: bytesOf(key) } : { type: 'put', key: bytesOf(key), value }
    })
    const written = await store.batch(operations)
    for (const [i, key] of keys.entries()) {
      if (!written.ok) changed.add(key)
      else if (operations[i]!.type === 'put') stored.add(key)
      else stored.delete(key)
    }
    return written
  }

  return {
    /** Fills the maps with what the store has, or empties a store of another version. */
    async load(database: Database): Promise<Result<void, DatabaseError>> {
      const rows: (readonly [key: Uint8Array, value: Uint8Array])[] = []
      let isOurs = false
      const strays: Uint8Array[] = []
      for await (const [key, value] of database.range({ limit: CONTACTS_MAX + NODES_MAX + ROWS_AT_ONCE })) {
        if (key.length === 1 && key[0] === VERSION_KEY[0]) isOurs = value.length === 1 && value[0] === VERSION
        else if (isRow(key, value)) rows.push([key, value])
        else strays.push(key)
      }
      const byTime = (a: readonly [unknown, Uint8Array], b: readonly [unknown, Uint8Array]) =>
        timeOf(a[1]) - timeOf(b[1])
      if (isOurs)
        for (const [key, value] of rows.sort(byTime)) {
          const text = textOf(key)
          stored.add(text)
          if (key[0] === CONTACT_PREFIX) setContact(text, decodeContact(value))
          else setNode(text, decodeNodeRow(key, value))
        }
      else strays.push(...rows.map(([key]) => key))
      for (const key of stored) if (rowOf(key) !== undefined) changed.delete(key)
      const version: BatchOperation = { type: 'put', key: VERSION_KEY, value: Uint8Array.of(VERSION) }
      return database.batch([...strays.map((key): BatchOperation => ({ type: 'del', key })), version])
    },

    contact: (id: Uint8Array, ip: Uint8Array): Contact => {
      const key = contactKey(id, ip)
      return bonded.get(key) ?? strangers.get(key) ?? NO_CONTACT
    },
    noteContact(id: Uint8Array, ip: Uint8Array, news: Partial<Contact>): void {
      const key = contactKey(id, ip)
      setContact(key, { ...(bonded.get(key) ?? strangers.get(key) ?? NO_CONTACT), ...news })
      const known = news.lastPongMs === undefined ? undefined : nodes.get(nodeKey(id))
      if (known !== undefined) setNode(nodeKey(id), { ...known, seenMs: news.lastPongMs! })
    },
    remember(node: Node, nowMs: number): void {
      const encoded = encodeNode(node)
      if (encoded === undefined) return
      const key = nodeKey(node.id)
      const known = nodes.get(key)
      const isOlder = known !== undefined && seqOf(node) < known.seq
      setNode(
        key,
        isOlder ? { ...known, seenMs: nowMs } : { id: node.id.slice(), seq: seqOf(node), seenMs: nowMs, encoded },
      )
    },
    seeds(count: number, maxAgeMs: number, nowMs: number, draw: (below: number) => number): Node[] {
      const young = [...nodes.values()].filter(({ seenMs }) => nowMs - seenMs <= maxAgeMs)
      const seeds: Node[] = []
      while (seeds.length < count && young.length > 0) {
        const [row] = young.splice(draw(young.length), 1)
        const node = decodeNode(row!.encoded, identities)
        if (node !== undefined) seeds.push(node)
      }
      return seeds
    },
    expire(nowMs: number): number {
      let count = 0
      const isOld = (ms: number): boolean => nowMs - ms > NODE_EXPIRY_MS
      for (const [key, { lastPongMs }] of bonded) {
        if (!isOld(lastPongMs)) continue
        bonded.delete(key)
        dropRow(key)
        count++
      }
      for (const [key, { lastPingMs }] of strangers) if (isOld(lastPingMs)) strangers.delete(key)
      for (const [key, { seenMs }] of nodes) {
        if (!isOld(seenMs)) continue
        nodes.delete(key)
        dropRow(key)
        count++
      }
      return count
    },
    flush,
    get nodes() {
      return nodes.size
    },
    get contacts() {
      return bonded.size
    },
    async close(): Promise<void> {
      await flush()
      await store?.close()
    },
  }
}

const contactKey = (id: Uint8Array, ip: Uint8Array): string => `c${bytesToBareHex(id)}${bytesToBareHex(ip)}`
const nodeKey = (id: Uint8Array): string => `n${bytesToBareHex(id)}`

/** Prefix, id and, of a contact, its address: how a key is stored. */
function bytesOf(key: string): Uint8Array {
  const bytes = new Uint8Array((key.length - 1) / 2 + 1)
  bytes[0] = key.charCodeAt(0)
  for (let i = 1; i < bytes.length; i++) bytes[i] = Number.parseInt(key.slice(2 * i - 1, 2 * i + 1), 16)
  return bytes
}
const textOf = (key: Uint8Array): string => String.fromCharCode(key[0]!) + bytesToBareHex(key.subarray(1))

function isRow(key: Uint8Array, value: Uint8Array): boolean {
  if (key[0] === NODE_PREFIX) return key.length === 1 + ID_BYTES && value.length > NODE_HEAD_BYTES
  const ip = key.length - 1 - ID_BYTES
  return key[0] === CONTACT_PREFIX && (ip === 4 || ip === IP_BYTES) && value.length === CONTACT_BYTES
}

/** When a row was news: what both kinds begin with. */
const timeOf = (value: Uint8Array): number => viewOf(value).getFloat64(0)
const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

function encodeContact({ lastPingMs, lastPongMs, findFailures }: Contact): Uint8Array {
  const bytes = new Uint8Array(CONTACT_BYTES)
  const view = viewOf(bytes)
  view.setFloat64(0, lastPongMs)
  view.setFloat64(8, lastPingMs)
  view.setUint8(16, Math.min(findFailures, 0xff))
  return bytes
}
function decodeContact(value: Uint8Array): Contact {
  const view = viewOf(value)
  return { lastPongMs: view.getFloat64(0), lastPingMs: view.getFloat64(8), findFailures: view.getUint8(16) }
}

function encodeNodeRow({ seenMs, encoded }: NodeRow): Uint8Array {
  const bytes = new Uint8Array(8 + encoded.length)
  viewOf(bytes).setFloat64(0, seenMs)
  bytes.set(encoded, 8)
  return bytes
}
function decodeNodeRow(key: Uint8Array, value: Uint8Array): NodeRow {
  const encoded = value.slice(8)
  const record = encoded[0] === AS_RECORD ? decodeRecord(encoded.subarray(1)) : undefined
  return { id: key.slice(1), seq: record?.ok === true ? record.value.seq : 0n, seenMs: timeOf(value), encoded }
}

/** Its record, or its key and endpoint; undefined where it has neither. */
function encodeNode({ publicKey, endpoint, record }: Node): Uint8Array | undefined {
  if (record !== undefined) return Uint8Array.of(AS_RECORD, ...record.encoded)
  const { ip, udp, tcp } = endpoint
  return ip && Uint8Array.of(AS_ENDPOINT, ...publicKey, udp >>> 8, udp & 0xff, tcp >>> 8, tcp & 0xff, ...ip)
}
/** Undefined where the bytes are no node, as after a fault of the disk. */
function decodeNode(encoded: Uint8Array, identities: Identities): Node | undefined {
  const body = encoded.subarray(1)
  if (encoded[0] === AS_RECORD) {
    const record = decodeRecord(body)
    const node = record.ok ? nodeOfRecord(record.value, identities) : record
    return node.ok ? node.value : undefined
  }
  const ip = addressOfBytes(body.slice(KEY_BYTES + 4))
  if (ip === undefined) return undefined
  const view = viewOf(body)
  return nodeAt(body.slice(0, KEY_BYTES), { ip, udp: view.getUint16(KEY_BYTES), tcp: view.getUint16(KEY_BYTES + 2) })
}
