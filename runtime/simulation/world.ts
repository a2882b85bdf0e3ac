import type { Millis, Timer } from '../capabilities.ts'
import { EventLog, type EventRecord } from './event-log.ts'
import { EventQueue } from './event-queue.ts'
import { guard, installForbidden, unguard } from './forbidden.ts'
import { type SeededRandom, seededRandom } from './random.ts'

/** Something that could run now. */
export type Activity = { readonly label: string; run(): void }

export type WorldOptions = {
  readonly seed: string | number
  /** Virtual wall clock at the start, milliseconds since the Unix epoch. */
  readonly startedAt?: Millis
  /** Records kept for `tail()`. */
  readonly tailLength?: number
}

/** 2023-11-14T22:13:20Z: a round number of seconds in the time after the Merge. */
const STARTED_AT_DEFAULT = 1_700_000_000_000
const TAIL_LENGTH_DEFAULT = 256

// Taken before anything wraps them.
const soon = setImmediate

/**
 * One thread of time for any number of nodes: what is ready runs in an order the seed chooses, one activity a step, with all its
 * microtasks; when nothing is ready, the clock jumps to the next timed event. The same seed gives the same event log.
 */
export class SimulatedWorld {
  readonly seed: string
  readonly startedAt: Millis
  /** Draw from forks of it, so that one part's draws do not move another's. */
  readonly random: SeededRandom
  readonly #choices: SeededRandom
  readonly #queue = new EventQueue()
  readonly #log: EventLog
  #ready: (Activity & { readonly cancelled?: boolean })[] = []
  #now: Millis
  #steps = 0
  #stepping = false
  #release: (() => void) | undefined

  constructor(options: WorldOptions) {
    this.seed = String(options.seed)
    this.startedAt = options.startedAt ?? STARTED_AT_DEFAULT
    this.#now = this.startedAt
    this.random = seededRandom(this.seed)
    this.#choices = this.random.fork('choices')
    this.#log = new EventLog(options.tailLength ?? TAIL_LENGTH_DEFAULT)
  }

  /** Virtual time, milliseconds since the Unix epoch, with a fraction. */
  now(): Millis {
    return this.#now
  }

  /** Steps taken so far. */
  steps(): number {
    return this.#steps
  }

  ready(activity: Activity): void {
    this.#ready.push(activity)
  }

  schedule(delayMs: number, label: string, action: () => void): Timer {
    const event = { at: this.#now + Math.max(0, delayMs || 0), label, action, cancelled: false }
    this.#queue.push(event)
    return {
      cancel() {
        event.cancelled = true
      },
    }
  }

  /** Adds to the event log; values that the seed does not determine must stay out of `detail`. */
  record(actor: string, kind: string, detail = ''): void {
    this.#log.append({ step: this.#steps, time: this.#now, actor, kind, detail })
  }

  /** Runs one activity; false when there is none left. Throws what the activity threw, naming seed and step. */
  step(): Promise<boolean> {
    return this.#step(Number.POSITIVE_INFINITY)
  }

  /** Runs everything up to `time`, and leaves the clock there. */
  async runUntil(time: Millis): Promise<void> {
    while (await this.#step(time));
    this.#now = Math.max(this.#now, time)
  }

  runFor(durationMs: number): Promise<void> {
    return this.runUntil(this.#now + durationMs)
  }

  /** Runs until nothing is left to do, not even timers. @returns the steps taken. Throws after `stepsMax`. */
  async runUntilIdle(stepsMax: number): Promise<number> {
    const first = this.#steps
    while (await this.step()) {
      if (this.#steps - first >= stepsMax) throw new Error(`not idle after ${stepsMax} steps (seed ${this.seed})`)
    }
    return this.#steps - first
  }

  /** Runs until `promise` is settled. Throws when the world is idle before, or after `stepsMax`. */
  async settle<T>(promise: Promise<T>, stepsMax = 1_000_000): Promise<T> {
    let settled = false
    const mark = (): void => {
      settled = true
    }
    promise.then(mark, mark)
    await new Promise<void>((resolve) => soon(resolve))
    for (let taken = 0; !settled; taken++) {
      if (taken >= stepsMax || !(await this.step())) {
        const why = taken >= stepsMax ? `after ${stepsMax} steps` : 'and the world is idle'
        throw new Error(`a promise is not settled ${why} (seed ${this.seed})`)
      }
    }
    return promise
  }

  /** Of the whole event log so far. */
  hash(): string {
    return this.#log.hash()
  }

  /** The last records, oldest first. */
  tail(): readonly EventRecord[] {
    return this.#log.tail()
  }

  /** Gives the process its real functions back. A closed world takes no step. */
  close(): void {
    this.#ready = []
    while (this.#queue.pop() !== undefined);
    this.#release?.()
    this.#release = undefined
  }

  #step(until: Millis): Promise<boolean> {
    if (this.#stepping) throw new Error('a simulated world takes one step at a time')
    const activity = this.#choose(until)
    if (activity === undefined) return Promise.resolve(false)
    this.#steps++
    this.#stepping = true
    this.#release ??= installForbidden()
    this.record(activity.label, 'run')
    return new Promise((resolve, reject) => {
      let failure: { readonly cause: unknown } | undefined
      // Two immediates in a row: between them Node runs all microtasks of the first and nothing else of the process.
      soon(() => {
        guard()
        try {
          activity.run()
        } catch (cause) {
          failure = { cause }
        }
      })
      soon(() => {
        unguard()
        this.#stepping = false
        if (failure === undefined) resolve(true)
        else reject(new Error(`${activity.label} threw (seed ${this.seed}, step ${this.#steps})`, failure))
      })
    })
  }

  #choose(until: Millis): Activity | undefined {
    for (;;) {
      this.#admit()
      while (this.#ready.length > 0) {
        const chosen = this.#choices.integer(this.#ready.length)
        const activity = this.#ready[chosen]!
        const last = this.#ready.pop()!
        if (chosen < this.#ready.length) this.#ready[chosen] = last
        if (activity.cancelled !== true) return activity
      }
      const next = this.#queue.peek()
      if (next === undefined || next.at > until) return undefined
      this.#now = next.at
    }
  }

  /** What is due competes with what is ready. */
  #admit(): void {
    for (let next = this.#queue.peek(); next !== undefined && next.at <= this.#now; next = this.#queue.peek()) {
      const event = next
      this.#queue.pop()
      this.#ready.push({
        label: event.label,
        run: event.action,
        get cancelled() {
          return event.cancelled
        },
      })
    }
  }
}
