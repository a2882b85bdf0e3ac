/** What goes into the one batch that moves the head over executed blocks. */
import type { Batch } from '../../storage/batch.ts'
import { addBlock, addCanonical, addHead, type Head } from '../../storage/chain-store.ts'
import type { DatabaseReader } from '../../storage/database.ts'
import { accountNodeKey } from '../../storage/schema.ts'
import { addChangeSet, oldestState, pruneChangeSet } from '../../storage/state/change-set.ts'
import { addNodes } from '../../storage/state/genesis-state.ts'
import { type AccountChange, addFlatState } from '../../storage/state/state-changes.ts'
import type { ChangedNode } from '../../storage/trie/trie.ts'
import type { ExecutedBlock } from './execute.ts'

/** RLP of a list without receipts. */
export const NO_RECEIPTS = Uint8Array.of(0xc0)

export function addExecuted(
  batch: Batch,
  reader: Pick<DatabaseReader, 'get'>,
  blocks: readonly ExecutedBlock[],
  nodes: readonly ChangedNode[],
  head: Head,
  historyBlocks: number | undefined,
): void {
  const newest = new Map<string, AccountChange>()
  // After a reorg to a shorter branch: what was pruned already must not be said to be kept.
  const pruned = oldestState(reader)
  for (const { ancestor, headerBytes, bodyBytes, changes } of blocks) {
    const { header, hash, totalDifficulty } = ancestor
    const { number } = header
    addBlock(batch, { number, hash, header: headerBytes, body: bodyBytes, receipts: NO_RECEIPTS, totalDifficulty })
    addCanonical(batch, number, hash)
    addChangeSet(batch, number, changes)
    for (const change of changes.accounts) newest.set(String.fromCharCode(...change.addressHash), change)
    const oldest = historyBlocks === undefined ? 0n : number - BigInt(historyBlocks)
    if (oldest > pruned) pruneChangeSet(reader, batch, oldest)
  }
  // Each account once, however many of the blocks changed it.
  addFlatState(batch, {
    accounts: [...newest.values()],
    slots: [],
    codes: blocks.flatMap(({ changes }) => changes.codes),
  })
  addNodes(batch, accountNodeKey, nodes)
  addHead(batch, head)
}
