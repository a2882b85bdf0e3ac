/** Validity of a header against its parent, without the seal (Yellow Paper 4.3.4; order as in geth 1.10.26). */
import { bytesEqual, isZero } from '../bytes.ts'
import type { ChainSpec } from '../chain-spec/chain-spec.ts'
import type { Rules } from '../chain-spec/rules.ts'
import { rulesAt } from '../chain-spec/rules.ts'
import type { Header } from '../header.ts'
import { EMPTY_LIST_HASH, encodeHeader, headerHash } from '../header.ts'
import { hexConstant } from '../hex.ts'
import type { Result } from '../result.ts'
import { err, ok } from '../result.ts'
import { ELASTICITY, nextBaseFee } from './base-fee.ts'
import { GAS_PER_BLOB, nextExcessBlobGas } from './blob-gas.ts'
import { nextDifficulty } from './difficulty.ts'

export type HeaderError =
  | { readonly code: 'HEADER_EXTRA_DATA_LONG'; readonly bytes: number }
  | { readonly code: 'HEADER_FUTURE'; readonly timestamp: bigint; readonly now: bigint } // may only be early
  | { readonly code: 'HEADER_TIMESTAMP'; readonly timestamp: bigint; readonly parentTimestamp: bigint }
  | { readonly code: 'HEADER_DIFFICULTY'; readonly difficulty: bigint; readonly expected: bigint }
  | { readonly code: 'HEADER_GAS_LIMIT'; readonly gasLimit: bigint; readonly parentGasLimit: bigint } // out of bounds
  | { readonly code: 'HEADER_GAS_USED'; readonly gasUsed: bigint; readonly gasLimit: bigint }
  | { readonly code: 'HEADER_BASE_FEE'; readonly baseFee: bigint | undefined; readonly expected: bigint | undefined }
  | { readonly code: 'HEADER_NUMBER'; readonly number: bigint; readonly parentNumber: bigint }
  | { readonly code: 'HEADER_DAO_EXTRA_DATA'; readonly number: bigint }
  | { readonly code: 'HEADER_FORK_HASH'; readonly number: bigint } // another block at the EIP-150 fork
  | { readonly code: 'HEADER_NONCE' } // proof of stake: not zero
  | { readonly code: 'HEADER_OMMERS' } // proof of stake: some
  | { readonly code: 'HEADER_FIELD'; readonly field: keyof Header; readonly expected: 'present' | 'absent' }
  | { readonly code: 'HEADER_BLOB_GAS_USED'; readonly blobGasUsed: bigint }
  | { readonly code: 'HEADER_EXCESS_BLOB_GAS'; readonly excessBlobGas: bigint; readonly expected: bigint }
  | { readonly code: 'HEADER_SLOT'; readonly slotNumber: bigint; readonly parentSlotNumber: bigint }
  | { readonly code: 'HEADER_MERGE' } // proof of work after the merge, or proof of stake before it

/** False: whoever sent the header may only be ahead of our clock. */
export const isHeaderPeerFault = (error: HeaderError): boolean => error.code !== 'HEADER_FUTURE'

export type HeaderCheckOptions = {
  /** Seconds since the Unix epoch; without it headers from the future pass. Not looked at after the merge. */
  readonly now?: bigint
  /** The header is an ommer's: it may be from the future. */
  readonly ommer?: boolean
  /** Total difficulty up to the parent: the merge then happens exactly where it reaches the terminal one (EIP-3675). */
  readonly parentTotalDifficulty?: bigint
}

/** Bytes of extra data (Yellow Paper, eq. 58). Clique carries more, and has rules of its own. */
export const EXTRA_DATA_MAX = 32
/** Seconds by which a proof-of-work header may be ahead of the clock. */
export const FUTURE_SECONDS_MAX = 15n
export const GAS_LIMIT_MIN = 5_000n
export const GAS_LIMIT_MAX = 2n ** 63n - 1n
/** The gas limit moves by less than this fraction of the parent's. */
export const GAS_LIMIT_DIVISOR = 1_024n
/** ASCII "dao-hard-fork" (EIP-779). */
export const DAO_EXTRA_DATA = hexConstant('64616f2d686172642d666f726b')
/** Blocks from the dao fork on whose extra data says which side they are on. */
const DAO_EXTRA_DATA_BLOCKS = 10n

