/**
 * What executing a block reads and changes: an overlay over the flat state. It goes on from block to block, so that blocks
 * can be executed before earlier ones are persisted.
 */
import { bytesEqual, bytesText, isZero } from '../../protocols/bytes.ts'
import { keccak256 } from '../../protocols/keccak256.ts'
import {
  type Account,
  encodeSlimAccount,
  isEmptyAccount,
  NEW_ACCOUNT,
  storedAccount,
  withStorageRoot,
} from './account.ts'
import type { FlatState } from './flat-state.ts'
import { SLOT_BYTES, slotLeaf, storedSlot } from './slot.ts'
import type { AccountChange, SlotChange, StateChanges } from './state-changes.ts'

/** Addresses are 20 bytes; amounts are in wei. */
export type StateView = {
  /** Undefined when there is none. Its storage root is that before slot changes which are not settled. */
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
  /** Key and value are 32 bytes; zero where nothing is stored. */
  getSlot(address: Uint8Array, key: Uint8Array): Uint8Array
  /** Zero deletes. Makes the account if there is none, and touches it. */
  setSlot(address: Uint8Array, key: Uint8Array, value: Uint8Array): void
  /**
   * Ends the block. @param deleteEmpty touched accounts that are empty are deleted (EIP-158, from Spurious Dragon on).
   * @returns its changes: the leaves whose value after the block is not that before it.
   */
  endBlock(rules: { readonly deleteEmpty: boolean }): StateChanges
  /**
   * The storage root after a block that is now persisted. To be said once, in order, of every account change that
   * `endBlock` yielded with its storage open.
   */
  settleStorage(addressHash: Uint8Array, storageRoot: Uint8Array): void
  /** Takes back what happened since the last `endBlock`. */
  discardBlock(): void
  /** Forgets what the reader now answers: after the blocks ended so far are persisted, or the head was rolled back. */
  release(): void
  /** Accounts and slots held, each some 500 bytes: persist and release bound it. */
  size(): number
}

type Entry = {
  readonly addressHash: Uint8Array
  /** Slim, before the block under way. */
  previous: Uint8Array | undefined
  account: Account | undefined
  isTouched: boolean
  /** By the text of the key. */
  slots: Map<string, Slot> | undefined
  touchedSlots: Slot[]
  /** Changes yielded whose storage root nobody has said yet. */
  unsettled: number
  /** Deleted since it was read: the reader's slots are none of its own. */
  isWiped: boolean
}
type Slot = {
  readonly hash: Uint8Array
  /** Leaf before the block under way. */
  previous: Uint8Array | undefined
  leaf: Uint8Array | undefined
  isTouched: boolean
}

const NO_CODE = new Uint8Array(0)
const ZERO = new Uint8Array(SLOT_BYTES)

