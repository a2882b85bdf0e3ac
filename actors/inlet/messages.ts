import type { RunningCapability } from '../../protocols/devp2p/capability.ts'
import type { NetAddress } from '../../runtime/capabilities.ts'
import type { Ref, Tell } from '../../runtime/messages.ts'
import type { SessionEnd, SessionMessages } from '../session/messages.ts'

/**
 * Carries the messages of one session to the actors that speak its capabilities. It rests where one of these is slow; the
 * session does not, and so the ring (a protocol answers its session) never waits for itself.
 */
export type InletMessages = {
  /** To self: the session has given what it had, or is gone. */
  came: Tell<InletInflow>
}

/** Without `end`, more is to be asked for. */
export type InletInflow = {
  readonly messages: readonly { readonly capability: string; readonly code: number; readonly payload: Uint8Array }[]
  readonly end?: SessionEnd
}

/** A peer, as a protocol is told of it. */
export type PeerUp = {
  /** Unique in the life of the node: a peer that comes back has another. */
  readonly session: number
  /** Node id: 64 hexadecimal digits. */
  readonly id: string
  readonly capability: string
  readonly version: number
  readonly isInbound: boolean
  readonly isTrusted: boolean
  readonly isStatic: boolean
  readonly remote: NetAddress
  readonly clientName: string
  /** Takes messages for the peer: `send` and forget, or `write` and wait. */
  readonly peer: Ref<Pick<SessionMessages, 'send' | 'write' | 'disconnect' | 'info'>>
}

/**
 * What an actor accepts that speaks a capability with peers. For each session in this order: up, messages, down. When the
 * peer server itself fails, all its sessions are gone and nobody is left to say so: watch `peer`.
 */
export type ProtocolHandlerNeeds = {
  peerUp: Tell<PeerUp>
  /** Suspends: where too many wait, the sockets of their peers are not read. `payload`: plain, the receiver's. */
  message: Tell<{
    readonly session: number
    readonly capability: string
    readonly code: number
    readonly payload: Uint8Array
  }>
  peerDown: Tell<{ readonly session: number; readonly capability: string; readonly end: SessionEnd }>
}

export type InletDeps = {
  readonly session: Ref<Pick<SessionMessages, 'takeMessages' | 'disconnect' | 'send' | 'write' | 'info'>>
  readonly peer: Omit<PeerUp, 'capability' | 'version' | 'peer'>
  readonly handlers: readonly { readonly running: RunningCapability; readonly handler: Ref<ProtocolHandlerNeeds> }[]
}