/**
 * Whether `header` may follow `parent`, which it names by `parentHash` (the caller looked it up by that). A header of
 * difficulty 0 is proof of stake on a chain that merges; whether it may be one already takes the total difficulty. The seal, and what clique asks besides, are checked elsewhere.
 */
export function checkHeader(
  spec: ChainSpec,
  header: Header,
  parent: Header,
  options: HeaderCheckOptions = {},
): Result<void, HeaderError> {
  const { terminalTotalDifficulty } = spec
  const merged = header.difficulty === 0n && terminalTotalDifficulty !== undefined
  if (options.parentTotalDifficulty !== undefined && terminalTotalDifficulty !== undefined)
    if (options.parentTotalDifficulty >= terminalTotalDifficulty !== merged) return err({ code: 'HEADER_MERGE' })
  const rules = rulesAt(spec, header.number, header.timestamp, merged)
  return merged ? checkBeaconHeader(rules, header, parent) : checkSealedHeader(spec, rules, header, parent, options)
}

function checkSealedHeader(
  spec: ChainSpec,
  rules: Rules,
  header: Header,
  parent: Header,
  options: HeaderCheckOptions,
): Result<void, HeaderError> {
  const { timestamp, extraData, difficulty } = header
  const clique = spec.consensus === 'clique'
  if (parent.difficulty === 0n && spec.terminalTotalDifficulty !== undefined && parent.number > 0n)
    return err({ code: 'HEADER_MERGE' })
  if (extraData.length > EXTRA_DATA_MAX && !clique)
    return err({ code: 'HEADER_EXTRA_DATA_LONG', bytes: extraData.length })
  if (options.now !== undefined && options.ommer !== true) {
    const latest = clique ? options.now : options.now + FUTURE_SECONDS_MAX
    if (timestamp > latest) return err({ code: 'HEADER_FUTURE', timestamp, now: options.now })
  }
  if (timestamp <= parent.timestamp)
    return err({ code: 'HEADER_TIMESTAMP', timestamp, parentTimestamp: parent.timestamp })
  if (!clique) {
    const hasOmmers = !bytesEqual(parent.ommersHash, EMPTY_LIST_HASH)
    const { difficulty: parentDifficulty, number, timestamp: parentTimestamp } = parent
    const expected = nextDifficulty(
      rules,
      { difficulty: parentDifficulty, number, timestamp: parentTimestamp, hasOmmers },
      timestamp,
    )
    if (difficulty !== expected) return err({ code: 'HEADER_DIFFICULTY', difficulty, expected })
  }
  const gas = checkGas(rules, header, parent)
  if (!gas.ok) return gas
  if (header.number !== parent.number + 1n) return errNumber(header, parent)
  const fields = checkFieldPresence(rules, header)
  if (!fields.ok) return fields
  return checkForkMarks(spec, header)
}

