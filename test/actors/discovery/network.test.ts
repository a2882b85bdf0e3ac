/** 50 nodes, of whom a third is cut off for a minute and a third dies (test/soak has 200 of 200). */
import { expect, test } from 'vitest'
import { networkRun } from './network.ts'

const NODES = 50
/** The long runs wait until nobody knows a dead node. */
const DEAD_SHARE_MAX = 0.05
/** A machine with other work is slow. */
const TIMEOUT_MS = 120_000

test.each(['one', 'two', 'three'])(
  'a network of the seed %s finds itself, and forgets its dead',
  async (seed) => {
    const run = await networkRun(seed, NODES, DEAD_SHARE_MAX)
    expect(run.foundLeast).toBeGreaterThanOrEqual(0.9)
  },
  TIMEOUT_MS,
)

test(
  'the same seed gives the same run, and another one another',
  async () => {
    const [first, second] = [await networkRun('again', 12), await networkRun('again', 12)]
    expect(second).toEqual(first)
    expect((await networkRun('other', 12)).hash).not.toBe(first.hash)
  },
  TIMEOUT_MS,
)

test(
  'so it is with signatures of the curve',
  async () => {
    const run = await networkRun('curve', 6, 0, true)
    expect(run).toMatchObject({ foundLeast: 1 })
  },
  TIMEOUT_MS,
)
