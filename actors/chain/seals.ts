/**
 * The proof-of-work seals of a batch, checked on the pool while the batch is executed. That the pool has no answer says nothing
 * of a seal: it is asked again, and what was not checked in the end is never taken for right.
 */
import { bytesText } from '../../protocols/bytes.ts'
import { decodeVerdict, encodeSeals, VERDICT_ROW_BYTES } from '../../protocols/ethash/seal-rows.ts'
import { decodeHeader, type Header, headerHash } from '../../protocols/header.ts'
import type { Result } from '../../protocols/result.ts'
import type { AskFailure } from '../../runtime/actor.ts'
import type { Log, Random } from '../../runtime/capabilities.ts'
import type { BatchAnswer } from '../pool/messages.ts'
import type { Ancestor } from './execute.ts'
import type { BlockFault, SealCheck } from './messages.ts'

/** One in so many is checked with `sample`. */
const SAMPLE_ONE_IN = 100
/** Seals of one ask, a second of work for one thread: a pool that is lost on the way has little to do again. */
const SEALS_PER_ASK = 512
/** Milliseconds before the pool is asked again, by attempt: together more than the replacement of a hung thread takes. */
const RETRY_DELAYS_MS = [100, 400, 1_600, 3_200, 6_400, 6_400, 6_400, 6_400]
/** Blocks remembered as right, as what stands before a refused block is executed again. */
const RIGHT_MAX = 4_096

export type SealedBlock = Pick<Ancestor, 'hash' | 'header' | 'ommers'>
/** `index`: of the first block that cannot be taken. */
export type SealVerdict = { readonly checked: number } & (
  | { readonly ok: true }
  | { readonly ok: false; readonly index: number; readonly fault: BlockFault }
)
export type SealStage = {
  /** Rejects only when the pool answers what is no answer: the chain cannot trust it then. */
  check(blocks: readonly SealedBlock[]): Promise<SealVerdict>
  /** From here on nothing is asked again. */
  close(): void
}
export type SealStageOptions = {
  readonly check: SealCheck
  readonly random: Pick<Random, 'integer'>
  /** Rows of `protocols/ethash/seal-rows.ts` → verdicts. */
  readonly verify: (rows: Uint8Array<ArrayBuffer>) => Promise<Result<BatchAnswer, AskFailure>>
  readonly wait: (ms: number) => Promise<void>
  readonly log: Log
}

/** For chains whose headers carry no seals, or where they are not to be looked at. */
export const NO_SEALS: SealStage = { check: async () => ({ ok: true, checked: 0 }), close() {} }

/** A header with a seal, of a block or of one of its ommers. */
type Sealed = { readonly index: number; readonly header: Header; readonly ommer: Uint8Array | undefined }

export function createSealStage({ check, random, verify, wait, log }: SealStageOptions): SealStage {
  const right = new Set<string>()
  let hasEnded = false

  const isChosen = (): boolean => check === 'all' || (check === 'sample' && random.integer(SAMPLE_ONE_IN) === 0)

  function sealsOf(blocks: readonly SealedBlock[]): Sealed[] {
    const sealed: Sealed[] = []
    for (const [index, { hash, header, ommers }] of blocks.entries()) {
      // From the merge on there is no work to prove.
      if (header.difficulty === 0n || right.has(bytesText(hash))) continue
      if (isChosen()) sealed.push({ index, header, ommer: undefined })
      for (const encoded of ommers)
        if (isChosen()) sealed.push({ index, header: decoded(encoded), ommer: headerHash(encoded) })
    }
    return sealed
  }

  async function verdictsOn(seals: readonly Sealed[]): Promise<Result<Uint8Array, string>> {
    for (let attempt = 0; ; attempt++) {
      const answer = await verify(encodeSeals(seals.map(({ header }) => header)))
      if (answer.ok && answer.value.ok) return { ok: true, value: answer.value.rows }
      const failure = answer.ok ? (answer.value as BatchAnswer & { ok: false }) : answer.error
      const delayMs = RETRY_DELAYS_MS[attempt]
      const detail = `${failure.code}${failure.detail ? ` ${failure.detail}` : ''}`
      if (delayMs === undefined || hasEnded || isFinal(failure.code)) return { ok: false, error: detail }
      log.warn('Seals were not checked, asking again', { code: failure.code, seals: seals.length, in: `${delayMs}ms` })
      await wait(delayMs)
    }
  }

  /** The first fault among some seals. */
  async function faultOf(seals: readonly Sealed[]): Promise<{ index: number; fault: BlockFault } | undefined> {
    const verdicts = await verdictsOn(seals)
    const [first] = seals
    if (!verdicts.ok)
      return first && { index: first.index, fault: { code: 'BLOCK_SEAL_UNCHECKED', cause: verdicts.error } }
    for (const [i, { index, header, ommer }] of seals.entries()) {
      const verdict = decodeVerdict(verdicts.value.subarray(i * VERDICT_ROW_BYTES, (i + 1) * VERDICT_ROW_BYTES), header)
      if (!verdict.ok) return { index, fault: { code: 'BLOCK_SEAL', cause: verdict.error, ommer } }
    }
    return undefined
  }

  function remember(blocks: readonly SealedBlock[]): void {
    for (const { hash } of blocks) right.add(bytesText(hash))
    for (const oldest of right) {
      if (right.size <= RIGHT_MAX) return
      right.delete(oldest)
    }
  }

  return {
    async check(blocks) {
      const seals = sealsOf(blocks)
      const asks: ReturnType<typeof faultOf>[] = []
      for (let start = 0; start < seals.length; start += SEALS_PER_ASK)
        asks.push(faultOf(seals.slice(start, start + SEALS_PER_ASK)))
      const faults = await Promise.all(asks)
      // Of several the lowest: seals are in the order of their blocks.
      const found = faults.find((fault) => fault !== undefined)
      remember(blocks.slice(0, found?.index))
      return found === undefined
        ? { ok: true, checked: seals.length }
        : { ok: false, checked: seals.filter(({ index }) => index < found.index).length, ...found }
    },
    close() {
      hasEnded = true
    },
  }
}

/** A bug, not a misfortune: the same would be answered again. */
const isFinal = (code: string): boolean =>
  ['BATCH_LENGTH', 'SEAL_EPOCH', 'UNKNOWN_KIND', 'NOT_CLONEABLE', 'SENDER_STOPPED'].includes(code)

function decoded(ommer: Uint8Array): Header {
  const header = decodeHeader(ommer)
  if (!header.ok) throw new Error('an ommer that was checked does not decode')
  return header.value
}
