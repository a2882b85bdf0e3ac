/** Who owns which nibbles of the state trie's root: ranges as even as they can be. */
import { NIBBLES } from '../trie/split-root.ts'

/** First nibble of owner `index` of `count`, at most `NIBBLES`; that of the next one ends its range. */
export const firstNibble = (index: number, count: number): number => Math.floor((index * NIBBLES) / count)

/** By nibble. */
export const nibbleOwners = (count: number): readonly number[] =>
  Array.from({ length: NIBBLES }, (_, nibble) => {
    let owner = 0
    while (firstNibble(owner + 1, count) <= nibble) owner++
    return owner
  })
