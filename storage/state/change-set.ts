/**
 * Change sets: of every block the value that each changed key had before it. They roll the state back on a reorg, and
 * answer what a key held after an old block: that is what the next change of the key found.
 */
import { err, ok, type Result } from '../../protocols/result.ts'
import type { Batch } from '../batch.ts'
import type { DatabaseReader } from '../database.ts'
import {
  accountChangeKey,
  accountKey,
  changedKeysKey,
  decodeNumber,
  encodeNumber,
  HASH_BYTES,
  HISTORY_TAIL_KEY,
  NUMBER_MAX,
  slotChangeKey,
  slotKey,
} from '../schema.ts'
import type { StateChanges } from './state-changes.ts'

export type HistoryError =
  /** `oldest`: the lowest block whose state can be told. */
  | { readonly code: 'HISTORY_PRUNED'; readonly block: bigint; readonly oldest: bigint }
  /** The block is above the head. */
  | { readonly code: 'HISTORY_AHEAD'; readonly block: bigint; readonly head: bigint }
  /** Nothing can be rolled back: no change set of this block is stored. */
  | { readonly code: 'CHANGE_SET_MISSING'; readonly block: bigint }

const ABSENT = new Uint8Array(0)
const COUNT_BYTES = 4

/** Keeps what the block found. To be in the batch that moves the flat state. */
export function addChangeSet(batch: Batch, block: bigint, changes: StateChanges): void {
  const { accounts, slots } = changes
  const keys = new Uint8Array(COUNT_BYTES + accounts.length * HASH_BYTES + slots.length * 2 * HASH_BYTES)
  new DataView(keys.buffer).setUint32(0, accounts.length)
  let at = COUNT_BYTES
  for (const { addressHash, previous } of accounts) {
    keys.set(addressHash, at)
    at += HASH_BYTES
    batch.put(accountChangeKey(addressHash, block), previous ?? ABSENT)
  }
  for (const { addressHash, slotHash, previous } of slots) {
    keys.set(addressHash, at)
    keys.set(slotHash, at + HASH_BYTES)
    at += 2 * HASH_BYTES
    batch.put(slotChangeKey(addressHash, slotHash, block), previous ?? ABSENT)
  }
  batch.put(changedKeysKey(block), keys)
}

/** What a rolled-back key holds again; undefined: nothing. */
export type Restored = {
  readonly accounts: readonly { readonly addressHash: Uint8Array; readonly value: Uint8Array | undefined }[]
  readonly slots: readonly {
    readonly addressHash: Uint8Array
    readonly slotHash: Uint8Array
    readonly value: Uint8Array | undefined
  }[]
}

/**
 * Adds to the batch the flat state as it was before `block`, and the end of that block's change set. Several blocks in one
 * batch: from the head downwards. The tries are the caller's: it gives them what is restored.
 */
export function rollBack(
  reader: Pick<DatabaseReader, 'get'>,
  batch: Batch,
  block: bigint,
): Result<Restored, HistoryError> {
  const keys = changedKeys(reader, block)
  if (keys === undefined) return err({ code: 'CHANGE_SET_MISSING', block })
  const restore = (key: Uint8Array, changeKey: Uint8Array): Uint8Array | undefined => {
    const previous = reader.get(changeKey)
    if (previous === undefined) throw new Error(`the change set of block ${block} lacks a key it lists`)
    batch.delete(changeKey)
    if (previous.length === 0) batch.delete(key)
    else batch.put(key, previous)
    return previous.length === 0 ? undefined : previous
  }
  const accounts = keys.accounts.map((addressHash) => ({
    addressHash,
    value: restore(accountKey(addressHash), accountChangeKey(addressHash, block)),
  }))
  const slots = keys.slots.map(({ addressHash, slotHash }) => ({
    addressHash,
    slotHash,
    value: restore(slotKey(addressHash, slotHash), slotChangeKey(addressHash, slotHash, block)),
  }))
  batch.delete(changedKeysKey(block))
  return ok({ accounts, slots })
}

