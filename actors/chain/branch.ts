/** Blocks beside the canonical chain: kept unexecuted until their branch is heavier, then switched to. */
import type { BatchedBlock } from '../../protocols/block-batch.ts'
import { bytesEqual } from '../../protocols/bytes.ts'
import type { ChainSpec } from '../../protocols/chain-spec/chain-spec.ts'
import { decodeHeader, type Header } from '../../protocols/header.ts'
import { createBatch } from '../../storage/batch.ts'
import { addBlock, addHead, type Head, removeCanonical } from '../../storage/chain-store.ts'
import type { Database } from '../../storage/database.ts'
import { accountNodeKey, badBlockKey, bodyKey, canonicalHashKey, headerKey } from '../../storage/schema.ts'
import { leafOfSlimAccount } from '../../storage/state/account.ts'
import { rollBack } from '../../storage/state/change-set.ts'
import { addNodes } from '../../storage/state/genesis-state.ts'
import type { Leaf } from '../../storage/trie/leaf-batch.ts'
import type { ChangedNode } from '../../storage/trie/trie.ts'
import { ancestorsOf, storedBlock } from './ancestors.ts'
import { type Ancestor, checkBlock, nextAncestors } from './execute.ts'
import type { BlockFault } from './messages.ts'

export type Failed = { readonly number: bigint; readonly hash: Uint8Array; readonly fault: BlockFault }

export type Aside = {
  /** The last block that was stored beside the chain; undefined when none was. */
  readonly newest: Ancestor | undefined
  readonly stored: number
  readonly failed: Failed | undefined
}

/**
 * Checks blocks that do not continue the tip against their stored parents and stores them, unexecuted. A block whose
 * parent is not stored, or is known to be bad, ends it.
 */
export async function storeAside(
  database: Database,
  spec: ChainSpec,
  blocks: readonly BatchedBlock[],
  now: bigint,
): Promise<Aside> {
  const batch = createBatch()
  let ancestors: readonly Ancestor[] | undefined
  let stored = 0
  let failed: Failed | undefined
  for (const block of blocks) {
    const header = decodeHeader(block.headerBytes)
    const number = header.ok ? header.value.number : 0n
    const fault = header.ok ? take(block, header.value) : ({ code: 'BLOCK_ENCODING', cause: header.error } as const)
    if (fault !== undefined) {
      failed = { number, hash: block.hash, fault }
      break
    }
    stored++
  }
  if (stored > 0) {
    const written = await database.batch(batch.operations)
    if (!written.ok) throw new Error(`the store refused a side block: ${written.error.code}`)
  }
  return { newest: ancestors?.[0], stored, failed }

  function take(block: BatchedBlock, header: Header): BlockFault | undefined {
    const { parentHash, number } = header
    if (database.get(badBlockKey(number, block.hash)) !== undefined) return { code: 'BLOCK_BAD' }
    if (ancestors === undefined || !bytesEqual((ancestors[0] as Ancestor).hash, parentHash)) {
      if (number === 0n || storedBlock(database, number - 1n, parentHash) === undefined)
        return { code: 'BLOCK_PARENT_UNKNOWN', parentHash }
      ancestors = ancestorsOf(database, { number: number - 1n, hash: parentHash })
    }
    const checked = checkBlock(spec, block, ancestors, { now })
    if (!checked.ok) return checked.error
    const { ancestor } = checked.value
    const { totalDifficulty } = ancestor
    addBlock(batch, { number, hash: block.hash, header: block.headerBytes, body: block.bodyBytes, totalDifficulty })
    ancestors = nextAncestors(ancestor, ancestors)
    return undefined
  }
}

/** What a switch to another branch takes: where it leaves the canonical chain, and the blocks on either side. */
export type Fork = {
  /** The last common block. */
  readonly base: Ancestor
  /** Canonical blocks above the base, and the branch's, oldest first. */
  readonly left: readonly BatchedBlock[]
  readonly branch: readonly BatchedBlock[]
}

export function forkOf(database: Database, head: Head, newest: Ancestor): Fork {
  const branch: BatchedBlock[] = []
  let at = newest
  while (!isCanonical(database, at)) {
    branch.unshift(batched(database, at))
    const { number, parentHash } = at.header
    at = storedBlock(database, number - 1n, parentHash) as Ancestor
  }
  const left: BatchedBlock[] = []
  for (let number = head.number; number > at.header.number; number--) {
    const hash = database.get(canonicalHashKey(number)) as Uint8Array
    left.unshift(batched(database, storedBlock(database, number, hash) as Ancestor))
  }
  return { base: at, left, branch }
}

/** Leaves that take the state back from the head to `base`, and the batch that does the same to the store. */
export function unwind(database: Database, head: Head, base: Ancestor) {
  const batch = createBatch()
  const restored = new Map<string, Leaf>()
  for (let number = head.number; number > base.header.number; number--) {
    const undone = rollBack(database, batch, number)
    if (!undone.ok) return undone
    for (const { addressHash, value } of undone.value.accounts)
      restored.set(String.fromCharCode(...addressHash), {
        key: addressHash,
        value: value === undefined ? undefined : leafOfSlimAccount(value),
      })
    removeCanonical(batch, number)
  }
  const moved: Head = {
    number: base.header.number,
    hash: base.hash,
    stateRoot: base.header.stateRoot,
    totalDifficulty: base.totalDifficulty,
    epoch: head.epoch,
  }
  const complete = (nodes: readonly ChangedNode[]) => {
    addNodes(batch, accountNodeKey, nodes)
    addHead(batch, moved)
    return batch.operations
  }
  return { ok: true, value: { moved, leaves: [...restored.values()], complete } } as const
}

function isCanonical(database: Database, block: Ancestor): boolean {
  const canonical = database.get(canonicalHashKey(block.header.number))
  return canonical !== undefined && bytesEqual(canonical, block.hash)
}

function batched(database: Database, block: Ancestor): BatchedBlock {
  const { hash, totalDifficulty, header } = block
  const headerBytes = database.get(headerKey(header.number, hash)) as Uint8Array
  const bodyBytes = database.get(bodyKey(header.number, hash)) as Uint8Array
  return { hash, headerBytes, bodyBytes, totalDifficulty }
}
