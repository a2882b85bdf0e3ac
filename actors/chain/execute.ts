/** Checking and executing one block on its parent's state: a function over values, with the state as its only effect. */
import type { BatchedBlock } from '../../protocols/block-batch.ts'
import { type Body, decodeBody, ommersHash } from '../../protocols/body.ts'
import { bytesEqual, isZero } from '../../protocols/bytes.ts'
import type { ChainSpec } from '../../protocols/chain-spec/chain-spec.ts'
import { EMPTY_REQUESTS_HASH } from '../../protocols/chain-spec/genesis-header.ts'
import { type Rules, rulesAt } from '../../protocols/chain-spec/rules.ts'
import { checkHeader } from '../../protocols/consensus/header-rules.ts'
import { checkOmmers, OMMER_GENERATIONS, type OmmerAncestor } from '../../protocols/consensus/ommers.ts'
import { rewards } from '../../protocols/consensus/rewards.ts'
import { EMPTY_TRIE_ROOT, transactionsRoot, withdrawalsRoot } from '../../protocols/derive-root.ts'
import { decodeHeader, EMPTY_LIST_HASH, type Header } from '../../protocols/header.ts'
import { err, ok, type Result } from '../../protocols/result.ts'
import { callAfterTransactions, callBeforeTransactions } from '../../protocols/system-contracts/system-calls.ts'
import { WEI_PER_GWEI } from '../../protocols/withdrawal.ts'
import type { StateChanges } from '../../storage/state/state-changes.ts'
import type { StateView } from '../../storage/state/state-view.ts'
import type { BlockFault } from './messages.ts'

/** A block that others can be built on, with what its descendants' rules look at. */
export type Ancestor = OmmerAncestor & { readonly totalDifficulty: bigint }

export type ExecutedBlock = {
  readonly ancestor: Ancestor
  readonly headerBytes: Uint8Array
  readonly bodyBytes: Uint8Array
  readonly changes: StateChanges
  /** State root that it was executed on. */
  readonly parentRoot: Uint8Array
}

/** A block with its header and body checked against its parent, but not executed. */
export type CheckedBlock = {
  readonly ancestor: Ancestor
  readonly parentRoot: Uint8Array
  readonly body: Body
  readonly ommers: readonly Header[]
}

export type CheckOptions = {
  /** Seconds since the Unix epoch. */
  readonly now: bigint
}

/**
 * Header, body and ommer rules, and the total difficulty where the source claims one. The seal is not checked.
 * @param ancestors the parent first, then its forefathers, up to seven in all
 */
export function checkBlock(
  spec: ChainSpec,
  block: BatchedBlock,
  ancestors: readonly Ancestor[],
  options: CheckOptions,
): Result<CheckedBlock, BlockFault> {
  const parent = ancestors[0] as Ancestor
  const decoded = decodeHeader(block.headerBytes)
  if (!decoded.ok) return err({ code: 'BLOCK_ENCODING', cause: decoded.error })
  const header = decoded.value
  if (spec.consensus === 'clique') return err({ code: 'BLOCK_UNSUPPORTED', what: 'clique' })
  const sound = checkHeader(spec, header, parent.header, {
    now: options.now,
    parentTotalDifficulty: parent.totalDifficulty,
  })
  if (!sound.ok) return err({ code: 'BLOCK_HEADER', cause: sound.error })
  const body = decodeBody(block.bodyBytes)
  if (!body.ok) return err({ code: 'BLOCK_ENCODING', cause: body.error })
  const mismatch = bodyMismatch(header, body.value)
  if (mismatch !== undefined) return err({ code: 'BLOCK_BODY', field: mismatch })
  const ommers = checkOmmers(spec, body.value.ommers, block.hash, ancestors)
  if (!ommers.ok) return err({ code: 'BLOCK_OMMERS', cause: ommers.error })
  const totalDifficulty = parent.totalDifficulty + header.difficulty
  if (block.totalDifficulty !== undefined && block.totalDifficulty !== totalDifficulty)
    return err({ code: 'BLOCK_TOTAL_DIFFICULTY', computed: totalDifficulty, claimed: block.totalDifficulty })
  const ancestor = { hash: block.hash, header, ommers: body.value.ommers, totalDifficulty }
  return ok({ ancestor, parentRoot: parent.header.stateRoot, body: body.value, ommers: ommers.value })
}

