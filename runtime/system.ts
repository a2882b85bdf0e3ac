/** A running system of actors: its root actor on the main thread, its other threads, its end. */
import type { ActorDefinition, DownReason } from './actor.ts'
import type { ArenaSource } from './arena/inspector.ts'
import type { Address } from './control.ts'
import type { Host } from './host.ts'
import type { Inspector } from './inspection.ts'
import type { Ref } from './messages.ts'
import { type Placement, threadsOf } from './placement.ts'
import { actorLog } from './real/log.ts'
import { hostOfThread, logSettingsOf } from './thread-host.ts'
import type { LogChoice } from './thread-messages.ts'
import { DEFAULT_THREAD_LIMITS, type ThreadLimits, Threads } from './threads.ts'

export type SystemOptions<M, D> = {
  readonly root: ActorDefinition<M, D>
  readonly deps: D
  readonly placement: Placement
  readonly log: LogChoice
  /** By thread name; `*` holds for those not named. */
  readonly limits?: { readonly [thread: string]: Partial<ThreadLimits> }
  /** Counters and flight records; off only to measure what they cost. */
  readonly record?: boolean
  /** Payloads are cloned also within a thread. */
  readonly isolate?: boolean
}

export type System<M> = {
  readonly root: Ref<M>
  readonly inspector: Inspector
  readonly threads: readonly string[]
  /** Settles when the root has ended: normally after `stop`, or because it failed or a thread cannot be replaced. */
  readonly ended: Promise<DownReason>
  /** Ends the root, which ends all others in reverse order of their start, then the threads. */
  stop(): Promise<void>
}

export const MAIN_THREAD = 'main'

export async function startSystem<M, D>(options: SystemOptions<M, D>): Promise<System<M>> {
  const names = threadsOf(options.placement)
  const all = [MAIN_THREAD, ...names]
  const arenas: ArenaSource[] = []
  const limitsOf = (thread: string): ThreadLimits => ({
    ...DEFAULT_THREAD_LIMITS,
    ...options.limits?.['*'],
    ...options.limits?.[thread],
  })
  const { beatMs, hungMs } = limitsOf(MAIN_THREAD)
  const settings = {
    threads: all,
    placement: options.placement,
    log: options.log,
    beatMs,
    record: options.record ?? true,
    hungAfterMs: Math.min(hungMs / 2, 5_000),
  }
  const isolate = options.isolate ?? false
  const { host, arena } = hostOfThread({ ...settings, thread: MAIN_THREAD, epoch: 1, isolate }, () => arenas)
  arenas.push({ thread: MAIN_THREAD, epoch: 1, buffer: arena.buffer, restarts: 0 })
  arena.state('running')
  const beat = () => {
    const { heapUsed, external } = process.memoryUsage()
    arena.beat(Date.now(), heapUsed, external)
  }
  beat()
  const beats = setInterval(beat, beatMs)

  let finish: (reason: DownReason) => void = () => {}
  const ended = new Promise<DownReason>((resolve) => {
    finish = resolve
  })
  const threads = new Threads({
    names,
    settings,
    limits: Object.fromEntries(names.map((name) => [name, limitsOf(name)])),
    host,
    arenas,
    log: actorLog('runtime', logSettingsOf(options.log)),
    stuck: (thread) => finish({ code: 'THREAD_EXIT', detail: `thread ${thread} cannot be replaced` }),
  })
  host.onRootDown = (reason) => finish(reason)
  try {
    await threads.start()
  } catch (thrown) {
    clearInterval(beats)
    await threads.stop()
    throw thrown
  }
  const root = host.lifecycle.newAddress(options.root.name, MAIN_THREAD, undefined)
  host.lifecycle.startRoot(root, options.root, options.deps)

  let stopped: Promise<void> | undefined
  return {
    root: root as Ref<M>,
    inspector: host.inspector,
    threads: all,
    ended,
    stop: () => {
      stopped ??= stopAll(host, root, threads, beats)
      return stopped
    },
  }
}

async function stopAll(host: Host, root: Address, threads: Threads, beats: NodeJS.Timeout): Promise<void> {
  await host.lifecycle.stopRoot(root.uid)
  clearInterval(beats)
  await threads.stop()
}
