import type { Ask, Lossy, Tell } from '../../../runtime/messages.ts'

/** Counts votes on one question. */
export type BallotMessages = {
  /** Suspends: a sender that is too fast rests, so no vote is lost and memory stays flat. */
  vote: Tell<{ readonly on: string }>
  /** Loses: of many that wait only the newest arrives. */
  question: Tell<{ readonly text: string }, Lossy<'coalesce'>>
  /** Has an answer, or after its deadline a failure that is plain data. */
  result: Ask<void, { readonly question: string; readonly votes: ReadonlyMap<string, number> }>
}
