/** What an actor's behaviour is given: its capabilities and its ways to speak. Dead with its incarnation. */
import type { ActorDefinition, ActorModule, Child, Context, SpawnOptions } from './actor.ts'
import type { Timer } from './capabilities.ts'
import type { Cell, Incarnation } from './cell.ts'
import { Envelope } from './envelope.ts'
import { detailOf, downReason } from './failure.ts'
import type { Host } from './host.ts'
import type { Ref } from './messages.ts'
import { err, ok, type Result } from './result.ts'

/** Milliseconds that a child may take to finish its mailbox at a stop, and to start, where the parent does not say. */
const DRAIN_MS = 5_000
const START_MS = 60_000

export function createContext(host: Host, cell: Cell, life: Incarnation): Context<any> {
  const { capabilities, clock } = host
  const log = capabilities.logOf(cell.address.path)
  const current = () => life.current

  function toSelf(kind: string, payload: unknown, cause: Envelope | undefined, timer?: { waiting: boolean }): void {
    if (!life.alive) return
    const envelope = new Envelope(
      kind,
      payload,
      cell.address.uid,
      ++cell.sequence,
      cause?.sender ?? 0,
      cause?.sequence ?? 0,
      0,
      0,
      undefined,
      false,
    )
    envelope.timer = timer
    host.dispatcher.deliverToSelf(cell, envelope)
  }

  function timed(delayMs: number, periodic: boolean, kind: string, payload: unknown): Timer {
    const slot = { waiting: false }
    let running: Timer
    const timer: Timer = {
      cancel() {
        running.cancel()
        life.timers.delete(timer)
      },
    }
    const fire = () => {
      if (periodic) running = clock.schedule(delayMs, fire)
      else life.timers.delete(timer)
      if (slot.waiting) return
      slot.waiting = true
      toSelf(kind, payload, current(), slot)
    }
    running = clock.schedule(delayMs, fire)
    life.timers.add(timer)
    return timer
  }

  return {
    self: cell.address as Ref<any>,
    path: cell.address.path,
    incarnation: life.number,
    epoch: host.epoch,
    clock,
    random: capabilities.random,
    ciphers: capabilities.ciphers,
    log,
    net: capabilities.net,
    disk: capabilities.disk,
    inspect: host.inspector,
    system: {
      restart: (path) => host.operators.operate(path, 'restart'),
      pause: (path) => host.operators.operate(path, 'pause'),
      resume: (path) => host.operators.operate(path, 'resume'),
    },
    now: () => clock.now(),

    tell(ref: Ref<any>, kind: string, ...args: any[]): void {
      if (!life.alive) {
        host.arena.deadLetter(clock.now(), ref.path, cell.address.path, kind, 'SENDER_STOPPED', 1)
        return
      }
      host.routes.send(cell, ref, host.compose(cell, kind, args[0], undefined, 0, 0), args[1]?.transfer)
    },

    ask: (ref: Ref<any>, kind: string, ...args: any[]) =>
      host.asks.ask(cell, life, ref, kind, args[0], args[1], current()) as Promise<any>,

    inject: (kind: string, ...args: any[]) =>
      host.asks.ask(cell, life, cell.address, kind, args[0], args[1], undefined, true) as Promise<any>,

    pipe(promise: Promise<any>, kind: string, wrap: (settled: Result<any, unknown>) => any): void {
      const cause = current()
      const arrives = (settled: Result<any, unknown>) => {
        if (!life.alive) return
        let payload: unknown
        try {
          payload = wrap(settled)
        } catch (thrown) {
          host.lifecycle.fail(cell, life, downReason('THREW', `${kind}: ${detailOf(thrown)}`))
          return
        }
        toSelf(kind, payload, cause)
      }
      promise.then(
        (value) => arrives(ok(value)),
        (thrown: unknown) => arrives(err(plain(thrown))),
      )
    },

    after: (delayMs: number, kind: string, ...args: any[]) => timed(delayMs, false, kind, args[0]),
    every: (periodMs: number, kind: string, ...args: any[]) => timed(periodMs, true, kind, args[0]),

    spawn<M2, D>(options: SpawnOptions<M2, D>): Child<M2> {
      if (!life.alive) throw new Error(`${cell.address.path} has ended and cannot start ${options.name}`)
      const supervisor = host.lifecycle.supervisorOf(cell, life)
      const path = cell.parent === undefined ? options.name : `${cell.address.path}/${options.name}`
      if (supervisor.has(options.name)) throw new Error(`${path} exists already`)
      const { definition, module } = located(options.actor)
      const thread = definition !== undefined && module.url === '' ? host.thread : options.thread
      const address = host.lifecycle.newAddress(path, thread, cell.address)
      const started = supervisor.spawn({
        address,
        module,
        definition,
        deps: options.deps,
        restart: options.restart ?? 'permanent',
        drainMs: options.drainMs ?? DRAIN_MS,
        startMs: options.startMs ?? START_MS,
      })
      return { ref: address as Ref<M2>, started }
    },

    stop: async (child: Ref<any>) => life.supervisor?.stop(child.uid),
    watch: (ref: Ref<any>, kind: string) => host.watches.watch(cell, ref, kind),
    unwatch: (ref: Ref<any>) => host.watches.unwatch(cell, ref),

    own<T extends { close(): unknown } | Disposable | AsyncDisposable>(resource: T): T {
      const close = 'close' in resource ? () => resource.close() : () => disposed(resource)
      if (life.alive) life.owned.push({ close })
      else Promise.resolve(close()).catch((thrown) => log.warn('Resource failed to close', { error: detailOf(thrown) }))
      return resource
    },

    end(): void {
      if (life.alive) host.lifecycle.stopSelf(cell, downReason('STOPPED'))
    },
  }
}

function located(actor: ActorDefinition<any, any> | ActorModule<any, any>) {
  if ('behavior' in actor) return { definition: actor, module: { url: '', name: actor.name } }
  return { definition: actor.definition, module: { url: actor.url, name: actor.name } }
}

function disposed(resource: object): unknown {
  if (Symbol.asyncDispose in resource) return (resource as AsyncDisposable)[Symbol.asyncDispose]()
  return (resource as Disposable)[Symbol.dispose]()
}

/** A rejection becomes a message: an Error is reduced to plain data, what is plain already stays. */
function plain(thrown: unknown): unknown {
  return thrown instanceof Error ? { code: 'THREW', detail: detailOf(thrown) } : thrown
}
