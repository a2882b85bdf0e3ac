import { expect, test } from 'vitest'
import {
  cacheFileBytes,
  cacheFileName,
  decodeDigestFile,
  digestFileName,
  encodeDigestFile,
  epochsAmong,
} from '../../../protocols/ethash/cache-file.ts'

test('names and sizes are those of go-ethereum', () => {
  // Files that geth 1.10 leaves for epochs 0 and 1: the seed of epoch 1 is keccak256 of 32 zero bytes.
  expect(cacheFileName(0)).toBe('cache-R23-0000000000000000')
  expect(cacheFileName(1)).toBe('cache-R23-290decd9548b62a8')
  expect(digestFileName(1)).toBe('cache-R23-290decd9548b62a8.keccak256')
  expect(cacheFileBytes(0)).toBe(8 + 16_776_896)
})
test('finds the epochs among other names', () => {
  const names = [3, 0, 511].map(cacheFileName)
  expect(
    epochsAmong([...names, digestFileName(7), 'cache-R23-0123456789abcdef', 'full-R23-0000000000000000', 'x']),
  ).toEqual([0, 3, 511])
  expect(epochsAmong([])).toEqual([])
})
test('a digest is read as it was written, and nothing else is one', () => {
  const digest = Uint8Array.from({ length: 32 }, (_, i) => i * 7)
  const text = encodeDigestFile(digest)
  expect(text.length).toBe(65)
  expect(decodeDigestFile(text)).toEqual(digest)
  expect(decodeDigestFile(text.subarray(0, 63))).toBeUndefined()
  expect(decodeDigestFile(text.map((byte, i) => (i === 5 ? 0x78 : byte)))).toBeUndefined()
})
