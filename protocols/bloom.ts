/** Logs bloom: 2,048 bits, three per entry (Yellow Paper 4.3.1). */
import { keccak256 } from './keccak256.ts'

export const BLOOM_BYTES = 256

export const emptyBloom = (): Uint8Array => new Uint8Array(BLOOM_BYTES)

/** Sets the three bits of an address or a topic in `bloom`. */
export function addToBloom(bloom: Uint8Array, entry: Uint8Array): void {
  const hash = keccak256(entry)
  for (let i = 0; i < 6; i += 2) {
    const bit = ((hash[i]! << 8) | hash[i + 1]!) & 0x7ff
    const at = BLOOM_BYTES - 1 - (bit >> 3)
    bloom[at] = bloom[at]! | (1 << (bit & 7))
  }
}

/** False: `entry` is certainly not in the set that `bloom` was made of. */
export function bloomMayContain(bloom: Uint8Array, entry: Uint8Array): boolean {
  const hash = keccak256(entry)
  for (let i = 0; i < 6; i += 2) {
    const bit = ((hash[i]! << 8) | hash[i + 1]!) & 0x7ff
    if ((bloom[BLOOM_BYTES - 1 - (bit >> 3)]! & (1 << (bit & 7))) === 0) return false
  }
  return true
}

/** Bloom of the addresses and topics of logs; their data does not count. */
export function logsBloom(
  logs: readonly { readonly address: Uint8Array; readonly topics: readonly Uint8Array[] }[],
): Uint8Array {
  const bloom = emptyBloom()
  for (const log of logs) {
    addToBloom(bloom, log.address)
    for (const topic of log.topics) addToBloom(bloom, topic)
  }
  return bloom
}

/** Bits of any of `blooms`: a header's bloom from its receipts'. */
export function unionOfBlooms(blooms: readonly Uint8Array[]): Uint8Array {
  const union = emptyBloom()
  for (const bloom of blooms) for (let i = 0; i < BLOOM_BYTES; i++) union[i] = union[i]! | bloom[i]!
  return union
}
