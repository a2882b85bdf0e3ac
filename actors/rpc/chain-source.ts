import { ok, type Result } from '../../protocols/result.ts'
import { createImmutableCache, openChainView, readHead } from '../../storage/chain-store.ts'
import { type DatabaseLocation, openDatabase } from '../../storage/database.ts'
import { accountNodeKey, storageNodeKey } from '../../storage/schema.ts'
import type { ChainReader } from './chain-reader.ts'
import { createHeadAccounts } from './head-accounts.ts'

/** A reader to be closed: until then the store keeps what it shows. */
export type ChainSnapshot = ChainReader & { close(): Promise<void> }
export type ChainSource = {
  /** The chain as it is now. */
  snapshot(): ChainSnapshot
  close(): Promise<void>
}
export type OpenChain = (location: DatabaseLocation) => Promise<Result<ChainSource, { readonly code: string }>>

/** The store of this node; opened by this thread for itself, only ever read. */
export const openStoredChain: OpenChain = async (location) => {
  const database = await openDatabase(location)
  if (!database.ok) return database
  const cache = createImmutableCache()
  const atHead = createHeadAccounts()
  return ok({
    snapshot() {
      const view = openChainView(database.value, cache)
      // A store without a genesis block has no head, which the view takes for a bug.
      const head = readHead(view.reader)
      const accounts = atHead(head?.hash)
      return {
        ...view,
        head: () => head,
        // The flat state is that of the head, where no history is to be sought.
        accountAt: (addressHash, number) =>
          number === head?.number
            ? ok(accounts.of(addressHash, () => view.account(addressHash)))
            : view.accountAt(addressHash, number),
        storageAt: (addressHash, slotHash, number) =>
          number === head?.number
            ? ok(view.storageSlot(addressHash, slotHash))
            : view.storageSlotAt(addressHash, slotHash, number),
        accountNode: (path) => view.reader.get(accountNodeKey(path)),
        storageNode: (addressHash, path) => view.reader.get(storageNodeKey(addressHash, path)),
      }
    },
    close: () => database.value.close(),
  })
}
