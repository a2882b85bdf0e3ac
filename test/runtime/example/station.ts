import { actorModule, type Context, defineActor } from '../../../runtime/actor.ts'
import type { Ref } from '../../../runtime/messages.ts'
import { startSystem } from '../../../runtime/system.ts'
import type { BallotMessages } from './messages.ts'

/** The root of the tree: it supervises the ballot and accepts nothing itself. */
type StationMessages = Record<never, never>
export type StationDeps = { opened(ctx: Context<StationMessages>, ballot: Ref<BallotMessages>): void }

/** By its module, because a thread loads compiled files and never gets a closure. */
const ballot = actorModule<BallotMessages>(new URL('./ballot.ts', import.meta.url), 'ballot')

const station = defineActor<StationMessages, StationDeps>({
  name: 'station',
  mailbox: { capacity: 16 },
  async behavior(ctx, { opened }) {
    const { ref, started } = ctx.spawn({ name: 'ballot', actor: ballot, deps: undefined })
    const up = await started
    if (!up.ok) throw new Error(up.error.detail)
    opened(ctx, ref)
    return {}
  },
})

/** @param thread where the ballot runs: `main`, or a worker that is started for it */
export const openStation = (thread: string, deps: StationDeps) =>
  startSystem({
    root: station,
    deps,
    placement: { ballot: thread },
    log: { verbosity: 0, format: 'terminal', colour: false },
  })
