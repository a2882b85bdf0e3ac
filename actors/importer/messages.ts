import type { BlockStreamError } from '../../protocols/block-stream.ts'
import type { Era1Error } from '../../protocols/era1/reader.ts'
import type { AskFailure } from '../../runtime/actor.ts'
import type { DiskError } from '../../runtime/capabilities.ts'
import type { Lossy, Ref, Tell } from '../../runtime/messages.ts'
import type { Result } from '../../runtime/result.ts'
import type { BlockFault, ChainMessages, ImportAnswer } from '../chain/messages.ts'

export type ImportFault =
  | { readonly code: 'IMPORT_FILE'; readonly file: string; readonly cause: DiskError }
  | { readonly code: 'IMPORT_FORMAT'; readonly file: string; readonly cause: Era1Error | BlockStreamError }
  | {
      readonly code: 'IMPORT_BLOCK'
      readonly file: string
      readonly number: bigint
      readonly hash: Uint8Array
      readonly fault: BlockFault
    }
  /** The chain did not answer: it failed again and again. */
  | { readonly code: 'IMPORT_CHAIN'; readonly file: string; readonly detail: string }

export type FileProgress = {
  readonly file: string
  /** Place among the files, from 0. */
  readonly index: number
  readonly fileBytes: number
  /** Bytes of the file whose blocks the chain has answered. */
  readonly doneBytes: number
  /** Over all files so far. */
  readonly imported: number
  readonly known: number
  readonly head: bigint
}
/** `head`: 0n when no block was answered. */
export type ImportTotals = {
  readonly faults: number
  readonly imported: number
  readonly known: number
  readonly head: bigint
  /** Proof-of-work seals found right, of blocks and of ommers. */
  readonly sealsChecked: number
}

/** What an importer tells of its work to who started it. */
export type ImporterNeeds = {
  importProgress: Tell<FileProgress, Lossy<'coalesce'>>
  fileDone: Tell<{ readonly file: string; readonly fault: ImportFault | undefined; readonly progress: FileProgress }>
  importDone: Tell<ImportTotals>
}

/** Reads block files (era1, or concatenated RLP) and feeds the chain, a few batches ahead of it; then ends. */
export type ImporterMessages = {
  /** To self: open the next file, or read on in this one. */
  advance: Tell
  /** To self: what the chain answered to one batch. */
  answered: Tell<{ readonly batch: number; readonly answer: Result<ImportAnswer, AskFailure> }>
  /** To self: the chain has had its time to come back. */
  resend: Tell
}
export type ImporterDeps = {
  readonly files: readonly string[]
  readonly chain: Ref<Pick<ChainMessages, 'importBlocks'>>
  readonly listener: Ref<ImporterNeeds>
}
