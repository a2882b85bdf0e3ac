import { expect, test } from 'vitest'
import { createPacing, SLICE_CALLS, SLICE_MS, SLICE_WORK_MS } from '../../../actors/rpc/pacing.ts'

function rig() {
  const state = { isBehind: true, went: [] as number[] }
  let timers: (() => void)[] = []
  let asked = 0
  const clock = {
    schedule(delayMs: number, action: () => void) {
      expect(delayMs).toBe(SLICE_MS)
      timers.push(action)
      return { cancel() {} }
    },
  }
  const pacing = createPacing(clock, () => state.isBehind)
  return {
    state,
    pacing,
    timers: () => timers.length,
    ask(count: number) {
      for (let i = 0; i < count; i++) {
        const turn = pacing.turn()
        const number = asked++
        if (turn === undefined) state.went.push(number)
        else void turn.then(() => state.went.push(number))
      }
    },
    async pass() {
      const due = timers
      timers = []
      for (const fire of due) fire()
      await Promise.resolve()
    },
  }
}

test('while the chain is at its head nobody waits, and no timer runs', () => {
  const { state, pacing, timers, ask } = rig()
  state.isBehind = false
  ask(1000)
  expect([state.went.length, timers(), pacing.isSlow()]).toEqual([1000, 0, false])
})

test('while it is behind, calls go in the order they came, so many in a slice', async () => {
  const { state, timers, ask, pass } = rig()
  ask(SLICE_CALLS * 2 + 3)
  expect(state.went).toHaveLength(SLICE_CALLS)
  await pass()
  expect(state.went).toHaveLength(SLICE_CALLS * 2)
  ask(1)
  await pass()
  expect(state.went).toHaveLength(SLICE_CALLS * 2 + 4)
  expect(state.went.slice(0, SLICE_CALLS * 2 + 3)).toEqual(Array.from({ length: SLICE_CALLS * 2 + 3 }, (_, i) => i))
  await pass()
  expect(timers()).toBe(0)
})

test('long calls use a slice up early', async () => {
  const { state, pacing, ask, pass } = rig()
  ask(1)
  pacing.spent(SLICE_WORK_MS)
  ask(1)
  expect(state.went).toHaveLength(1)
  await pass()
  expect(state.went).toHaveLength(2)
})

test('all go as soon as the chain has caught up', async () => {
  const { state, ask, pass } = rig()
  ask(SLICE_CALLS * 5)
  state.isBehind = false
  await pass()
  expect(state.went).toHaveLength(SLICE_CALLS * 5)
})
