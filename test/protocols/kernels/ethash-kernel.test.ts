import { Ethash } from '@ethereumjs/ethash'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ethashKernel, ethashKernelPasses } from '../../../protocols/kernels/ethash-kernel.ts'
import { buildsOf } from './builds.ts'

/** Rows of small caches: a prime as in ethash, one that is none, the fewest. */
const ROWS = [251, 16, 2]
const DATASET_BYTES = 128 * 509

const builds = await buildsOf('ethash')
test('there are both builds', () => expect(builds.map(([build]) => build)).toEqual(['simd', 'plain']))

describe.each(builds)('%s', (_build, module) => {
  test('passes its self-test, which a kernel that is wrong does not', () => {
    expect(ethashKernelPasses((cacheBytes) => ethashKernel(module, cacheBytes))).toBe(true)
    expect(ethashKernelPasses(() => ethashKernel(module, 512))).toBe(false)
  })

  test.each(ROWS)('cache, dataset items and hashimoto of %i rows are those of @ethereumjs/ethash', (rows) => {
    const kernel = ethashKernel(module, 64 * rows)
    const oracle = new Ethash()
    const seed = Uint8Array.from({ length: 32 }, (_, i) => i + rows)
    kernel.fill(seed)
    expect(Buffer.from(kernel.cache)).toEqual(Buffer.concat(oracle.mkcache(64 * rows, seed)))
    for (const index of [0, 1, 2, 777, 16_777_215, 2 ** 31, 2 ** 32 - 1])
      expect(kernel.datasetItem(index)).toEqual(new Uint8Array(oracle.calcDatasetItem(index)))
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
    fc.assert(
      fc.property(bytes(32), bytes(8), (sealHash, nonce) => {
        const { mix, hash } = oracle.run(sealHash, nonce, DATASET_BYTES)
        expect(kernel.hashimoto(sealHash, nonce, DATASET_BYTES)).toEqual({
          mixHash: new Uint8Array(mix),
          result: new Uint8Array(hash),
        })
      }),
      { numRuns: 5 },
    )
  })

  test('a cache can be filled again, and instances do not know each other', () => {
    const first = ethashKernel(module, 1024)
    const second = ethashKernel(module, 2048)
    first.fill(new Uint8Array(32))
    const before = first.cache.slice()
    second.fill(new Uint8Array(32).fill(1))
    first.fill(new Uint8Array(32).fill(2))
    expect(first.cache).not.toEqual(before)
    first.fill(new Uint8Array(32))
    expect(first.cache).toEqual(before)
  })

  test('inputs of another size are a bug', () => {
    const kernel = ethashKernel(module, 1024)
    expect(() => kernel.fill(new Uint8Array(31))).toThrow(RangeError)
    expect(() => kernel.hashimoto(new Uint8Array(32), new Uint8Array(7), DATASET_BYTES)).toThrow(RangeError)
    expect(() => kernel.hashimoto(new Uint8Array(33), new Uint8Array(8), DATASET_BYTES)).toThrow(RangeError)
  })

  test('more memory than there is is refused', () => {
    expect(() => ethashKernel(module, 2 ** 32 - 64)).toThrow(RangeError)
  })
})
