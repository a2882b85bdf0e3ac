import type { DatabaseReader } from '../database.ts'
import { accountKey, codeKey, slotKey } from '../schema.ts'

/** The flat state at the head: one lookup per answer. Accounts slim, slot values as RLP, both as stored. */
export type FlatState = {
  account(addressHash: Uint8Array): Uint8Array | undefined
  slot(addressHash: Uint8Array, slotHash: Uint8Array): Uint8Array | undefined
  code(codeHash: Uint8Array): Uint8Array | undefined
}

export const flatState = (reader: Pick<DatabaseReader, 'get'>): FlatState => ({
  account: (addressHash) => reader.get(accountKey(addressHash)),
  slot: (addressHash, slotHash) => reader.get(slotKey(addressHash, slotHash)),
  code: (codeHash) => reader.get(codeKey(codeHash)),
})
