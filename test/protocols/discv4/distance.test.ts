import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BUCKETS, bucketIndex, closest, compareDistance, logDistance } from '../../../protocols/discv4/distance.ts'
import { bytesToHex } from '../../../protocols/hex.ts'

const id = fc.uint8Array({ minLength: 32, maxLength: 32 })
/** Ids that share their first bytes, so that near distances come up. */
const pair = fc
  .tuple(id, id, fc.nat(32))
  .map(([a, b, shared]) => [a, Uint8Array.from(b, (byte, i) => (i < shared ? a[i]! : byte))] as const)
const xor = (a: Uint8Array, b: Uint8Array): bigint => BigInt(bytesToHex(a.map((byte, i) => byte ^ b[i]!)))

test('the logarithmic distance is the number of bits of the distance', () => {
  fc.assert(
    fc.property(pair, ([a, b]) => {
      const distance = xor(a, b)
      expect(logDistance(a, b)).toBe(distance === 0n ? 0 : distance.toString(2).length)
      expect(logDistance(b, a)).toBe(logDistance(a, b))
      expect(logDistance(a, a)).toBe(0)
    }),
  )
})

test('distances compare as numbers', () => {
  fc.assert(
    fc.property(id, pair, (target, [a, b]) => {
      const difference = xor(target, a) - xor(target, b)
      expect(Math.sign(compareDistance(target, a, b))).toBe(difference < 0n ? -1 : difference > 0n ? 1 : 0)
    }),
  )
})

describe('the bucket', () => {
  const self = new Uint8Array(32)
  const idAt = (distance: number): Uint8Array => {
    const bytes = new Uint8Array(32)
    if (distance > 0) bytes[32 - Math.ceil(distance / 8)] = 1 << ((distance - 1) % 8)
    return bytes
  }
  test.each([
    [0, 0],
    [1, 0],
    [239, 0],
    [240, 0],
    [241, 1],
    [255, 15],
    [256, 16],
  ])('of distance %i is %i', (distance, bucket) => {
    expect(logDistance(self, idAt(distance))).toBe(distance)
    expect(bucketIndex(self, idAt(distance))).toBe(bucket)
    expect(bucket).toBeLessThan(BUCKETS)
  })
})

test('the closest are those that sorting gives', () => {
  fc.assert(
    fc.property(id, fc.uniqueArray(id, { selector: bytesToHex, maxLength: 40 }), fc.nat(20), (target, ids, max) => {
      const nodes = ids.map((bytes) => ({ id: bytes }))
      const sorted = nodes.toSorted((a, b) => (xor(target, a.id) < xor(target, b.id) ? -1 : 1))
      expect(closest(target, nodes, max)).toEqual(sorted.slice(0, max))
    }),
  )
})
