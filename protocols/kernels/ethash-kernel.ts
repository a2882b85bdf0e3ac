/** Ethash in WebAssembly: each instance holds one cache in its memory. */
import { bytesEqual } from '../bytes.ts'
import { hexConstant } from '../hex.ts'

/** What a seal is checked by: `mixHash` stands in the header, `result` is compared with the target; 32 bytes each. */
export type Hashimoto = { readonly mixHash: Uint8Array; readonly result: Uint8Array }

export type EthashKernel = {
  /** The cache itself, not a copy. */
  readonly cache: Uint8Array
  /** Fills the cache from a seed of 32 bytes. */
  fill(seed: Uint8Array): void
  /** Item of the dataset, 64 bytes, the caller's. `index`: below 2^32. */
  datasetItem(index: number): Uint8Array
  /** `nonce`: 8 bytes, big-endian, as in a header. `datasetBytes`: a multiple of 128. */
  hashimoto(sealHash: Uint8Array, nonce: Uint8Array, datasetBytes: number): Hashimoto
  /**
   * The same memory for another cache, with whatever it holds; this kernel must not be used again. WebAssembly gives no memory
   * back, and a new instance would stand beside the old one until that is collected.
   */
  reopen(cacheBytes: number): EthashKernel
}

const ROW_BYTES = 64
const MIX_BYTES = 128
const HASH_BYTES = 32
const NONCE_BYTES = 8

type EthashExports = {
  readonly memory: WebAssembly.Memory
  readonly INPUT: WebAssembly.Global
  readonly MIX_DIGEST: WebAssembly.Global
  readonly RESULT: WebAssembly.Global
  readonly ITEMS: WebAssembly.Global
  allocate(rows: number): number
  fillCache(): void
  computeItems(pair: number): void
  hashimoto(pairs: number): void
}

/** An instance with room for a cache of `cacheBytes`, still zero. Throws a RangeError when there is not so much memory. */
export function ethashKernel(module: WebAssembly.Module, cacheBytes: number): EthashKernel {
  return openInstance(new WebAssembly.Instance(module).exports as EthashExports, cacheBytes)
}

function openInstance(kernel: EthashExports, cacheBytes: number): EthashKernel {
  // An address above 2^31 comes as a negative number.
  const cacheAt = kernel.allocate(cacheBytes / ROW_BYTES) >>> 0
  if (cacheAt === 0) throw new RangeError(`no memory for an ethash cache of ${cacheBytes} bytes`)
  const { buffer } = kernel.memory
  const cache = new Uint8Array(buffer, cacheAt, cacheBytes)
  const input = new Uint8Array(buffer, kernel.INPUT.value, HASH_BYTES + NONCE_BYTES)
  const mixDigest = new Uint8Array(buffer, kernel.MIX_DIGEST.value, HASH_BYTES)
  const result = new Uint8Array(buffer, kernel.RESULT.value, HASH_BYTES)
  const items = new Uint8Array(buffer, kernel.ITEMS.value, 2 * ROW_BYTES)
  return {
    cache,
    fill(seed) {
      if (seed.length !== HASH_BYTES) throw new RangeError(`a seed of ${seed.length} bytes`)
      input.set(seed)
      kernel.fillCache()
    },
    datasetItem(index) {
      kernel.computeItems(index >>> 1)
      const at = (index & 1) * ROW_BYTES
      return items.slice(at, at + ROW_BYTES)
    },
    hashimoto(sealHash, nonce, datasetBytes) {
      if (sealHash.length !== HASH_BYTES || nonce.length !== NONCE_BYTES)
        throw new RangeError(`a seal hash of ${sealHash.length} bytes with a nonce of ${nonce.length}`)
      input.set(sealHash)
      for (let i = 0; i < NONCE_BYTES; i++) input[HASH_BYTES + i] = nonce[NONCE_BYTES - 1 - i]!
      kernel.hashimoto(datasetBytes / MIX_BYTES)
      return { mixHash: mixDigest.slice(), result: result.slice() }
    },
    reopen: (bytes) => openInstance(kernel, bytes),
  }
}

/** go-ethereum, `consensus/ethash/algorithm_test.go`, `TestHashimoto`: a cache of 1 KiB from a seed of zeros. */
const TEST_CACHE_BYTES = 1024
const TEST_DATASET_BYTES = 32 * 1024
const TEST_SEAL_HASH = hexConstant('c9149cc0386e689d789a1c2f3d5d169a61a6218ed30e74414dc736e442ef3d1f')
const TEST_MIX_HASH = hexConstant('e4073cffaef931d37117cefd9afd27ea0f1cad6a981dd2605c4a1ac97c519800')
const TEST_RESULT = hexConstant('d3539235ee2e6f8db665c0a72169f55b7f6c605712330b778ec3944f0eb5a557')

/** The self-test of a thread's start. */
export function ethashKernelPasses(open: (cacheBytes: number) => EthashKernel): boolean {
  const kernel = open(TEST_CACHE_BYTES)
  kernel.fill(new Uint8Array(HASH_BYTES))
  const { mixHash, result } = kernel.hashimoto(TEST_SEAL_HASH, new Uint8Array(NONCE_BYTES), TEST_DATASET_BYTES)
  return bytesEqual(mixHash, TEST_MIX_HASH) && bytesEqual(result, TEST_RESULT)
}
