import type { Batch } from '../batch.ts'
import { accountKey, codeKey, slotKey } from '../schema.ts'

/** `current`, `previous`: slim account, undefined where there is none. */
export type AccountChange = {
  readonly addressHash: Uint8Array
  readonly current: Uint8Array | undefined
  readonly previous: Uint8Array | undefined
  /**
   * Absent: both storage roots are right. Else the trie is still to say them (see `settled-changes.ts`): `pending`: slots
   * of this or an earlier block changed; `wiped`: all slots that the account had before this block go, too.
   */
  readonly storage?: 'pending' | 'wiped'
}
/** `current`, `previous`: the value of a leaf of the storage trie (RLP), undefined for zero. */
export type SlotChange = {
  readonly addressHash: Uint8Array
  readonly slotHash: Uint8Array
  readonly current: Uint8Array | undefined
  readonly previous: Uint8Array | undefined
}
/** What one block changed: every key once, `current` and `previous` different (but for a storage root that is not known). */
export type StateChanges = {
  readonly accounts: readonly AccountChange[]
  readonly slots: readonly SlotChange[]
  readonly codes: readonly { readonly hash: Uint8Array; readonly code: Uint8Array }[]
}

/** Moves the flat state of the batch to after these changes. Code is kept for ever: it is by hash, and shared. */
export function addFlatState(batch: Batch, changes: StateChanges): void {
  for (const { addressHash, current } of changes.accounts) putOrDelete(batch, accountKey(addressHash), current)
  for (const { addressHash, slotHash, current } of changes.slots) {
    putOrDelete(batch, slotKey(addressHash, slotHash), current)
  }
  for (const { hash, code } of changes.codes) batch.put(codeKey(hash), code)
}

function putOrDelete(batch: Batch, key: Uint8Array, value: Uint8Array | undefined): void {
  if (value === undefined) batch.delete(key)
  else batch.put(key, value)
}
