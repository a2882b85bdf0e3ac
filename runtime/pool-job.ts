/** What a pool runs: a pure function in a module of its own, which any thread can load. */

export type Job<I, O> = {
  /** `file:` URL of the source or compiled module. */
  readonly url: string
  /** Name of its export. */
  readonly name: string
  /** Loads it on this thread. */
  load(): Promise<(input: I) => O | Promise<O>>
}

/** Names a job by its module: `poolJob(new URL('./jobs/sign.ts', import.meta.url), 'sign', () => import('./jobs/sign.ts'))`. */
export const poolJob = <M, N extends keyof M & string>(url: URL, name: N, load: () => Promise<M>): JobOf<M[N]> =>
  ({ url: String(url), name, load: async () => (await load())[name] }) as unknown as JobOf<M[N]>

type JobOf<F> = F extends (input: infer I) => infer O ? Job<I, Awaited<O>> : never

/** Where jobs run. `signal` ends a job that runs, with its thread. Throws what the job threw, in any form. */
export interface JobRunner {
  run(job: Job<any, any>, input: unknown, transfer: readonly ArrayBuffer[], signal: AbortSignal): Promise<unknown>
  close(): Promise<void>
}

/** On this thread: what runs cannot be aborted, only what waits. */
export const inlineRunner: JobRunner = {
  async run(job, input, transfer) {
    const run = await job.load()
    return run(structuredClone(input, { transfer: [...transfer] }))
  },
  close: async () => {},
}
