/** Uniform numbers out of uniform 32-bit words; the same arithmetic for real and simulated randomness. */

const WORD = 2 ** 32
/** 2^-53: the spacing of doubles in [0.5, 1). */
const FLOAT_STEP = 2 ** -53

/** Uniform in [0, 1), 53 bits. */
export function uniformFloat(word: () => number): number {
  return uniform53(word) * FLOAT_STEP
}

/** Uniform in [0, below) without bias: words beyond the last whole multiple are drawn again. Throws unless 1 ≤ `below` ≤ 2^53. */
export function uniformInteger(word: () => number, below: number): number {
  if (!Number.isInteger(below) || below < 1 || below > 2 ** 53) throw new RangeError(`no integers below ${below}`)
  if (below === 1) return 0
  const [range, draw] = below <= WORD ? [WORD, word] : [2 ** 53, () => uniform53(word)]
  const limit = range - (range % below)
  for (;;) {
    const drawn = draw()
    if (drawn < limit) return drawn % below
  }
}

function uniform53(word: () => number): number {
  const high = word() >>> 5
  return high * 2 ** 26 + (word() >>> 6)
}