function checkBeaconHeader(rules: Rules, header: Header, parent: Header): Result<void, HeaderError> {
  const { timestamp } = header
  if (header.extraData.length > EXTRA_DATA_MAX)
    return err({ code: 'HEADER_EXTRA_DATA_LONG', bytes: header.extraData.length })
  if (!isZero(header.nonce)) return err({ code: 'HEADER_NONCE' })
  if (!bytesEqual(header.ommersHash, EMPTY_LIST_HASH)) return err({ code: 'HEADER_OMMERS' })
  if (timestamp <= parent.timestamp)
    return err({ code: 'HEADER_TIMESTAMP', timestamp, parentTimestamp: parent.timestamp })
  const gas = checkGas(rules, header, parent)
  if (!gas.ok) return gas
  if (header.number !== parent.number + 1n) return errNumber(header, parent)
  const fields = checkFieldPresence(rules, header)
  if (!fields.ok) return fields
  if (rules.blob !== undefined) {
    const { blobGasUsed = 0n, excessBlobGas = 0n } = header
    if (blobGasUsed % GAS_PER_BLOB !== 0n || blobGasUsed > BigInt(rules.blob.max) * GAS_PER_BLOB)
      return err({ code: 'HEADER_BLOB_GAS_USED', blobGasUsed })
    const expected = nextExcessBlobGas(parent, rules.blob, rules.osaka)
    if (excessBlobGas !== expected) return err({ code: 'HEADER_EXCESS_BLOB_GAS', excessBlobGas, expected })
  }
  if (header.slotNumber !== undefined && parent.slotNumber !== undefined && header.slotNumber <= parent.slotNumber)
    return err({ code: 'HEADER_SLOT', slotNumber: header.slotNumber, parentSlotNumber: parent.slotNumber })
  return ok(undefined)
}

function checkGas(rules: Rules, header: Header, parent: Header): Result<void, HeaderError> {
  const { gasLimit, gasUsed, baseFeePerGas } = header
  const wrongLimit = { code: 'HEADER_GAS_LIMIT', gasLimit, parentGasLimit: parent.gasLimit } as const
  if (gasLimit > GAS_LIMIT_MAX) return err(wrongLimit)
  if (gasUsed > gasLimit) return err({ code: 'HEADER_GAS_USED', gasUsed, gasLimit })
  const firstOfLondon = rules.london && parent.baseFeePerGas === undefined
  const before = firstOfLondon ? parent.gasLimit * ELASTICITY : parent.gasLimit
  const moved = gasLimit > before ? gasLimit - before : before - gasLimit
  if (moved >= before / GAS_LIMIT_DIVISOR || gasLimit < GAS_LIMIT_MIN) return err(wrongLimit)
  const expected = rules.london ? nextBaseFee(parent) : undefined
  if (baseFeePerGas !== expected) return err({ code: 'HEADER_BASE_FEE', baseFee: baseFeePerGas, expected })
  return ok(undefined)
}

const LATE_FIELDS = [
  ['withdrawalsRoot', 'shanghai'],
  ['blobGasUsed', 'cancun'],
  ['excessBlobGas', 'cancun'],
  ['parentBeaconBlockRoot', 'cancun'],
  ['requestsHash', 'prague'],
  ['blockAccessListHash', 'amsterdam'],
  ['slotNumber', 'amsterdam'],
] as const

/** Each field of a fork is there exactly from that fork on. */
function checkFieldPresence(rules: Rules, header: Header): Result<void, HeaderError> {
  for (const [field, fork] of LATE_FIELDS)
    if ((header[field] !== undefined) !== rules[fork])
      return err({ code: 'HEADER_FIELD', field, expected: rules[fork] ? 'present' : 'absent' })
  return ok(undefined)
}

function checkForkMarks(spec: ChainSpec, header: Header): Result<void, HeaderError> {
  const { number } = header
  const { dao, eip150 } = spec.blockForks
  if (dao !== undefined && number >= dao && number < dao + DAO_EXTRA_DATA_BLOCKS)
    if (bytesEqual(header.extraData, DAO_EXTRA_DATA) !== spec.daoForkSupport)
      return err({ code: 'HEADER_DAO_EXTRA_DATA', number })
  if (spec.eip150Hash !== undefined && number === eip150)
    if (!bytesEqual(headerHash(encodeHeader(header)), spec.eip150Hash)) return err({ code: 'HEADER_FORK_HASH', number })
  return ok(undefined)
}

const errNumber = (header: Header, parent: Header) =>
  err({ code: 'HEADER_NUMBER', number: header.number, parentNumber: parent.number } as const)
