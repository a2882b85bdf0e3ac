/** The worker threads of one system, held by the main thread: started, joined pairwise, watched, replaced. */
import { MessageChannel, Worker } from 'node:worker_threads'
import type { DownReason } from './actor.ts'
import { endArena } from './arena/arena.ts'
import { type ArenaSource, readBeat } from './arena/inspector.ts'
import type { Log } from './capabilities.ts'
import { detailOf, downReason } from './failure.ts'
import type { Host } from './host.ts'
import { Link, type Port } from './link.ts'
import { compiledModule } from './module-url.ts'
import type { FromThread, ThreadSettings, ToThread } from './thread-messages.ts'

export type ThreadLimits = {
  /** Old-generation heap of a worker, MB. */
  readonly heapMb: number
  readonly youngMb: number
  /** Bytes outside the heap (buffers) that a thread may hold, MB. */
  readonly externalMb: number
  /** Share of a limit at which the thread is recycled in order. */
  readonly softRatio: number
  /** Milliseconds without a turn of its event loop after which a thread is taken for hung. */
  readonly hungMs: number
  readonly beatMs: number
  /** Milliseconds that a recycled thread may take to end in order, and a killed one to exit at all. */
  readonly retireMs: number
  readonly exitMs: number
}

export const DEFAULT_THREAD_LIMITS: ThreadLimits = {
  heapMb: 1024,
  youngMb: 32,
  externalMb: 2048,
  softRatio: 0.7,
  hungMs: 10_000,
  beatMs: 250,
  retireMs: 15_000,
  exitMs: 15_000,
}

export type ThreadsOptions = {
  readonly names: readonly string[]
  readonly settings: Omit<ThreadSettings, 'thread' | 'epoch' | 'arenas'>
  readonly limits: { readonly [thread: string]: ThreadLimits }
  readonly host: Host
  readonly arenas: ArenaSource[]
  readonly log: Log
  /** The system cannot go on: a killed thread does not exit. */
  readonly stuck: (thread: string) => void
}

type State = 'starting' | 'running' | 'retiring' | 'killed' | 'ended'
type Running = {
  readonly name: string
  readonly epoch: number
  readonly worker: Worker
  readonly limits: ThreadLimits
  state: State
  arena: SharedArrayBuffer | undefined
  /** Why it was ended, where the main thread knows better than the exit code. */
  reason: DownReason | undefined
  beats: number
  stillMs: number
  deadline: NodeJS.Timeout | undefined
  ended: () => void
  readonly exit: Promise<void>
}

export class Threads {
  private readonly options: ThreadsOptions
  private readonly running = new Map<string, Running>()
  private watchdog: NodeJS.Timeout | undefined
  private lastTick = 0
  private stopping = false

  constructor(options: ThreadsOptions) {
    this.options = options
  }

  async start(): Promise<void> {
    await Promise.all(this.options.names.map((name) => this.launch(name, 1)))
    const beatMs = this.options.settings.beatMs
    this.lastTick = performance.now()
    if (this.options.names.length > 0) this.watchdog = setInterval(() => this.watch(beatMs), beatMs)
  }

