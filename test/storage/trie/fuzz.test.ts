import { expect, test } from 'vitest'
import { fuzzTrie } from './fuzz-run.ts'

const OPERATIONS = 100_000
/** Four seconds of processor time, most of them the peer's. */
const STRETCH = 4
/** For machines that others keep busy. */
const TIMEOUT_MS = 180_000

test(
  '100,000 random operations leave what they leave in @ethereumjs/mpt, and in a store nothing else',
  async () => {
    const counts = await fuzzTrie(OPERATIONS, 'ci', STRETCH)
    expect(counts.operations).toBe(OPERATIONS)
    // None of what is done was left out by chance.
    for (const [what, least] of [
      ['inserts', 30_000],
      ['deletes', 10_000],
      ['reads', 10_000],
      ['comparisons', 120],
      ['commits', 1_000],
      ['reopenings', 1_000],
      ['proofs', 300],
      ['missingNodes', 30],
    ] as const)
      expect(counts[what], what).toBeGreaterThan(least)
    expect(counts.peersMadeAnew).toBeLessThan(counts.comparisons / 4)
  },
  TIMEOUT_MS,
)