export function createStateView(reader: FlatState): StateView {
  const entries = new Map<string, Entry>()
  /** Those with unsettled changes. */
  const byHash = new Map<string, Entry>()
  let slotCount = 0
  const touched: Entry[] = []
  /** Code set by blocks that are not persisted, by the text of its hash. */
  const codes = new Map<string, Uint8Array>()
  let codesOfBlock: { hash: Uint8Array; code: Uint8Array }[] = []

  function entryOf(address: Uint8Array): Entry {
    const key = bytesText(address)
    const known = entries.get(key)
    if (known !== undefined) return known
    const addressHash = keccak256(address)
    const previous = reader.account(addressHash)
    const account = previous === undefined ? undefined : storedAccount(previous)
    const entry: Entry = {
      addressHash,
      previous,
      account,
      isTouched: false,
      slots: undefined,
      touchedSlots: [],
      unsettled: 0,
      isWiped: false,
    }
    entries.set(key, entry)
    return entry
  }

  function slotOf(entry: Entry, key: Uint8Array): Slot {
    entry.slots ??= new Map()
    const known = entry.slots.get(bytesText(key))
    if (known !== undefined) return known
    const hash = keccak256(key)
    const previous = entry.isWiped ? undefined : reader.slot(entry.addressHash, hash)
    const slot: Slot = { hash, previous, leaf: previous, isTouched: false }
    entry.slots.set(bytesText(key), slot)
    slotCount++
    return slot
  }

  /** Ends the block for the slots of one account. */
  function endSlots(entry: Entry, changed: SlotChange[]): AccountChange['storage'] {
    const { addressHash, touchedSlots } = entry
    if (entry.account === undefined) {
      slotCount -= entry.slots?.size ?? 0
      entry.slots = undefined
      entry.touchedSlots = []
      entry.isWiped = true
      return hadSlots(entry) ? 'wiped' : undefined
    }
    let storage: AccountChange['storage'] = entry.unsettled > 0 ? 'pending' : undefined
    for (const slot of touchedSlots) {
      slot.isTouched = false
      if (isSame(slot.leaf, slot.previous)) continue
      changed.push({ addressHash, slotHash: slot.hash, current: slot.leaf, previous: slot.previous })
      slot.previous = slot.leaf
      storage = 'pending'
    }
    touchedSlots.length = 0
    return storage
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
      const code = codes.get(bytesText(account.codeHash)) ?? reader.code(account.codeHash)
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
        codes.set(bytesText(codeHash), code)
        codesOfBlock.push({ hash: codeHash, code })
      }
      change(address, (account) => ({ ...account, codeHash }))
    },
    getSlot(address, key) {
      const entry = entryOf(address)
      if (entry.account === undefined) return ZERO.slice()
      const { leaf } = slotOf(entry, key)
      return leaf === undefined ? ZERO.slice() : storedSlot(leaf)
    },
    setSlot(address, key, value) {
      if (key.length !== SLOT_BYTES || value.length !== SLOT_BYTES) throw new RangeError('a slot is not 32 bytes')
      change(address, (account) => account)
      const entry = entryOf(address)
      const slot = slotOf(entry, key)
      slot.leaf = isZero(value) ? undefined : slotLeaf(value)
      if (slot.isTouched) return
      slot.isTouched = true
      entry.touchedSlots.push(slot)
    },
    endBlock({ deleteEmpty }) {
      const accounts: AccountChange[] = []
      const slots: SlotChange[] = []
      for (const entry of touched) {
        entry.isTouched = false
        if (deleteEmpty && entry.account !== undefined && isEmptyAccount(entry.account)) entry.account = undefined
        const current = entry.account === undefined ? undefined : encodeSlimAccount(entry.account)
        const { addressHash, previous } = entry
        const slotsBefore = slots.length
        const storage = endSlots(entry, slots)
        if (isSame(current, previous) && slots.length === slotsBefore) continue
        if (storage === undefined) accounts.push({ addressHash, current, previous })
        else {
          accounts.push({ addressHash, current, previous, storage })
          entry.unsettled++
          byHash.set(bytesText(addressHash), entry)
        }
        entry.previous = current
      }
      touched.length = 0
      const changes = { accounts, slots, codes: codesOfBlock }
      codesOfBlock = []
      return changes
    },
    settleStorage(addressHash, storageRoot) {
      const entry = byHash.get(bytesText(addressHash))
      if (entry === undefined || --entry.unsettled > 0) return
      byHash.delete(bytesText(addressHash))
      if (entry.account !== undefined) entry.account = { ...entry.account, storageRoot }
      if (entry.previous !== undefined) entry.previous = withStorageRoot(entry.previous, storageRoot)
    },
    discardBlock() {
      for (const entry of touched) {
        for (const slot of entry.touchedSlots) {
          slot.isTouched = false
          slot.leaf = slot.previous
        }
        entry.touchedSlots.length = 0
        entry.isTouched = false
        entry.account = entry.previous === undefined ? undefined : storedAccount(entry.previous)
      }
      touched.length = 0
      codesOfBlock = []
    },
    release() {
      if (touched.length > 0) throw new Error('a block is under way')
      entries.clear()
      byHash.clear()
      slotCount = 0
      codes.clear()
    },
    size: () => entries.size + slotCount,
  }
}

/** Before the block that ends. */
const hadSlots = ({ previous, unsettled }: Entry): boolean =>
  previous !== undefined && (unsettled > 0 || !bytesEqual(storedAccount(previous).storageRoot, NEW_ACCOUNT.storageRoot))

const isSame = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === undefined || b === undefined ? a === b : bytesEqual(a, b)