  /** Ends all threads in reverse order of their names. Actors have ended before. */
  async stop(): Promise<void> {
    this.stopping = true
    clearInterval(this.watchdog)
    for (const thread of [...this.running.values()].reverse()) {
      thread.state = 'killed'
      const { exitMs } = thread.limits
      const late = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), exitMs).unref())
      if ((await Promise.race([thread.worker.terminate(), late])) === 'late')
        this.options.log.error('Thread does not exit at the stop', { thread: thread.name, waited: `${exitMs}ms` })
    }
  }

  private launch(name: string, epoch: number): Promise<void> {
    const limits = this.options.limits[name] ?? DEFAULT_THREAD_LIMITS
    const { arenas, settings } = this.options
    const data: ThreadSettings = { ...settings, thread: name, epoch, arenas: [...arenas] }
    const worker = new Worker(new URL(compiledModule(new URL('./thread-entry.ts', import.meta.url).href)), {
      name,
      workerData: data,
      resourceLimits: { maxOldGenerationSizeMb: limits.heapMb, maxYoungGenerationSizeMb: limits.youngMb },
      execArgv: [],
    })
    let ended = () => {}
    const exit = new Promise<void>((resolve) => {
      ended = resolve
    })
    const thread: Running = {
      name,
      epoch,
      worker,
      limits,
      state: 'starting',
      arena: undefined,
      reason: undefined,
      beats: 0,
      stillMs: 0,
      deadline: undefined,
      ended,
      exit,
    }
    this.running.set(name, thread)
    return new Promise((resolve, reject) => {
      worker.on('message', (message: FromThread) => {
        if (message.type === 'ready') {
          this.joined(thread, message.arena)
          resolve()
        } else this.kill(thread, thread.reason ?? downReason('STOPPED'))
      })
      worker.on('error', (error) => {
        const code = (error as NodeJS.ErrnoException).code
        thread.reason ??=
          code === 'ERR_WORKER_OUT_OF_MEMORY'
            ? downReason('THREAD_MEMORY', `over its heap of ${limits.heapMb} MB`)
            : downReason('THREAD_EXIT', detailOf(error))
      })
      worker.on('exit', (code) => {
        if (thread.state === 'starting')
          reject(new Error(`thread ${name} ended at its start (${code}): ${thread.reason?.detail ?? ''}`))
        this.exited(thread, code)
      })
    })
  }

  /** A thread is up: everybody learns of its arena, and it gets a port to everybody. */
  private joined(thread: Running, arena: SharedArrayBuffer): void {
    thread.arena = arena
    thread.state = 'running'
    const { host, arenas } = this.options
    const source: ArenaSource = { thread: thread.name, epoch: thread.epoch, buffer: arena, restarts: thread.epoch - 1 }
    const previous = arenas.findIndex((one) => one.thread === thread.name)
    if (previous >= 0) arenas.splice(previous, 1)
    arenas.push(source)
    const others = [...this.running.values()].filter((other) => other !== thread && other.state === 'running')
    for (const other of others) {
      this.say(other, { type: 'arena', source })
      // Of two that start at one moment neither was there when the other was given the arenas known so far.
      const known = arenas.find((one) => one.thread === other.name)
      if (known !== undefined) this.say(thread, { type: 'arena', source: known })
      const { port1, port2 } = new MessageChannel()
      this.say(other, { type: 'link', peer: thread.name, epoch: thread.epoch, port: port1 })
      this.say(thread, { type: 'link', peer: other.name, epoch: other.epoch, port: port2 })
    }
    const { port1, port2 } = new MessageChannel()
    this.say(thread, { type: 'link', peer: host.thread, epoch: host.epoch, port: port2 })
    host.linkUp(new Link(host, thread.name, thread.epoch, port1 as unknown as Port))
  }

  private say(thread: Running, message: ToThread): void {
    thread.worker.postMessage(message, message.type === 'link' ? [message.port] : [])
  }

  /** One tick. A tick that comes late itself says nothing about others: the machine was paused. */
  private watch(periodMs: number): void {
    const now = performance.now()
    const late = now - this.lastTick > 2 * periodMs
    this.lastTick = now
    for (const thread of this.running.values()) {
      if (thread.arena === undefined || thread.state === 'killed' || thread.state === 'ended') continue
      const beat = readBeat(thread.arena)
      if (beat.count !== thread.beats || late) {
        thread.beats = beat.count
        thread.stillMs = 0
      } else thread.stillMs += periodMs
      if (thread.stillMs >= thread.limits.hungMs) {
        this.options.log.error('Thread does not turn, replacing it', {
          thread: thread.name,
          still: `${thread.stillMs}ms`,
        })
        this.kill(thread, downReason('THREAD_HUNG', `no turn of its event loop for ${thread.stillMs} ms`))
        continue
      }
      if (thread.state === 'running') this.checkMemory(thread, beat)
    }
  }

  private checkMemory(thread: Running, beat: { readonly heapUsedBytes: number; readonly externalBytes: number }): void {
    const { heapMb, externalMb, softRatio, retireMs } = thread.limits
    const heap = beat.heapUsedBytes / 2 ** 20
    const external = beat.externalBytes / 2 ** 20
    if (heap < heapMb * softRatio && external < externalMb * softRatio) return
    const detail = `heap ${heap.toFixed(0)} of ${heapMb} MB, buffers ${external.toFixed(0)} of ${externalMb} MB`
    this.options.log.warn('Thread is over its soft memory limit, recycling it', { thread: thread.name, memory: detail })
    thread.state = 'retiring'
    thread.reason = downReason('THREAD_MEMORY', detail)
    this.say(thread, { type: 'retire' })
    thread.deadline = setTimeout(() => this.kill(thread, thread.reason as DownReason), retireMs)
  }

  private kill(thread: Running, reason: DownReason): void {
    if (thread.state === 'killed' || thread.state === 'ended') return
    thread.state = 'killed'
    thread.reason ??= reason
    clearTimeout(thread.deadline)
    thread.deadline = setTimeout(() => {
      this.options.log.error('Killed thread does not exit', {
        thread: thread.name,
        waited: `${thread.limits.exitMs}ms`,
      })
      this.options.stuck(thread.name)
    }, thread.limits.exitMs)
    void thread.worker.terminate()
  }

  /** Only now may it be replaced: native work of the old thread is over. */
  private exited(thread: Running, code: number): void {
    clearTimeout(thread.deadline)
    const wasUp = thread.state !== 'starting'
    thread.state = 'ended'
    if (thread.arena !== undefined) endArena(thread.arena)
    thread.ended()
    this.running.delete(thread.name)
    if (this.stopping) return
    const reason = thread.reason ?? downReason('THREAD_EXIT', `exit code ${code}`)
    this.options.log.error('Thread ended, replacing it', {
      thread: thread.name,
      code: reason.code,
      detail: reason.detail,
    })
    for (const other of this.running.values()) this.say(other, { type: 'down', thread: thread.name, reason })
    this.options.host.threadDown(thread.name, reason)
    if (!wasUp) return
    this.launch(thread.name, thread.epoch + 1).catch((error) => {
      this.options.log.error('Thread cannot be replaced', { thread: thread.name, detail: detailOf(error) })
      this.options.stuck(thread.name)
    })
  }
}
