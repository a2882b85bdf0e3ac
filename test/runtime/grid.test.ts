/**
 * Restart type × way of dying × strategy × placement. The cells run in child processes of their own, since some of them
 * come close to taking the process along.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { CELLS, type Cell, KILLING_DEATHS, nameOf, type Outcome, reasonOf, storyOf } from './grid.ts'

/** Child processes at a time: one per core that is surely there. */
const CHILDREN = 2
const CHILD = fileURLToPath(new URL('../../dist/test/runtime/grid-child.js', import.meta.url))

const outcomes = new Map<string, Outcome>()
let complaints = ''

function playInChild(cells: readonly Cell[]): Promise<number | null> {
  const child = spawn(process.execPath, [CHILD, JSON.stringify(cells)], { stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  child.stdout.on('data', (bytes: Buffer) => {
    printed += bytes.toString()
  })
  child.stderr.on('data', (bytes: Buffer) => {
    complaints += bytes.toString()
  })
  return new Promise((resolve) =>
    child.on('close', (code) => {
      for (const line of printed.split('\n').filter((one) => one !== '')) {
        const outcome = JSON.parse(line) as Outcome
        outcomes.set(nameOf(outcome.cell), outcome)
      }
      resolve(code)
    }),
  )
}

beforeAll(async () => {
  const shares = Array.from({ length: CHILDREN }, (_, i) => CELLS.filter((_cell, at) => at % CHILDREN === i))
  expect(await Promise.all(shares.map(playInChild)), complaints).toEqual(shares.map(() => 0))
}, 180_000)

test('there are 153 legal cells', () => expect(CELLS).toHaveLength(27 + 63 + 63))

describe.each(['inline', 'own', 'shared'] as const)('%s', (where) => {
  const rows = CELLS.filter((cell) => cell.where === where).map((cell) => [nameOf(cell), cell] as const)

  test.each(rows)('%s', (name, cell) => {
    const outcome = outcomes.get(name)
    if (outcome === undefined) throw new Error(`was not played: ${complaints}`)
    const story = storyOf(cell)
    const kills = KILLING_DEATHS.includes(cell.death)
    expect(outcome.journal, 'who ended and who started, in order').toEqual(story.journal)
    expect(outcome.reason).toBe(reasonOf(cell.death))
    expect(outcome.alive, 'A, B, C answer').toEqual([true, story.bRestarts, true])
    if (story.bRestarts) expect(outcome.epochs, 'the thread was replaced').toBe(kills ? 1 : 0)
    expect(outcome.waiting, 'what was told to B behind its death').toEqual({
      values: story.waiting === 'kept' ? 5 : 0,
      dead: story.waiting === 'dead' ? 5 : 0,
      // The message it died of is not known to have been taken either.
      lost: story.waiting === 'lost' ? 6 : 0,
    })
    expect(outcome.asked).toBe(story.waiting === 'handled' ? 'ok' : 'ACTOR_DOWN')
    // Where all restart, A may be gone as soon as B.
    const least = cell.death === 'loop' ? 6 : cell.strategy === 'one_for_all' ? 0 : 1
    expect(outcome.others.answered, 'A answered meanwhile').toBeGreaterThanOrEqual(least)
    if (kills && cell.death !== 'exit' && cell.death !== 'map')
      expect(outcome.lastFlight, 'the record of a thread that does not turn').toEqual({
        kind: 'die',
        outcome: 'running',
      })
  })
})
