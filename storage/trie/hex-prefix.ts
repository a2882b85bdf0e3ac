/** Hex-prefix ("compact") encoding of nibble paths: Yellow Paper, appendix C. A nibble path holds one nibble per byte. */

/** Flag bit of the first nibble: the path ends at a value (leaf), not at another node (extension). */
const LEAF_FLAG = 0x20
const ODD_FLAG = 0x10

/** Writes the `key.length / 2 + 1` bytes of the encoding at `at`. @returns the offset after it. */
export function writeHexPrefix(key: Uint8Array, isLeaf: boolean, out: Uint8Array, at: number): number {
  const isOdd = (key.length & 1) === 1
  out[at++] = (isLeaf ? LEAF_FLAG : 0) | (isOdd ? ODD_FLAG | key[0]! : 0)
  for (let i = isOdd ? 1 : 0; i < key.length; i += 2) out[at++] = (key[i]! << 4) | key[i + 1]!
  return at
}

export const hexPrefixBytes = (key: Uint8Array): number => (key.length >> 1) + 1

/** Undefined when empty, when unknown flags are set, or when the padding nibble is not zero. */
export function decodeHexPrefix(bytes: Uint8Array): { key: Uint8Array; isLeaf: boolean } | undefined {
  const first = bytes[0]
  if (first === undefined || first >= 0x40) return undefined
  const isOdd = (first & ODD_FLAG) !== 0
  if (!isOdd && (first & 0x0f) !== 0) return undefined
  const key = new Uint8Array((bytes.length - 1) * 2 + (isOdd ? 1 : 0))
  let at = 0
  if (isOdd) key[at++] = first & 0x0f
  for (let i = 1; i < bytes.length; i++) {
    key[at++] = bytes[i]! >> 4
    key[at++] = bytes[i]! & 0x0f
  }
  return { key, isLeaf: (first & LEAF_FLAG) !== 0 }
}

/** Two nibbles of every byte of `key` into `out`. @returns how many nibbles. */
export function writeNibbles(key: Uint8Array, out: Uint8Array): number {
  for (let i = 0; i < key.length; i++) {
    const byte = key[i]!
    out[2 * i] = byte >> 4
    out[2 * i + 1] = byte & 0x0f
  }
  return key.length * 2
}
