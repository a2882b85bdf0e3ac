import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseAddress } from '../../../protocols/ip/address.ts'
import { samePrefix } from '../../../protocols/ip/network.ts'
import { subnetLimit } from '../../../protocols/ip/subnet-limit.ts'

const address = (text: string): Uint8Array => {
  const parsed = parseAddress(text)
  if (!parsed.ok) throw new Error(text)
  return parsed.value
}

test('takes two addresses of a /15, and another when one is gone (geth, TestDistinctNetSet)', () => {
  const set = subnetLimit(15, 2)
  expect(
    ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.32.0.1', '127.32.0.2', '127.32.0.3', '127.33.0.1', '127.34.0.1'].map(
      (text) => set.add(address(text)),
    ),
  ).toEqual([true, true, false, true, true, false, false, true])
  set.remove(address('127.0.0.1'))
  expect(set.add(address('127.0.0.3'))).toBe(true)
  expect(set.add(address('127.0.0.3'))).toBe(false)
  expect(set.size).toBe(5)
})

test('keeps the families apart', () => {
  const set = subnetLimit(24, 1)
  expect(set.add(address('1.2.3.4'))).toBe(true)
  expect(set.add(address('102:300::'))).toBe(true)
  expect(set.has(address('1.2.3.9'))).toBe(true)
  expect(set.has(address('1.2.4.9'))).toBe(false)
})

test('taking out what is not in it is a bug', () => {
  expect(() => subnetLimit(24, 1).remove(address('1.2.3.4'))).toThrow('not counted')
})

test('counts as a list would', () => {
  const few = fc.array(fc.constantFrom(0, 64, 128, 255), { minLength: 4, maxLength: 4 }).map((b) => Uint8Array.from(b))
  fc.assert(
    fc.property(fc.array(few, { maxLength: 30 }), fc.integer({ min: 0, max: 32 }), (addresses, bits) => {
      const set = subnetLimit(bits, 3)
      const taken: Uint8Array[] = []
      for (const one of addresses) {
        const room = taken.filter((other) => samePrefix(one, other, bits)).length < 3
        expect(set.add(one)).toBe(room)
        if (room) taken.push(one)
        expect(set.size).toBe(taken.length)
      }
      for (const one of taken) set.remove(one)
      expect(set.size).toBe(0)
    }),
  )
})
