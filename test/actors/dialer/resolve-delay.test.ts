import { expect, test } from 'vitest'
import { mayResolve, type ResolveDelay, resolvedAt } from '../../../actors/dialer/resolve-delay.ts'

test('a node that is not found is looked for after 1, 2, 4 … minutes, at most after an hour', () => {
  let last: ResolveDelay | undefined
  let now = 0
  const delays: number[] = []
  for (let attempt = 0; attempt < 9; attempt++) {
    expect(mayResolve(last, now)).toBe(true)
    last = resolvedAt(last, now, false)
    expect(mayResolve(last, now + last.delayMs - 1)).toBe(false)
    delays.push(last.delayMs / 60_000)
    now += last.delayMs
  }
  expect(delays).toEqual([2, 4, 8, 16, 32, 60, 60, 60, 60])
})

test('one that is found is looked for after a minute again', () => {
  const last = resolvedAt({ at: 0, delayMs: 3_600_000 }, 10, true)
  expect([mayResolve(last, 60_009), mayResolve(last, 60_010)]).toEqual([false, true])
})
