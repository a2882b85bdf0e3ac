/**
 * Changed leaves of consecutive blocks in one buffer, from the chain to who owns the trie. Per block: count (4), then per
 * leaf: key (32), length (2), value (length 0: deleted); then the state root that the block claims (32).
 */

export type Leaf = { readonly key: Uint8Array; readonly value: Uint8Array | undefined }
export type BlockLeaves = { readonly leaves: readonly Leaf[]; readonly root: Uint8Array }

const KEY_BYTES = 32
const ROOT_BYTES = 32
const COUNT_BYTES = 4
const LENGTH_BYTES = 2

/** @returns a buffer that holds nothing else. */
export function encodeLeafBatch(blocks: readonly BlockLeaves[]): Uint8Array<ArrayBuffer> {
  let size = 0
  for (const { leaves } of blocks) {
    size += COUNT_BYTES + ROOT_BYTES
    for (const { value } of leaves) size += KEY_BYTES + LENGTH_BYTES + (value?.length ?? 0)
  }
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const { leaves, root } of blocks) {
    view.setUint32(at, leaves.length)
    at += COUNT_BYTES
    for (const { key, value } of leaves) {
      bytes.set(key, at)
      view.setUint16(at + KEY_BYTES, value?.length ?? 0)
      at += KEY_BYTES + LENGTH_BYTES
      if (value !== undefined) bytes.set(value, at)
      at += value?.length ?? 0
    }
    bytes.set(root, at)
    at += ROOT_BYTES
  }
  return bytes
}

/** Views into `bytes`, which its sender made with `encodeLeafBatch`. */
export function decodeLeafBatch(bytes: Uint8Array): BlockLeaves[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const blocks: BlockLeaves[] = []
  for (let at = 0; at < bytes.length; ) {
    const count = view.getUint32(at)
    at += COUNT_BYTES
    const leaves: Leaf[] = []
    for (let i = 0; i < count; i++) {
      const key = bytes.subarray(at, at + KEY_BYTES)
      const length = view.getUint16(at + KEY_BYTES)
      at += KEY_BYTES + LENGTH_BYTES
      leaves.push({ key, value: length === 0 ? undefined : bytes.subarray(at, at + length) })
      at += length
    }
    blocks.push({ leaves, root: bytes.subarray(at, at + ROOT_BYTES) })
    at += ROOT_BYTES
  }
  return blocks
}
