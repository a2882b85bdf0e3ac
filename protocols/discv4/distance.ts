/** How far nodes are from each other: their ids XORed, as a number of 256 bits (devp2p `discv4.md`, "Kademlia Table"). */

/** Bits of a node id. */
export const ID_BITS = 256
/** Buckets of a table: those of the upper fifteenth of the distances, since nodes nearer than that are hardly ever met (geth). */
export const BUCKETS = 17
/** All distances up to this one share the first bucket. */
export const BUCKET_MIN_DISTANCE = ID_BITS - BUCKETS

/** Position of the highest bit in which two ids differ: 1 to 256, 0 where they are equal. */
export function logDistance(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) {
    const difference = a[i]! ^ b[i]!
    if (difference !== 0) return (a.length - i) * 8 - (Math.clz32(difference) - 24)
  }
  return 0
}

/** Negative where `a` is nearer to `target` than `b`, 0 where they are the same. */
export function compareDistance(target: Uint8Array, a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < target.length; i++) {
    const difference = (target[i]! ^ a[i]!) - (target[i]! ^ b[i]!)
    if (difference !== 0) return difference
  }
  return 0
}

/** Bucket of `id` in the table of `self`: 0 for the nearest, which no node meets, to 16 for those whose first bit differs. */
export const bucketIndex = (self: Uint8Array, id: Uint8Array): number =>
  Math.max(0, logDistance(self, id) - BUCKET_MIN_DISTANCE - 1)

type Identified = { readonly id: Uint8Array }

/** The nodes nearest to a target, nearest first. */
export type Nearest<N extends Identified> = { readonly target: Uint8Array; readonly max: number; readonly nodes: N[] }

export const nearestTo = <N extends Identified>(target: Uint8Array, max: number): Nearest<N> => ({
  target,
  max,
  nodes: [],
})

/** Puts a node at its place, and the farthest out where there are too many. Of equal ids both stay: see that they do not come. */
export function pushNearest<N extends Identified>({ target, max, nodes }: Nearest<N>, node: N): void {
  let at = nodes.length
  while (at > 0 && compareDistance(target, node.id, nodes[at - 1]!.id) < 0) at--
  if (at >= max) return
  nodes.splice(at, 0, node)
  if (nodes.length > max) nodes.pop()
}

/** The `max` nodes nearest to `target`, nearest first. */
export function closest<N extends Identified>(target: Uint8Array, nodes: Iterable<N>, max: number): N[] {
  const nearest = nearestTo<N>(target, max)
  for (const node of nodes) pushNearest(nearest, node)
  return nearest.nodes
}
