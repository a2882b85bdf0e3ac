/** Hex-prefix ("compact") encoding of nibble paths: Yellow Paper, appendix C. */

/** Flag bit of the first nibble: the path ends at a value (leaf), not at another node (extension). */
const LEAF_FLAG = 0x20
const ODD_FLAG = 0x10

/**
 * Writes the encoding of the nibbles `from` to `to` of a path of two nibbles a byte, which begins at `start` of `path`.
 * @returns the offset after the `hexPrefixBytes(to - from)` bytes written at `at`
 */
export function writeHexPrefix(
  path: Uint8Array,
  start: number,
  from: number,
  to: number,
  isLeaf: boolean,
  out: Uint8Array,
  at: number,
): number {
  const isOdd = ((to - from) & 1) === 1
  const flags = isLeaf ? LEAF_FLAG : 0
  if (!isOdd) out[at++] = flags
  else {
    const first = path[start + (from >> 1)]!
    out[at++] = flags | ODD_FLAG | ((from & 1) === 0 ? first >> 4 : first & 0x0f)
    from++
  }
  const begin = start + (from >> 1)
  const length = (to - from) >> 1
  if ((from & 1) === 0) for (let i = 0; i < length; i++) out[at + i] = path[begin + i]!
  else for (let i = 0; i < length; i++) out[at + i] = (path[begin + i]! << 4) | (path[begin + i + 1]! >> 4)
  return at + length
}

export const hexPrefixBytes = (nibbles: number): number => (nibbles >> 1) + 1

/** Encoding of a path of one nibble a byte. */
export function encodeHexPrefix(nibbles: Uint8Array, isLeaf: boolean): Uint8Array {
  const out = new Uint8Array(hexPrefixBytes(nibbles.length))
  const isOdd = (nibbles.length & 1) === 1
  out[0] = (isLeaf ? LEAF_FLAG : 0) | (isOdd ? ODD_FLAG | nibbles[0]! : 0)
  let at = 1
  for (let i = isOdd ? 1 : 0; i < nibbles.length; i += 2) out[at++] = (nibbles[i]! << 4) | nibbles[i + 1]!
  return out
}

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
