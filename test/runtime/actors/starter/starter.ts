import { defineActor } from '../../../../runtime/actor.ts'
import { note } from '../journal.ts'
import type { StarterDeps, StarterMessages } from './messages.ts'

export const starter = defineActor<StarterMessages, StarterDeps>({
  name: 'starter',
  mailbox: { capacity: 64 },
  behavior(ctx, { starts, plan, journal }) {
    const nth = Atomics.add(new Int32Array(starts), 0, 1) + 1
    note(journal, nth)
    ctx.own({ close: () => note(journal, -nth) })
    const behavior = {
      ping: () => nth,
      fail() {
        throw new Error('told to fail')
      },
    }
    const waits = (ms: number) =>
      new Promise<typeof behavior>((resolve) => ctx.clock.schedule(ms, () => resolve(behavior)))
    switch (plan[Math.min(nth, plan.length) - 1] ?? 'ok') {
      case 'ok':
        return behavior
      case 'throws':
        throw new Error(`start ${nth} throws`)
      case 'rejects':
        return Promise.reject(new Error(`start ${nth} rejects`))
      case 'hangs':
        return new Promise<typeof behavior>(() => {})
      case 'takes 100 ms':
        return waits(100)
    }
  },
})
