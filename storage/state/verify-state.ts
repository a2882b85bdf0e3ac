/** Checks the flat state by itself: every root is computed anew from the values. */
import { bytesEqual } from '../../protocols/bytes.ts'
import { keccak256 } from '../../protocols/keccak256.ts'
import { err, ok, type Result } from '../../protocols/result.ts'
import type { DatabaseReader } from '../database.ts'
import { ACCOUNT_HASH_AT, allAccounts, codeKey, SLOT_HASH_AT, slotsOf } from '../schema.ts'
import { sortedRoot } from '../trie/sorted-root.ts'
import { EMPTY_ROOT } from '../trie/trie.ts'
import { decodeAccount, EMPTY_CODE_HASH, encodeAccount } from './account.ts'

/** Accounts between two calls of `progress`. */
const PROGRESS_EVERY = 1_000
/** keccak256 values spread evenly: the first four bytes of the one at hand tell how far the pass has come. */
const SHARE_OF = 2 ** 32

export type StateTotals = { readonly accounts: number; readonly slots: number }
export type StateFault =
  | { readonly code: 'STATE_ROOT'; readonly computed: Uint8Array; readonly claimed: Uint8Array }
  | { readonly code: 'STATE_ACCOUNT'; readonly addressHash: Uint8Array } // no account's encoding
  | {
      readonly code: 'STATE_STORAGE_ROOT'
      readonly addressHash: Uint8Array
      readonly computed: Uint8Array
      readonly claimed: Uint8Array
    }
  | { readonly code: 'STATE_CODE'; readonly addressHash: Uint8Array; readonly codeHash: Uint8Array } // absent, or other code

export type VerifyOptions = {
  /** 32 bytes. */
  readonly stateRoot: Uint8Array
  /** @param share from 0 to 1. @returns false to give up */
  progress(share: number, totals: StateTotals): boolean
}

/** @param reader a snapshot. @returns undefined in place of totals when `progress` gave up. */
export async function verifyState(
  reader: DatabaseReader,
  { stateRoot, progress }: VerifyOptions,
): Promise<Result<StateTotals | undefined, StateFault>> {
  const trie = sortedRoot()
  let accounts = 0
  let slots = 0
  for await (const [key, slim] of reader.range(allAccounts)) {
    const addressHash = key.subarray(ACCOUNT_HASH_AT)
    const account = decodeAccount(slim)
    if (!account.ok) return err({ code: 'STATE_ACCOUNT', addressHash })
    const { storageRoot, codeHash } = account.value
    const storage = await storageOf(reader, addressHash)
    if (!bytesEqual(storage.root, storageRoot)) {
      return err({ code: 'STATE_STORAGE_ROOT', addressHash, computed: storage.root, claimed: storageRoot })
    }
    if (!bytesEqual(codeHash, EMPTY_CODE_HASH)) {
      const code = reader.get(codeKey(codeHash))
      if (code === undefined || !bytesEqual(keccak256(code), codeHash)) {
        return err({ code: 'STATE_CODE', addressHash, codeHash })
      }
    }
    trie.add(addressHash, encodeAccount(account.value))
    accounts++
    slots += storage.slots
    if (accounts % PROGRESS_EVERY === 0) {
      const share = new DataView(key.buffer, key.byteOffset + ACCOUNT_HASH_AT).getUint32(0) / SHARE_OF
      if (!progress(share, { accounts, slots })) return ok(undefined)
    }
  }
  const computed = trie.root()
  return bytesEqual(computed, stateRoot)
    ? ok({ accounts, slots })
    : err({ code: 'STATE_ROOT', computed, claimed: stateRoot })
}

/** Also of accounts that claim to have none: slots that nobody knows of are a fault as well. */
async function storageOf(
  reader: DatabaseReader,
  addressHash: Uint8Array,
): Promise<{ readonly root: Uint8Array; readonly slots: number }> {
  let trie: ReturnType<typeof sortedRoot> | undefined
  let slots = 0
  for await (const [key, value] of reader.range(slotsOf(addressHash))) {
    trie ??= sortedRoot()
    trie.add(key.subarray(SLOT_HASH_AT), value)
    slots++
  }
  return { root: trie?.root() ?? EMPTY_ROOT, slots }
}
