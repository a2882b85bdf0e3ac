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

/** RLP header of a string of 32 bytes. */
const HASH_HEADER = 0x80 + 32
/** RLP of the two hashes that end a leaf. */
const HASHES_BYTES = 2 * (1 + 32)
/** RLP header of a list of 56 to 255 bytes: with its two hashes a leaf is always one. */
const LONG_LIST_HEADER = 0xf8

/**
 * The leaf of the account trie for an account of the flat state, by bytes: every account that a block changes goes this
 * way. Throws for what is no slim account.
 */
export function leafOfSlimAccount(slim: Uint8Array): Uint8Array {
  const start = slim[0] === LONG_LIST_HEADER ? 2 : 1
  const hashesAt = afterItem(slim, afterItem(slim, start))
  const codeAt = afterItem(slim, hashesAt)
  const isWhole = slim.length - start === (start === 2 ? slim[1] : (slim[0] ?? 0) - 0xc0)
  const lengths = [codeAt - hashesAt, slim.length - codeAt]
  if (!isWhole || lengths.some((length) => length !== 1 && length !== 1 + 32))
    throw new Error('a stored account is not one')
  const payload = hashesAt - start + HASHES_BYTES
  const leaf = new Uint8Array(2 + payload)
  leaf[0] = LONG_LIST_HEADER
  leaf[1] = payload
  for (let i = start; i < hashesAt; i++) leaf[2 + i - start] = slim[i]!
  const at = leaf.length - HASHES_BYTES
  leaf[at] = HASH_HEADER
  leaf.set(codeAt - hashesAt === 1 ? EMPTY_ROOT : slim.subarray(hashesAt + 1, codeAt), at + 1)
  leaf[at + 33] = HASH_HEADER
  leaf.set(slim.length - codeAt === 1 ? EMPTY_CODE_HASH : slim.subarray(codeAt + 1), at + 34)
  return leaf
}

/** Offset behind the string of fewer than 56 bytes at `at`. */
function afterItem(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0
  return at + (first < 0x80 ? 1 : first - 0x80 + 1)
}

/** Both hashes end a leaf, each with its RLP header. */
const STORAGE_ROOT_FROM_END = 32 + 1 + 32

/** The storage root in a leaf of the account trie, as a view: 32 bytes. */
export const storageRootOfLeaf = (leaf: Uint8Array): Uint8Array =>
  leaf.subarray(leaf.length - STORAGE_ROOT_FROM_END, leaf.length - STORAGE_ROOT_FROM_END + 32)

/** The slim account with another storage root. */
export const withStorageRoot = (slim: Uint8Array, storageRoot: Uint8Array): Uint8Array =>
  encodeSlimAccount({ ...storedAccount(slim), storageRoot })
