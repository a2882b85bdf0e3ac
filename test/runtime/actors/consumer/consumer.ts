import { defineActor } from '../../../../runtime/actor.ts'
import type { ConsumerDeps, ConsumerMessages, Numbered, ProducerMessages } from './messages.ts'

/** Keys of `keyed` messages. */
const KEYS = 10

export const consumer = defineActor<ConsumerMessages, ConsumerDeps>({
  name: 'consumer',
  mailbox: { capacity: 64 },
  lossy: { newest: { coalesce: '*' }, keyed: { coalesce: 'key' }, first: 'drop-newest', latest: 'drop-oldest' },
  behavior(ctx, { spinMs }) {
    let count = 0
    let last = -1
    let disorders = 0
    const keys = new Map<string, number>()
    const take = ({ value }: Numbered): void => {
      const end = ctx.clock.monotonic() + spinMs
      while (ctx.clock.monotonic() < end);
      count++
      if (value <= last) disorders++
      last = value
    }
    return {
      every: take,
      newest: take,
      first: take,
      latest: take,
      keyed(message) {
        take(message)
        keys.set(message.key, message.value)
      },
      tally: () => ({ count, last, disorders, keys: [...keys].map(([key, value]) => `${key}:${value}`).sort() }),
    }
  },
})

export const producer = defineActor<ProducerMessages>({
  name: 'producer',
  mailbox: { capacity: 64 },
  behavior(ctx) {
    let produced = 0
    let busyMs = 0
    return {
      produce({ to, kind, from, count, step, load }) {
        const began = ctx.clock.monotonic()
        const end = Math.min(count, from + step)
        for (let value = from; value < end; value++) {
          const message = load > 0 ? { value, load: new Array<number>(load).fill(value + 0.5) } : { value }
          if (kind === 'keyed') ctx.tell(to, 'keyed', { ...message, key: `k${value % KEYS}` })
          else ctx.tell(to, kind, message)
        }
        produced = end
        busyMs += ctx.clock.monotonic() - began
        if (end < count) ctx.tell(ctx.self, 'produce', { to, kind, from: end, count, step, load })
      },
      produced: () => ({ count: produced, busyMs }),
    }
  },
})
