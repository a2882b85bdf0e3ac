import { defineActor } from '../../../../runtime/actor.ts'
import type { Ref } from '../../../../runtime/messages.ts'
import type { RingMessages } from './messages.ts'

export const ring = defineActor<RingMessages>({
  name: 'ring',
  mailbox: { capacity: 8 },
  lossy: { back: 'drop-newest' },
  behavior(ctx) {
    let next: Ref<RingMessages> | undefined
    let kind: 'pass' | 'back' = 'pass'
    let taken = 0
    let sent = 0
    const take = ({ hops }: { hops: number }): void => {
      taken++
      if (next === undefined || hops === 0) return
      for (let copy = 0; copy < 2; copy++) ctx.tell(next, kind, { hops: hops - 1 })
      sent += 2
    }
    return {
      join(place) {
        next = place.next
        kind = place.closes ? 'back' : 'pass'
      },
      pass: take,
      back: take,
      counts: () => ({ taken, sent }),
    }
  },
})
