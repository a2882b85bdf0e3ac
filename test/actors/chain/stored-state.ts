/** What must hold of a stored chain after whatever happened to its owner. */
import { decodeHeader } from '../../../protocols/header.ts'
import { keccak256 } from '../../../protocols/keccak256.ts'
import { readHead } from '../../../storage/chain-store.ts'
import type { DatabaseReader } from '../../../storage/database.ts'
import {
  accountKey,
  accountNodeKey,
  canonicalHashKey,
  headerKey,
  slotKey,
  storageNodeKey,
} from '../../../storage/schema.ts'
import { leafOfSlimAccount, storedAccount } from '../../../storage/state/account.ts'
import { verifyState } from '../../../storage/state/verify-state.ts'
import { walkTrie } from '../../../storage/trie/walk.ts'

/**
 * Builds the tries anew from the flat state and walks the stored ones. @throws when flat state, stored tries, head and
 * canonical headers do not agree, or a node is stored that no trie refers to. @returns what the head is.
 */
export async function verifyStored(
  reader: DatabaseReader,
): Promise<{ number: bigint; hash: Uint8Array; stateRoot: Uint8Array }> {
  const head = readHead(reader)
  if (head === undefined) throw new Error('no head')
  const verified = await verifyState(reader, { stateRoot: head.stateRoot, progress: () => true })
  if (!verified.ok) throw new Error(`flat state of head ${head.number}: ${verified.error.code}`)
  const leaves = new Map<string, string>()
  const nodes = new Set<string>()
  walk(head.stateRoot, accountNodeKey, (key, value) => {
    leaves.set(text(accountKey(key)), text(value))
    // Both forms of an account are read by one decoder.
    const { storageRoot } = storedAccount(value)
    walk(
      storageRoot,
      (path) => storageNodeKey(key, path),
      (slot, leaf) => leaves.set(text(slotKey(key, slot)), text(leaf)),
    )
  })
  for (const [keyOf, found] of [
    [accountNodeKey, nodes],
    [(path: Uint8Array) => storageNodeKey(path, path), nodes],
    [accountKey, leaves],
    [(path: Uint8Array) => slotKey(path, path), leaves],
  ] as const) {
    const kind = keyOf(new Uint8Array(0))[0] as number
    for await (const [key, value] of reader.range({ gte: Uint8Array.of(kind), lt: Uint8Array.of(kind + 1) })) {
      if (found.has(text(key)) && (found === nodes || leaves.get(text(key)) === text(asLeaf(kind, value)))) continue
      throw new Error(`${text(key)} is stored, and not in the tries`)
    }
  }
  let hash = head.hash
  for (let number = head.number; number >= 0n; number--) {
    const canonical = reader.get(canonicalHashKey(number))
    if (canonical === undefined || !same(canonical, hash)) throw new Error(`block ${number} is not canonical`)
    const header = decodeHeader(reader.get(headerKey(number, hash)) as Uint8Array)
    if (!header.ok) throw new Error(`header ${number} does not decode`)
    if (number === head.number && !same(header.value.stateRoot, head.stateRoot))
      throw new Error('head has another root')
    hash = header.value.parentHash
  }
  if (reader.get(canonicalHashKey(head.number + 1n)) !== undefined)
    throw new Error('a block is canonical above the head')
  return head

  function walk(
    root: Uint8Array,
    keyOf: (path: Uint8Array) => Uint8Array,
    leaf: (key: Uint8Array, value: Uint8Array) => void,
  ): void {
    const missing = walkTrie((path) => reader.get(keyOf(path)), root, {
      node: (path) => nodes.add(text(keyOf(path))),
      leaf,
    })
    if (missing !== undefined) throw new Error(`the stored trie lacks ${text(missing.path)}: ${missing.reason}`)
  }
}

/** wei at the head. */
export function balanceOf(reader: Pick<DatabaseReader, 'get'>, address: Uint8Array): bigint {
  const slim = reader.get(accountKey(keccak256(address)))
  return slim === undefined ? 0n : storedAccount(slim).balance
}

/** A slim account as the trie holds it; a slot is the same in both. */
const asLeaf = (kind: number, value: Uint8Array): Uint8Array =>
  kind === accountKey(new Uint8Array(0))[0] ? leafOfSlimAccount(value) : value

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0
