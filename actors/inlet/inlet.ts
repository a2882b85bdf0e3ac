/** Asks a session for its messages and tells them to who speaks their capability. */
import { DisconnectReason } from '../../protocols/devp2p/disconnect.ts'
import { defineActor } from '../../runtime/actor.ts'
import type { SessionEnd } from '../session/messages.ts'
import type { InletDeps, InletInflow, InletMessages } from './messages.ts'

/** A session answers within 45 s if it is alive (`INFLOW_POLL_MS` and a ping's period). */
const ASK_MS = 120_000
/** Below this many bytes a copy is cheaper than giving the buffer away (design, section 3). */
const TRANSFER_BYTES_MIN = 32 * 1024

export const inlet = defineActor<InletMessages, InletDeps>({
  name: 'inlet',
  mailbox: { capacity: 16 },
  flightRecords: 16,
  behavior(ctx, { session, peer, handlers }) {
    const byCapability = new Map(handlers.map(({ running, handler }) => [running.name, handler]))

    function ask(): void {
      ctx.pipe(ctx.ask(session, 'takeMessages', undefined, { deadlineMs: ASK_MS }), 'came', (settled): InletInflow => {
        if (settled.ok && settled.value.ok) return settled.value.value
        return { messages: [], end: { code: 'FAILED' } }
      })
    }

    function over(end: SessionEnd): void {
      // Where the session is not over but did not answer, it is now.
      ctx.tell(session, 'disconnect', { reason: DisconnectReason.subprotocolError })
      for (const { running, handler } of handlers)
        ctx.tell(handler, 'peerDown', { session: peer.session, capability: running.name, end })
      ctx.end()
    }

    if (ctx.incarnation > 1) {
      // What the life before had in hand is lost: the protocols could not go on with this session.
      over({ code: 'FAILED' })
    } else {
      for (const { running, handler } of handlers) {
        const { name: capability, version } = running
        ctx.tell(handler, 'peerUp', { ...peer, capability, version, peer: session })
      }
      ask()
    }

    return {
      came({ messages, end }) {
        for (const { capability, code, payload } of messages) {
          const handler = byCapability.get(capability)
          if (handler === undefined) continue
          const message = { session: peer.session, capability, code, payload }
          const isLarge = payload.length >= TRANSFER_BYTES_MIN
          ctx.tell(handler, 'message', message, isLarge ? { transfer: [payload.buffer as ArrayBuffer] } : {})
        }
        if (end === undefined) ask()
        else over(end)
      },
    }
  },
})
