/** Accounts at the head that were asked for since it moved: the state after a block never changes. */
import { bytesEqual } from '../../protocols/bytes.ts'
import type { AccountFields } from './chain-reader.ts'

/** Accounts kept of one head, of some 300 bytes each. */
const ACCOUNTS_MAX = 4096

export type HeadAccounts = {
  of(addressHash: Uint8Array, read: () => AccountFields | undefined): AccountFields | undefined
}

/** @returns the accounts of the head with this hash, shared by all that ask for the same one in a row */
export function createHeadAccounts(): (head: Uint8Array | undefined) => HeadAccounts {
  let headHash: Uint8Array | undefined
  let accounts = accountsOfOneHead()
  return (head) => {
    if (head === undefined || headHash === undefined || !bytesEqual(head, headHash)) accounts = accountsOfOneHead()
    headHash = head
    return accounts
  }
}

function accountsOfOneHead(): HeadAccounts {
  /** By the first bytes of the hash: a text of all of them costs more than the rest of the lookup. */
  const known = new Map<number, { readonly addressHash: Uint8Array; readonly account: AccountFields | undefined }>()
  return {
    of(addressHash, read) {
      const key = keyOf(addressHash)
      const before = known.get(key)
      if (before !== undefined && bytesEqual(before.addressHash, addressHash)) return before.account
      const account = read()
      // Whoever asks for all there are fills it in vain: it begins anew, and costs no more than without it.
      if (known.size >= ACCOUNTS_MAX) known.clear()
      known.set(key, { addressHash: addressHash.slice(), account })
      return account
    },
  }
}

/** Six bytes: what a number counts exactly. */
const keyOf = (hash: Uint8Array): number =>
  ((hash[0]! << 16) | (hash[1]! << 8) | hash[2]!) * 2 ** 24 + ((hash[3]! << 16) | (hash[4]! << 8) | hash[5]!)
