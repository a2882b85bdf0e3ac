/** Threads for jobs, kept by piscina: each is started when there is work for it, and ended when long idle. */
import { Piscina } from 'piscina'
import { compiledModule } from './module-url.ts'
import type { JobRunner } from './pool-job.ts'

/** Milliseconds after which a thread without work ends. */
const IDLE_MS = 60_000
/** Heap of a thread, MB: jobs keep bytes, not objects. */
const HEAP_MB = 128
const YOUNG_MB = 16

/** @param failed hears of a thread that ends while it has no job. */
export function threadRunner(threads: number, failed: (detail: string) => void): JobRunner {
  const piscina = new Piscina({
    filename: compiledModule(new URL('./pool-thread.ts', import.meta.url).href),
    name: 'runJob',
    minThreads: 0,
    maxThreads: threads,
    idleTimeout: IDLE_MS,
    recordTiming: false,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: YOUNG_MB },
  })
  piscina.on('error', (thrown) => failed(String(thrown)))
  return {
    run: (job, input, transfer, signal) =>
      piscina.run(
        { url: compiledModule(job.url), name: job.name, input },
        { transferList: [...transfer], signal: signal as never },
      ),
    close: () => piscina.destroy(),
  }
}
