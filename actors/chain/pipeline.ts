/**
 * The chain's way of working: while the roots of one batch are computed and its blocks are written, the next one is
 * already executed. Batches are written in order; when one is refused, what was executed on it is dropped before
 * anything of it is written.
 */

import { joinBlock } from '../../protocols/block.ts'
import { type BatchedBlock, decodeBlockBatch } from '../../protocols/block-batch.ts'
import { bytesEqual } from '../../protocols/bytes.ts'
import type { ChainSpec } from '../../protocols/chain-spec/chain-spec.ts'
import { type BlockAttributes, nextHeader } from '../../protocols/consensus/next-header.ts'
import { decodeHeader } from '../../protocols/header.ts'
import { err, ok, type Result } from '../../protocols/result.ts'
import type { Log } from '../../runtime/capabilities.ts'
import { createBatch } from '../../storage/batch.ts'
import { addBadBlock, type Head } from '../../storage/chain-store.ts'
import type { Database } from '../../storage/database.ts'
import { canonicalHashKey } from '../../storage/schema.ts'
import { flatState } from '../../storage/state/flat-state.ts'
import { settleChanges } from '../../storage/state/settled-changes.ts'
import { createStateView } from '../../storage/state/state-view.ts'
import { ancestorsOf } from './ancestors.ts'
import { type Failed, forkOf, storeAside, unwind } from './branch.ts'
import type { BatchRoots, Committers, RootsFault } from './committers.ts'
import { type Ancestor, checkBlock, type ExecutedBlock, executeBlock, nextAncestors } from './execute.ts'
import { emptyBlock, NO_STATE_ROOT } from './made-block.ts'
import type { BlockFault, ImportAnswer, SealFault } from './messages.ts'
import { addExecuted } from './persist.ts'
import { NO_SEALS, type SealStage } from './seals.ts'

/** Batches executed and not yet written. */
const UNWRITTEN_MAX = 2
/** Accounts that the state view may hold, about 1 KB each, before the batches under way are waited for. */
const VIEW_ACCOUNTS_MAX = 20_000

export type PipelineOptions = {
  readonly spec: ChainSpec
  readonly database: Database
  readonly head: Head
  readonly genesisHash: Uint8Array
  readonly historyBlocks: number | undefined
  /** Milliseconds between batches that are forced through to the disk. */
  readonly syncEveryMs: number
  readonly now: () => number
  readonly log: Log
  readonly committers: Committers
  readonly seals: SealStage
  readonly announce: (head: Head) => void
}

export type Pipeline = {
  /** Answers when the batch is written, or refused. Rejects when the chain cannot go on from what it holds in memory. */
  add(blocks: Uint8Array): Promise<ImportAnswer>
  /** Makes an empty block on the head if that is `parent`, and takes it as any other. Rejects as `add` does. */
  seal(parent: Uint8Array, attributes: BlockAttributes): Promise<Result<Head, SealFault>>
  /** The persisted head. */
  head(): Head
  /** Makes durable what was written without `sync`. */
  sync(): void
  close(): Promise<void>
}

type Job = ImportJob | SealJob
type SealJob = {
  readonly kind: 'seal'
  readonly sequence: number
  readonly parent: Uint8Array
  readonly attributes: BlockAttributes
  readonly resolve: (sealed: Result<Head, SealFault>) => void
  readonly reject: (thrown: unknown) => void
}
type ImportJob = {
  readonly kind: 'import'
  /** Order of arrival. */
  readonly sequence: number
  readonly blocks: readonly BatchedBlock[]
  /** Found before: the blocks in front of it are tried again, and it is answered with them. */
  readonly failed: Failed | undefined
  /** Found right so far, on earlier tries too. */
  readonly sealsChecked: number
  /** They come from the store, which has no others: their seals were checked before they went there. */
  readonly isStored: boolean
  readonly resolve: (answer: ImportAnswer) => void
  readonly reject: (thrown: unknown) => void
}
type Executed = {
  readonly blocks: readonly ExecutedBlock[]
  readonly known: number
  readonly failed: Failed | undefined
}
/** Why a batch cannot be taken as a whole: `index` of the block. */
type Refusal = { readonly index: number; readonly fault: BlockFault }
/** `again`: nothing was written, and `job` is to be executed on what stands now. */
type Outcome =
  | { readonly type: 'done'; readonly answer: ImportAnswer }
  | { readonly type: 'again'; readonly job: ImportJob }

