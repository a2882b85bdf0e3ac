import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EventQueue } from '../../../runtime/simulation/event-queue.ts'

test('gives events by time, without the cancelled ones', () => {
  const events = fc.array(fc.record({ at: fc.nat(50), cancelled: fc.boolean() }))
  fc.assert(
    fc.property(events, (pushed) => {
      const queue = new EventQueue()
      for (const { at, cancelled } of pushed) queue.push({ at, cancelled, label: '', action: () => undefined })
      const popped: number[] = []
      for (let event = queue.pop(); event !== undefined; event = queue.pop()) popped.push(event.at)
      const left = pushed.filter(({ cancelled }) => !cancelled).map(({ at }) => at)
      expect(popped).toEqual(left.sort((a, b) => a - b))
    }),
  )
})
