/**
 * Changed nodes of a trie in one buffer, from who owns the trie to who writes the store. Per node: path length (1), path,
 * encoding length (4; all ones: nothing stands there any more), encoding.
 */
import type { ChangedNode } from './trie.ts'

const GONE = 0xffff_ffff
const LENGTH_BYTES = 4

/** @returns a buffer that holds nothing else. */
export function encodeNodeBatch(nodes: readonly ChangedNode[]): Uint8Array<ArrayBuffer> {
  let size = 0
  for (const [path, encoded] of nodes) size += 1 + path.length + LENGTH_BYTES + (encoded?.length ?? 0)
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const [path, encoded] of nodes) {
    bytes[at] = path.length
    bytes.set(path, at + 1)
    at += 1 + path.length
    view.setUint32(at, encoded?.length ?? GONE)
    at += LENGTH_BYTES
    if (encoded !== undefined) bytes.set(encoded, at)
    at += encoded?.length ?? 0
  }
  return bytes
}

/** Views into `bytes`, which its sender made with `encodeNodeBatch`. */
export function decodeNodeBatch(bytes: Uint8Array): ChangedNode[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const nodes: ChangedNode[] = []
  for (let at = 0; at < bytes.length; ) {
    const pathLength = bytes[at] as number
    const path = bytes.subarray(at + 1, at + 1 + pathLength)
    at += 1 + pathLength
    const length = view.getUint32(at)
    at += LENGTH_BYTES
    if (length === GONE) {
      nodes.push([path, undefined])
      continue
    }
    nodes.push([path, bytes.subarray(at, at + length)])
    at += length
  }
  return nodes
}
