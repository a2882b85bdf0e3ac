/** How an import goes, in one line. */
import { basename } from 'node:path'
import type { FileProgress } from '../actors/importer/messages.ts'
import { spanText } from './table.ts'

/** Cells of the bar. */
const BAR_WIDTH = 24
const BAR_WIDTH_MIN = 4
const BYTES_PER_MB = 1_000_000
/** Milliseconds before a rate says anything. */
const RATE_FROM_MS = 500

export type ImportPace = {
  /** Blocks a second, imported and known, since the import began. */
  readonly blocksPerSecond: number
  /** Until the end of this file; undefined: not known yet. */
  readonly remainingMs: number | undefined
}
/** How fast a file goes. */
export type FileStart = {
  readonly at: number
  /** Blocks of earlier files. */
  readonly blocks: number
}

/** @param now milliseconds, of the clock of `start.at`. */
export function paceOf(progress: FileProgress, start: FileStart, now: number): ImportPace {
  const elapsedMs = now - start.at
  const blocks = progress.imported + progress.known - start.blocks
  if (elapsedMs < RATE_FROM_MS || progress.doneBytes === 0) return { blocksPerSecond: 0, remainingMs: undefined }
  return {
    blocksPerSecond: (blocks * 1000) / elapsedMs,
    remainingMs: ((progress.fileBytes - progress.doneBytes) * elapsedMs) / progress.doneBytes,
  }
}

/** `chain.rlp [#####…] 42%  1.6/3.9 MB  3,456 blocks  1,234/s  ETA 3s`; the bar is what yields to narrow `columns`. */
export function renderProgressBar(progress: FileProgress, pace: ImportPace, files: number, columns: number): string {
  const share = shareOf(progress)
  const place = files > 1 ? ` (${progress.index + 1}/${files})` : ''
  const megabytes = `${mb(progress.doneBytes)}/${mb(progress.fileBytes)} MB`
  const eta = pace.remainingMs === undefined ? '' : `  ETA ${spanText(pace.remainingMs)}`
  const before = `${basename(progress.file)}${place} `
  const after =
    `${percent(share)}  ${megabytes}  ${countText(progress.imported + progress.known)} blocks  ` +
    `${countText(Math.round(pace.blocksPerSecond))}/s${eta}`
  const line = before + barOf(share, columns - before.length - after.length) + after
  return line.length <= columns ? line : line.slice(0, Math.max(0, columns))
}

/** @returns nothing where `room` is too little for a bar that shows anything. */
function barOf(share: number, room: number): string {
  const width = Math.min(BAR_WIDTH, room - '[] '.length)
  if (width < BAR_WIDTH_MIN) return ''
  const filled = Math.round(share * width)
  return `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] `
}

/** A file without bytes is done. */
export const shareOf = ({ doneBytes, fileBytes }: FileProgress): number =>
  fileBytes === 0 ? 1 : Math.min(1, doneBytes / fileBytes)

export const percent = (share: number): string => `${Math.floor(share * 100)}%`

/** `1,234,567`. */
export const countText = (count: number | bigint): string => String(count).replace(/\B(?=(\d{3})+$)/g, ',')

const mb = (bytes: number): string => (bytes / BYTES_PER_MB).toFixed(1)
