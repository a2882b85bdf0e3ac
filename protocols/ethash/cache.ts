/** The light side of ethash: a cache of some tens of MiB, from which any item of the dataset is computed when needed. */
import { startKernel } from '../kernels/compiled-kernel.ts'
import type { EthashKernel, Hashimoto } from '../kernels/ethash-kernel.ts'
import { ethashKernel, ethashKernelPasses } from '../kernels/ethash-kernel.ts'
import { cacheSize, datasetSize, seedHash } from './epoch.ts'

/** The cache of an epoch, in memory of its own. It does not cross threads; `bytes`, copied, may. */
export type EthashCache = {
  readonly epoch: number
  readonly datasetBytes: number
  /** The cache as specified: rows of 64 bytes. Not to be changed. */
  readonly bytes: Uint8Array
  readonly kernel: EthashKernel
}

/** Compiled and tested once per thread, when this module is loaded. */
const openKernel = await startKernel(
  'ethash',
  (module) => (cacheBytes: number) => ethashKernel(module, cacheBytes),
  ethashKernelPasses,
)

/**
 * Computes the cache of an epoch: half a second of work. Throws a RangeError when there is no memory for it.
 * @param insteadOf its memory is used again; it must not be used any more
 */
export function makeCache(epoch: number, insteadOf?: EthashCache): EthashCache {
  const kernel = kernelFor(cacheSize(epoch), insteadOf)
  kernel.fill(seedHash(epoch))
  return { epoch, datasetBytes: datasetSize(epoch), bytes: kernel.cache, kernel }
}

/**
 * The cache of an epoch from the bytes of one made before; they are copied. Throws when they are not so many.
 * @param insteadOf as for `makeCache`
 */
export function openCache(epoch: number, bytes: Uint8Array, insteadOf?: EthashCache): EthashCache {
  if (bytes.length !== cacheSize(epoch)) throw new RangeError(`a cache of epoch ${epoch} with ${bytes.length} bytes`)
  const kernel = kernelFor(bytes.length, insteadOf)
  kernel.cache.set(bytes)
  return { epoch, datasetBytes: datasetSize(epoch), bytes: kernel.cache, kernel }
}

const kernelFor = (cacheBytes: number, insteadOf: EthashCache | undefined): EthashKernel =>
  insteadOf === undefined ? openKernel(cacheBytes) : insteadOf.kernel.reopen(cacheBytes)

/** Item of the full dataset, 64 bytes, computed from the cache. `index`: below the dataset's size / 64. */
export const datasetItem = (cache: EthashCache, index: number): Uint8Array => cache.kernel.datasetItem(index)

/**
 * Hashimoto over a dataset computed on the way (about 2 ms): what a block with this seal hash, 32 bytes, and nonce,
 * 8 bytes as in the header, must carry as `mixHash`, and the `result` that its difficulty bounds.
 */
export const hashimotoLight = (cache: EthashCache, sealHash: Uint8Array, nonce: Uint8Array): Hashimoto =>
  cache.kernel.hashimoto(sealHash, nonce, cache.datasetBytes)
