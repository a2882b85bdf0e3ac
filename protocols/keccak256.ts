/** The one place that says which Keccak implementation runs. */
import { keccak_256 } from '@noble/hashes/sha3.js'

/** Keccak-256 with the original 0x01 padding (Yellow Paper, KEC). @returns 32 bytes, the caller's. */
export const keccak256 = (bytes: Uint8Array): Uint8Array => keccak_256(bytes)
