/** A thousand questions to another thread at a time. */
import { Worker } from 'node:worker_threads'
import { type Remote, wrap } from 'comlink/dist/esm/comlink.mjs'
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs'
import { Piscina } from 'piscina'
import type { BenchCase, Contender } from './harness.ts'
import { startBench } from './system.ts'

const IN_FLIGHT = 1_000
const WAVES = 20
const WAVES_SMALL = 2

type Add = (a: number, b: number) => Promise<number>

export const asksInFlight: BenchCase = {
  name: '1,000 asks in flight to another thread',
  unit: 'asks/s',
  better: 'higher',
  rounds: 9,
  goals: [
    { of: 'ours', over: 'comlink', factor: 3 },
    { of: 'ours', over: 'piscina', factor: 3 },
  ],
  async open(small) {
    const waves = small ? WAVES_SMALL : WAVES
    const bench = await startBench({ thread: 'sink', record: true })
    const worker = new Worker(new URL('./naive/comlink-add.js', import.meta.url))
    const remote: Remote<(a: number, b: number) => number> = wrap(nodeEndpoint(worker))
    const pool = new Piscina<{ a: number; b: number }, number>({
      filename: new URL('./naive/piscina-add.js', import.meta.url).href,
      name: 'add',
      minThreads: 1,
      maxThreads: 1,
      concurrentTasksPerWorker: IN_FLIGHT, // its default of 1 would make it wait for each
    })
    const contender = (name: string, add: Add): Contender => ({
      name,
      async run() {
        const began = performance.now()
        let answer = 0
        for (let wave = 0; wave < waves; wave++) {
          const asks: Promise<number>[] = []
          for (let i = 0; i < IN_FLIGHT; i++) asks.push(add(wave, i))
          for (const sum of await Promise.all(asks)) answer += sum
        }
        return { answer, measured: ((waves * IN_FLIGHT) / (performance.now() - began)) * 1000 }
      },
    })
    return {
      contenders: [
        contender('ours', bench.add),
        contender('comlink', (a, b) => remote(a, b)),
        contender('piscina', (a, b) => pool.run({ a, b })),
      ],
      async close() {
        await bench.close()
        await worker.terminate()
        await pool.destroy()
      },
    }
  },
}
