/** The trie committers as one: every batch goes to all of them, and their answers make one state root per block. */
import { err, ok, type Result } from '../../protocols/result.ts'
import type { AskFailure } from '../../runtime/actor.ts'
import { joinParts } from '../../storage/state/joined-parts.ts'
import { encodeLeafBatch } from '../../storage/state/leaf-batch.ts'
import { nibbleOwners } from '../../storage/state/nibble-ranges.ts'
import { decodePartRoots, type StorageRoot } from '../../storage/state/part-roots.ts'
import type { StateChanges } from '../../storage/state/state-changes.ts'
import { decodeNodeBatch, type StoredNode } from '../../storage/trie/node-batch.ts'
import type { SubTops } from '../../storage/trie/split-root.ts'
import type { ApplyAnswer } from '../trie-committer/messages.ts'

/** One of them. */
export type Committer = {
  apply(batch: number, after: number, leaves: Uint8Array<ArrayBuffer>): Promise<Result<ApplyAnswer, AskFailure>>
  written(batch: number): void
  revert(batch: number): void
}

/** `storage`: by block, roots of the accounts whose change left them open. */
export type BatchRoots = {
  readonly nodes: readonly StoredNode[]
  readonly storage: readonly (readonly StorageRoot[])[]
}
export type RootsFault =
  | { readonly code: 'STATE_ROOT'; readonly index: number; readonly computed: Uint8Array }
  /** The tries are not what the chain believes: only a new start at the persisted head makes them agree again. */
  | { readonly code: 'COMMITTER'; readonly cause: string }

/** What all of them answered to one batch. */
export type Applied = { readonly batch: number; readonly answers: readonly Result<ApplyAnswer, AskFailure>[] }

export type Committers = {
  /** Begins at once; earlier batches need not be joined yet. */
  apply(blocks: readonly StateChanges[]): Promise<Applied>
  /** Batches are joined in order, each after the one before is written. @param claimed state root of each block */
  join(applied: Applied, claimed: readonly Uint8Array[]): Result<BatchRoots, RootsFault>
  /** What was joined last is in the store. */
  written(): void
  /** All go back to what is in the store. */
  revert(): void
}

/** @param tops of the persisted head's state. */
export function createCommitters(committers: readonly Committer[], tops: SubTops): Committers {
  const owners = nibbleOwners(committers.length)
  let batchCount = 0
  /** The batch that the next one is applied on; 0: none. */
  let last = 0
  let writtenBatch = 0
  let joined: { readonly batch: number; readonly tops: SubTops } | undefined
  let writtenTops = tops

  return {
    async apply(blocks) {
      const batch = ++batchCount
      const after = last
      last = batch
      const batches = encodeLeafBatch(blocks, committers.length, (addressHash) => owners[addressHash[0]! >> 4]!)
      const answers = committers.map((committer, i) => committer.apply(batch, after, batches[i]!))
      return { batch, answers: await Promise.all(answers) }
    },
    join({ batch, answers }, claimed) {
      const parts = []
      const nodes: StoredNode[] = []
      for (const answer of answers) {
        if (!answer.ok) return err({ code: 'COMMITTER', cause: `${answer.error.code} ${answer.error.detail ?? ''}` })
        if (!answer.value.ok) return err({ code: 'COMMITTER', cause: JSON.stringify(answer.value) })
        parts.push(decodePartRoots(answer.value.roots))
        for (const node of decodeNodeBatch(answer.value.nodes)) nodes.push(node)
      }
      const whole = joinParts(writtenTops, parts, claimed)
      if (!whole.ok) return whole
      joined = { batch, tops: whole.value.tops }
      for (const node of whole.value.nodes) nodes.push(node)
      return ok({ nodes, storage: whole.value.storage })
    },
    written() {
      if (joined === undefined) throw new Error('a batch is written that was not joined')
      writtenTops = joined.tops
      writtenBatch = joined.batch
      joined = undefined
      for (const committer of committers) committer.written(writtenBatch)
    },
    revert() {
      joined = undefined
      if (last === writtenBatch) return
      last = writtenBatch
      for (const committer of committers) committer.revert(writtenBatch + 1)
    },
  }
}
