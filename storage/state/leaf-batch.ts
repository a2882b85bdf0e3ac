/**
 * What consecutive blocks changed in the state, in one buffer per owner of a part of the state trie. Per block: count of
 * accounts (4), then per account: address hash (32), storage (1: known, pending, wiped), length (2), leaf (length 0: deleted);
 * unless the storage is known: count of slots (4), then per slot: hash (32), length (1), leaf (length 0: deleted).
 */
import { bytesText } from '../../protocols/bytes.ts'
import { type PackedReader, packedReader, packedWriter } from '../packed-bytes.ts'
import { leafOfSlimAccount } from './account.ts'
import type { AccountChange, SlotChange, StateChanges } from './state-changes.ts'

export type Leaf = { readonly key: Uint8Array; readonly value: Uint8Array | undefined }
/** `storage` absent: the leaf holds the right storage root. Else what it holds in its place is not looked at. */
export type AccountLeaf = Leaf & {
  readonly storage: { readonly isWiped: boolean; readonly slots: readonly Leaf[] } | undefined
}
/** The accounts that one block changed, each once. */
export type BlockLeaves = readonly AccountLeaf[]

const HASH_BYTES = 32
const KNOWN = 0
const PENDING = 1
const WIPED = 2
const NO_SLOTS: readonly SlotChange[] = []

/** @param partOf who of `parts` owns an account, by its address hash. @returns one buffer each, which holds nothing else. */
export function encodeLeafBatch(
  blocks: readonly StateChanges[],
  parts: number,
  partOf: (addressHash: Uint8Array) => number,
): Uint8Array<ArrayBuffer>[] {
  const writers = Array.from({ length: parts }, leafWriter)
  for (const { accounts, slots } of blocks) {
    const slotsOf = byAccount(slots)
    for (const writer of writers) writer.beginBlock()
    for (const change of accounts)
      (writers[partOf(change.addressHash)] as LeafWriter).add(
        change,
        slotsOf?.get(bytesText(change.addressHash)) ?? NO_SLOTS,
      )
  }
  return writers.map((writer) => writer.finish())
}

function byAccount(slots: readonly SlotChange[]): Map<string, SlotChange[]> | undefined {
  if (slots.length === 0) return undefined
  const found = new Map<string, SlotChange[]>()
  for (const slot of slots) {
    const key = bytesText(slot.addressHash)
    const others = found.get(key)
    if (others === undefined) found.set(key, [slot])
    else others.push(slot)
  }
  return found
}

type LeafWriter = ReturnType<typeof leafWriter>

function leafWriter() {
  const out = packedWriter()
  let countAt = 0
  let count = 0
  return {
    beginBlock() {
      countAt = out.reserveUint32()
      count = 0
    },
    add({ addressHash, current, storage }: AccountChange, slots: readonly SlotChange[]) {
      out.setUint32(countAt, ++count)
      const leaf = current === undefined ? undefined : leafOfSlimAccount(current)
      out.bytes(addressHash)
      out.byte(storage === undefined ? KNOWN : storage === 'wiped' ? WIPED : PENDING)
      out.uint16(leaf?.length ?? 0)
      if (leaf !== undefined) out.bytes(leaf)
      if (storage === undefined) return
      out.uint32(slots.length)
      for (const { slotHash, current: value } of slots) {
        out.bytes(slotHash)
        out.byte(value?.length ?? 0)
        if (value !== undefined) out.bytes(value)
      }
    },
    finish: out.finish,
  }
}

/** Views into `bytes`, which its sender made with `encodeLeafBatch`. */
export function decodeLeafBatch(bytes: Uint8Array): BlockLeaves[] {
  const from = packedReader(bytes)
  const blocks: BlockLeaves[] = []
  while (from.hasMore()) {
    const leaves: AccountLeaf[] = []
    for (let count = from.uint32(); count > 0; count--) {
      const key = from.bytes(HASH_BYTES)
      const storage = from.byte()
      const value = leafOfLength(from, from.uint16())
      if (storage === KNOWN) {
        leaves.push({ key, value, storage: undefined })
        continue
      }
      const slots: Leaf[] = []
      for (let slotCount = from.uint32(); slotCount > 0; slotCount--) {
        const slotHash = from.bytes(HASH_BYTES)
        slots.push({ key: slotHash, value: leafOfLength(from, from.byte()) })
      }
      leaves.push({ key, value, storage: { isWiped: storage === WIPED, slots } })
    }
    blocks.push(leaves)
  }
  return blocks
}

const leafOfLength = (from: PackedReader, length: number): Uint8Array | undefined =>
  length === 0 ? undefined : from.bytes(length)
