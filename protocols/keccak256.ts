/** The one place that says which Keccak implementation runs: the WebAssembly kernel. */
import { startKernel } from './kernels/compiled-kernel.ts'
import type { Keccak256Stream } from './kernels/keccak-kernel.ts'
import { keccakKernel, keccakKernelPasses } from './kernels/keccak-kernel.ts'

/** Compiled and tested once per thread, when this module is loaded; hashing itself is synchronous. */
const kernel = await startKernel('keccak', keccakKernel, keccakKernelPasses)

/** Keccak-256 with the original 0x01 padding (Yellow Paper, KEC). @returns 32 bytes, the caller's. */
export const keccak256: (bytes: Uint8Array) => Uint8Array = kernel.hash

/**
 * Hashes many messages, of any lengths, nearly twice as fast as one by one.
 * @returns the digests one after the other, 32 bytes each: in `digests`, where it is given and has room for them
 */
export const keccak256Batch: (messages: readonly Uint8Array[], digests?: Uint8Array) => Uint8Array = kernel.hashBatch

/** For a message that comes in parts, or whose digest is asked for on the way. */
export const keccak256Stream: () => Keccak256Stream = kernel.stream
