import { bytesEqual, isZero } from '../../protocols/bytes.ts'
import type { GenesisAccount } from '../../protocols/chain-spec/chain-spec.ts'
import { keccak256 } from '../../protocols/keccak256.ts'
import type { Batch } from '../batch.ts'
import { accountKey, accountNodeKey, codeKey, slotKey, storageNodeKey } from '../schema.ts'
import { type ChangedNode, createTrie, type Trie } from '../trie/trie.ts'
import { type Account, EMPTY_CODE_HASH, encodeAccount, encodeSlimAccount } from './account.ts'
import { slotLeaf } from './slot.ts'

/** `addTo`: flat state, code and trie nodes, for the batch that also writes the genesis block. */
export type GenesisState = { readonly stateRoot: Uint8Array; addTo(batch: Batch): void }

/** The state of a genesis. Empty accounts stay (no EIP-158 deletion); a slot of zero is none. */
export function genesisState(accounts: readonly GenesisAccount[]): GenesisState {
  const accountTrie = newTrie()
  const writes: ((batch: Batch) => void)[] = []
  for (const { address, balance, nonce, code, storage } of accounts) {
    const addressHash = keccak256(address)
    const codeHash = code.length === 0 ? EMPTY_CODE_HASH : keccak256(code)
    const storageTrie = newTrie()
    for (const { slot, value } of storage) {
      if (isZero(value)) continue
      const slotHash = keccak256(slot)
      const leaf = slotLeaf(value)
      insert(storageTrie, slotHash, leaf)
      writes.push((batch) => batch.put(slotKey(addressHash, slotHash), leaf))
    }
    const stored = storageTrie.commit()
    const account: Account = { nonce, balance, storageRoot: stored.root, codeHash }
    insert(accountTrie, addressHash, encodeAccount(account))
    writes.push((batch) => {
      batch.put(accountKey(addressHash), encodeSlimAccount(account))
      if (!bytesEqual(codeHash, EMPTY_CODE_HASH)) batch.put(codeKey(codeHash), code)
      addNodes(batch, (path) => storageNodeKey(addressHash, path), stored.changed)
    })
  }
  const committed = accountTrie.commit()
  return {
    stateRoot: committed.root,
    addTo(batch) {
      for (const write of writes) write(batch)
      addNodes(batch, accountNodeKey, committed.changed)
    },
  }
}

/** The nodes of a commit as operations of a batch. @param keyOf of the trie they belong to, by path in nibbles. */
export function addNodes(batch: Batch, keyOf: (path: Uint8Array) => Uint8Array, changed: readonly ChangedNode[]): void {
  for (const [path, encoded] of changed) {
    if (encoded === undefined) batch.delete(keyOf(path))
    else batch.put(keyOf(path), encoded)
  }
}

/** Never unloads: there is no store to load from yet. */
const newTrie = (): Trie => createTrie({ read: () => undefined, memoryBytesMax: Number.POSITIVE_INFINITY })

function insert(trie: Trie, key: Uint8Array, value: Uint8Array): void {
  const done = trie.insert(key, value)
  if (!done.ok) throw new Error('a trie held whole in memory lacks a node')
}
