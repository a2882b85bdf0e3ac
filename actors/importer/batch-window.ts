/**
 * The batches that the chain has not answered for good, in the order of the file. A batch whose ask failed stays, so that
 * it can be sent again: the chain skips the blocks that it has.
 */
import type { AskFailure } from '../../runtime/actor.ts'
import type { Result } from '../../runtime/result.ts'
import type { ImportAnswer } from '../chain/messages.ts'
import type { SourceBlock } from './block-source.ts'

/** Batches that the chain is asked to import at a time: one it works on, one that waits, one on the way. */
export const BATCHES_IN_FLIGHT_MAX = 3

export type SentBatch = {
  /** Another one each time it is sent. */
  readonly id: number
  readonly blocks: readonly SourceBlock[]
  /** Bytes of the file up to its last block, at least. */
  readonly endOffset: number
}
type Batch = SentBatch & {
  readonly state:
    | { readonly at: 'sent' }
    | { readonly at: 'answered'; readonly answer: ImportAnswer }
    | { readonly at: 'lost'; readonly failure: AskFailure }
}
export type WindowStep =
  | { readonly type: 'answered'; readonly answer: ImportAnswer; readonly endOffset: number }
  /** The oldest batch was not answered and no other is on the way: send again, or give up. */
  | { readonly type: 'lost'; readonly failure: AskFailure }

export type BatchWindow = ReturnType<typeof batchWindow>

export function batchWindow() {
  let batches: Batch[] = []
  let count = 0
  const send = (blocks: readonly SourceBlock[], endOffset: number): Batch => ({
    id: ++count,
    blocks,
    endOffset,
    state: { at: 'sent' },
  })
  const isWaiting = (): boolean => batches.some(({ state }) => state.at === 'sent')

  return {
    size: () => batches.length,
    isWaiting,
    add(blocks: readonly SourceBlock[], endOffset: number): SentBatch {
      const batch = send(blocks, endOffset)
      batches.push(batch)
      return batch
    },
    settle(id: number, answer: Result<ImportAnswer, AskFailure>): void {
      batches = batches.map((batch) =>
        batch.id !== id
          ? batch
          : {
              ...batch,
              state: answer.ok ? { at: 'answered', answer: answer.value } : { at: 'lost', failure: answer.error },
            },
      )
    },
    /** What is known for good now, oldest first; undefined: wait. Answers are taken out. */
    next(): WindowStep | undefined {
      const [oldest] = batches
      if (oldest === undefined || oldest.state.at === 'sent') return undefined
      if (oldest.state.at === 'lost') return isWaiting() ? undefined : { type: 'lost', failure: oldest.state.failure }
      batches.shift()
      return { type: 'answered', answer: oldest.state.answer, endOffset: oldest.endOffset }
    },
    /**
     * All batches that have to be sent again, now counted as sent. One that was refused behind a lost one is among them:
     * it was refused for want of the lost blocks.
     */
    resend(): readonly SentBatch[] {
      const again: SentBatch[] = []
      batches = batches.map((batch) => {
        if (batch.state.at === 'sent') return batch
        if (batch.state.at === 'answered' && batch.state.answer.failed === undefined) return batch
        const sent = send(batch.blocks, batch.endOffset)
        again.push(sent)
        return sent
      })
      return again
    },
    /** Forgets all but what is on its way, which is to be waited for. */
    drop(): void {
      batches = batches.filter(({ state }) => state.at === 'sent')
    },
  }
}
