/** Nodes at will, with ids that belong to no key: the table looks at ids and endpoints only. */
import type { Node } from '../../../protocols/enr/node.ts'
import type { NodeRecord } from '../../../protocols/enr/record.ts'

/** Our own id in the tests: so an id is its own distance. */
export const SELF = new Uint8Array(32)

/** An id at a logarithmic distance from `SELF`, one of many. @param distance 9 to 256 */
export function idAt(distance: number, number: number): Uint8Array {
  const id = new Uint8Array(32)
  const at = 32 - Math.ceil(distance / 8)
  id[at] = 1 << ((distance - 1) % 8)
  if (at < 28) new DataView(id.buffer).setUint32(28, number)
  return id
}

/** @param seq of a record that is none otherwise; absent: no record */
export function nodeOf(id: Uint8Array, ip: readonly number[], seq?: bigint, udp = 30303): Node {
  const endpoint = { ip: Uint8Array.from(ip), udp, tcp: 30303 }
  const node: Node = { id, publicKey: new Uint8Array(64), endpoint }
  if (seq === undefined) return node
  const record: NodeRecord = { signature: new Uint8Array(64), seq, pairs: [], encoded: new Uint8Array(0) }
  return { ...node, record }
}

/** A node of its own /24. */
export const inventedNode = (distance: number, number: number, seq?: bigint): Node =>
  nodeOf(idAt(distance, number), [11, number >>> 8, number & 255, 1], seq)
