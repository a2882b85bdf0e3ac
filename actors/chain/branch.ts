/** Blocks beside the canonical chain: kept unexecuted until their branch is heavier, then switched to. */
import type { BatchedBlock } from '../../protocols/block-batch.ts'
import { bytesEqual, bytesText } from '../../protocols/bytes.ts'
import type { ChainSpec } from '../../protocols/chain-spec/chain-spec.ts'
import { decodeHeader, type Header } from '../../protocols/header.ts'
import { err, ok, type Result } from '../../protocols/result.ts'
import { createBatch } from '../../storage/batch.ts'
import { addBlock, addHead, type Head, removeCanonical } from '../../storage/chain-store.ts'
import type { Database } from '../../storage/database.ts'
import { badBlockKey, bodyKey, canonicalHashKey, headerKey, receiptsKey } from '../../storage/schema.ts'
import { oldestState, rollBack } from '../../storage/state/change-set.ts'
import type { AccountChange, SlotChange, StateChanges } from '../../storage/state/state-changes.ts'
import { addStoredNodes, type StoredNode } from '../../storage/trie/node-batch.ts'
import { ancestorsOf, storedBlock } from './ancestors.ts'
import { type Ancestor, checkBlock, checkSupported, nextAncestors } from './execute.ts'
import type { BlockFault } from './messages.ts'
import type { SealStage } from './seals.ts'

export type Failed = { readonly number: bigint; readonly hash: Uint8Array; readonly fault: BlockFault }

export type Aside = {
  /** The heaviest block that was stored beside the chain; undefined when none was. */
  readonly heaviest: Ancestor | undefined
  readonly stored: number
  readonly sealsChecked: number
  readonly failed: Failed | undefined
}

/**
 * Checks blocks that do not continue the tip against their stored parents and stores them, unexecuted. A block that is
 * known to be bad, whose parent is bad or not stored, whose seal is wrong, or that could not be executed anyway, ends it: what
 * costs nothing to make must not fill the disk.
 */
