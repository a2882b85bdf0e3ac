import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareBytes } from '../../../protocols/bytes.ts'
import { keccak256 } from '../../../protocols/keccak256.ts'
import { sortedRoot } from '../../../storage/trie/sorted-root.ts'
import { createTrie } from '../../../storage/trie/trie.ts'

/** Keys that share long beginnings, and values short enough for nodes that stand in their parents. */
const leaves = fc.uniqueArray(
  fc.tuple(
    fc.array(fc.constantFrom(0, 1, 0x10, 0xff), { minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 1, maxLength: 40 }),
  ),
  { selector: ([key]) => key.join(), maxLength: 60 },
)

test('is the root that a trie has', () =>
  fc.assert(
    fc.property(leaves, fc.boolean(), (entries, isHashed) => {
      const trie = createTrie({ read: () => undefined })
      const sorted = sortedRoot()
      const keyed = entries.map(([key, value]) => ({
        key: isHashed ? keccak256(Uint8Array.from(key)) : Uint8Array.from(key),
        value,
      }))
      for (const { key, value } of keyed) trie.insert(key, value)
      for (const { key, value } of keyed.sort((a, b) => compareBytes(a.key, b.key))) sorted.add(key, value)
      expect(sorted.root()).toEqual(trie.root())
    }),
  ))
test('keys out of order, or twice, are a bug', () => {
  const sorted = sortedRoot()
  sorted.add(Uint8Array.of(1, 2), Uint8Array.of(1))
  expect(() => sorted.add(Uint8Array.of(1, 1), Uint8Array.of(1))).toThrow('not in order')
  expect(() => sorted.add(Uint8Array.of(1, 2), Uint8Array.of(1))).toThrow('not in order')
})
