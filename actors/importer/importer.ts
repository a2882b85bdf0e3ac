/** Reads block files in bounded pieces and keeps the chain supplied; a chain that restarts meanwhile loses nothing. */
import { encodeBlockBatch } from '../../protocols/block-batch.ts'
import { type AskFailure, defineActor, serial } from '../../runtime/actor.ts'
import type { DiskError, DiskFile } from '../../runtime/capabilities.ts'
import { err } from '../../runtime/result.ts'
import { BATCHES_IN_FLIGHT_MAX, batchWindow, type SentBatch } from './batch-window.ts'
import { type BlockSource, blockSource, type SourceBlock } from './block-source.ts'
import type { FileProgress, ImporterDeps, ImporterMessages, ImportFault } from './messages.ts'

/** Bytes of one read. */
const READ_BYTES = 256 * 1024
/** A batch is sent when it has so many blocks or bytes: enough for one write of the chain, little enough to show progress. */
const BATCH_BLOCKS_MAX = 192
const BATCH_BYTES_MAX = 1024 * 1024
/** Milliseconds for one batch: of the heaviest blocks, behind two others. */
const ANSWER_MS_MAX = 30 * 60_000
/** Milliseconds before a batch that was not answered is sent again, by attempt: together more than a restart takes. */
const RESEND_DELAYS_MS = [200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000, 5_000, 5_000]

type OpenFile = {
  readonly path: string
  readonly file: DiskFile
  readonly fileBytes: number
  /** Found by the first read. */
  source: BlockSource | undefined
  readBytes: number
  /** Of the last read. */
  chunkBytes: number
  doneBytes: number
  /** Parsed and not yet sent. */
  pending: SourceBlock[]
  pendingBytes: number
  /** Nothing more of it is read; `fault` says why, unless it is the end of the file. */
  ended: { readonly fault: ImportFault | undefined } | undefined
  /** What the chain still answers is waited for, and says nothing new. */
  isGivenUp: boolean
}

