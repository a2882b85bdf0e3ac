/** Runs the dial schedule: candidates in, dials out, each at the pace of who takes them. */
import type { Node } from '../../protocols/enr/node.ts'
import { defineActor, reentrant } from '../../runtime/actor.ts'
import type { Timer } from '../../runtime/capabilities.ts'
import {
  addStatic,
  dialDone,
  dialSchedule,
  expireHistory,
  freeSlots,
  hasAddress,
  idOf,
  inboundPending,
  inboundSettled,
  nextExpiry,
  offerCandidate,
  peerAdded,
  peerRemoved,
  removeStatic,
  startStatics,
  updateStatic,
} from './dial-schedule.ts'
import type { Dial, DialerDeps, DialerMessages, DialOutcome, DialRefusal, NodeId } from './messages.ts'
import { mayResolve, type ResolveDelay, resolvedAt } from './resolve-delay.ts'

/** Milliseconds in which an ask for dials is answered even if there are none. */
const DIALS_POLL_MS = 60_000
/** Milliseconds before discovery is asked again that had nothing. */
const CANDIDATES_REST_MS = 1_000
/** Milliseconds for an answer of discovery. */
const CANDIDATES_MS = 60_000
/** geth p2p/dial.go, `dialStatsLogInterval` and `dialStatsPeerLimit`. */
const LOOKING_MS = 10_000
const LOOKING_PEERS_MAX = 3

export const dialer = defineActor<DialerMessages, DialerDeps>({
  name: 'dialer',
  mailbox: { capacity: 256 },
  behavior(ctx, deps) {
    const schedule = dialSchedule(deps)
    /** Begun, and not taken yet; each has a slot, which bounds them. */
    const ready: Dial[] = []
    const resolveDelays = new Map<NodeId, ResolveDelay>()
    /** Static dials that have had their second try. */
    const retried = new Set<NodeId>()
    let taker: ((dials: readonly Dial[]) => void) | undefined
    let poll: Timer | undefined
    let historyTimer: Timer | undefined
    let restsUntil = 0
    let isAsking = false

    let dials = 0
    let candidates = 0
    let lookedAtDials = 0
    const refused = new Map<DialRefusal, number>()
    const outcomes: { [outcome in DialOutcome]: number } = { connect: 0, setup: 0, peer: 0 }

    function turn(): void {
      expireHistory(schedule, ctx.now())
      for (const dial of startStatics(schedule, ctx.now(), ctx.random.integer)) start(dial)
      const free = freeSlots(schedule)
      if (free > 0 && deps.discovery !== undefined && !isAsking && ctx.now() >= restsUntil) {
        isAsking = true
        const asked = ctx.ask(deps.discovery, 'candidates', { count: free }, { deadlineMs: CANDIDATES_MS })
        ctx.pipe(asked, 'candidatesCame', (settled) => ({
          nodes: settled.ok && settled.value.ok ? settled.value.value : undefined,
        }))
      }
      historyTimer?.cancel()
      const expiry = nextExpiry(schedule)
      if (expiry !== undefined) historyTimer = ctx.after(Math.max(1, expiry - ctx.now()), 'turn')
      give()
    }

    function start(dial: Dial): void {
      dials++
      if (hasAddress(dial.node)) ready.push(dial)
      else if (!resolve(dial.node)) done(idOf(dial.node), 'connect')
    }

    /** @returns false where nobody can be asked, or was a moment ago */
    function resolve(node: Node): boolean {
      const id = idOf(node)
      if (deps.discovery === undefined || !mayResolve(resolveDelays.get(id), ctx.now())) return false
      ctx.pipe(ctx.ask(deps.discovery, 'resolve', { node }), 'resolved', (settled) => ({
        id,
        node: settled.ok && settled.value.ok ? settled.value.value : undefined,
      }))
      return true
    }

    function done(id: NodeId, outcome: DialOutcome): void {
      retried.delete(id)
      if (dialDone(schedule, id)) outcomes[outcome]++
    }

    function give(): void {
      if (taker === undefined || ready.length === 0) return
      answer(ready.splice(0))
    }

    function answer(given: readonly Dial[]): void {
      poll?.cancel()
      taker?.(given)
      taker = undefined
    }

    ctx.every(LOOKING_MS, 'looking')

    return {
      begin({ statics, peers, dials: underWay }) {
        for (const dial of underWay) schedule.dialing.set(idOf(dial.node), dial)
        for (const { id, isDialled } of peers) peerAdded(schedule, id, isDialled)
        for (const node of statics) addStatic(schedule, node)
        turn()
      },
      addStatic({ node }) {
        addStatic(schedule, node)
        turn()
      },
      removeStatic({ id }) {
        removeStatic(schedule, id)
        resolveDelays.delete(id)
      },
      peerAdded: ({ id, isDialled }) => peerAdded(schedule, id, isDialled),
      peerRemoved({ id }) {
        peerRemoved(schedule, id)
        turn()
      },
      inboundPending: ({ id }) => inboundPending(schedule, id),
      inboundSettled({ id }) {
        inboundSettled(schedule, id)
        turn()
      },
      dialDone({ id, outcome }) {
        const dial = schedule.dialing.get(id)
        // What a static node says of itself may be old: it is looked for, and dialled once more in the same slot.
        const mayRetry = dial?.isStatic === true && outcome === 'connect' && !retried.has(id)
        if (mayRetry && resolve(dial.node)) retried.add(id)
        else done(id, outcome)
        turn()
      },
      resolved({ id, node }) {
        if (schedule.statics.has(id))
          resolveDelays.set(id, resolvedAt(resolveDelays.get(id), ctx.now(), node !== undefined))
        const dial = schedule.dialing.get(id)
        if (node !== undefined) updateStatic(schedule, node)
        if (dial !== undefined && node !== undefined && hasAddress(node)) ready.push({ ...dial, node })
        else done(id, 'connect')
        turn()
      },
      candidatesCame({ nodes }) {
        isAsking = false
        if (nodes === undefined || nodes.length === 0) {
          restsUntil = ctx.now() + CANDIDATES_REST_MS
          ctx.after(CANDIDATES_REST_MS, 'turn')
        }
        for (const node of nodes ?? []) {
          if (freeSlots(schedule) <= 0) break
          candidates++
          const refusal = offerCandidate(schedule, node, ctx.now())
          if (refusal === undefined) start({ node, isStatic: false })
          else refused.set(refusal, (refused.get(refusal) ?? 0) + 1)
        }
        turn()
      },
      takeDials: reentrant(
        () =>
          new Promise((resolve) => {
            answer([])
            taker = resolve
            poll = ctx.after(DIALS_POLL_MS, 'pollOver')
            give()
          }),
      ),
      state: () => ({
        freeSlots: freeSlots(schedule),
        dialing: schedule.dialing.size,
        statics: schedule.statics.size,
        dialledPeers: schedule.dialledPeers,
        peers: schedule.peers.size,
        dials,
        candidates,
        refused: Object.fromEntries(refused),
        outcomes: { ...outcomes },
      }),
      turn,
      looking() {
        const { dialledPeers, statics, peers } = schedule
        if (dialledPeers < Math.min(LOOKING_PEERS_MAX, deps.dialledMax))
          ctx.log.info('Looking for peers', {
            peercount: peers.size,
            tried: dials - lookedAtDials,
            static: statics.size,
          })
        lookedAtDials = dials
      },
      pollOver: () => answer([]),
    }
  },
})