export async function storeAside(
  database: Database,
  spec: ChainSpec,
  blocks: readonly BatchedBlock[],
  now: bigint,
  seals: SealStage,
): Promise<Aside> {
  const batch = createBatch()
  /** What is not in the store yet, by the text of the newest hash: a batch may go back and forth between branches. */
  const pending = new Map<string, readonly Ancestor[]>()
  let heaviest: Ancestor | undefined
  let first: Omit<Failed, 'fault'> | undefined
  let stored = 0
  let failed: Failed | undefined
  /** Of this batch, in its order. */
  const taken = new Map<string, Ancestor>()
  let sealsChecked = 0
  for (const block of blocks) {
    const header = decodeHeader(block.headerBytes)
    const number = header.ok ? header.value.number : 0n
    const fault = header.ok ? take(block, header.value) : ({ code: 'BLOCK_ENCODING', cause: header.error } as const)
    if (fault !== undefined) {
      failed = { number, hash: block.hash.slice(), fault }
      break
    }
    first ??= { number, hash: block.hash.slice() }
    stored++
  }
  if (stored > 0) {
    const sealed = await seals.check([...taken.values()])
    sealsChecked = sealed.checked
    if (!sealed.ok) {
      const bad = [...taken.values()][sealed.index] as Ancestor
      // Those before it, once more: their seals are known to be right.
      const before = blocks.findIndex(({ hash }) => bytesEqual(hash, bad.hash))
      const sound = await storeAside(database, spec, blocks.slice(0, before), now, seals)
      return {
        ...sound,
        sealsChecked: sound.sealsChecked + sealsChecked,
        failed: sound.failed ?? { number: bad.header.number, hash: bad.hash.slice(), fault: sealed.fault },
      }
    }
    const written = await database.batch(batch.operations)
    if (!written.ok) {
      const fault: BlockFault = { code: 'BLOCK_NOT_WRITTEN', cause: written.error.code }
      return { heaviest: undefined, stored: 0, sealsChecked, failed: { ...(first as Omit<Failed, 'fault'>), fault } }
    }
  }
  return { heaviest, stored, sealsChecked, failed }

  function take(block: BatchedBlock, header: Header): BlockFault | undefined {
    const { parentHash, number } = header
    if (number === 0n) return { code: 'BLOCK_PARENT_UNKNOWN', parentHash }
    for (const key of [badBlockKey(number, block.hash), badBlockKey(number - 1n, parentHash)])
      if (database.get(key) !== undefined) return { code: 'BLOCK_BAD' }
    const parents = ancestorsAt(number - 1n, parentHash)
    if (parents === undefined) return { code: 'BLOCK_PARENT_UNKNOWN', parentHash }
    const checked = checkBlock(spec, block, parents, { now })
    if (!checked.ok) return checked.error
    const supported = checkSupported(spec, checked.value)
    if (!supported.ok) return supported.error
    const { ancestor } = checked.value
    const { totalDifficulty } = ancestor
    addBlock(batch, { number, hash: block.hash, header: block.headerBytes, body: block.bodyBytes, totalDifficulty })
    taken.set(bytesText(block.hash), ancestor)
    pending.set(bytesText(block.hash), nextAncestors(ancestor, parents))
    if (heaviest === undefined || totalDifficulty > heaviest.totalDifficulty) heaviest = ancestor
    return undefined
  }

  function ancestorsAt(number: bigint, hash: Uint8Array): readonly Ancestor[] | undefined {
    const recent = pending.get(bytesText(hash))
    if (recent !== undefined) return recent
    return storedBlock(database, number, hash) === undefined ? undefined : ancestorsOf(database, { number, hash })
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

/** Answers the fault of the branch when it cannot be switched to; nothing is changed yet. */
export function forkOf(database: Database, head: Head, newest: Ancestor): Result<Fork, BlockFault> {
  const branch: BatchedBlock[] = []
  let at = newest
  while (!isCanonical(database, at)) {
    branch.push(batched(database, at))
    const { number, parentHash } = at.header
    if (database.get(badBlockKey(number, at.hash)) !== undefined) return err({ code: 'BLOCK_BAD' })
    const parent = storedBlock(database, number - 1n, parentHash)
    if (parent === undefined) return err({ code: 'BLOCK_PARENT_UNKNOWN', parentHash })
    at = parent
  }
  const base = at.header.number
  const oldest = oldestState(database)
  if (base < oldest) return err({ code: 'BLOCK_REORG_DEPTH', base, oldest })
  const left: BatchedBlock[] = []
  for (let number = head.number; number > at.header.number; number--) {
    const hash = database.get(canonicalHashKey(number)) as Uint8Array
    left.push(batched(database, storedBlock(database, number, hash) as Ancestor))
  }
  return ok({ base: at, left: left.reverse(), branch: branch.reverse() })
}

/** Changes that take the tries back from the head to `base`, and the batch that does the same to the store. */
export function unwind(database: Database, head: Head, base: Ancestor) {
  const batch = createBatch()
  const accounts = new Map<string, AccountChange>()
  const slots = new Map<string, SlotChange>()
  for (let number = head.number; number > base.header.number; number--) {
    const undone = rollBack(database, batch, number)
    if (!undone.ok) return undone
    for (const { addressHash, value } of undone.value.accounts)
      accounts.set(bytesText(addressHash), { addressHash, current: value, previous: undefined })
    for (const { addressHash, slotHash, value } of undone.value.slots)
      slots.set(bytesText(addressHash) + bytesText(slotHash), {
        addressHash,
        slotHash,
        current: value,
        previous: undefined,
      })
    batch.delete(receiptsKey(number, database.get(canonicalHashKey(number)) as Uint8Array))
    removeCanonical(batch, number)
  }
  const moved: Head = {
    number: base.header.number,
    hash: base.hash,
    stateRoot: base.header.stateRoot,
    totalDifficulty: base.totalDifficulty,
    epoch: head.epoch,
  }
  for (const { addressHash } of slots.values()) {
    const account = accounts.get(bytesText(addressHash))
    if (account === undefined) throw new Error('a slot changed, and its account did not')
    accounts.set(bytesText(addressHash), { ...account, storage: 'pending' })
  }
  const complete = (nodes: readonly StoredNode[]) => {
    addStoredNodes(batch, nodes)
    addHead(batch, moved)
    return batch.operations
  }
  const changes: StateChanges = { accounts: [...accounts.values()], slots: [...slots.values()], codes: [] }
  return { ok: true, value: { moved, changes, complete } } as const
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
