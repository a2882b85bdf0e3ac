/** Completes changes whose storage roots were open when the blocks were executed. */
import { bytesText } from '../../protocols/bytes.ts'
import type { DatabaseReader } from '../database.ts'
import { accountKey } from '../schema.ts'
import { withStorageRoot } from './account.ts'
import type { StorageRoot } from './part-roots.ts'
import type { AccountChange, SlotChange, StateChanges } from './state-changes.ts'

/**
 * The changes of consecutive blocks with the right storage roots before and after each, and with the slots that deleted
 * accounts lost. @param reader at the state before the first block. @param roots by block.
 */
export function settleChanges(
  reader: Pick<DatabaseReader, 'get'>,
  blocks: readonly StateChanges[],
  roots: readonly (readonly StorageRoot[])[],
): readonly StateChanges[] {
  if (roots.every((storage) => storage.length === 0)) return blocks
  const newest = new Map<string, Uint8Array | undefined>()
  return blocks.map((changes, block) => {
    const byAccount = new Map((roots[block] ?? []).map((root) => [bytesText(root.addressHash), root]))
    const accounts = changes.accounts.map((change): AccountChange => {
      const { addressHash, current, storage } = change
      const key = bytesText(addressHash)
      const settled = byAccount.get(key)
      if ((settled === undefined) !== (storage === undefined))
        throw new Error('a storage root is missing, or nobody asked')
      if (settled === undefined) {
        newest.set(key, current)
        return change
      }
      const previous = newest.has(key) ? newest.get(key) : reader.get(accountKey(addressHash))
      const right = current === undefined ? undefined : withStorageRoot(current, settled.root)
      newest.set(key, right)
      return { addressHash, current: right, previous }
    })
    return { ...changes, accounts, slots: withWiped(changes.slots, roots[block] ?? []) }
  })
}

/** Every slot once: one that was set again after the wipe is among the block's own. */
function withWiped(slots: readonly SlotChange[], roots: readonly StorageRoot[]): readonly SlotChange[] {
  if (roots.every(({ wiped }) => wiped.length === 0)) return slots
  const own = new Set(slots.map(({ addressHash, slotHash }) => bytesText(addressHash) + bytesText(slotHash)))
  const lost = roots.flatMap(({ addressHash, wiped }) =>
    wiped
      .filter(({ slotHash }) => !own.has(bytesText(addressHash) + bytesText(slotHash)))
      .map(({ slotHash, value }) => ({ addressHash, slotHash, current: undefined, previous: value })),
  )
  return [...slots, ...lost]
}
