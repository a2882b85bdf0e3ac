import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { FileProgress } from '../../actors/importer/messages.ts'
import { importReport } from '../../commands/import-report.ts'
import { countText, paceOf, renderProgressBar } from '../../commands/progress-bar.ts'

const at = (over: Partial<FileProgress> = {}): FileProgress => ({
  file: '/data/chain.rlp',
  index: 0,
  fileBytes: 4_000_000,
  doneBytes: 1_000_000,
  imported: 2_000,
  known: 400,
  head: 2_399n,
  ...over,
})

test('shows place, share, bytes, blocks, pace and what is left', () => {
  const pace = paceOf(at(), { at: 0, blocks: 0 }, 2_000)
  expect(pace).toEqual({ blocksPerSecond: 1_200, remainingMs: 6_000 })
  expect(renderProgressBar(at(), pace, 1, 200)).toBe(
    'chain.rlp [######..................] 25%  1.0/4.0 MB  2,400 blocks  1,200/s  ETA 6s',
  )
  expect(renderProgressBar(at(), pace, 1, 68)).toBe(
    'chain.rlp [##.......] 25%  1.0/4.0 MB  2,400 blocks  1,200/s  ETA 6s',
  )
  expect(renderProgressBar(at(), pace, 1, 60)).toMatch(/^chain\.rlp 25% {2}1\.0.*ETA 6s$/)
  expect(renderProgressBar(at({ index: 1 }), pace, 3, 200)).toContain('chain.rlp (2/3) [')
})
test('says nothing of the pace before there is one', () => {
  expect(paceOf(at(), { at: 0, blocks: 0 }, 100)).toEqual({ blocksPerSecond: 0, remainingMs: undefined })
  expect(paceOf(at({ doneBytes: 0 }), { at: 0, blocks: 0 }, 9_000).remainingMs).toBeUndefined()
})
test('keeps to the width of the terminal, whatever the numbers', () => {
  const natural = fc.nat({ max: Number.MAX_SAFE_INTEGER })
  fc.assert(
    fc.property(natural, natural, natural, fc.nat({ max: 300 }), (fileBytes, doneBytes, imported, columns) => {
      const progress = at({ fileBytes, doneBytes, imported })
      const pace = paceOf(progress, { at: 0, blocks: 0 }, 5_000)
      const line = renderProgressBar(progress, pace, 1, columns)
      expect(line.length).toBeLessThanOrEqual(columns)
      expect(line).not.toMatch(/NaN|Infinity|\n/)
    }),
  )
})
test('groups digits', () => {
  expect([0, 999, 1_000, 1_234_567n].map(countText)).toEqual(['0', '999', '1,000', '1,234,567'])
})

test('a log has a line every five seconds, and files are told apart', () => {
  let now = 0
  const lines: unknown[] = []
  const report = importReport({
    files: 2,
    now: () => now,
    to: { type: 'log', log: { info: (event, values) => void lines.push([event, values?.done]) } },
  })
  for (now = 1_000; now <= 11_000; now += 1_000) report.progress(at())
  expect(lines).toEqual([
    ['Importing blocks', '25%'],
    ['Importing blocks', '25%'],
  ])
  expect(report.fileDone(at({ imported: 10, known: 1 }))).toEqual({ imported: 10, known: 1 })
  expect(report.fileDone(at({ imported: 15, known: 3 }))).toEqual({ imported: 5, known: 2 })
  expect(report.last()).toMatchObject({ imported: 15 })
})
test('a terminal has one line that is written over, and taken away at the end', () => {
  let now = 0
  let out = ''
  const report = importReport({
    files: 1,
    now: () => now,
    to: { type: 'terminal', columns: () => 40, write: (text) => (out += text) },
  })
  report.progress(at())
  now = 50
  report.progress(at())
  now = 150
  report.progress(at())
  report.fileDone(at())
  const lines = out.split('\r\u001b[K')
  expect(lines).toHaveLength(4)
  expect(lines.slice(1).map(({ length }) => length)).toEqual([39, 39, 0])
})
