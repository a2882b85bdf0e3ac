import type { Capability, SpokenCapability } from '../../protocols/devp2p/capability.ts'
import type { DisconnectReason } from '../../protocols/devp2p/disconnect.ts'
import type { HelloError } from '../../protocols/devp2p/hello.ts'
import type { ChannelError } from '../../protocols/rlpx/channel.ts'
import type { HandshakeError, KeyPair } from '../../protocols/rlpx/handshake.ts'
import type { PacketError } from '../../protocols/rlpx/handshake-packet.ts'
import type { Connection, Millis, NetAddress, NetError } from '../../runtime/capabilities.ts'
import type { Ask, Lossy, Ref, Tell } from '../../runtime/messages.ts'
import type { Result } from '../../runtime/result.ts'

/** One RLPx connection: its handshakes, its frames, its keepalive, its end. Knows no protocol but the base protocol. */
export type SessionMessages = {
  /**
   * One message of a capability that runs. It waits behind those before it; a peer for which too much waits is dropped, so
   * who sends much paces itself by `write`. After the end of the session it goes nowhere.
   */
  send: Tell<OutgoingMessage>
  /** As `send`, answered when the socket has taken the message: who awaits it never makes memory grow. */
  write: Ask<OutgoingMessage, Result<void, WriteError>>
  /** The reason is sent to the peer, then the connection ends. */
  disconnect: Tell<{ readonly reason: DisconnectReason }, Lossy<'coalesce'>>
  /**
   * What has come from the peer since the last answer, as soon as there is something, within `INFLOW_POLL_MS` in any case.
   * While nobody asks, the session stops reading its socket. One asker at a time.
   */
  takeMessages: Ask<void, Inflow>
  info: Ask<void, SessionInfo>
  /** To self: the socket has brought something, has room again, or is over. */
  woken: Tell
  /** To self: a checkpoint has answered. */
  judged: Tell<{ readonly at: 'handshaken' | 'greeted'; readonly verdict: Verdict }>
  /** To self: time is over for the handshake, for a read, for a write, for who has not taken what was left. */
  handshakeOver: Tell
  readOver: Tell
  writeOver: Tell
  lingerOver: Tell
  /** To self: time for a ping. */
  keepalive: Tell
}

export type OutgoingMessage = {
  /** Name of the capability. */
  readonly capability: string
  /** Within the capability, from 0. */
  readonly code: number
  /** Plain; compressed by the session. The session's from now on: transfer it where it is large. */
  readonly payload: Uint8Array
}

export type WriteError = {
  readonly code:
    | 'SESSION_OVER'
    | 'CAPABILITY_NOT_RUNNING'
    | 'MESSAGE_CODE' // not of the capability
    | 'MESSAGE_SIZE' // beyond what one frame carries
}

/** A message of a capability as it came. `payload` stands alone in its buffer. */
export type IncomingMessage = { readonly capability: string; readonly code: number; readonly payload: Uint8Array }

/** @property end set with the last messages of the session: nothing comes after */
export type Inflow = { readonly messages: readonly IncomingMessage[]; readonly end?: SessionEnd }

/** Why a session ended. `reason` is the code of Disconnect that was sent or received. */
export type SessionEnd =
  | { readonly code: 'CONNECT'; readonly cause: NetError['code'] } // dialled in vain
  | { readonly code: 'HANDSHAKE_TIMEOUT' }
  | { readonly code: 'HANDSHAKE'; readonly cause: PacketError['code'] | HandshakeError['code'] }
  | { readonly code: 'HELLO'; readonly cause: HelloError['code'] }
  | { readonly code: 'REFUSED'; readonly reason: DisconnectReason } // by us, at a checkpoint
  | { readonly code: 'CHANNEL'; readonly cause: ChannelError['code'] } // bad MAC, too large, snappy that is none
  | { readonly code: 'CODE_UNASSIGNED'; readonly messageCode: number } // behind all that runs
  | { readonly code: 'READ_TIMEOUT' | 'WRITE_TIMEOUT' }
  | { readonly code: 'WRITE_QUEUE_FULL' } // the peer takes less than it is sent
  | { readonly code: 'SOCKET'; readonly cause: NetError['code'] | 'END' }
  | { readonly code: 'REMOTE'; readonly reason: DisconnectReason }
  | { readonly code: 'LOCAL'; readonly reason: DisconnectReason } // somebody here asked for it
  | { readonly code: 'MISUSED'; readonly cause: WriteError['code'] } // a protocol here sent what it may not
  | { readonly code: 'FAILED' } // a bug of ours

