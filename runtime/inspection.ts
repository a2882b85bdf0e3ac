/** What one can see of a running node, also of a hung thread: everything here is read from shared memory. */
import type { Result } from './result.ts'

export type ActorState = 'starting' | 'running' | 'paused' | 'restarting' | 'stopping' | 'stopped' | 'failed'

export type ActorView = {
  readonly path: string
  readonly uid: number
  readonly thread: string
  readonly epoch: number
  readonly state: ActorState
  readonly restarts: number
  /** Clock time of the last start. */
  readonly startedAt: number
  /** Kind of the message being handled now, if any, and for how long. */
  readonly handling: { readonly kind: string; readonly forMs: number } | undefined
}
export type MailboxView = {
  readonly path: string
  readonly thread: string
  readonly depth: number
  readonly highWater: number
  readonly capacity: number
  readonly received: number
  readonly handled: number
  /** By lossy edges at the senders' outboxes, and messages that came after the end. */
  readonly dropped: number
  /** Lost with a thread that ended. */
  readonly lost: number
  readonly failed: number
  readonly busyMs: number
  /** Messages whose waiting time was below 2^i · 16 µs, for i = 0…15; the last holds all above. */
  readonly waited: readonly number[]
  /** Edges on which it rests now for want of credit. */
  readonly resting: boolean
}
export type FlightRecord = {
  readonly sequence: number
  /** Clock time at which handling began. */
  readonly at: number
  readonly kind: string
  readonly sender: string
  readonly senderSequence: number
  readonly cause: { readonly actor: number; readonly sequence: number } | undefined
  readonly bytes: number
  readonly waitedMs: number
  readonly tookMs: number
  readonly outcome: 'running' | 'ok' | 'failed' | 'expired' | 'cancelled'
}
export type DeadLetter = {
  readonly at: number
  readonly to: string
  readonly from: string
  readonly kind: string
  readonly reason:
    | 'NO_ACTOR'
    | 'STOPPED'
    | 'LOST_WITH_THREAD'
    | 'SENDER_STOPPED'
    | 'UNKNOWN_KIND'
    | 'NOT_CLONEABLE'
    | 'OUTBOX_FULL'
  readonly count: number
}
export type ThreadView = {
  readonly name: string
  readonly epoch: number
  readonly state: 'starting' | 'running' | 'hung' | 'ended'
  /** Milliseconds since its event loop last turned. */
  readonly sinceBeatMs: number
  readonly heapUsedBytes: number
  readonly externalBytes: number
  readonly restarts: number
}

export interface Inspector {
  actors(): readonly ActorView[]
  mailboxes(): readonly MailboxView[]
  threads(): readonly ThreadView[]
  /** Newest last; undefined when there is no such actor. */
  flightRecord(path: string): readonly FlightRecord[] | undefined
  deadLetters(): { readonly total: number; readonly recent: readonly DeadLetter[] }
}

export type ControlError = { readonly code: 'NO_SUCH_ACTOR' | 'NOT_RESTARTABLE' | 'NOT_RUNNING'; readonly path: string }
/** What an operator may do to a running actor. */
export interface SystemControl {
  restart(path: string): Result<void, ControlError>
  pause(path: string): Result<void, ControlError>
  resume(path: string): Result<void, ControlError>
}
