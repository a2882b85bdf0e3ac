/**
 * What the owner of a part of the state trie answers of each block, packed. Per block: count of tops (1), then per top:
 * nibble (1), form (1), length (2), hash or node; count of accounts (4), then per account: address hash (32), storage root
 * (32), count of wiped slots (4), per slot: hash (32), length (1), leaf.
 */
import { type PackedReader, packedReader, packedWriter } from '../packed-bytes.ts'
import type { SubTop } from '../trie/split-root.ts'

/** `wiped`: leaves that the account had before the block and lost with it whole. */
export type StorageRoot = {
  readonly addressHash: Uint8Array
  readonly root: Uint8Array
  readonly wiped: readonly { readonly slotHash: Uint8Array; readonly value: Uint8Array }[]
}
/** `tops`: of the parts that the block changed. `storage`: of the accounts whose storage was said not to be known. */
export type BlockRoots = {
  readonly tops: readonly { readonly nibble: number; readonly top: SubTop }[]
  readonly storage: readonly StorageRoot[]
}

const NONE = 0
const BRANCH = 1
const NODE = 2
const HASH_BYTES = 32

/** @returns a buffer that holds nothing else. */
export function encodePartRoots(blocks: readonly BlockRoots[]): Uint8Array<ArrayBuffer> {
  const out = packedWriter()
  for (const { tops, storage } of blocks) {
    out.byte(tops.length)
    for (const { nibble, top } of tops) {
      const bytes = top === undefined ? undefined : 'branch' in top ? top.branch : top.node
      out.byte(nibble)
      out.byte(top === undefined ? NONE : 'branch' in top ? BRANCH : NODE)
      out.uint16(bytes?.length ?? 0)
      if (bytes !== undefined) out.bytes(bytes)
    }
    out.uint32(storage.length)
    for (const { addressHash, root, wiped } of storage) {
      out.bytes(addressHash)
      out.bytes(root)
      out.uint32(wiped.length)
      for (const { slotHash, value } of wiped) {
        out.bytes(slotHash)
        out.byte(value.length)
        out.bytes(value)
      }
    }
  }
  return out.finish()
}

/** Views into `bytes`, which its sender made with `encodePartRoots`. */
export function decodePartRoots(bytes: Uint8Array): BlockRoots[] {
  const from = packedReader(bytes)
  const blocks: BlockRoots[] = []
  while (from.hasMore()) {
    const tops = []
    for (let count = from.byte(); count > 0; count--) tops.push({ nibble: from.byte(), top: takeTop(from) })
    const storage: StorageRoot[] = []
    for (let count = from.uint32(); count > 0; count--) {
      const addressHash = from.bytes(HASH_BYTES)
      const root = from.bytes(HASH_BYTES)
      const wiped = []
      for (let slots = from.uint32(); slots > 0; slots--) {
        const slotHash = from.bytes(HASH_BYTES)
        wiped.push({ slotHash, value: from.bytes(from.byte()) })
      }
      storage.push({ addressHash, root, wiped })
    }
    blocks.push({ tops, storage })
  }
  return blocks
}

/** Copied: the tops outlive the batch. */
function takeTop(from: PackedReader): SubTop {
  const form = from.byte()
  const bytes = from.bytes(from.uint16()).slice()
  return form === NONE ? undefined : form === BRANCH ? { branch: bytes } : { node: bytes }
}