export function createPipeline(options: PipelineOptions): Pipeline {
  const { spec, database, committers, seals, now } = options
  const view = createStateView(flatState(database))
  const jobs: Job[] = []
  let head = options.head
  /** Newest first; the first is the tip: the last executed block. */
  let ancestors: readonly Ancestor[] = ancestorsOf(database, head)
  /** Hash by number of blocks that are executed and not written. */
  const unwrittenHashes = new Map<bigint, Uint8Array>()
  let unwritten = 0
  /** Settles when all batches so far are written or refused. Never rejects. */
  let tail: Promise<unknown> = Promise.resolve()
  /** Grows when executed batches are dropped: what was executed before does not count any more. */
  let generation = 0
  let jobCount = 0
  let isWorking = false
  /** Closed, or failed: the actor goes, and nothing more may be executed or written. */
  let hasEnded = false
  let isUnsynced = false
  let syncedAt = now()

  const tip = (): Ancestor => ancestors[0] as Ancestor
  const seconds = (): bigint => BigInt(Math.floor(now() / 1000))

  async function work(): Promise<void> {
    if (isWorking) return
    isWorking = true
    while (!hasEnded) {
      if (unwritten >= UNWRITTEN_MAX || view.size() > VIEW_ACCOUNTS_MAX) {
        await tail
        if (unwritten === 0 && view.size() > VIEW_ACCOUNTS_MAX) view.release()
        continue
      }
      const job = jobs.shift()
      if (job === undefined) break
      try {
        await (job.kind === 'seal' ? make(job) : take(job))
      } catch (thrown) {
        hasEnded = true
        job.reject(thrown)
      }
    }
    isWorking = false
    if (hasEnded) for (const job of jobs.splice(0)) job.reject(new Error('the chain has ended'))
  }

  /** Executes a batch and sends it on its way; waits only where it does not continue the tip. */
  async function take(job: ImportJob): Promise<void> {
    const executed = execute(job.blocks)
    const settled = commit(executed, job)
    if (executed.failed?.fault.code !== 'BLOCK_PARENT_UNKNOWN') {
      settled.then((outcome) => settle(job, outcome), job.reject)
      return
    }
    const outcome = await settled
    if (outcome.type === 'again') settle(job, outcome)
    else job.resolve(await beside(job, executed, outcome.answer))
  }

  function settle(job: ImportJob, outcome: Outcome): void {
    if (outcome.type === 'done') {
      job.resolve(outcome.answer)
      return
    }
    jobs.push(outcome.job)
    jobs.sort((a, b) => a.sequence - b.sequence)
    void work()
  }

  function execute(blocks: readonly BatchedBlock[]): Executed {
    const executed: ExecutedBlock[] = []
    let known = 0
    for (const block of blocks) {
      const header = decodeHeader(block.headerBytes)
      const number = header.ok ? header.value.number : 0n
      const failed = (fault: BlockFault): Executed => ({
        blocks: executed,
        known,
        failed: { number, hash: block.hash, fault },
      })
      if (!header.ok) return failed({ code: 'BLOCK_ENCODING', cause: header.error })
      if (isKnown(number, block.hash)) {
        known++
        continue
      }
      if (number === 0n) return failed({ code: 'BLOCK_OTHER_GENESIS', ours: options.genesisHash })
      const { parentHash } = header.value
      if (!bytesEqual(parentHash, tip().hash)) return failed({ code: 'BLOCK_PARENT_UNKNOWN', parentHash })
      const checked = checkBlock(spec, block, ancestors, { now: seconds() })
      const result = checked.ok ? executeBlock(spec, view, block, checked.value) : checked
      if (!result.ok) return failed(result.error)
      executed.push(result.value)
      ancestors = nextAncestors(result.value.ancestor, ancestors)
      unwrittenHashes.set(number, block.hash)
    }
    return { blocks: executed, known, failed: undefined }
  }

  function isKnown(number: bigint, hash: Uint8Array): boolean {
    if (number > tip().header.number) return false
    const ours = unwrittenHashes.get(number) ?? database.get(canonicalHashKey(number))
    return ours !== undefined && bytesEqual(ours, hash)
  }

  /** Has the roots computed and the seals checked now, and writes after all earlier batches. */
  function commit(executed: Executed, given: ImportJob): Promise<Outcome> {
    const { blocks } = executed
    const sealing = (given.isStored ? NO_SEALS : seals).check(blocks.map(({ ancestor }) => ancestor))
    // Heard below, when it is this batch's turn; until then nobody would be listening.
    sealing.catch(() => {})
    const mine = generation
    const applied = blocks.length === 0 ? undefined : committers.apply(blocks.map(({ changes }) => changes))
    unwritten++
    const outcome = tail.then(async (): Promise<Outcome> => {
      const answered = await applied
      const sealed = await sealing
      const job = { ...given, sealsChecked: given.sealsChecked + sealed.checked }
      // Executed on blocks that were refused meanwhile.
      if (mine !== generation) {
        if (hasEnded) throw new Error('the chain has ended')
        return { type: 'again', job }
      }
      if (!sealed.ok) return refused(executed, job, sealed)
      if (answered !== undefined) {
        const roots = committers.join(
          answered,
          blocks.map(({ ancestor }) => ancestor.header.stateRoot),
        )
        if (!roots.ok) return refused(executed, job, rootRefusal(blocks, roots.error))
        const fault = await write(blocks, roots.value)
        if (fault !== undefined) {
          drop()
          return {
            type: 'done',
            answer: answerOf(executed, 0, { ...identity(blocks[0] as ExecutedBlock), fault }, job),
          }
        }
      }
      return { type: 'done', answer: answerOf(executed, blocks.length, executed.failed ?? job.failed, job) }
    })
    tail = outcome.then(
      () => {
        unwritten--
      },
      () => {
        unwritten--
        generation++
        hasEnded = true
      },
    )
    return outcome
  }

  function rootRefusal(blocks: readonly ExecutedBlock[], refusal: RootsFault): Refusal {
    if (refusal.code === 'COMMITTER') throw new Error(`a trie committer cannot go on: ${refusal.cause}`)
    const { index, computed } = refusal
    const claimed = (blocks[index] as ExecutedBlock).ancestor.header.stateRoot
    return { index, fault: { code: 'BLOCK_STATE_ROOT', computed, claimed } }
  }

  /** A root or a seal is wrong: the batch is dropped with all that was executed on it, and its sound part tried again. */
  async function refused(executed: Executed, job: ImportJob, { index, fault }: Refusal): Promise<Outcome> {
    const bad = executed.blocks[index] as ExecutedBlock
    const failed = { ...identity(bad), fault }
    // Before the drop: what is executed meanwhile counts as executed on what is dropped, and so comes after this job again.
    if (fault.code === 'BLOCK_SEAL') await remember(failed, job.blocks)
    drop()
    const at = job.blocks.findIndex((block) => bytesEqual(block.hash, bad.ancestor.hash))
    return { type: 'again', job: { ...job, blocks: job.blocks.slice(0, at), failed } }
  }

  async function write(blocks: readonly ExecutedBlock[], roots: BatchRoots): Promise<BlockFault | undefined> {
    const { ancestor } = blocks[blocks.length - 1] as ExecutedBlock
    const moved: Head = {
      number: ancestor.header.number,
      // Not views: they would keep the whole batch, and be sent with all of it.
      hash: ancestor.hash.slice(),
      stateRoot: ancestor.header.stateRoot.slice(),
      totalDifficulty: ancestor.totalDifficulty,
      epoch: head.epoch,
    }
    const changes = createBatch()
    const settled = settleChanges(
      database,
      blocks.map((block) => block.changes),
      roots.storage,
    )
    addExecuted(changes, database, blocks, settled, roots.nodes, moved, options.historyBlocks)
    const sync = now() - syncedAt >= options.syncEveryMs
    const written = await database.batch(changes.operations, { sync })
    if (!written.ok) return { code: 'BLOCK_NOT_WRITTEN', cause: written.error.code }
    isUnsynced = !sync
    if (sync) syncedAt = now()
    for (const { ancestor: block } of blocks) {
      if (unwrittenHashes.get(block.header.number) === block.hash) unwrittenHashes.delete(block.header.number)
    }
    for (const { addressHash, root } of roots.storage.flat()) view.settleStorage(addressHash, root.slice())
    moveHead(moved)
    return undefined
  }

  function moveHead(moved: Head): void {
    head = moved
    committers.written()
    options.announce(moved)
  }

  /** Back to the persisted head. */
  function drop(): void {
    generation++
    committers.revert()
    view.discardBlock()
    view.release()
    unwrittenHashes.clear()
    ancestors = ancestorsOf(database, head)
  }

  /** The rest of a batch does not continue the tip: it is kept aside, and switched to when it is heavier. */
  async function beside(job: ImportJob, executed: Executed, answer: ImportAnswer): Promise<ImportAnswer> {
    const from = job.blocks.findIndex((block) => block.hash === executed.failed?.hash)
    await tail
    const aside = await storeAside(database, spec, job.blocks.slice(from), seconds(), seals)
    const { heaviest, stored } = aside
    const sealsChecked = answer.sealsChecked + aside.sealsChecked
    if (aside.failed?.fault.code === 'BLOCK_SEAL') await remember(aside.failed, job.blocks)
    const failed = aside.failed ?? job.failed
    if (heaviest === undefined || heaviest.totalDifficulty <= head.totalDifficulty)
      return { ...answer, known: answer.known + stored, sealsChecked, failed }
    const switched = await switchTo(heaviest)
    return {
      imported: answer.imported + switched.imported,
      known: answer.known,
      head: switched.head,
      sealsChecked,
      failed: switched.failed ?? failed,
    }
  }

  async function switchTo(newest: Ancestor): Promise<ImportAnswer> {
    const fork = forkOf(database, head, newest)
    if (!fork.ok) {
      const failed = { number: newest.header.number, hash: newest.hash.slice(), fault: fork.error }
      return { imported: 0, known: 0, head, sealsChecked: 0, failed }
    }
    const { base, left, branch } = fork.value
    const { totalDifficulty } = head
    options.log.info('Chain reorg detected', {
      number: base.header.number,
      drop: left.length,
      add: branch.length,
    })
    await rewind(base)
    const switched = await alone(branch)
    if (switched.failed === undefined) return switched
    const { number, fault } = switched.failed
    if (isInvalid(fault)) await remember(switched.failed, branch)
    // What of the branch is sound may be heavier by itself.
    if (head.totalDifficulty > totalDifficulty) return switched
    options.log.warn('Branch is invalid, coming back', { number, code: fault.code })
    await rewind(base)
    const back = await alone(left)
    if (back.failed !== undefined) throw new Error(`the old branch does not execute again: ${back.failed.fault.code}`)
    return { ...back, imported: 0, failed: switched.failed }
  }

  /** Takes state and head back to a canonical block below, in one batch. */
  async function rewind(base: Ancestor): Promise<void> {
    if (head.number === base.header.number) return
    const undone = unwind(database, head, base)
    if (!undone.ok) throw new Error(`cannot roll back: ${undone.error.code}`)
    const { moved, changes, complete } = undone.value
    const roots = committers.join(await committers.apply([changes]), [moved.stateRoot])
    if (!roots.ok) throw new Error(`rolling back to block ${moved.number} fails: ${JSON.stringify(roots.error)}`)
    const written = await database.batch(complete(roots.value.nodes), { sync: true })
    if (!written.ok) throw new Error(`the store refused a roll back: ${written.error.code}`)
    moveHead(moved)
    drop()
  }

  /** Blocks that nothing else may come between. */
  async function alone(blocks: readonly BatchedBlock[]): Promise<ImportAnswer> {
    let job: ImportJob = {
      kind: 'import',
      sequence: 0,
      blocks,
      failed: undefined,
      sealsChecked: 0,
      isStored: true,
      resolve: () => {},
      reject: () => {},
    }
    for (;;) {
      const outcome = await commit(execute(job.blocks), job)
      if (outcome.type === 'done') return outcome.answer
      job = outcome.job
    }
  }

  /** Nothing else is under way meanwhile: the block stands on the persisted head. */
  async function make({ parent, attributes, resolve }: SealJob): Promise<void> {
    await tail
    if (hasEnded) throw new Error('the chain has ended')
    const { hash, header } = tip()
    if (!bytesEqual(hash, parent)) {
      resolve(err({ code: 'SEAL_PARENT' }))
      return
    }
    const draft = nextHeader(spec, header, hash, attributes, NO_STATE_ROOT)
    // The refusal of a root that no state has names the right one.
    const tried = await alone([emptyBlock(draft)])
    const refusal = tried.failed?.fault
    const made =
      refusal?.code === 'BLOCK_STATE_ROOT'
        ? await alone([emptyBlock({ ...draft, stateRoot: refusal.computed })])
        : tried
    if (made.failed === undefined) resolve(ok(head))
    else resolve(err({ code: 'SEAL_BLOCK', number: draft.number, fault: made.failed.fault }))
  }

  async function remember(failed: Failed, branch: readonly BatchedBlock[]): Promise<void> {
    const block = branch.find(({ hash }) => bytesEqual(hash, failed.hash))
    const bytes = block === undefined ? undefined : joinBlock(block.headerBytes, block.bodyBytes)
    if (!bytes?.ok) return
    const batch = createBatch()
    await addBadBlock(database, batch, { number: failed.number, hash: failed.hash, block: bytes.value })
    const written = await database.batch(batch.operations)
    if (!written.ok) options.log.warn('Bad block could not be remembered', { code: written.error.code })
  }

  const answerOf = (
    executed: Executed,
    imported: number,
    failed: Failed | undefined,
    { sealsChecked }: Pick<ImportJob, 'sealsChecked'>,
  ): ImportAnswer => ({
    imported,
    known: executed.known,
    head,
    sealsChecked,
    failed: failed && { ...failed, hash: failed.hash.slice() },
  })

  return {
    add: (bytes) =>
      new Promise((resolve, reject) => {
        const blocks = decodeBlockBatch(bytes)
        const job = { failed: undefined, sealsChecked: 0, isStored: false, resolve, reject }
        jobs.push({ kind: 'import', sequence: ++jobCount, blocks, ...job })
        void work()
      }),
    seal: (parent, attributes) =>
      new Promise((resolve, reject) => {
        jobs.push({ kind: 'seal', sequence: ++jobCount, parent, attributes, resolve, reject })
        void work()
      }),
    head: () => head,
    sync() {
      if (!isUnsynced) return
      isUnsynced = false
      syncedAt = now()
      tail = tail.then(async () => {
        const done = await database.batch([], { sync: true })
        if (!done.ok) options.log.error('Store could not be synced', { code: done.error.code })
      })
    },
    async close() {
      hasEnded = true
      seals.close()
      await tail
      if (isUnsynced) await database.batch([], { sync: true })
    },
  }
}

/** Whether no later try can find the block good: not so what this version lacks, or the store refused. */
const isInvalid = ({ code }: BlockFault): boolean =>
  code === 'BLOCK_STATE_ROOT' || code === 'BLOCK_SEAL' || code === 'BLOCK_RESULT' || code === 'BLOCK_SYSTEM_CONTRACT'

const identity = ({ ancestor }: ExecutedBlock) => ({ number: ancestor.header.number, hash: ancestor.hash })