/** Executes a checked block on the view, which must stand after its parent. On a fault the view stands there again. */
export function executeBlock(
  spec: ChainSpec,
  view: StateView,
  block: BatchedBlock,
  checked: CheckedBlock,
): Result<ExecutedBlock, BlockFault> {
  const { ancestor, parentRoot, body, ommers } = checked
  const { header } = ancestor
  const rules = rulesOf(spec, header)
  const unsupported = checkSupported(spec, checked)
  if (!unsupported.ok) return unsupported
  const field = resultMismatch(header)
  if (field !== undefined) return err({ code: 'BLOCK_RESULT', field })
  const called = callSystem(rules, header, view)
  if (!called.ok) {
    view.discardBlock()
    return called
  }
  for (const { address, amount } of rewards(rules, header, ommers)) view.addBalance(address, amount)
  for (const { address, amount } of body.withdrawals ?? []) view.addBalance(address, amount * WEI_PER_GWEI)
  const changes = view.endBlock({ deleteEmpty: rules.eip158 })
  return ok({ ancestor, headerBytes: block.headerBytes, bodyBytes: block.bodyBytes, changes, parentRoot })
}

/** The protocol's own calls; on a fault the view has part of what they write. */
function callSystem(rules: Rules, header: Header, view: StateView): Result<void, BlockFault> {
  const before = callBeforeTransactions(rules, header, view)
  const called = before.ok ? callAfterTransactions(rules, view) : before
  if (called.ok) return called
  const { code, address } = called.error
  return err(code === 'SYSTEM_CONTRACT_MISSING' ? { code: 'BLOCK_SYSTEM_CONTRACT', address } : UNSUPPORTED_CALLS)
}

const UNSUPPORTED_CALLS: BlockFault = { code: 'BLOCK_UNSUPPORTED', what: 'system calls' }

/** Refuses what this version does not execute: known before anything is changed. */
export function checkSupported(
  spec: ChainSpec,
  checked: Pick<CheckedBlock, 'ancestor' | 'body'>,
): Result<void, BlockFault> {
  const { header } = checked.ancestor
  const what = notExecuted(spec, rulesOf(spec, header), header, checked.body)
  return what === undefined ? ok(undefined) : err({ code: 'BLOCK_UNSUPPORTED', what })
}

const rulesOf = (spec: ChainSpec, header: Header): Rules =>
  rulesAt(spec, header.number, header.timestamp, isMerged(spec, header))

/** The newest first, as many as the ommer rules look at. */
export const nextAncestors = (newest: Ancestor, ancestors: readonly Ancestor[]): readonly Ancestor[] => [
  newest,
  ...ancestors.slice(0, OMMER_GENERATIONS - 1),
]

const isMerged = (spec: ChainSpec, header: Header): boolean =>
  header.difficulty === 0n && spec.terminalTotalDifficulty !== undefined

function bodyMismatch(header: Header, body: Body): (BlockFault & { code: 'BLOCK_BODY' })['field'] | undefined {
  const computedOmmers = body.ommers.length === 0 ? EMPTY_LIST_HASH : ommersHash(body.ommers)
  if (!bytesEqual(computedOmmers, header.ommersHash)) return 'ommersHash'
  const computed = body.transactions.length === 0 ? EMPTY_TRIE_ROOT : transactionsRoot(body.transactions)
  if (!bytesEqual(computed, header.transactionsRoot)) return 'transactionsRoot'
  if ((body.withdrawals === undefined) !== (header.withdrawalsRoot === undefined)) return 'withdrawalsRoot'
  if (body.withdrawals !== undefined && header.withdrawalsRoot !== undefined)
    if (!bytesEqual(withdrawalsRoot(body.withdrawals), header.withdrawalsRoot)) return 'withdrawalsRoot'
  return undefined
}

function notExecuted(spec: ChainSpec, rules: Rules, header: Header, body: Body) {
  if (body.transactions.length > 0) return 'transactions'
  if (rules.amsterdam) return 'system calls'
  if (spec.daoForkSupport && spec.blockForks.dao === header.number) return 'the DAO fork'
  return undefined
}

/** Without transactions nothing uses gas, there is no receipt, no log, and no request is handed over. */
function resultMismatch(header: Header): (BlockFault & { code: 'BLOCK_RESULT' })['field'] | undefined {
  if (header.gasUsed !== 0n) return 'gasUsed'
  if (!bytesEqual(header.receiptsRoot, EMPTY_TRIE_ROOT)) return 'receiptsRoot'
  if (!isZero(header.logsBloom)) return 'logsBloom'
  if (header.requestsHash !== undefined && !bytesEqual(header.requestsHash, EMPTY_REQUESTS_HASH)) return 'requestsHash'
  return undefined
}
