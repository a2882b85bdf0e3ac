/**
 * Changed nodes in one buffer, from who owns a trie to who writes the store, with the keys they are stored by. Per node:
 * key length (1), key, encoding length (4; all ones: nothing stands there any more), encoding.
 */
import type { Batch } from '../batch.ts'

/** `encoded` undefined: nothing stands there any more. */
export type StoredNode = readonly [key: Uint8Array, encoded: Uint8Array | undefined]

const GONE = 0xffff_ffff
const LENGTH_BYTES = 4

/** @returns a buffer that holds nothing else. */
export function encodeNodeBatch(nodes: readonly StoredNode[]): Uint8Array<ArrayBuffer> {
  let size = 0
  for (const [key, encoded] of nodes) size += 1 + key.length + LENGTH_BYTES + (encoded?.length ?? 0)
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const [key, encoded] of nodes) {
    bytes[at] = key.length
    bytes.set(key, at + 1)
    at += 1 + key.length
    view.setUint32(at, encoded?.length ?? GONE)
    at += LENGTH_BYTES
    if (encoded !== undefined) bytes.set(encoded, at)
    at += encoded?.length ?? 0
  }
  return bytes
}

/** Views into `bytes`, which its sender made with `encodeNodeBatch`. */
export function decodeNodeBatch(bytes: Uint8Array): StoredNode[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const nodes: StoredNode[] = []
  for (let at = 0; at < bytes.length; ) {
    const keyLength = bytes[at] as number
    const key = bytes.subarray(at + 1, at + 1 + keyLength)
    at += 1 + keyLength
    const length = view.getUint32(at)
    at += LENGTH_BYTES
    if (length === GONE) {
      nodes.push([key, undefined])
      continue
    }
    nodes.push([key, bytes.subarray(at, at + length)])
    at += length
  }
  return nodes
}

export function addStoredNodes(batch: Batch, nodes: readonly StoredNode[]): void {
  for (const [key, encoded] of nodes) {
    if (encoded === undefined) batch.delete(key)
    else batch.put(key, encoded)
  }
}
