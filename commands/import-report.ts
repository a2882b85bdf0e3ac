/** What an import tells while it runs: a bar where a person looks on, a line every few seconds where none does. */
import { basename } from 'node:path'
import type { FileProgress } from '../actors/importer/messages.ts'
import type { Log } from '../runtime/capabilities.ts'
import { countText, type FileStart, paceOf, percent, renderProgressBar, shareOf } from './progress-bar.ts'
import { spanText } from './table.ts'

const BAR_EVERY_MS = 100
const LINE_EVERY_MS = 5_000
/** Back to the start of the line, and clear it. */
const REWIND = '\r\u001b[K'

export type ImportReport = {
  /** The node is up: from here on the pace is measured. */
  begin(): void
  progress(progress: FileProgress): void
  /** Takes the bar away, so that whole lines can follow. @returns blocks that the file brought, imported and known. */
  fileDone(progress: FileProgress): { readonly imported: number; readonly known: number }
  /** The last that is known; undefined before the first answer. */
  last(): FileProgress | undefined
  /** Takes the bar away; the next progress draws it again. */
  clear(): void
}

export type ReportOptions = {
  readonly files: number
  /** Milliseconds of any steady clock. */
  readonly now: () => number
  /** A terminal of so many columns, or a log. */
  readonly to:
    | { readonly type: 'terminal'; readonly columns: () => number; readonly write: (text: string) => void }
    | { readonly type: 'log'; readonly log: Pick<Log, 'info'> }
}

export function importReport({ files, now, to }: ReportOptions): ImportReport {
  let start: FileStart = { at: now(), blocks: 0 }
  let before = { imported: 0, known: 0 }
  let last: FileProgress | undefined
  let toldAt = to.type === 'log' ? now() : Number.NEGATIVE_INFINITY

  let isDrawn = false

  const clear = (): void => {
    if (to.type === 'terminal' && isDrawn) to.write(REWIND)
    isDrawn = false
  }

  return {
    begin() {
      start = { at: now(), blocks: 0 }
    },
    progress(progress) {
      last = progress
      const at = now()
      if (at - toldAt < (to.type === 'log' ? LINE_EVERY_MS : BAR_EVERY_MS)) return
      toldAt = at
      const pace = paceOf(progress, start, at)
      if (to.type === 'terminal') {
        isDrawn = true
        to.write(REWIND + renderProgressBar(progress, pace, files, to.columns() - 1))
        return
      }
      to.log.info('Importing blocks', {
        file: basename(progress.file),
        done: percent(shareOf(progress)),
        blocks: progress.imported + progress.known,
        head: progress.head,
        rate: `${countText(Math.round(pace.blocksPerSecond))}/s`,
        ...(pace.remainingMs === undefined ? {} : { eta: spanText(pace.remainingMs) }),
      })
    },
    fileDone(progress) {
      last = progress
      clear()
      const brought = { imported: progress.imported - before.imported, known: progress.known - before.known }
      before = { imported: progress.imported, known: progress.known }
      start = { at: now(), blocks: progress.imported + progress.known }
      return brought
    },
    last: () => last,
    clear,
  }
}
