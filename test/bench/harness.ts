/**
 * Ours and its peers on one input in one run: interleaved rounds, medians, the ratio of medians, and ours against
 * itself for the noise. Nothing asserts a time; answers that differ throw.
 */
import { isDeepStrictEqual } from 'node:util'

/** One run: what it computed, to be compared, and what it measured, in the unit of the case. */
export type Outcome = {
  readonly answer: unknown
  readonly measured: number
  readonly megabytes?: number
  /** Processor time of the process that was measured, milliseconds, where that is another than this. */
  readonly busyMs?: number
}
export type Contender = { readonly name: string; readonly run: () => Promise<Outcome> }
export type Goal = { readonly of: string; readonly over: string; readonly factor: number }

export type BenchCase = {
  readonly name: string
  readonly unit: string
  readonly better: 'higher' | 'lower'
  /** How many times better `of` is to be than `over`; below 1 where it may be worse. */
  readonly goals: readonly Goal[]
  readonly rounds: number
  /** The first contender is ours: it also runs a second time in each round. */
  open(small: boolean): Promise<{ readonly contenders: readonly Contender[]; close(): Promise<void> }>
}

type Row = {
  readonly name: string
  readonly measured: number[]
  /** Processor time of all threads per run, milliseconds: it is steady also where others use the machine. */
  readonly busy: number[]
  megabytes: number | undefined
}

const SMALL_ROUNDS = 3

export async function runCase(benchCase: BenchCase, small: boolean): Promise<void> {
  const { contenders, close } = await benchCase.open(small)
  try {
    const [ours] = contenders
    if (ours === undefined) throw new Error(`${benchCase.name} has no contenders`)
    await checkAgreement(benchCase.name, contenders)
    const runners = [...contenders, { ...ours, name: `${ours.name}, again` }]
    const rows: Row[] = runners.map(({ name }) => ({ name, measured: [], busy: [], megabytes: undefined }))
    const rounds = small ? SMALL_ROUNDS : benchCase.rounds
    for (let round = 0; round < rounds; round++)
      for (let i = 0; i < runners.length; i++) {
        // Each round begins with another one, so that nobody always runs after the same neighbour.
        const at = (i + round) % runners.length
        globalThis.gc?.() // what one leaves behind is not the next one's to collect
        const before = process.cpuUsage()
        const { measured, megabytes, busyMs } = await runners[at]!.run()
        const { user, system } = process.cpuUsage(before)
        rows[at]!.measured.push(measured)
        rows[at]!.busy.push(busyMs ?? (user + system) / 1000)
        if (megabytes !== undefined) rows[at]!.megabytes = Math.max(megabytes, rows[at]!.megabytes ?? 0)
      }
    print(benchCase, rows, rounds)
  } finally {
    await close()
  }
}

/** The warm-up of every contender, too. */
async function checkAgreement(name: string, contenders: readonly Contender[]): Promise<void> {
  const answers: unknown[] = []
  for (const contender of contenders) answers.push((await contender.run()).answer)
  for (const [i, answer] of answers.entries())
    if (!isDeepStrictEqual(answer, answers[0]))
      throw new Error(`${name}: ${contenders[i]!.name} answers otherwise than ${contenders[0]!.name}`)
}

function print(benchCase: BenchCase, rows: readonly Row[], rounds: number): void {
  const { name, unit, better, goals } = benchCase
  const base = median(rows[0]!.measured)
  const say = (line: string): void => void process.stdout.write(`${line}\n`)
  say(`\n${name} (${unit}, ${better} is better, ${rounds} rounds)`)
  for (const row of rows) {
    const middle = median(row.measured)
    const spread = `${shownNumber(Math.min(...row.measured))} to ${shownNumber(Math.max(...row.measured))}`
    const memory = row.megabytes === undefined ? '' : `  ${row.megabytes.toFixed(0)} MB`
    const ratio = (middle / base).toFixed(2)
    say(
      `  ${row.name.padEnd(30)} ${shownNumber(middle).padStart(12)}  ×${ratio.padEnd(7)} ${spread}  ${shownNumber(median(row.busy))} ms of CPU${memory}`,
    )
  }
  for (const { of, over, factor } of goals) {
    const [a, b] = [of, over].map((one) => rows.find((row) => row.name === one)?.measured).map((m) => m && median(m))
    if (a === undefined || b === undefined) {
      say(`  goal not measured: ${over} is not here (goal ${factor.toFixed(2)})`)
      continue
    }
    const reached = better === 'higher' ? a / b : b / a
    const verdict = reached >= factor ? 'reached' : 'missed'
    say(`  goal ${verdict}: ${of} is ${reached.toFixed(2)} times as good as ${over} (goal ${factor.toFixed(2)})`)
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

const shownNumber = (value: number): string =>
  value >= 1_000 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(4)
