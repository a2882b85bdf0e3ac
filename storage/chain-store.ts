/** What is kept of the chain: functions that add to the one batch which moves the head, and views that read at one moment. */
import { LRUCache } from 'lru-cache'
import { bytesEqual, bytesText, leftPad } from '../protocols/bytes.ts'
import type { Result } from '../protocols/result.ts'
import { bytesToUint, uintToBytes } from '../protocols/rlp.ts'
import type { Batch } from './batch.ts'
import type { Database, DatabaseReader } from './database.ts'
import {
  allBadBlocks,
  badBlockKey,
  bodyKey,
  canonicalHashKey,
  decodeNumber,
  encodeNumber,
  genesisSpecKey,
  HASH_BYTES,
  HEAD_KEY,
  HEADER_HASH_AT,
  headerKey,
  headersAt,
  NUMBER_BYTES,
  numberOfHashKey,
  receiptsKey,
  totalDifficultyKey,
  transactionBlockKey,
} from './schema.ts'
import { type Account, storedAccount } from './state/account.ts'
import { accountAfter, type HistoryError, oldestState, slotAfter } from './state/change-set.ts'
import { flatState } from './state/flat-state.ts'

/** Bad blocks remembered, the newest by number (as geth does). */
export const BAD_BLOCKS_MAX = 10
/** Headers and code that a thread keeps, by hash: they cannot change. */
const CACHE_BYTES_DEFAULT = 16 * 1024 * 1024
/** Map entry, key string and array header of one cached value. */
const CACHE_ENTRY_BYTES = 300

/** The persisted head. `epoch` rises whenever the owner of the chain is replaced. */
export type Head = {
  readonly number: bigint
  readonly hash: Uint8Array
  readonly stateRoot: Uint8Array
  readonly totalDifficulty: bigint
  readonly epoch: bigint
}
/** A block as it is stored: encoded, with what it is found by. `receipts` absent for a block that was not executed. */
export type StoredBlock = {
  readonly number: bigint
  readonly hash: Uint8Array
  readonly header: Uint8Array
  readonly body: Uint8Array
  readonly receipts?: Uint8Array | undefined
  readonly totalDifficulty: bigint
}

/** Header, body, number by hash, total difficulty, receipts if given. Of a side block this is all. */
export function addBlock(batch: Batch, block: StoredBlock): void {
  const { number, hash } = block
  batch.put(headerKey(number, hash), block.header)
  batch.put(bodyKey(number, hash), block.body)
  batch.put(numberOfHashKey(hash), encodeNumber(number))
  batch.put(totalDifficultyKey(number, hash), encodeUint256(block.totalDifficulty))
  if (block.receipts !== undefined) batch.put(receiptsKey(number, hash), block.receipts)
}

export function addReceipts(batch: Batch, number: bigint, hash: Uint8Array, receipts: Uint8Array): void {
  batch.put(receiptsKey(number, hash), receipts)
}

/** Makes the block canonical at its height. */
export function addCanonical(batch: Batch, number: bigint, hash: Uint8Array): void {
  batch.put(canonicalHashKey(number), hash)
}

/** No block is canonical at this height any more (a reorg to a shorter, heavier branch). */
export function removeCanonical(batch: Batch, number: bigint): void {
  batch.delete(canonicalHashKey(number))
}

export function addTransactionBlock(batch: Batch, transactionHash: Uint8Array, number: bigint): void {
  batch.put(transactionBlockKey(transactionHash), encodeNumber(number))
}

export function removeTransactionBlock(batch: Batch, transactionHash: Uint8Array): void {
  batch.delete(transactionBlockKey(transactionHash))
}

/** All of a block but its canonical mark. */
export function removeBlock(batch: Batch, number: bigint, hash: Uint8Array): void {
  for (const keyOf of [headerKey, bodyKey, totalDifficultyKey, receiptsKey]) batch.delete(keyOf(number, hash))
  batch.delete(numberOfHashKey(hash))
}

export function addGenesisSpec(batch: Batch, genesisHash: Uint8Array, spec: Uint8Array): void {
  batch.put(genesisSpecKey(genesisHash), spec)
}

export const genesisSpec = (reader: Pick<DatabaseReader, 'get'>, genesisHash: Uint8Array): Uint8Array | undefined =>
  reader.get(genesisSpecKey(genesisHash))

