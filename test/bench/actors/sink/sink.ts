import { defineActor } from '../../../../runtime/actor.ts'
import type { Item, SinkMessages } from './messages.ts'

export const sink = defineActor<SinkMessages>({
  name: 'sink',
  mailbox: { capacity: 16_384 },
  packed: { packed: { value: 'f64', pad: 'string' } },
  behavior() {
    let count = 0
    let sum = 0
    let padBytes = 0
    const take = ({ value, pad }: Item): void => {
      count++
      sum += value
      padBytes += pad.length
    }
    return {
      plain: take,
      packed: take,
      total() {
        const total = { count, sum, padBytes }
        count = sum = padBytes = 0
        return total
      },
      add: ({ a, b }) => a + b,
    }
  },
})
