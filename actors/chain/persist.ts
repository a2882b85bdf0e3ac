/** What goes into the one batch that moves the head over executed blocks. */
import { bytesText } from '../../protocols/bytes.ts'
import type { Batch } from '../../storage/batch.ts'
import { addBlock, addCanonical, addHead, type Head } from '../../storage/chain-store.ts'
import type { DatabaseReader } from '../../storage/database.ts'
import { addChangeSet, oldestState, pruneChangeSet } from '../../storage/state/change-set.ts'
import {
  type AccountChange,
  addFlatState,
  type SlotChange,
  type StateChanges,
} from '../../storage/state/state-changes.ts'
import { addStoredNodes, type StoredNode } from '../../storage/trie/node-batch.ts'
import type { ExecutedBlock } from './execute.ts'

/** RLP of a list without receipts. */
export const NO_RECEIPTS = Uint8Array.of(0xc0)

/** @param settled changes of each block, with the storage roots that the trie said. @param nodes of all tries. */
export function addExecuted(
  batch: Batch,
  reader: Pick<DatabaseReader, 'get'>,
  blocks: readonly ExecutedBlock[],
  settled: readonly StateChanges[],
  nodes: readonly StoredNode[],
  head: Head,
  historyBlocks: number | undefined,
): void {
  const newest = new Map<string, AccountChange>()
  const newestSlots = new Map<string, SlotChange>()
  // After a reorg to a shorter branch: what was pruned already must not be said to be kept.
  const pruned = oldestState(reader)
  for (const [index, { ancestor, headerBytes, bodyBytes }] of blocks.entries()) {
    const changes = settled[index] as StateChanges
    const { header, hash, totalDifficulty } = ancestor
    const { number } = header
    addBlock(batch, { number, hash, header: headerBytes, body: bodyBytes, receipts: NO_RECEIPTS, totalDifficulty })
    addCanonical(batch, number, hash)
    addChangeSet(batch, number, changes)
    for (const change of changes.accounts) newest.set(bytesText(change.addressHash), change)
    for (const change of changes.slots)
      newestSlots.set(bytesText(change.addressHash) + bytesText(change.slotHash), change)
    const oldest = historyBlocks === undefined ? 0n : number - BigInt(historyBlocks)
    if (oldest > pruned) pruneChangeSet(reader, batch, oldest)
  }
  // Each account and slot once, however many of the blocks changed it.
  addFlatState(batch, {
    accounts: [...newest.values()],
    slots: [...newestSlots.values()],
    codes: settled.flatMap(({ codes }) => codes),
  })
  addStoredNodes(batch, nodes)
  addHead(batch, head)
}
