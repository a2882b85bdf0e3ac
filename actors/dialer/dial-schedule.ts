/**
 * The dial scheduler as a state and its events (geth p2p/dial.go): which nodes are dialled now, and why others are not. Two
 * kinds: dynamic candidates, tried once, and static nodes, dialled whenever they are not connected.
 */
import type { Node } from '../../protocols/enr/node.ts'
import { bytesToBareHex } from '../../protocols/hex.ts'
import { containsAny, type Network } from '../../protocols/ip/network.ts'
import { isUnspecified } from '../../protocols/ip/special-networks.ts'
import type { Dial, DialRefusal, NodeId } from './messages.ts'

/** Milliseconds in which a node is not dialled again: the 30 s of the remote's inbound throttle and 5 more. */
export const DIAL_HISTORY_MS = 35_000
/** Nodes in the history; while it is full no candidate is taken. */
export const DIAL_HISTORY_MAX = 16_384

export type DialSettings = {
  readonly self: NodeId
  readonly dialledMax: number
  readonly activeMax: number
  readonly restrict: readonly Network[] | undefined
}

export type DialSchedule = {
  readonly settings: DialSettings
  readonly statics: Map<NodeId, Node>
  /** Static nodes that may be dialled now. */
  readonly pool: NodeId[]
  readonly dialing: Map<NodeId, Dial>
  /** Whether each was dialled. */
  readonly peers: Map<NodeId, boolean>
  readonly pendingInbound: Map<NodeId, number>
  /** When each may be dialled again, the earliest first. */
  readonly history: Map<NodeId, number>
  dialledPeers: number
}

export const idOf = (node: Node): NodeId => bytesToBareHex(node.id)

export const dialSchedule = (settings: DialSettings): DialSchedule => ({
  settings,
  statics: new Map(),
  pool: [],
  dialing: new Map(),
  peers: new Map(),
  pendingInbound: new Map(),
  history: new Map(),
  dialledPeers: 0,
})

/** Dials that may be begun now: twice the peers that are missing, within the limit. May be negative. */
export const freeSlots = ({ settings, dialledPeers, dialing }: DialSchedule): number =>
  Math.min(2 * (settings.dialledMax - dialledPeers), settings.activeMax) - dialing.size

/** Why a node is not to be dialled; undefined where it may. */
export function checkDial(schedule: DialSchedule, node: Node): DialRefusal | undefined {
  const id = idOf(node)
  const { settings } = schedule
  const { ip, tcp } = node.endpoint
  if (id === settings.self) return 'SELF'
  if ((ip !== undefined || node.hostname !== undefined) && tcp === 0) return 'NO_PORT'
  if (schedule.dialing.has(id)) return 'DIALING'
  if (schedule.peers.has(id)) return 'CONNECTED'
  if (schedule.pendingInbound.has(id)) return 'PENDING_INBOUND'
  // A name shows its address when it is connected to, and is judged then.
  if (settings.restrict !== undefined && ip !== undefined && !containsAny(settings.restrict, ip)) return 'RESTRICTED'
  if (schedule.history.has(id)) return 'RECENT'
  return undefined
}

/** Begins to dial a candidate. @returns why not */
export function offerCandidate(schedule: DialSchedule, node: Node, now: number): DialRefusal | undefined {
  if (!hasAddress(node)) return 'NO_PORT'
  const refusal = checkDial(schedule, node)
  if (refusal !== undefined) return refusal
  if (schedule.history.size >= DIAL_HISTORY_MAX) return 'RECENT'
  begin(schedule, { node, isStatic: false }, now)
  return undefined
}

/** Begins to dial static nodes, chosen at random, as long as slots are free. @param below draws an integer from 0 */
export function startStatics(schedule: DialSchedule, now: number, below: (limit: number) => number): readonly Dial[] {
  const dials: Dial[] = []
  for (let free = freeSlots(schedule); free > 0 && schedule.pool.length > 0; free--) {
    const [id] = schedule.pool.splice(below(schedule.pool.length), 1)
    const dial = { node: schedule.statics.get(id!)!, isStatic: true }
    begin(schedule, dial, now)
    dials.push(dial)
  }
  return dials
}

/** A known one changes nothing. */
export function addStatic(schedule: DialSchedule, node: Node): void {
  const id = idOf(node)
  if (schedule.statics.has(id)) return
  schedule.statics.set(id, node)
  refill(schedule, id)
}

/** A dial of it that is under way goes on. */
export function removeStatic(schedule: DialSchedule, id: NodeId): void {
  schedule.statics.delete(id)
  takeFromPool(schedule, id)
}

/** What is known of a static node by now. */
export function updateStatic(schedule: DialSchedule, node: Node): void {
  const id = idOf(node)
  if (schedule.statics.has(id)) schedule.statics.set(id, node)
}

/** @returns false where no such dial was under way */
export function dialDone(schedule: DialSchedule, id: NodeId): boolean {
  const isKnown = schedule.dialing.delete(id)
  refill(schedule, id)
  return isKnown
}

export function peerAdded(schedule: DialSchedule, id: NodeId, isDialled: boolean): void {
  if (schedule.peers.has(id)) return
  schedule.peers.set(id, isDialled)
  if (isDialled) schedule.dialledPeers++
  takeFromPool(schedule, id)
}

export function peerRemoved(schedule: DialSchedule, id: NodeId): void {
  const isDialled = schedule.peers.get(id)
  if (isDialled === undefined) return
  schedule.peers.delete(id)
  if (isDialled) schedule.dialledPeers--
  refill(schedule, id)
}

/** Two ends that dial each other at once may each refuse the other's connection and lose both: one of them waits. */
export function inboundPending(schedule: DialSchedule, id: NodeId): void {
  schedule.pendingInbound.set(id, (schedule.pendingInbound.get(id) ?? 0) + 1)
  takeFromPool(schedule, id)
}

export function inboundSettled(schedule: DialSchedule, id: NodeId): void {
  const count = schedule.pendingInbound.get(id) ?? 0
  if (count > 1) schedule.pendingInbound.set(id, count - 1)
  else schedule.pendingInbound.delete(id)
  refill(schedule, id)
}

/** Forgets dials whose time is over. */
export function expireHistory(schedule: DialSchedule, now: number): void {
  for (const [id, until] of schedule.history) {
    if (until > now) break
    schedule.history.delete(id)
    refill(schedule, id)
  }
}

/** When the history has something to forget; undefined while it is empty. */
export function nextExpiry({ history }: DialSchedule): number | undefined {
  for (const until of history.values()) return until
  return undefined
}

/** Its address is known, or a name that stands for it: it can be dialled without being looked for. */
export const hasAddress = ({ endpoint, hostname }: Node): boolean =>
  hostname !== undefined || (endpoint.ip !== undefined && !isUnspecified(endpoint.ip))

function begin(schedule: DialSchedule, dial: Dial, now: number): void {
  const id = idOf(dial.node)
  // Behind all others, since all stay for the same time.
  schedule.history.delete(id)
  schedule.history.set(id, now + DIAL_HISTORY_MS)
  schedule.dialing.set(id, dial)
}

/** Back into the pool, if it is static and nothing is against it. */
function refill(schedule: DialSchedule, id: NodeId): void {
  const node = schedule.statics.get(id)
  if (node === undefined || schedule.pool.includes(id) || checkDial(schedule, node) !== undefined) return
  schedule.pool.push(id)
}

function takeFromPool({ pool }: DialSchedule, id: NodeId): void {
  const at = pool.indexOf(id)
  if (at >= 0) pool.splice(at, 1)
}
