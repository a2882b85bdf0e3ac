/**
 * What executing a block reads and changes: an overlay over the flat state. It goes on from block to block, so that blocks
 * can be executed before earlier ones are persisted.
 */
import { bytesEqual } from '../../protocols/bytes.ts'
import { keccak256 } from '../../protocols/keccak256.ts'
import { type Account, encodeSlimAccount, isEmptyAccount, NEW_ACCOUNT, storedAccount } from './account.ts'
import type { FlatState } from './flat-state.ts'
import type { AccountChange, StateChanges } from './state-changes.ts'

/** Addresses are 20 bytes; amounts are in wei. */
export type StateView = {
  /** Undefined when there is none. */
  getAccount(address: Uint8Array): Account | undefined
  getBalance(address: Uint8Array): bigint
  getNonce(address: Uint8Array): bigint
  getCode(address: Uint8Array): Uint8Array
  /** Makes the account if there is none. An amount of 0 still touches it (EIP-161). */
  addBalance(address: Uint8Array, amount: bigint): void
  /** The caller has checked the balance: less than `amount` is a bug and throws. */
  subtractBalance(address: Uint8Array, amount: bigint): void
  setNonce(address: Uint8Array, nonce: bigint): void
  setCode(address: Uint8Array, code: Uint8Array): void
  /**
   * Ends the block. @param deleteEmpty touched accounts that are empty are deleted (EIP-158, from Spurious Dragon on).
   * @returns its changes: the leaves whose value after the block is not that before it.
   */
  endBlock(rules: { readonly deleteEmpty: boolean }): StateChanges
  /** Takes back what happened since the last `endBlock`. */
  discardBlock(): void
  /** Forgets what the reader now answers: after the blocks ended so far are persisted, or the head was rolled back. */
  release(): void
  /** Accounts held, each some 500 bytes: persist and release bound it. */
  size(): number
}

type Entry = {
  readonly addressHash: Uint8Array
  /** Slim, before the block under way. */
  previous: Uint8Array | undefined
  account: Account | undefined
  isTouched: boolean
}

const NO_CODE = new Uint8Array(0)

export function createStateView(reader: FlatState): StateView {
  const entries = new Map<string, Entry>()
  const touched: Entry[] = []
  /** Code set by blocks that are not persisted, by the text of its hash. */
  const codes = new Map<string, Uint8Array>()
  let codesOfBlock: { hash: Uint8Array; code: Uint8Array }[] = []

  function entryOf(address: Uint8Array): Entry {
    const key = text(address)
    const known = entries.get(key)
    if (known !== undefined) return known
    const addressHash = keccak256(address)
    const previous = reader.account(addressHash)
    const account = previous === undefined ? undefined : storedAccount(previous)
    const entry: Entry = { addressHash, previous, account, isTouched: false }
    entries.set(key, entry)
    return entry
  }

  function change(address: Uint8Array, changed: (account: Account) => Account): void {
    const entry = entryOf(address)
    entry.account = changed(entry.account ?? NEW_ACCOUNT)
    if (entry.isTouched) return
    entry.isTouched = true
    touched.push(entry)
  }

  return {
    getAccount: (address) => entryOf(address).account,
    getBalance: (address) => entryOf(address).account?.balance ?? 0n,
    getNonce: (address) => entryOf(address).account?.nonce ?? 0n,
    getCode(address) {
      const account = entryOf(address).account
      if (account === undefined || bytesEqual(account.codeHash, NEW_ACCOUNT.codeHash)) return NO_CODE
      const code = codes.get(text(account.codeHash)) ?? reader.code(account.codeHash)
      if (code === undefined) throw new Error('the code of a stored account is missing')
      return code
    },
    addBalance: (address, amount) =>
      change(address, (account) => (amount === 0n ? account : { ...account, balance: account.balance + amount })),
    subtractBalance: (address, amount) =>
      change(address, (account) => {
        if (account.balance < amount) throw new Error('a balance below zero')
        return { ...account, balance: account.balance - amount }
      }),
    setNonce: (address, nonce) => change(address, (account) => ({ ...account, nonce })),
    setCode(address, code) {
      const codeHash = keccak256(code)
      if (code.length > 0) {
        codes.set(text(codeHash), code)
        codesOfBlock.push({ hash: codeHash, code })
      }
      change(address, (account) => ({ ...account, codeHash }))
    },
    endBlock({ deleteEmpty }) {
      const accounts: AccountChange[] = []
      for (const entry of touched) {
        entry.isTouched = false
        if (deleteEmpty && entry.account !== undefined && isEmptyAccount(entry.account)) entry.account = undefined
        const current = entry.account === undefined ? undefined : encodeSlimAccount(entry.account)
        const { addressHash, previous } = entry
        if (isSame(current, previous)) continue
        accounts.push({ addressHash, current, previous })
        entry.previous = current
      }
      touched.length = 0
      const changes = { accounts, slots: [], codes: codesOfBlock }
      codesOfBlock = []
      return changes
    },
    discardBlock() {
      for (const entry of touched) {
        entry.isTouched = false
        entry.account = entry.previous === undefined ? undefined : storedAccount(entry.previous)
      }
      touched.length = 0
      codesOfBlock = []
    },
    release() {
      if (touched.length > 0) throw new Error('a block is under way')
      entries.clear()
      codes.clear()
    },
    size: () => entries.size,
  }
}

const isSame = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === undefined || b === undefined ? a === b : bytesEqual(a, b)

const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes)
