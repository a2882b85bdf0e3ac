/** What counters and flight records cost: the same system with and without them. */
import type { BenchCase, Contender } from './harness.ts'
import { type Bench, startBench } from './system.ts'

const COUNT = 200_000
const COUNT_SMALL = 10_000
/** Without records it may be this many times as fast: less than a fifth is spent on them. */
const COST_FACTOR = 1 / 1.2

const recordingCase = (name: string, thread: string): BenchCase => ({
  name,
  unit: 'messages/s',
  better: 'higher',
  rounds: 11,
  goals: [{ of: 'recorded', over: 'not recorded', factor: COST_FACTOR }],
  async open(small) {
    const count = small ? COUNT_SMALL : COUNT
    const recorded = await startBench({ thread, record: true })
    const unrecorded = await startBench({ thread, record: false })
    const contender = (label: string, bench: Bench): Contender => ({
      name: label,
      async run() {
        const began = performance.now()
        const answer = await bench.flood(count, 'plain')
        return { answer, measured: (count / (performance.now() - began)) * 1000 }
      },
    })
    return {
      contenders: [contender('recorded', recorded), contender('not recorded', unrecorded)],
      async close() {
        await recorded.close()
        await unrecorded.close()
      },
    }
  },
})

export const recordingBetweenThreads = recordingCase('records, one-way between two threads', 'sink')
export const recordingOnOneThread = recordingCase('records, one-way on one thread', 'main')
