/** The one place that says which Keccak implementation runs. */
import { createKeccak } from 'hash-wasm'

/** Compiled once per thread, when this module is loaded; hashing itself is synchronous. */
const hasher = await createKeccak(256)

/** Keccak-256 with the original 0x01 padding (Yellow Paper, KEC). @returns 32 bytes, the caller's. */
export const keccak256 = (bytes: Uint8Array): Uint8Array => hasher.init().update(bytes).digest('binary')
