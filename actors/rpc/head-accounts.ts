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
  const known = new Map<string, AccountFields | undefined>()
  return {
    of(addressHash, read) {
      const key = String.fromCharCode(...addressHash)
      const before = known.get(key)
      if (before !== undefined || known.has(key)) return before
      const account = read()
      // Whoever asks for all there are fills it in vain: it begins anew, and costs no more than without it.
      if (known.size >= ACCOUNTS_MAX) known.clear()
      known.set(key, account)
      return account
    },
  }
}
