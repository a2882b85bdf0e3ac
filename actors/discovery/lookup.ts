/** A search for the nodes nearest to a target, as a value: whom to ask, and what answers bring (Kademlia; geth, `lookup.go`). */
import { type Nearest, nearestTo, pushNearest } from '../../protocols/discv4/distance.ts'
import type { Node } from '../../protocols/enr/node.ts'
import { BUCKET_SIZE, keyOf } from './bucket.ts'

/** Nodes that are asked at the same time: α of Kademlia (discv4.md). */
export const QUERIES_AT_ONCE = 3
/** Nodes that one search asks: it needs some 20, and who makes up ever nearer nodes must not keep it going. */
export const QUERIES_MAX = 256

export type Lookup = {
  /** The nearest nodes met, whether they were asked or not. */
  readonly nearest: Nearest<Node>
  readonly asked: Set<string>
  readonly seen: Set<string>
  inFlight: number
}

/** @param self our own id: never asked, never found @param seeds nodes of the table, the search's first answer */
export function startLookup(
  self: Uint8Array,
  target: Uint8Array,
  seeds: readonly Node[],
): { readonly lookup: Lookup; readonly fresh: Node[] } {
  const own = keyOf(self)
  const lookup: Lookup = {
    nearest: nearestTo(target, BUCKET_SIZE),
    asked: new Set([own]),
    seen: new Set([own]),
    inFlight: 0,
  }
  return { lookup, fresh: take(lookup, seeds) }
}

/** Nodes to ask now; each is answered for by `queryAnswered`, also when it fails. */
export function nextQueries(lookup: Lookup): Node[] {
  const queries: Node[] = []
  for (const node of lookup.nearest.nodes) {
    if (lookup.inFlight >= QUERIES_AT_ONCE || lookup.asked.size > QUERIES_MAX) break
    const key = keyOf(node.id)
    if (lookup.asked.has(key)) continue
    lookup.asked.add(key)
    lookup.inFlight++
    queries.push(node)
  }
  return queries
}

/** @param found none where the query failed @returns those of them that this search had not met */
export function queryAnswered(lookup: Lookup, found: readonly Node[]): Node[] {
  if (lookup.inFlight === 0) throw new Error('an answer to a search that asked nobody')
  lookup.inFlight--
  return take(lookup, found)
}

/** After `nextQueries` had none left to ask, and all have answered. */
export const isOver = (lookup: Lookup): boolean => lookup.inFlight === 0

/** The nodes nearest to the target, nearest first. */
export const foundNodes = (lookup: Lookup): readonly Node[] => lookup.nearest.nodes

function take(lookup: Lookup, nodes: readonly Node[]): Node[] {
  const fresh: Node[] = []
  for (const node of nodes) {
    const key = keyOf(node.id)
    if (lookup.seen.has(key)) continue
    lookup.seen.add(key)
    pushNearest(lookup.nearest, node)
    fresh.push(node)
  }
  return fresh
}
