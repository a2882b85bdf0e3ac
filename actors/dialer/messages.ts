import type { Node } from '../../protocols/enr/node.ts'
import type { Network } from '../../protocols/ip/network.ts'
import type { Ask, Ref, Tell } from '../../runtime/messages.ts'

/** Decides whom to connect to, and when. It connects nobody itself: who does asks it for its dials. */
export type DialerMessages = {
  /** What was known before: the first message, and again when the dialer has been restarted. */
  begin: Tell<DialerStart>
  /** Dialled for ever, whenever it is not connected. */
  addStatic: Tell<{ readonly node: Node }>
  removeStatic: Tell<{ readonly id: NodeId }>
  peerAdded: Tell<{ readonly id: NodeId; readonly isDialled: boolean }>
  peerRemoved: Tell<{ readonly id: NodeId; readonly isDialled: boolean }>
  /** An inbound connection has shown who it is, and is not a peer yet; it is not dialled meanwhile. */
  inboundPending: Tell<{ readonly id: NodeId }>
  inboundSettled: Tell<{ readonly id: NodeId }>
  /** A dial is over: its connection could not be made, was refused in its set-up, or is a peer. */
  dialDone: Tell<{ readonly id: NodeId; readonly outcome: DialOutcome }>
  /** The next dials as soon as there are some, none after `DIALS_POLL_MS`. Who takes them owes `dialDone` for each. */
  takeDials: Ask<void, readonly Dial[]>
  state: Ask<void, DialerState>
  /** To self: candidates have come. */
  candidatesCame: Tell<{ readonly nodes: readonly Node[] | undefined }>
  /** To self: a static node was looked for. */
  resolved: Tell<{ readonly id: NodeId; readonly node: Node | undefined }>
  /** To self: look again what may be dialled; say what is missing; answer who waits for dials. */
  turn: Tell
  looking: Tell
  pollOver: Tell
}

/** 64 hexadecimal digits. */
export type NodeId = string
export type DialOutcome = 'connect' | 'setup' | 'peer'
export type Dial = { readonly node: Node; readonly isStatic: boolean }

export type DialerStart = {
  readonly statics: readonly Node[]
  readonly peers: readonly { readonly id: NodeId; readonly isDialled: boolean }[]
  /** Under way. */
  readonly dials: readonly Dial[]
}

export type DialRefusal =
  | 'SELF'
  | 'NO_PORT' // it has an address and takes no connections
  | 'DIALING'
  | 'CONNECTED'
  | 'PENDING_INBOUND'
  | 'RESTRICTED' // outside of `--netrestrict`
  | 'RECENT' // dialled a moment ago

export type DialerState = {
  readonly freeSlots: number
  readonly dialing: number
  readonly statics: number
  readonly dialledPeers: number
  readonly peers: number
  /** Since the start: dials begun, candidates seen, and those refused by reason. */
  readonly dials: number
  readonly candidates: number
  readonly refused: { readonly [reason in DialRefusal]?: number }
  readonly outcomes: { readonly [outcome in DialOutcome]: number }
}

/** What the dialer asks of discovery. */
export type DialerNeeds = {
  /** Nodes to be tried, as they are found; may take its time, but answers within 30 s. @returns at most `count` */
  candidates: Ask<{ readonly count: number }, readonly Node[]>
  /** The newest that the network knows of a node; undefined where nobody knows more than `node` says. */
  resolve: Ask<{ readonly node: Node }, Node | undefined>
}

export type DialerDeps = {
  readonly self: NodeId
  /** Peers of ours that we dialled, static ones included, at most; 0: nobody is dialled. */
  readonly dialledMax: number
  /** Dials at a time. */
  readonly activeMax: number
  readonly restrict: readonly Network[] | undefined
  readonly discovery: Ref<DialerNeeds> | undefined
}
