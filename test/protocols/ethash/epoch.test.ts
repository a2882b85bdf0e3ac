import { expect, test } from 'vitest'
import { cacheSize, datasetSize, EPOCH_MAX, epochOf, seedHash } from '../../../protocols/ethash/epoch.ts'
import { bytesToBareHex } from '../../../protocols/hex.ts'

/** go-ethereum, `consensus/ethash/algorithm_test.go`, and its tables of sizes. */
test.each([
  [0, 16_776_896, 1_073_739_904],
  [1, 16_907_456, 1_082_130_304],
  [2, 17_039_296, 1_090_514_816],
  [511, 83_753_536, 5_360_319_872],
  [2047, 285_081_536, 18_245_220_736],
])('the sizes of epoch %i', (epoch, cache, dataset) => {
  expect(cacheSize(epoch)).toBe(cache)
  expect(datasetSize(epoch)).toBe(dataset)
})

test('an epoch is 30,000 blocks', () => {
  expect([0n, 29_999n, 30_000n, 22_000_000n].map(epochOf)).toEqual([0, 0, 1, 733])
})

test('seeds are hashed once per epoch from zero', () => {
  expect([0, 1, 2].map((epoch) => bytesToBareHex(seedHash(epoch)))).toEqual([
    '00'.repeat(32),
    '290decd9548b62a8d60345a988386fc84ba6bc95484008f6362f93160ef3e563',
    '510e4e770828ddbf7f7b00ab00a9f6adaf81c0dc9cc85f1f8249c256942d61d9',
  ])
})

test('an epoch that no cache can be made for is a bug', () => {
  for (const epoch of [-1, 0.5, EPOCH_MAX + 1, Number.NaN]) expect(() => cacheSize(epoch)).toThrow(RangeError)
})
