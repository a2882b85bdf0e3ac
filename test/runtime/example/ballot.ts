import { defineActor } from '../../../runtime/actor.ts'
import type { BallotMessages } from './messages.ts'

export const ballot = defineActor<BallotMessages>({
  name: 'ballot',
  mailbox: { capacity: 256 },
  lossy: { question: { coalesce: '*' } },
  behavior(ctx) {
    let question = ''
    const votes = new Map<string, number>()
    return {
      vote({ on }) {
        if (on === '') throw new Error('nobody can count an empty vote') // a bug of the sender: the ballot restarts
        votes.set(on, (votes.get(on) ?? 0) + 1)
      },
      question({ text }) {
        ctx.log.info('New question', { text, votes: votes.size })
        question = text
        votes.clear()
      },
      result: () => ({ question, votes }),
    }
  },
})