export const importer = defineActor<ImporterMessages, ImporterDeps>({
  name: 'importer',
  mailbox: { capacity: 16 },
  behavior(ctx, { files, chain, listener }) {
    const window = batchWindow()
    let index = 0
    let current: OpenFile | undefined
    let faults = 0
    let imported = 0
    let known = 0
    let sealsChecked = 0
    let head = 0n
    let attempts = 0
    let isAdvancing = false
    let isResending = false

    function wake(): void {
      if (isAdvancing) return
      isAdvancing = true
      ctx.after(0, 'advance')
    }

    const progressOf = (path: string, fileBytes: number, doneBytes: number): FileProgress => ({
      file: path,
      index,
      fileBytes,
      doneBytes,
      imported,
      known,
      head,
    })

    function fileDone(fault: ImportFault | undefined, progress: FileProgress): void {
      if (fault !== undefined) faults++
      ctx.tell(listener, 'fileDone', { file: progress.file, fault, progress })
      index++
      wake()
    }

    async function open(path: string): Promise<void> {
      const refuse = (cause: DiskError): void =>
        fileDone({ code: 'IMPORT_FILE', file: path, cause }, progressOf(path, 0, 0))
      const opened = await ctx.disk.open(path, 'read')
      if (!opened.ok) return refuse(opened.error)
      ctx.own(opened.value)
      const size = await opened.value.size()
      if (!size.ok) return refuse(size.error)
      current = {
        path,
        file: opened.value,
        fileBytes: size.value,
        source: undefined,
        readBytes: 0,
        chunkBytes: 0,
        doneBytes: 0,
        pending: [],
        pendingBytes: 0,
        ended: undefined,
        isGivenUp: false,
      }
    }

    async function read(open: OpenFile): Promise<void> {
      const chunk = await open.file.read(open.readBytes, READ_BYTES)
      if (!chunk.ok) {
        open.ended = { fault: { code: 'IMPORT_FILE', file: open.path, cause: chunk.error } }
        return
      }
      open.source ??= blockSource(chunk.value)
      if (open.readBytes === 0)
        ctx.log.info('Reading blocks', { file: open.path, format: open.source.format, bytes: open.fileBytes })
      open.chunkBytes = chunk.value.length
      open.readBytes += chunk.value.length
      const parsed = chunk.value.length === 0 ? open.source.end() : open.source.push(chunk.value)
      if (!parsed.ok) open.ended = { fault: { code: 'IMPORT_FORMAT', file: open.path, cause: parsed.error } }
      else if (parsed.value === undefined) open.ended = { fault: undefined }
      else
        for (const block of parsed.value) {
          open.pending.push(block)
          open.pendingBytes += sizeOf(block)
        }
    }

    function send(batch: SentBatch): void {
      const blocks = encodeBlockBatch(batch.blocks)
      const answer = ctx.ask(
        chain,
        'importBlocks',
        { blocks },
        { transfer: [blocks.buffer], deadlineMs: ANSWER_MS_MAX },
      )
      ctx.pipe(answer, 'answered', (settled) => ({
        batch: batch.id,
        answer: settled.ok ? settled.value : err(lost('the ask was rejected')),
      }))
    }

    function giveUp(open: OpenFile, fault: ImportFault): void {
      open.ended = { fault }
      open.isGivenUp = true
      open.pending = []
      open.pendingBytes = 0
    }

    function takeAnswers(open: OpenFile): void {
      for (;;) {
        const step = window.next()
        if (step === undefined) return
        if (step.type === 'lost') {
          resendLater(open, step.failure)
          return
        }
        const { answer } = step
        attempts = 0
        imported += answer.imported
        known += answer.known
        sealsChecked += answer.sealsChecked
        head = answer.head.number
        open.doneBytes = step.endOffset
        ctx.tell(listener, 'importProgress', progressOf(open.path, open.fileBytes, open.doneBytes))
        if (answer.failed !== undefined) {
          giveUp(open, { code: 'IMPORT_BLOCK', file: open.path, ...answer.failed })
          return
        }
      }
    }

    function resendLater(open: OpenFile, failure: AskFailure): void {
      if (isResending) return
      const delayMs = RESEND_DELAYS_MS[attempts]
      if (delayMs === undefined || !mayPass(failure)) {
        const detail = `${failure.code}${failure.detail === undefined ? '' : ` ${failure.detail}`}`
        giveUp(open, { code: 'IMPORT_CHAIN', file: open.path, detail })
        return
      }
      attempts++
      isResending = true
      ctx.log.warn('The chain did not answer, sending again', {
        code: failure.code,
        attempt: attempts,
        in: `${delayMs}ms`,
      })
      ctx.after(delayMs, 'resend')
    }

    function sendBatches(open: OpenFile): void {
      const isLast = open.ended !== undefined
      while (!isResending && window.size() < BATCHES_IN_FLIGHT_MAX && open.pending.length > 0) {
        if (!isLast && !isFull(open)) return
        const blocks = takeBatch(open)
        // What is left belongs to the last read, which therefore is not done yet.
        send(window.add(blocks, open.readBytes - (open.pending.length === 0 ? 0 : open.chunkBytes)))
      }
    }

    function work(): void {
      if (current === undefined) {
        wake()
        return
      }
      if (!current.isGivenUp) takeAnswers(current)
      if (current.isGivenUp) window.drop()
      sendBatches(current)
      const { ended, pending, path, file, fileBytes, doneBytes } = current
      if (ended === undefined) {
        if (!isFull(current)) wake()
        return
      }
      if (pending.length > 0 || window.size() > 0) return
      current = undefined
      void file.close()
      fileDone(ended.fault, progressOf(path, fileBytes, ended.fault === undefined ? fileBytes : doneBytes))
    }

    wake()

    return {
      advance: serial(async () => {
        isAdvancing = false
        if (current === undefined) {
          const path = files[index]
          if (path === undefined) {
            ctx.tell(listener, 'importDone', { faults, imported, known, head, sealsChecked })
            ctx.end()
            return
          }
          await open(path)
          if (current === undefined) return
        } else if (current.ended === undefined && !isFull(current)) await read(current)
        work()
      }),
      answered({ batch, answer }) {
        window.settle(batch, answer)
        work()
      },
      resend() {
        isResending = false
        for (const batch of window.resend()) send(batch)
        work()
      },
    }
  },
})

const sizeOf = (block: SourceBlock): number => block.headerBytes.length + block.bodyBytes.length

const isFull = ({ pending, pendingBytes }: OpenFile): boolean =>
  pending.length >= BATCH_BLOCKS_MAX || pendingBytes >= BATCH_BYTES_MAX

function takeBatch(open: OpenFile): SourceBlock[] {
  let count = 0
  let bytes = 0
  while (count < open.pending.length && count < BATCH_BLOCKS_MAX && bytes < BATCH_BYTES_MAX)
    bytes += sizeOf(open.pending[count++]!)
  open.pendingBytes -= bytes
  return open.pending.splice(0, count)
}

/** Whether the same batch may be taken later: the chain restarts, or is slow. */
const mayPass = ({ code }: AskFailure): boolean => code !== 'UNKNOWN_KIND' && code !== 'NOT_CLONEABLE'

const lost = (detail: string): AskFailure => ({
  code: 'ACTOR_FAILED',
  outcome: 'OUTCOME_UNKNOWN',
  actor: 'chain',
  kind: 'importBlocks',
  detail,
})
