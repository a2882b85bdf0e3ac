import fc from 'fast-check'
import { compress, uncompress } from 'snappyjs'
import { describe, expect, test } from 'vitest'
import { type SnappyKernel, snappyKernel, snappyKernelPasses } from '../../../protocols/kernels/snappy-kernel.ts'
import { seededRandom } from '../../../runtime/simulation/random.ts'
import { buildsOf } from './builds.ts'

const builds = await buildsOf('snappy')
/** Longer than a byte, a block and two blocks; few letters, so that there is much to find. */
const lengths = fc.oneof(fc.nat(80), fc.nat(3_000), fc.integer({ min: 65_500, max: 65_560 }), fc.nat(140_000))
const alphabets = fc.constantFrom(1, 2, 4, 20, 256)

function text(seed: string, length: number, letters: number): Uint8Array {
  const random = seededRandom(seed)
  const bytes = random.bytes(length).map((byte) => byte % letters)
  // Repetitions from far and near, of any length.
  for (let left = random.integer(6); left > 0 && length > 0; left--) {
    const from = random.integer(length)
    bytes.copyWithin(random.integer(length), from, from + random.integer(length))
  }
  return bytes
}
const isSame = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

test('a plain build is among them, for processors without SIMD', () => {
  expect(builds.map(([build]) => build)).toContain('plain')
})

describe.each(builds)('%s', (_build, module) => {
  const kernel: SnappyKernel = snappyKernel(module)

  test('passes its self-test', () => expect(snappyKernelPasses(kernel)).toBe(true))

  test('snappyjs inflates what it deflates, to nearly the size of its own', () => {
    fc.assert(
      fc.property(fc.string(), lengths, alphabets, (seed, length, letters) => {
        const plain = text(seed, length, letters)
        const compressed = kernel.deflate(plain)
        expect(isSame(uncompress(compressed), plain)).toBe(true)
        expect(compressed.length).toBeLessThanOrEqual(1.05 * compress(plain).length + 32)
        expect(compressed.buffer.byteLength).toBe(compressed.length)
      }),
      { numRuns: 150 },
    )
  })

  test('bytes that nothing can be done about grow by their literals only', () => {
    for (const length of [0, 1, 16, 17, 60, 61, 256, 257, 65_535, 65_536, 65_537, 131_072]) {
      const plain = seededRandom(`noise ${length}`).bytes(length)
      const compressed = kernel.deflate(plain)
      expect(isSame(uncompress(compressed), plain)).toBe(true)
      expect(compressed.length).toBeLessThanOrEqual(length + length / 6 + 8)
    }
  })

  test('what came before does not shine through', () => {
    const plain = text('again', 5_000, 4)
    const alone = snappyKernel(module).deflate(plain)
    kernel.deflate(text('before', 65_536, 256))
    expect(isSame(kernel.deflate(plain), alone)).toBe(true)
  })
})

test('a kernel that computes something else does not pass', () => {
  expect(snappyKernelPasses({ deflate: (bytes) => bytes })).toBe(false)
})
