import type { BlockStreamError } from '../../protocols/block-stream.ts'
import type { Era1Error } from '../../protocols/era1/reader.ts'
import type { DiskError } from '../../runtime/capabilities.ts'
import type { Lossy, Ref, Tell } from '../../runtime/messages.ts'
import type { BlockFault } from '../chain/block-fault.ts'
import type { ChainMessages } from '../chain/messages.ts'

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
  /** The chain did not answer: it failed, or the node is stopping. */
  | { readonly code: 'IMPORT_CHAIN'; readonly file: string; readonly detail: string }

export type FileProgress = {
  readonly file: string
  /** Place among the files, from 0. */
  readonly index: number
  readonly fileBytes: number
  readonly readBytes: number
  /** Over all files so far. */
  readonly imported: number
  readonly known: number
  readonly head: bigint
}

/** Told how an import goes. */
export type ImportListener = {
  importProgress: Tell<FileProgress, Lossy<'coalesce'>>
  fileDone: Tell<{ readonly file: string; readonly fault: ImportFault | undefined; readonly progress: FileProgress }>
  importDone: Tell<{ readonly faults: number; readonly imported: number; readonly known: number; readonly head: bigint }>
}

/** Reads block files (era1, or concatenated RLP) and feeds the chain, a few batches ahead of it. */
export type ImporterMessages = {
  /** To self: read on, if the chain keeps up. */
  advance: Tell
  /** To self: what the chain answered. */
  answered: Tell<{ readonly answer: unknown }>
}
export type ImporterDeps = {
  readonly files: readonly string[]
  readonly chain: Ref<Pick<ChainMessages, 'importBlocks'>>
  readonly listener: Ref<ImportListener>
}
