import { actorModule, defineActor } from '../../../../runtime/actor.ts'
import type { Ref } from '../../../../runtime/messages.ts'
import { note } from '../journal.ts'
import type { ProbeDeps, ProbeMessages } from '../probe/messages.ts'
import type { FamilyDeps, FamilyMessages } from './messages.ts'

/** More restarts than this within the window fail the family itself. */
export const FAMILY_RESTARTS_MAX = 2

export const family = defineActor<FamilyMessages, FamilyDeps>({
  name: 'family',
  mailbox: { capacity: 64 },
  supervision: {
    strategy: 'one_for_one',
    restartsMax: FAMILY_RESTARTS_MAX,
    windowMs: 60_000,
    backoff: { minMs: 1, maxMs: 5, jitter: 0.2 },
  },
  async behavior(ctx, { journal, code, threads }) {
    note(journal, code)
    ctx.own({ close: () => note(journal, -code) })
    const children: Ref<ProbeMessages>[] = []
    for (const [i, thread] of threads.entries()) {
      const child = ctx.spawn<ProbeMessages, ProbeDeps>({
        name: `child-${i + 1}`,
        actor: actorModule(new URL('../probe/probe.ts', import.meta.url), 'probe'),
        deps: { journal, code: code + i + 1 },
        thread,
      })
      await child.started
      children.push(child.ref)
    }
    return {
      children: () => children,
      lives: () => ctx.incarnation,
      die({ how }) {
        if (how === 'exit') process.exit(3)
        throw new Error('told to throw')
      },
    }
  },
})
