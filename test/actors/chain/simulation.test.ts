import { beforeAll, expect, test } from 'vitest'
import { type CrashRun, crashRun, crashScript, type Script } from './crash-run.ts'

let script: Script
let undisturbed: CrashRun
beforeAll(async () => {
  script = await crashScript()
  undisturbed = await crashRun(script, 'undisturbed', 'none')
})

const outcome = ({ number, hash, stateRoot }: CrashRun) => ({ number, hash, stateRoot })

test('without trouble the heaviest block is the head', () => {
  expect(outcome(undisturbed)).toEqual({
    number: script.heaviest.number,
    hash: Buffer.from(script.heaviest.hash).toString('hex'),
    stateRoot: Buffer.from(script.heaviest.stateRoot).toString('hex'),
  })
})

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'power failures by seed %i: no repair, and the same head in the end',
  async (seed) => {
    const run = await crashRun(script, seed, 'crashes')
    expect(outcome(run)).toEqual(outcome(undisturbed))
  },
)

test.each([11, 12, 13, 14])('actors restarted by seed %i at any moment: the same head in the end', async (seed) => {
  const run = await crashRun(script, seed, 'restarts')
  expect(outcome(run)).toEqual(outcome(undisturbed))
})

test('the seeds do reach both kinds of trouble in the middle of an import', async () => {
  const runs = [
    await crashRun(script, 21, 'both'),
    await crashRun(script, 22, 'both'),
    await crashRun(script, 23, 'both'),
  ]
  expect(runs.map(outcome)).toEqual(runs.map(() => outcome(undisturbed)))
  expect(runs.reduce((sum, { crashes }) => sum + crashes, 0)).toBeGreaterThan(2)
  expect(runs.reduce((sum, { restarts }) => sum + restarts, 0)).toBeGreaterThan(2)
  expect(runs.some(({ heads }) => heads.some((head) => head > 0n && head < undisturbed.number))).toBe(true)
})

test('one seed is one history, another seed another', async () => {
  const first = await crashRun(script, 'history', 'both')
  expect(await crashRun(script, 'history', 'both')).toEqual(first)
  expect((await crashRun(script, 'another history', 'both')).worldHash).not.toBe(first.worldHash)
})
