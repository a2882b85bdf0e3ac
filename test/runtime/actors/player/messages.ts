import type { Ask, Ref, Tell } from '../../../../runtime/messages.ts'
import type { Result } from '../../../../runtime/result.ts'
import type { ProbeMessages } from '../probe/messages.ts'

export type Identity = { readonly actor: number; readonly sequence: number }
export type Failure = { readonly code: string; readonly outcome: string }

/** An actor that speaks to others as a test tells it to. */
export type PlayerMessages = {
  /** Tells `to` the numbers from 0 up to `count`, by turns as `add` and packed. */
  mix: Tell<{ to: Ref<ProbeMessages>; count: number }>
  /** Tells one message that cannot be cloned in the middle of others. */
  unclonable: Tell<{ to: Ref<ProbeMessages>; packed: boolean }>
  /** Asks with a payload that cannot be cloned, and says how that ended. */
  askUnclonable: Ask<{ to: Ref<ProbeMessages> }, Result<unknown, Failure>>
  /** Answers with what cannot be cloned. */
  answerUnclonable: Ask<void, unknown>
  /** Asks `to` for an echo on behalf of the asker. */
  forward: Ask<{ to: Ref<ProbeMessages>; value: unknown }, Result<unknown, Failure>>
  /** Asks along the chain; answers the deadlines that each link saw, the outermost first. */
  deadlines: Ask<{ chain: readonly Ref<PlayerMessages>[]; deadlineMs: number }, number[]>
  /** Who asks, and what caused the asking. */
  identity: Ask<void, { id: Identity; cause: Identity | undefined }>
  /** Asks the other for its `identity`. */
  identityOf: Ask<Ref<PlayerMessages>, { id: Identity; cause: Identity | undefined }>
  /** Waits; keeps why its signal aborted. */
  wait: Ask<{ ms: number }, string>
  waitSerially: Ask<{ ms: number }, string>
  aborts: Ask<void, string[]>
  /** Sends a buffer of `size` bytes away. Answers how many bytes it still has afterwards. */
  sendAway: Ask<{ to: Ref<ProbeMessages>; size: number }, number>
  /** Answers a buffer that moves. */
  give: Ask<{ size: number }, Uint8Array>
  kept: Ask<void, number>
  startTimers: Tell
  ticked: Tell<{ timer: 'once' | 'every' | 'cancelled' | 'flood' }>
  ticks: Ask<void, { once: number; every: number; cancelled: number; flood: number }>
  pipe: Tell<{ value: number; fails: boolean }>
  piped: Tell<{ result: Result<number, unknown> }>
  pipes: Ask<void, Result<number, unknown>[]>
  /** Injects `count` events from outside of any handler; `injections` tells how each ended. */
  inject: Tell<{ count: number }>
  event: Ask<{ n: number }, number>
  injections: Ask<void, string[]>
  /** Owns `count` resources that note their numbers in the journal when they close. */
  own: Ask<{ count: number }, void>
  fail: Tell
  failAsked: Ask<void, void>
  end: Tell
}
export type PlayerDeps = { readonly journal?: SharedArrayBuffer }
