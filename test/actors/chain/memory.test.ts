import { expect, test } from 'vitest'
import { longImport } from './long-import.ts'

const BLOCKS = 10_000
const CACHE_MB = 32
/** What the process may take beside its caches: code, threads, blocks on their way. */
const REST_MB = 300

test(`the import of a file of ${BLOCKS} blocks stays under its caches and ${REST_MB} MB`, {
  timeout: 120_000,
}, async () => {
  const { peakBytes } = await longImport(BLOCKS, 'memory', CACHE_MB)
  if (process.platform !== 'linux') return
  expect(peakBytes).toBeGreaterThan(0)
  expect(peakBytes / 1024 / 1024).toBeLessThan(CACHE_MB + REST_MB)
})
