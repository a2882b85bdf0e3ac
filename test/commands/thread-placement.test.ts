import { expect, test } from 'vitest'
import { placementOf, poolThreadsOf } from '../../commands/thread-placement.ts'
import { threadsOf } from '../../runtime/placement.ts'

const threads = (...args: Parameters<typeof placementOf>) => {
  const placed = placementOf(...args)
  return placed.ok ? threadsOf(placed.value) : placed.error
}

test('each preset has its threads', () => {
  expect(threads({ preset: 'isolated', threads: {} })).toEqual([
    'pool',
    'storage',
    'chain',
    'trie',
    'sealer',
    'rpc',
    'importer',
  ])
  expect(threads({ preset: 'compact', threads: {} })).toEqual(['pool', 'chain', 'trie', 'net', 'sync'])
  expect(threads({ preset: 'inline', threads: {} })).toEqual([])
})
test('the pool has as many threads as configured, by default as many as cores, and inline none', () => {
  expect(poolThreadsOf({ preset: 'compact', poolThreads: 0 }, 4)).toBe(4)
  expect(poolThreadsOf({ preset: 'isolated', poolThreads: 3 }, 4)).toBe(3)
  expect(poolThreadsOf({ preset: 'inline', poolThreads: 3 }, 4)).toBe(0)
})
test('what is not started has no thread', () => {
  expect(threads({ preset: 'compact', threads: {} }, ['rpc', 'importer'])).toEqual(['pool', 'chain', 'trie'])
})
test('committers that work in parallel have a thread each, unless all are sent elsewhere', () => {
  const trieThreads = (...args: Parameters<typeof threads>) =>
    [...threads(...args)].filter((name) => name.startsWith('trie') || name === 'other')
  expect(trieThreads({ preset: 'compact', threads: {}, committers: 2 })).toEqual(['trie-0', 'trie-1'])
  expect(trieThreads({ preset: 'isolated', threads: {}, committers: 16 })).toHaveLength(16)
  const some = { 'chain/trie-committer-1': 'other' }
  expect(trieThreads({ preset: 'compact', threads: some, committers: 2 })).toEqual(['trie-0', 'other'])
  const all = { 'chain/trie-committer-*': 'other' }
  expect(trieThreads({ preset: 'compact', threads: all, committers: 4 })).toEqual(['other'])
  expect(trieThreads({ preset: 'inline', threads: {}, committers: 4 })).toEqual([])
})
test('single actors go elsewhere, all committers together or one by its number', () => {
  const placed = placementOf({
    preset: 'inline',
    threads: { 'chain/trie-committer-1': 'b', 'chain/trie-committer-*': 'a', rpc: 'net' },
    committers: 16,
  })
  expect(placed).toMatchObject({
    ok: true,
    value: { 'chain/trie-committer-0': 'a', 'chain/trie-committer-1': 'b', 'chain/trie-committer-15': 'a', rpc: 'net' },
  })
})
test('an actor that there is not is refused by its name', () => {
  expect(threads({ preset: 'compact', threads: { imprter: 'x' } })).toBe(
    'runtime.threads: no actor "imprter" (did you mean importer?)',
  )
  expect(threads({ preset: 'compact', threads: { 'chain/trie-committer-16': 'x' } })).toContain('no actor')
})
