/** How many addresses of one network a set takes: who owns a /24 must not fill a table (geth, `DistinctNetSet`). */

export type SubnetLimit = {
  /** False, and nothing counted, where the network of `address` has its share already. */
  add(address: Uint8Array): boolean
  /** Takes back one `add` that was accepted. */
  remove(address: Uint8Array): void
  has(address: Uint8Array): boolean
  readonly size: number
}

/** @param prefixBits length of a network's prefix, of IPv4 and IPv6 alike; at most 32 @param max addresses of one network */
export function subnetLimit(prefixBits: number, max: number): SubnetLimit {
  const counts = new Map<string, number>()
  let size = 0
  return {
    add(address) {
      const key = keyOf(address, prefixBits)
      const count = counts.get(key) ?? 0
      if (count >= max) return false
      counts.set(key, count + 1)
      size++
      return true
    },
    remove(address) {
      const key = keyOf(address, prefixBits)
      const count = counts.get(key)
      if (count === undefined) throw new Error('an address is taken out that is not counted')
      if (count === 1) counts.delete(key)
      else counts.set(key, count - 1)
      size--
    },
    has: (address) => counts.has(keyOf(address, prefixBits)),
    get size() {
      return size
    },
  }
}

function keyOf(address: Uint8Array, prefixBits: number): string {
  const first = ((address[0]! << 24) | (address[1]! << 16) | (address[2]! << 8) | address[3]!) >>> 0
  const prefix = prefixBits === 0 ? 0 : (first >>> (32 - prefixBits)) >>> 0
  return `${address.length}/${prefix}`
}
