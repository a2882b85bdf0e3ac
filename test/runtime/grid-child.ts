/** Plays the cells given as JSON in the first argument and prints one line of JSON for each. */
import { type Cell, nameOf, play } from './grid.ts'
import { raise } from './stage.ts'

const cells = JSON.parse(process.argv[2] ?? '[]') as Cell[]
const stage = await raise({
  placement: { a: 'ta', b: 'tb', c: 'tc' },
  limits: { heapMb: 96, youngMb: 8, externalMb: 512, softRatio: 0.5, beatMs: 50, hungMs: 800, retireMs: 5_000 },
})
for (const cell of cells) {
  try {
    process.stdout.write(`${JSON.stringify(await play(stage, cell))}\n`)
  } catch (thrown) {
    process.stderr.write(`${nameOf(cell)}: ${thrown}\n`)
  }
}
await stage.stop()