/** Drops the change set of `block`, the lowest kept: states below `block` can then no longer be told. */
export function pruneChangeSet(reader: Pick<DatabaseReader, 'get'>, batch: Batch, block: bigint): void {
  const keys = changedKeys(reader, block)
  for (const addressHash of keys?.accounts ?? []) batch.delete(accountChangeKey(addressHash, block))
  for (const { addressHash, slotHash } of keys?.slots ?? []) batch.delete(slotChangeKey(addressHash, slotHash, block))
  batch.delete(changedKeysKey(block))
  batch.put(HISTORY_TAIL_KEY, encodeNumber(block + 1n))
}

/** The lowest block whose state can be told. */
export function oldestState(reader: Pick<DatabaseReader, 'get'>): bigint {
  const tail = reader.get(HISTORY_TAIL_KEY)
  return tail === undefined ? 0n : decodeNumber(tail) - 1n
}

/** The slim account after `block`, by one seek. @param head number of the block that the flat state is after. */
export async function accountAfter(
  reader: DatabaseReader,
  addressHash: Uint8Array,
  block: bigint,
  head: bigint,
): Promise<Result<Uint8Array | undefined, HistoryError>> {
  const refused = outOfHistory(reader, block, head)
  if (refused !== undefined) return err(refused)
  const next = { gt: accountChangeKey(addressHash, block), lte: accountChangeKey(addressHash, NUMBER_MAX), limit: 1 }
  for await (const [, previous] of reader.range(next)) return ok(previous.length === 0 ? undefined : previous)
  return ok(reader.get(accountKey(addressHash)))
}

/** The stored slot value (RLP) after `block`, by one seek. */
export async function slotAfter(
  reader: DatabaseReader,
  addressHash: Uint8Array,
  slotHash: Uint8Array,
  block: bigint,
  head: bigint,
): Promise<Result<Uint8Array | undefined, HistoryError>> {
  const refused = outOfHistory(reader, block, head)
  if (refused !== undefined) return err(refused)
  const next = {
    gt: slotChangeKey(addressHash, slotHash, block),
    lte: slotChangeKey(addressHash, slotHash, NUMBER_MAX),
    limit: 1,
  }
  for await (const [, previous] of reader.range(next)) return ok(previous.length === 0 ? undefined : previous)
  return ok(reader.get(slotKey(addressHash, slotHash)))
}

function outOfHistory(reader: Pick<DatabaseReader, 'get'>, block: bigint, head: bigint): HistoryError | undefined {
  if (block > head) return { code: 'HISTORY_AHEAD', block, head }
  const oldest = oldestState(reader)
  return block < oldest ? { code: 'HISTORY_PRUNED', block, oldest } : undefined
}

type ChangedKeys = {
  readonly accounts: readonly Uint8Array[]
  readonly slots: readonly { readonly addressHash: Uint8Array; readonly slotHash: Uint8Array }[]
}

function changedKeys(reader: Pick<DatabaseReader, 'get'>, block: bigint): ChangedKeys | undefined {
  const keys = reader.get(changedKeysKey(block))
  if (keys === undefined) return undefined
  const count = new DataView(keys.buffer, keys.byteOffset).getUint32(0)
  const slotsAt = COUNT_BYTES + count * HASH_BYTES
  const accounts: Uint8Array[] = []
  for (let at = COUNT_BYTES; at < slotsAt; at += HASH_BYTES) accounts.push(keys.subarray(at, at + HASH_BYTES))
  const slots = []
  for (let at = slotsAt; at < keys.length; at += 2 * HASH_BYTES) {
    slots.push({
      addressHash: keys.subarray(at, at + HASH_BYTES),
      slotHash: keys.subarray(at + HASH_BYTES, at + 2 * HASH_BYTES),
    })
  }
  return { accounts, slots }
}
