/** Merkle proofs of an account and its slots after the head (EIP-1186). */
import { bytesEqual } from '../../protocols/bytes.ts'
import { bytesToHex, encodeQuantity } from '../../protocols/hex.ts'
import type { JsonObject } from '../../protocols/json-rpc/json.ts'
import type { StorageKey } from '../../protocols/json-rpc/storage-key.ts'
import { keccak256 } from '../../protocols/keccak256.ts'
import { err, ok, type Result } from '../../protocols/result.ts'
import { bytesToUint } from '../../protocols/rlp.ts'
import { createTrie, EMPTY_ROOT, type NodeReader } from '../../storage/trie/trie.ts'
import type { TrieError } from '../../storage/trie/trie-error.ts'
import type { AccountFields, ChainReader } from './chain-reader.ts'

/** What geth answers for an account that is not there. */
const NO_HASH = new Uint8Array(32)
/** Bytes of nodes held for one proof: far more than the path to a thousand slots. */
const PROOF_BYTES_MAX = 64 * 1024 * 1024

type Slot = { readonly key: StorageKey; readonly value: Uint8Array }

/**
 * The answer of `eth_getProof`: nodes from the root to the leaf, or to where the key's absence shows.
 * @param stateRoot of the head of `chain`. @param account as it is after the head. @param slots each with its value there.
 */
export function accountProof(
  chain: ChainReader,
  stateRoot: Uint8Array,
  address: Uint8Array,
  account: AccountFields | undefined,
  slots: readonly Slot[],
): Result<JsonObject, TrieError> {
  const addressHash = keccak256(address)
  const path = proofs(stateRoot, (at) => chain.accountNode(at), [addressHash])
  if (!path.ok) return path
  const storageRoot = account?.storageRoot ?? EMPTY_ROOT
  const storage = proofs(
    storageRoot,
    (at) => chain.storageNode(addressHash, at),
    slots.map(({ key }) => keccak256(key.slot)),
  )
  if (!storage.ok) return storage
  return ok({
    address: bytesToHex(address),
    accountProof: path.value[0]!.map(bytesToHex),
    balance: encodeQuantity(account?.balance ?? 0n),
    codeHash: bytesToHex(account?.codeHash ?? NO_HASH),
    nonce: encodeQuantity(account?.nonce ?? 0n),
    storageHash: bytesToHex(account?.storageRoot ?? NO_HASH),
    storageProof: slots.map(({ key, value }, index) => ({
      key: key.isWhole ? bytesToHex(key.slot) : encodeQuantity(bytesToUint(key.slot)),
      value: encodeQuantity(bytesToUint(value)),
      proof: storage.value[index]!.map(bytesToHex),
    })),
  })
}

function proofs(
  root: Uint8Array,
  read: NodeReader,
  keys: readonly Uint8Array[],
): Result<readonly (readonly Uint8Array[])[], TrieError> {
  if (bytesEqual(root, EMPTY_ROOT)) return ok(keys.map(() => []))
  const trie = createTrie({ read, root, memoryBytesMax: PROOF_BYTES_MAX })
  const found: (readonly Uint8Array[])[] = []
  for (const key of keys) {
    const path = trie.prove(key)
    if (!path.ok) return err(path.error)
    found.push(path.value)
  }
  return ok(found)
}