/** To be the same batch as everything that the head stands for. */
export function addHead(batch: Batch, head: Head): void {
  const bytes = new Uint8Array(2 * NUMBER_BYTES + 3 * HASH_BYTES)
  bytes.set(encodeNumber(head.number))
  bytes.set(encodeNumber(head.epoch), NUMBER_BYTES)
  bytes.set(head.hash, 2 * NUMBER_BYTES)
  bytes.set(head.stateRoot, 2 * NUMBER_BYTES + HASH_BYTES)
  bytes.set(encodeUint256(head.totalDifficulty), 2 * NUMBER_BYTES + 2 * HASH_BYTES)
  batch.put(HEAD_KEY, bytes)
}

/** Undefined before the genesis is written. */
export function readHead(reader: Pick<DatabaseReader, 'get'>): Head | undefined {
  const bytes = reader.get(HEAD_KEY)
  if (bytes === undefined) return undefined
  const hashAt = 2 * NUMBER_BYTES
  return {
    number: decodeNumber(bytes),
    epoch: decodeNumber(bytes, NUMBER_BYTES),
    hash: bytes.slice(hashAt, hashAt + HASH_BYTES),
    stateRoot: bytes.slice(hashAt + HASH_BYTES, hashAt + 2 * HASH_BYTES),
    totalDifficulty: bytesToUint(bytes.subarray(hashAt + 2 * HASH_BYTES)),
  }
}

/** Remembers a block that failed (its RLP, for `debug_getBadBlocks`), and forgets those beyond the bound. */
export async function addBadBlock(
  reader: DatabaseReader,
  batch: Batch,
  bad: { readonly number: bigint; readonly hash: Uint8Array; readonly block: Uint8Array },
): Promise<void> {
  const key = badBlockKey(bad.number, bad.hash)
  let kept = 1
  for await (const [present] of reader.range({ ...allBadBlocks, reverse: true })) {
    if (!bytesEqual(present, key) && ++kept > BAD_BLOCKS_MAX) batch.delete(present)
  }
  batch.put(key, bad.block)
}

export type BadBlock = { readonly number: bigint; readonly hash: Uint8Array; readonly block: Uint8Array }

/** The highest first. */
export async function badBlocks(reader: DatabaseReader): Promise<readonly BadBlock[]> {
  const found: BadBlock[] = []
  for await (const [key, block] of reader.range({ ...allBadBlocks, reverse: true, limit: BAD_BLOCKS_MAX })) {
    found.push({ number: decodeNumber(key, 1), hash: key.slice(1 + NUMBER_BYTES), block })
  }
  return found
}

/** Hashes of all stored blocks of one height that are not canonical. */
export async function sideBlocksAt(reader: DatabaseReader, number: bigint): Promise<readonly Uint8Array[]> {
  const canonical = reader.get(canonicalHashKey(number))
  const found: Uint8Array[] = []
  for await (const [key] of reader.range(headersAt(number))) {
    const hash = key.slice(HEADER_HASH_AT)
    if (canonical === undefined || !bytesEqual(hash, canonical)) found.push(hash)
  }
  return found
}

/** Removes the side blocks of one height. @returns how many. */
export async function pruneSideBlocks(reader: DatabaseReader, batch: Batch, number: bigint): Promise<number> {
  const hashes = await sideBlocksAt(reader, number)
  for (const hash of hashes) removeBlock(batch, number, hash)
  return hashes.length
}

/** Values that cannot change, by hash, shared by the views of one thread. */
export type ImmutableCache = LRUCache<string, Uint8Array>

export const createImmutableCache = (bytesMax = CACHE_BYTES_DEFAULT): ImmutableCache =>
  new LRUCache({ maxSize: bytesMax, sizeCalculation: (value) => value.length + CACHE_ENTRY_BYTES })

/**
 * The chain at one moment: every answer belongs to the same head, whatever is written meanwhile. Bytes handed out are
 * read-only. To be closed.
 */
