/** Messages of 100 bytes from one thread to another. */
import { Worker } from 'node:worker_threads'
import type { Total } from './actors/sink/messages.ts'
import type { BenchCase, Contender } from './harness.ts'
import { itemOf, startBench } from './system.ts'

const COUNT = 200_000
const COUNT_SMALL = 10_000

export const oneWay: BenchCase = {
  name: 'one-way, 100 bytes, between two threads',
  unit: 'messages/s',
  better: 'higher',
  rounds: 11,
  goals: [
    { of: 'ours, plain', over: 'one postMessage each', factor: 2 },
    { of: 'ours, packed', over: 'one postMessage each', factor: 5 },
  ],
  async open(small) {
    const count = small ? COUNT_SMALL : COUNT
    const bench = await startBench({ thread: 'sink', record: true })
    const worker = new Worker(new URL('./naive/counting.js', import.meta.url))
    const contender = (name: string, flood: () => Promise<Total>): Contender => ({
      name,
      async run() {
        const began = performance.now()
        const answer = await flood()
        return { answer, measured: (count / (performance.now() - began)) * 1000 }
      },
    })
    const naive = (): Promise<Total> =>
      new Promise((resolve) => {
        worker.once('message', resolve)
        for (let i = 0; i < count; i++) worker.postMessage({ kind: 'plain', ...itemOf(i) })
        worker.postMessage({ kind: 'total' })
      })
    return {
      contenders: [
        contender('ours, plain', () => bench.flood(count, 'plain')),
        contender('ours, packed', () => bench.flood(count, 'packed')),
        contender('one postMessage each', naive),
      ],
      async close() {
        await bench.close()
        await worker.terminate()
      },
    }
  },
}
