import { expect, test } from 'vitest'
import { type StopSignal, signalCounter } from '../../commands/stop-signals.ts'

function script(steps: readonly (readonly [at: number, signal: StopSignal])[]) {
  let now = 0
  const action = signalCounter(() => now)
  return steps.map(([at, signal]) => {
    now = at
    return action(signal)
  })
}

test('the first stops, and its copy from the launcher is nothing', () => {
  expect(
    script([
      [0, 'SIGINT'],
      [299, 'SIGINT'],
      [299, 'SIGINT'],
    ]),
  ).toEqual([{ do: 'stop' }, { do: 'nothing' }, { do: 'warn', left: 8 }])
})
test('a second one of another kind, or later, is no copy', () => {
  expect(
    script([
      [0, 'SIGINT'],
      [1, 'SIGTERM'],
    ])[1],
  ).toEqual({ do: 'warn', left: 8 })
  expect(
    script([
      [0, 'SIGINT'],
      [300, 'SIGINT'],
    ])[1],
  ).toEqual({ do: 'warn', left: 8 })
})
test('the tenth ends at once', () => {
  const actions = script(Array.from({ length: 10 }, (_, i) => [i * 1000, 'SIGTERM']))
  expect(actions.slice(1, 9)).toEqual([8, 7, 6, 5, 4, 3, 2, 1].map((left) => ({ do: 'warn', left })))
  expect(actions[9]).toEqual({ do: 'exit' })
})
