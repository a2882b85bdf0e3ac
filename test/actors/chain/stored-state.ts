/** What must hold of a stored chain after whatever happened to its owner. */
import { decodeHeader } from '../../../protocols/header.ts'
import { keccak256 } from '../../../protocols/keccak256.ts'
import { readHead } from '../../../storage/chain-store.ts'
import type { DatabaseReader } from '../../../storage/database.ts'
import { accountKey, accountNodeKey, canonicalHashKey, headerKey } from '../../../storage/schema.ts'
import { leafOfSlimAccount, storedAccount } from '../../../storage/state/account.ts'
import { createTrie, EMPTY_ROOT } from '../../../storage/trie/trie.ts'

/**
 * Builds the state trie anew from the flat state and walks the stored one. @throws when flat state, stored trie, head
 * and canonical headers do not agree. @returns what the head is.
 */
export async function verifyStored(
  reader: DatabaseReader,
): Promise<{ number: bigint; hash: Uint8Array; stateRoot: Uint8Array }> {
  const head = readHead(reader)
  if (head === undefined) throw new Error('no head')
  const fresh = createTrie({ read: () => undefined, root: EMPTY_ROOT, memoryBytesMax: Number.POSITIVE_INFINITY })
  const stored = createTrie({ read: (path) => reader.get(accountNodeKey(path)), root: head.stateRoot })
  const first = accountKey(new Uint8Array(32))
  for await (const [key, slim] of reader.range({ gte: first, lt: Uint8Array.of((first[0] as number) + 1) })) {
    const leaf = leafOfSlimAccount(slim)
    expectOk(fresh.insert(key.slice(1), leaf))
    const found = expectOk(stored.get(key.slice(1)))
    if (found === undefined || !same(found, leaf)) throw new Error('flat state and stored trie differ')
  }
  if (!same(fresh.root(), head.stateRoot)) throw new Error(`flat state has another root than head ${head.number}`)
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
}

/** wei at the head. */
export function balanceOf(reader: Pick<DatabaseReader, 'get'>, address: Uint8Array): bigint {
  const slim = reader.get(accountKey(keccak256(address)))
  return slim === undefined ? 0n : storedAccount(slim).balance
}

function expectOk<T>(result: { ok: true; value: T } | { ok: false; error: { code: string } }): T {
  if (!result.ok) throw new Error(result.error.code)
  return result.value
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0
