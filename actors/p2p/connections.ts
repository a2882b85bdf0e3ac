/** All connections by number: those that are being set up, and those of peers. */

import type { Capability } from '../../protocols/devp2p/capability.ts'
import type { Node } from '../../protocols/enr/node.ts'
import type { Connection, Millis, NetAddress } from '../../runtime/capabilities.ts'
import type { Ref } from '../../runtime/messages.ts'
import type { Dial } from '../dialer/messages.ts'
import type { SessionMessages, SessionStats } from '../session/messages.ts'

export type PeerFacts = {
  readonly node: Node
  readonly name: string
  readonly capabilities: readonly Capability[]
  readonly running: readonly Capability[]
  readonly local: NetAddress
  readonly remote: NetAddress
  readonly since: Millis
}

export type ConnectionEntry = {
  readonly number: number
  readonly since: Millis
  readonly ref: Ref<SessionMessages>
  readonly isInbound: boolean
  /** Whom we dialled. */
  readonly dial: Dial | undefined
  /** What came in, to be closed if its session does not start. */
  readonly accepted: Connection | undefined
  /** Set by the first checkpoint. */
  node: Node | undefined
  /** Set by the second: it is a peer. */
  peer: PeerFacts | undefined
  /** Told to go, to make room. */
  isDisplaced: boolean
  stats: SessionStats
}

/** Milliseconds that an inbound connection may be silent even if others want its place: more than a round trip to anywhere. */
export const SILENCE_MS = 500

const isPending = ({ peer, isDisplaced }: ConnectionEntry): boolean => peer === undefined && !isDisplaced

export const pendingOf = (entries: Iterable<ConnectionEntry>, isInbound: boolean): number =>
  [...entries].filter((entry) => entry.isInbound === isInbound && isPending(entry)).length

/**
 * The inbound connection that has shown nobody who it is for longest, and long enough. geth lets a new one wait for a place
 * instead, so that connections that never speak keep all others out for seconds.
 */
export function longestSilent(entries: Iterable<ConnectionEntry>, now: Millis): ConnectionEntry | undefined {
  for (const entry of entries)
    if (entry.isInbound && entry.node === undefined && isPending(entry))
      return now - entry.since >= SILENCE_MS ? entry : undefined
  return undefined
}
