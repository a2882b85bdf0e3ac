import { keccak_256 } from '@noble/hashes/sha3.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keccakKernel, keccakKernelPasses } from '../../../protocols/kernels/keccak-kernel.ts'
import { buildsOf } from './builds.ts'

/** Bytes that the kernel takes at once. */
const INPUT_BYTES = 482 * 136
const LENGTHS = Array.from({ length: 601 }, (_, length) => length)
/** `length` bytes that begin at `offset` in a larger buffer. */
const bytesAt = (offset: number, length: number): Uint8Array =>
  Uint8Array.from({ length: offset + length + 3 }, (_, i) => 31 * i + length).subarray(offset, offset + length)
const split = (digests: Uint8Array): Uint8Array[] =>
  Array.from({ length: digests.length / 32 }, (_, i) => digests.slice(32 * i, 32 * i + 32))
const messages = fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 40 })

const builds = await buildsOf('keccak')
test('there are both builds', () => expect(builds.map(([build]) => build)).toEqual(['simd', 'plain']))

describe.each(builds)('%s', (_build, module) => {
  const kernel = keccakKernel(module)

  test('passes its self-test, which a kernel that is wrong does not', () => {
    expect(keccakKernelPasses(kernel)).toBe(true)
    const wrong = { ...kernel, hashBatch: (all: readonly Uint8Array[]) => new Uint8Array(32 * all.length) }
    expect(keccakKernelPasses(wrong)).toBe(false)
  })

  test('all lengths from 0 to 600 at all alignments', () => {
    for (const length of LENGTHS) {
      const expected = keccak_256(bytesAt(0, length))
      for (let offset = 0; offset < 8; offset++) {
        // The bytes depend on the place, so each alignment is copied from the first.
        const place = new Uint8Array(offset + length)
        place.set(bytesAt(0, length), offset)
        if (Buffer.compare(kernel.hash(place.subarray(offset)), expected) !== 0)
          throw new Error(`${length} bytes at ${offset}`)
      }
    }
  })

  test('messages around and beyond what the kernel takes at once', () => {
    for (const length of [-137, -136, -135, -1, 0, 1, 135, 136, INPUT_BYTES, INPUT_BYTES + 77]) {
      const message = bytesAt(1, INPUT_BYTES + length)
      expect(kernel.hash(message)).toEqual(keccak_256(message))
      expect(split(kernel.hashBatch([message, Uint8Array.of(1), message]))).toEqual(
        [message, Uint8Array.of(1), message].map((one) => keccak_256(one)),
      )
      expect(kernel.stream().update(message).digest()).toEqual(keccak_256(message))
    }
  })

  test('a batch of all lengths, and of more messages than go into one', () => {
    const all = LENGTHS.map((length) => bytesAt(length % 8, length))
    expect(split(kernel.hashBatch(all))).toEqual(all.map((one) => keccak_256(one)))
    const short = Array.from({ length: 1500 }, (_, i) => bytesAt(i % 8, i % 40))
    expect(split(kernel.hashBatch(short))).toEqual(short.map((one) => keccak_256(one)))
    expect(kernel.hashBatch([])).toEqual(new Uint8Array(0))
  })

  test('any batch is what its messages are one by one, written where the caller says', () =>
    fc.assert(
      fc.property(messages, (all) => {
        const digests = new Uint8Array(32 * all.length)
        expect(kernel.hashBatch(all, digests)).toBe(digests)
        expect(split(digests)).toEqual(all.map((one) => keccak_256(one)))
      }),
    ))

  test('a stream is the hash of its parts joined, whatever other streams take meanwhile', () =>
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(2), fc.uint8Array({ maxLength: 300 }))), (updates) => {
        const streams = [0, 1, 2].map(() => ({ ours: kernel.stream(), theirs: keccak_256.create() }))
        for (const [i, part] of updates) {
          const { ours, theirs } = streams[i]!
          expect(ours.update(part)).toBe(ours)
          theirs.update(part)
          expect(ours.digest()).toEqual(theirs.clone().digest())
          expect(ours.clone().update(part).digest()).toEqual(theirs.clone().update(part).digest())
          kernel.hash(part)
        }
        for (const { ours, theirs } of streams) expect(ours.digest()).toEqual(theirs.digest())
      }),
    ))

  test('digests are the caller’s', () => {
    const first = kernel.hash(Uint8Array.of(1))
    const copy = first.slice()
    kernel.hash(Uint8Array.of(2))
    kernel.hashBatch([Uint8Array.of(3)])
    kernel.stream().update(Uint8Array.of(4)).digest()
    expect(first).toEqual(copy)
    expect(first.buffer.byteLength).toBe(32)
  })
})
