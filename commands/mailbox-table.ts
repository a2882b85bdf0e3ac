import type { MailboxView } from '../runtime/inspection.ts'
import { type Column, renderTable } from './table.ts'

/** One line a mailbox; `p50`/`p99`: waiting time that this share of the messages stayed below. */
export function renderMailboxTable(mailboxes: readonly MailboxView[]): string {
  const number = (title: string, value: (row: MailboxView) => number): Column<MailboxView> => ({
    title,
    align: 'right',
    text: (row) => String(value(row)),
  })
  const columns: readonly Column<MailboxView>[] = [
    { title: 'MAILBOX', align: 'left', text: (row) => (row.resting ? `${row.path} (resting)` : row.path) },
    number('DEPTH', (row) => row.depth),
    number('HIGH', (row) => row.highWater),
    number('CAPACITY', (row) => row.capacity),
    number('RECEIVED', (row) => row.received),
    number('HANDLED', (row) => row.handled),
    number('DROPPED', (row) => row.dropped),
    number('LOST', (row) => row.lost),
    { title: 'BUSY', align: 'right', text: (row) => `${(row.busyMs / 1000).toFixed(1)}s` },
    { title: 'P50', align: 'right', text: (row) => waitText(row.waited, 0.5) },
    { title: 'P99', align: 'right', text: (row) => waitText(row.waited, 0.99) },
  ]
  return renderTable(
    columns,
    [...mailboxes].sort((a, b) => (a.path < b.path ? -1 : 1)),
  )
}

/** Upper bound of the first bucket, microseconds; each further bucket doubles it. */
const FIRST_BUCKET_US = 16

/** `<16µs` … `<262ms`, `>262ms` for the last bucket, `-` where nothing waited yet. */
function waitText(waited: readonly number[], share: number): string {
  const total = waited.reduce((sum, count) => sum + count, 0)
  if (total === 0) return '-'
  let counted = 0
  for (const [index, count] of waited.entries()) {
    counted += count
    if (counted < total * share) continue
    return index === waited.length - 1 ? `>${boundText(index - 1)}` : `<${boundText(index)}`
  }
  return `>${boundText(waited.length - 2)}`
}

function boundText(bucket: number): string {
  const us = FIRST_BUCKET_US * 2 ** bucket
  return us < 1000 ? `${us}µs` : `${us < 10_000 ? (us / 1000).toFixed(1) : Math.round(us / 1000)}ms`
}
