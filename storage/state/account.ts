/** Accounts as the trie holds them (Yellow Paper, section 4.1) and as the flat state does ("slim": geth's snapshot form). */
import { bytesEqual } from '../../protocols/bytes.ts'
import { hexConstant } from '../../protocols/hex.ts'
import { err, type Result } from '../../protocols/result.ts'
import {
  encodeRlp,
  enterList,
  finished,
  leaveList,
  type RlpError,
  rlpReader,
  takeString,
  takeUint,
  uintToBytes,
} from '../../protocols/rlp.ts'
import { EMPTY_ROOT } from '../trie/trie.ts'

/** keccak256 of no bytes: the code hash of an account without code. */
export const EMPTY_CODE_HASH = hexConstant('c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470')

const NONCE_BYTES_MAX = 8
const BALANCE_BYTES_MAX = 32

/** `storageRoot`, `codeHash`: 32 bytes. */
export type Account = {
  readonly nonce: bigint
  readonly balance: bigint
  readonly storageRoot: Uint8Array
  readonly codeHash: Uint8Array
}
export type AccountError = { readonly code: 'ACCOUNT_ENCODING'; readonly cause: RlpError }

export const NEW_ACCOUNT: Account = { nonce: 0n, balance: 0n, storageRoot: EMPTY_ROOT, codeHash: EMPTY_CODE_HASH }

/** EIP-161: no nonce, no balance, no code. The storage root is not looked at. */
export const isEmptyAccount = (account: Account): boolean =>
  account.nonce === 0n && account.balance === 0n && bytesEqual(account.codeHash, EMPTY_CODE_HASH)

/** The value of a leaf of the account trie. */
export const encodeAccount = (account: Account): Uint8Array =>
  encodeRlp([uintToBytes(account.nonce), uintToBytes(account.balance), account.storageRoot, account.codeHash])

/** The flat state's form: an empty string stands for the empty storage root and for the hash of no code. */
export const encodeSlimAccount = (account: Account): Uint8Array =>
  encodeRlp([
    uintToBytes(account.nonce),
    uintToBytes(account.balance),
    bytesEqual(account.storageRoot, EMPTY_ROOT) ? new Uint8Array(0) : account.storageRoot,
    bytesEqual(account.codeHash, EMPTY_CODE_HASH) ? new Uint8Array(0) : account.codeHash,
  ])

/** Reads both forms. The hashes are views of `bytes`. */
export function decodeAccount(bytes: Uint8Array): Result<Account, AccountError> {
  const reader = rlpReader(bytes)
  const end = enterList(reader)
  const nonce = takeUint(reader, NONCE_BYTES_MAX)
  const balance = takeUint(reader, BALANCE_BYTES_MAX)
  const storageRoot = takeString(reader, 0, 32)
  const codeHash = takeString(reader, 0, 32)
  leaveList(reader, end)
  if (reader.error === undefined) {
    for (const hash of [storageRoot, codeHash]) {
      if (hash.length !== 0 && hash.length !== 32) {
        return err({
          code: 'ACCOUNT_ENCODING',
          cause: { code: 'RLP_WRONG_LENGTH', offset: hash.byteOffset - bytes.byteOffset },
        })
      }
    }
  }
  const read = finished(reader, {
    nonce,
    balance,
    storageRoot: storageRoot.length === 0 ? EMPTY_ROOT : storageRoot,
    codeHash: codeHash.length === 0 ? EMPTY_CODE_HASH : codeHash,
  })
  return read.ok ? read : err({ code: 'ACCOUNT_ENCODING', cause: read.error })
}

/** Of bytes that this program stored: anything else is a fault of the store and throws. */
export function storedAccount(slim: Uint8Array): Account {
  const account = decodeAccount(slim)
  if (!account.ok) throw new Error(`a stored account is not one: ${account.error.cause.code}`)
  return account.value
}

/** The leaf of the account trie for an account of the flat state. */
export const leafOfSlimAccount = (slim: Uint8Array): Uint8Array => encodeAccount(storedAccount(slim))

/** Both hashes end a leaf, each with its RLP header. */
const STORAGE_ROOT_FROM_END = 32 + 1 + 32

/** The storage root in a leaf of the account trie, as a view: 32 bytes. */
export const storageRootOfLeaf = (leaf: Uint8Array): Uint8Array =>
  leaf.subarray(leaf.length - STORAGE_ROOT_FROM_END, leaf.length - STORAGE_ROOT_FROM_END + 32)

/** The slim account with another storage root. */
export const withStorageRoot = (slim: Uint8Array, storageRoot: Uint8Array): Uint8Array =>
  encodeSlimAccount({ ...storedAccount(slim), storageRoot })
