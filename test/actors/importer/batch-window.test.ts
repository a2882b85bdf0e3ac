import { expect, test } from 'vitest'
import { batchWindow } from '../../../actors/importer/batch-window.ts'
import type { AskFailure } from '../../../runtime/actor.ts'
import { err, ok } from '../../../runtime/result.ts'
import { answer } from './rig.ts'

const DOWN: AskFailure = { code: 'ACTOR_DOWN', outcome: 'NOT_DONE', actor: 'chain', kind: 'importBlocks' }
const refused = answer(0, 0, 1n, { number: 2n, hash: new Uint8Array(32), fault: { code: 'BLOCK_BAD' } })

test('answers are taken in the order of the file, whatever order they come in', () => {
  const window = batchWindow()
  const [a, b] = [window.add([], 10), window.add([], 20)]
  window.settle(b.id, ok(answer(2, 0, 2n)))
  expect(window.next()).toBeUndefined()
  window.settle(a.id, ok(answer(1, 0, 1n)))
  expect(window.next()).toMatchObject({ type: 'answered', endOffset: 10, answer: { imported: 1 } })
  expect(window.next()).toMatchObject({ type: 'answered', endOffset: 20, answer: { imported: 2 } })
  expect(window.next()).toBeUndefined()
  expect(window.size()).toBe(0)
})

test('a lost batch is sent again with what was refused behind it, once nothing is on its way', () => {
  const window = batchWindow()
  const [a, b, c] = [window.add([], 1), window.add([], 2), window.add([], 3)]
  window.settle(a.id, err(DOWN))
  window.settle(b.id, ok(refused))
  expect(window.next()).toBeUndefined()
  window.settle(c.id, err(DOWN))
  expect(window.next()).toEqual({ type: 'lost', failure: DOWN })
  const again = window.resend()
  expect(again.map(({ endOffset }) => endOffset)).toEqual([1, 2, 3])
  expect(new Set([...again, a, b, c].map(({ id }) => id)).size).toBe(6)
  window.settle(a.id, ok(refused))
  expect(window.next()).toBeUndefined()
})

test('what was answered behind a lost batch is not sent again', () => {
  const window = batchWindow()
  const [a, b] = [window.add([], 1), window.add([], 2)]
  window.settle(a.id, err(DOWN))
  window.settle(b.id, ok(answer(1, 0, 2n)))
  expect(window.resend().map(({ endOffset }) => endOffset)).toEqual([1])
})

test('dropping leaves only what is on its way', () => {
  const window = batchWindow()
  const [a, b] = [window.add([], 1), window.add([], 2)]
  window.settle(a.id, err(DOWN))
  window.drop()
  expect(window.size()).toBe(1)
  window.settle(b.id, ok(refused))
  window.drop()
  expect(window.size()).toBe(0)
})
