import type { Capability, SpokenCapability } from '../../protocols/devp2p/capability.ts'
import type { Node, NodeTextError } from '../../protocols/enr/node.ts'
import type { Network } from '../../protocols/ip/network.ts'
import type { Millis, NetAddress } from '../../runtime/capabilities.ts'
import type { AnyRef, Ask, Lossy, Ref, Tell } from '../../runtime/messages.ts'
import type { Result } from '../../runtime/result.ts'
import type { Dial, DialerNeeds } from '../dialer/messages.ts'
import type { SessionLimits, SessionNeeds, SessionStats } from '../session/messages.ts'

/** The peer server: takes connections in, makes those that the dialer wants, and decides who is a peer. */
export type P2pMessages = SessionNeeds & {
  /** A node that is dialled for ever. Answered at once, not when it is connected. */
  addPeer: Ask<{ readonly url: string }, Result<void, NodeTextError>>
  /** No more dialled, and disconnected; answered when it is gone. */
  removePeer: Ask<{ readonly url: string }, Result<void, NodeTextError>>
  /** A node that is let in although there are enough peers. Nobody is dialled. */
  addTrustedPeer: Ask<{ readonly url: string }, Result<void, NodeTextError>>
  /** Nobody is disconnected. */
  removeTrustedPeer: Ask<{ readonly url: string }, Result<void, NodeTextError>>
  /** In the order of their ids. */
  peers: Ask<void, readonly PeerInfo[]>
  nodeInfo: Ask<void, NodeInfo>
  info: Ask<void, P2pInfo>
  /** An entry of the own record, encoded; undefined takes it out. */
  setEntry: Tell<{ readonly key: string; readonly value: Uint8Array | undefined }, Lossy<'coalesce'>>
  /** Where this node is seen from outside. @property ip 4 or 16 bytes */
  setAddress: Tell<{ readonly ip: Uint8Array; readonly tcp?: number; readonly udp?: number }, Lossy<'coalesce'>>
  /** To self: the dialer has dials, or is down; a session is down; a removed peer has had its time. */
  dialsCame: Tell<{ readonly dials: readonly Dial[] | undefined }>
  dialerDown: Tell<{ readonly path: string }>
  sessionDown: Tell<{ readonly path: string; readonly reason: { readonly code: string; readonly detail: string } }>
  removalOver: Tell
  /** To self: the own record is stored, or is not. */
  recordStored: Tell<{ readonly failure: string | undefined }>
}

/** What geth shows of a peer in `admin_peers`, and what `troupe peers` shows besides. */
export type PeerInfo = {
  readonly session: number
  /** 64 hexadecimal digits. */
  readonly id: string
  readonly enode: string
  /** Text form; where the peer's record is known. */
  readonly enr: string | undefined
  readonly name: string
  /** All that the peer offers. */
  readonly capabilities: readonly Capability[]
  /** What is spoken with it. */
  readonly running: readonly Capability[]
  readonly local: NetAddress
  readonly remote: NetAddress
  readonly isInbound: boolean
  readonly isTrusted: boolean
  readonly isStatic: boolean
  readonly since: Millis
  /** As of the last ping. */
  readonly stats: SessionStats
  /** Address of its `SessionMessages`, for who asks more (`info`): p2p waits for no session, sessions wait for it. */
  readonly ref: AnyRef
}

/** What geth shows in `admin_nodeInfo`, its protocols' own information apart. */
export type NodeInfo = {
  readonly id: string
  readonly name: string
  readonly enode: string
  readonly enr: string
  readonly ip: string
  readonly ports: { readonly discovery: number; readonly listener: number }
  /** `[::]:30303`; empty where nothing listens. */
  readonly listenAddress: string
  readonly capabilities: readonly Capability[]
}

/** Why there are as many peers as there are. */
export type P2pInfo = {
  readonly peers: number
  readonly inboundPeers: number
  readonly peersMax: number
  readonly inboundMax: number
  readonly dialledMax: number
  /** Connections that are being set up. */
  readonly pendingInbound: number
  readonly pendingDials: number
  /** Connections that were closed unread, by reason. */
  readonly turnedAway: { readonly [why in TurnedAway]: number }
  /** Sessions that ended, by how (`nameOfEnd`), before they were peers and after. */
  readonly setupEnds: { readonly [end: string]: number | undefined }
  readonly peerEnds: { readonly [end: string]: number | undefined }
}

export type TurnedAway =
  | 'RESTRICTED' // outside of `--netrestrict`
  | 'THROTTLED' // its host was here a moment ago
  | 'CROWDED' // too many connections are being set up
  | 'DISPLACED' // it said nothing while others wanted in

/** `drop` after the peer is gone, `add` after it is there. */
export type PeerEvent = {
  readonly type: 'add' | 'drop'
  readonly id: string
  readonly local: string
  readonly remote: string
  /** Of a drop: how the session ended. */
  readonly error?: string
}
export type PeerListener = { peerEvent: Tell<PeerEvent, Lossy<'drop-oldest'>> }

/** A capability and who speaks it. */
export type RegisteredProtocol = SpokenCapability & {
  /** Address of a `ProtocolHandlerNeeds` (`registeredProtocol`): p2p passes it on to inlets, and sends nothing there itself. */
  readonly handler: AnyRef
}

export type P2pDeps = {
  /** Secret, 32 bytes. */
  readonly nodeKey: Uint8Array
  readonly clientName: string
  /** Undefined: nobody can connect to us. */
  readonly listen: NetAddress | undefined
  readonly protocols: readonly RegisteredProtocol[]
  readonly settings: P2pSettings
  readonly staticNodes: readonly Node[]
  readonly trustedNodes: readonly Node[]
  /** Path of the file that keeps the own record and with it its number; undefined: it is new at each start. */
  readonly recordFile: string | undefined
  /** What the record says before anybody tells more: address, and port of discovery (0: none). */
  readonly ip: Uint8Array | undefined
  readonly udp: number
  readonly discovery: Ref<DialerNeeds> | undefined
  readonly listeners: readonly Ref<PeerListener>[]
  readonly sessionLimits?: Partial<SessionLimits>
}

export type P2pSettings = {
  readonly peersMax: number
  /** Inbound connections, and dials, that are being set up. */
  readonly pendingMax: number
  /** One peer of so many is dialled. */
  readonly dialRatio: number
  readonly mayDial: boolean
  readonly restrict: readonly Network[] | undefined
}