export type ChainView = {
  /** Throws before the genesis is written (`readHead` asks). */
  head(): Head
  canonicalHash(number: bigint): Uint8Array | undefined
  numberOf(hash: Uint8Array): bigint | undefined
  header(number: bigint, hash: Uint8Array): Uint8Array | undefined
  body(number: bigint, hash: Uint8Array): Uint8Array | undefined
  receipts(number: bigint, hash: Uint8Array): Uint8Array | undefined
  totalDifficulty(number: bigint, hash: Uint8Array): bigint | undefined
  /** Number of the canonical block with this transaction. */
  transactionBlock(transactionHash: Uint8Array): bigint | undefined
  /** At the head, by keccak256 of the address. */
  account(addressHash: Uint8Array): Account | undefined
  /** After an old block: one seek, which the store answers asynchronously, under the same snapshot. */
  accountAt(addressHash: Uint8Array, block: bigint): Promise<Result<Account | undefined, HistoryError>>
  code(codeHash: Uint8Array): Uint8Array | undefined
  /** 32 bytes at the head; zero when absent. */
  storageSlot(addressHash: Uint8Array, slotHash: Uint8Array): Uint8Array
  storageSlotAt(addressHash: Uint8Array, slotHash: Uint8Array, block: bigint): Promise<Result<Uint8Array, HistoryError>>
  /** The lowest block whose state can be told. */
  oldestState(): bigint
  /** The snapshot itself, for what is not named here. */
  readonly reader: DatabaseReader
  close(): Promise<void>
}

export function openChainView(database: Database, cache?: ImmutableCache): ChainView {
  const snapshot = database.snapshot()
  const head = readHead(snapshot)
  const state = flatState(snapshot)

  const headOrThrow = (): Head => {
    if (head === undefined) throw new Error('the chain store has no head: the genesis is not written yet')
    return head
  }

  /** Only what is found is remembered: absence by hash ends when the block arrives. */
  function cached(kind: string, hash: Uint8Array, read: () => Uint8Array | undefined): Uint8Array | undefined {
    if (cache === undefined) return read()
    const key = kind + bytesText(hash)
    const known = cache.get(key)
    if (known !== undefined) return known
    const value = read()
    if (value !== undefined) cache.set(key, value)
    return value
  }

  return {
    reader: snapshot,
    head: headOrThrow,
    canonicalHash: (number) => snapshot.get(canonicalHashKey(number)),
    numberOf(hash) {
      const number = snapshot.get(numberOfHashKey(hash))
      return number === undefined ? undefined : decodeNumber(number)
    },
    header: (number, hash) => cached(`h${number}.`, hash, () => snapshot.get(headerKey(number, hash))),
    body: (number, hash) => snapshot.get(bodyKey(number, hash)),
    receipts: (number, hash) => snapshot.get(receiptsKey(number, hash)),
    totalDifficulty(number, hash) {
      const bytes = snapshot.get(totalDifficultyKey(number, hash))
      return bytes === undefined ? undefined : bytesToUint(bytes)
    },
    transactionBlock(transactionHash) {
      const number = snapshot.get(transactionBlockKey(transactionHash))
      return number === undefined ? undefined : decodeNumber(number)
    },
    account(addressHash) {
      const slim = state.account(addressHash)
      return slim === undefined ? undefined : storedAccount(slim)
    },
    async accountAt(addressHash, block) {
      const slim = await accountAfter(snapshot, addressHash, block, headOrThrow().number)
      if (!slim.ok) return slim
      return { ok: true, value: slim.value === undefined ? undefined : storedAccount(slim.value) }
    },
    code: (codeHash) => cached('c', codeHash, () => state.code(codeHash)),
    storageSlot: (addressHash, slotHash) => slotValue(state.slot(addressHash, slotHash)),
    async storageSlotAt(addressHash, slotHash, block) {
      const leaf = await slotAfter(snapshot, addressHash, slotHash, block, headOrThrow().number)
      return leaf.ok ? { ok: true, value: slotValue(leaf.value) } : leaf
    },
    oldestState: () => oldestState(snapshot),
    close: () => snapshot.close(),
  }
}

/** 32 bytes of the RLP string (at most 33 bytes, so its header is one byte or none) that is stored for a slot. */
function slotValue(leaf: Uint8Array | undefined): Uint8Array {
  if (leaf === undefined) return new Uint8Array(HASH_BYTES)
  return leftPad(leaf.length === 1 && leaf[0]! < 0x80 ? leaf : leaf.subarray(1), HASH_BYTES)
}

const encodeUint256 = (value: bigint): Uint8Array => leftPad(uintToBytes(value), HASH_BYTES)
