/** A whole system of actors as one node of a simulated world: one host, no threads, every capability the world's. */
import type { ActorDefinition, ActorModule, DownReason } from '../actor.ts'
import { createArena } from '../arena/arena.ts'
import { type ArenaSource, createInspector } from '../arena/inspector.ts'
import type { Clock, Disk, Log, Net } from '../capabilities.ts'
import { Host } from '../host.ts'
import type { Inspector } from '../inspection.ts'
import type { Ref } from '../messages.ts'
import { compiledModule } from '../module-url.ts'
import { realCiphers } from '../real/ciphers.ts'
import { simulatedClock } from './clock.ts'
import type { SimulatedWorld } from './world.ts'

/** Behaviours by module: loading is real I/O, so it is done before the world turns. */
export type Definitions = ReadonlyMap<string, ActorDefinition<any, any>>

export async function loadDefinitions(modules: readonly ActorModule<any, any>[]): Promise<Definitions> {
  const definitions = new Map<string, ActorDefinition<any, any>>()
  for (const module of modules) {
    const url = compiledModule(module.url)
    definitions.set(`${url}#${module.name}`, (await import(url))[module.name] as ActorDefinition<any, any>)
  }
  return definitions
}

export type SimulatedNodeOptions<M, D> = {
  readonly world: SimulatedWorld
  readonly name: string
  readonly net: Net
  readonly disk: Disk
  readonly definitions: Definitions
  readonly root: ActorDefinition<M, D>
  readonly deps: D
}

export type SimulatedNode<M> = {
  readonly root: Ref<M>
  readonly inspector: Inspector
  /** Settles when the root has ended; drive it with `world.settle`. */
  readonly ended: Promise<DownReason>
  stop(): Promise<void>
  /** The process is gone: nothing of it runs any more. Crash its disk and its network host with it. */
  crash(): void
}

const MAIN = 'main'

export function startSimulatedNode<M, D>(options: SimulatedNodeOptions<M, D>): SimulatedNode<M> {
  const { world, name, definitions } = options
  let isAlive = true
  const worldClock = simulatedClock(world, name)
  const clock: Clock = {
    ...worldClock,
    schedule: (delayMs, action) => worldClock.schedule(delayMs, () => isAlive && action()),
  }
  const arena = createArena({ thread: MAIN, epoch: 1, actorsMax: 256, bytes: 1024 * 1024 })
  const arenas: ArenaSource[] = [{ thread: MAIN, epoch: 1, buffer: arena.buffer, restarts: 0 }]
  const inspector = createInspector(() => arenas, clock)
  const host = new Host({
    thread: MAIN,
    epoch: 1,
    threads: [MAIN],
    placement: {},
    capabilities: {
      clock,
      random: world.random.fork(name),
      ciphers: realCiphers,
      net: options.net,
      disk: options.disk,
      logOf: (actor) => recordingLog(world, `${name} ${actor}`),
    },
    arena,
    inspector,
    load: async (module) => {
      const key = `${compiledModule(module.url)}#${module.name}`
      const definition = definitions.get(key)
      if (definition === undefined) throw new Error(`${key} was not loaded before the simulation`)
      return definition
    },
    scheduler: { ready: ({ label, run }) => world.ready({ label: `${name} ${label}`, run: () => isAlive && run() }) },
    soon: (action) => void world.schedule(0, `${name} soon`, action),
    record: true,
    isolate: true,
  })
  const ended = new Promise<DownReason>((resolve) => {
    host.onRootDown = resolve
  })
  const root = host.lifecycle.newAddress(options.root.name, MAIN, undefined)
  // In a step of its own, so that its behaviour's first lines are part of the simulation.
  world.ready({
    label: `${name} starts`,
    run: () => isAlive && host.lifecycle.startRoot(root, options.root, options.deps),
  })
  return {
    root: root as Ref<M>,
    inspector,
    ended,
    stop: () => host.lifecycle.stopRoot(root.uid),
    crash: () => {
      isAlive = false
    },
  }
}

/** Log lines are part of what happened: they go into the event log. */
function recordingLog(world: SimulatedWorld, actor: string): Log {
  const at = (level: string) => (event: string) => world.record(actor, level, event)
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug'), trace: at('trace') }
}
