/** One question at a time between two idle threads. */
import { Worker } from 'node:worker_threads'
import { type BenchCase, type Contender, median } from './harness.ts'
import { startBench } from './system.ts'

const COUNT = 3_000
const COUNT_SMALL = 300

export const roundTrip: BenchCase = {
  name: 'ask, idle: round trip, p50',
  unit: 'µs',
  better: 'lower',
  rounds: 11,
  goals: [{ of: 'ours', over: 'postMessage there and back', factor: 1 / 1.2 }],
  async open(small) {
    const count = small ? COUNT_SMALL : COUNT
    const bench = await startBench({ thread: 'sink', record: true })
    const worker = new Worker(new URL('./naive/counting.js', import.meta.url))
    const naive = (a: number, b: number): Promise<number> =>
      new Promise((resolve) => {
        worker.once('message', resolve)
        worker.postMessage({ kind: 'add', a, b })
      })
    const contender = (name: string, add: (a: number, b: number) => Promise<number>): Contender => ({
      name,
      async run() {
        const times: number[] = []
        let answer = 0
        for (let i = 0; i < count; i++) {
          const began = performance.now()
          answer += await add(i, 1)
          times.push((performance.now() - began) * 1000)
        }
        return { answer, measured: median(times) }
      },
    })
    return {
      contenders: [contender('ours', bench.add), contender('postMessage there and back', naive)],
      async close() {
        await bench.close()
        await worker.terminate()
      },
    }
  },
}
