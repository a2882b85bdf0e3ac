/** Plays the cells given as JSON in the first argument and prints one line of JSON for each. */
import { type Cell, nameOf, play } from './grid.ts'
import { raise } from './stage.ts'

/** Short where a thread is to be found hung; else long, for a machine that is busy with other things. */
const HUNG_MS = 800
const NEVER_HUNG_MS = 20_000

const cells = JSON.parse(process.argv[2] ?? '[]') as Cell[]
for (const hangs of [true, false]) {
  const stage = await raise({
    placement: { a: 'ta', b: 'tb', c: 'tc' },
    limits: {
      heapMb: 96,
      youngMb: 8,
      externalMb: 512,
      softRatio: 0.5,
      beatMs: 50,
      hungMs: hangs ? HUNG_MS : NEVER_HUNG_MS,
      retireMs: 5_000,
    },
  })
  for (const cell of cells.filter(({ death }) => (death === 'loop') === hangs)) {
    try {
      process.stdout.write(`${JSON.stringify(await play(stage, cell))}\n`)
    } catch (thrown) {
      process.stderr.write(`${nameOf(cell)}: ${thrown}\n`)
    }
  }
  await stage.stop()
}