/** Messages and bytes of their frames, per direction. */
export type Traffic = {
  readonly messagesIn: number
  readonly bytesIn: number
  readonly messagesOut: number
  readonly bytesOut: number
}
export type CodeTraffic = Traffic & {
  /** `p2p` for the base protocol. */
  readonly capability: string
  readonly code: number
}

export type SessionStats = Traffic & {
  readonly session: number
  /** Milliseconds between the last ping and its pong; undefined before the first. */
  readonly roundTripMs: number | undefined
}

export type SessionInfo = {
  readonly session: number
  readonly state: 'connecting' | 'handshake' | 'handshaken' | 'hello' | 'greeted' | 'running' | 'over'
  readonly stats: SessionStats
  /** Codes on which something went. */
  readonly codes: readonly CodeTraffic[]
  /** Bytes that wait for the socket, and for whom takes what came. */
  readonly queuedBytes: number
  readonly inflowBytes: number
  /** The socket is not read, because of what waits. */
  readonly isResting: boolean
}

/** What a checkpoint says: the connection goes on, or ends with a reason that is sent. */
export type Verdict = Result<void, { readonly reason: DisconnectReason }>

/** What a session asks of its surroundings. */
export type SessionNeeds = {
  /** After the cryptographic handshake. `publicKey`: who the other end is, 64 bytes. */
  handshaken: Ask<{ readonly session: number; readonly publicKey: Uint8Array; readonly remote: NetAddress }, Verdict>
  /** After both Hellos. On `ok` somebody will take the messages. */
  greeted: Ask<Greeting, Verdict>
  /** Now and then, the newest counts. */
  stats: Tell<SessionStats, Lossy<'coalesce'>>
  /** `name`: under which the end is counted, one of a few. */
  ended: Tell<{ readonly end: SessionEnd; readonly name: string; readonly stats: SessionStats }>
}

export type Greeting = {
  readonly session: number
  readonly local: NetAddress
  readonly remote: NetAddress
  /** As the peer says, in printable characters. */
  readonly clientName: string
  readonly capabilities: readonly Capability[]
}

/** Events of a connection. */
export type SocketEvents = Parameters<Connection['handle']>[0]
/** An accepted connection whose events are kept until somebody takes them: a session starts a turn later. */
export type HeldConnection = { readonly connection: Connection; take(events: SocketEvents): void }

export type SessionDeps = {
  /** Unique in the life of the node. */
  readonly session: number
  readonly key: KeyPair
  readonly clientName: string
  readonly spoken: readonly SpokenCapability[]
  readonly p2p: Ref<SessionNeeds>
  /** The other end has connected, or is to be dialled. By reference: a socket never changes threads. */
  readonly peer:
    | { readonly is: 'inbound'; readonly held: HeldConnection }
    | { readonly is: 'dialled'; readonly publicKey: Uint8Array; readonly address: NetAddress }
  readonly limits?: Partial<SessionLimits>
}

/** Milliseconds and bytes; the defaults are geth's where geth has one. */
export type SessionLimits = {
  readonly dialMs: Millis
  readonly handshakeMs: Millis
  readonly readMs: Millis
  readonly writeMs: Millis
  readonly pingMs: Millis
  readonly writeQueueBytes: number
}
