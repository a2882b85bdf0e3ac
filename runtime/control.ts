/** What hosts say to each other about their actors. Travels in order with messages, handled before them. */
import type { DownReason, SpawnOptions } from './actor.ts'

export type Address = { readonly uid: number; readonly thread: string; readonly path: string }

export type StartOrder = {
  readonly address: Address
  readonly parent: Address
  readonly module: { readonly url: string; readonly name: string }
  readonly deps: unknown
  readonly drainMs: number
  readonly startMs: number
  /** How often it has been restarted by its supervisor. */
  readonly restarts: number
}

export type ControlMessage =
  | { readonly type: 'start'; readonly order: StartOrder }
  | { readonly type: 'expect'; readonly order: StartOrder }
  | { readonly type: 'started'; readonly uid: number; readonly parent: number }
  | { readonly type: 'down'; readonly uid: number; readonly parent: number; readonly reason: DownReason }
  | {
      readonly type: 'stop'
      readonly uid: number
      readonly reason: DownReason
      readonly final: boolean
      readonly drain: boolean
    }
  | { readonly type: 'watch'; readonly uid: number; readonly watcher: number }
  | { readonly type: 'unwatch'; readonly uid: number; readonly watcher: number }
  | {
      readonly type: 'watched-down'
      readonly uid: number
      readonly path: string
      readonly watcher: number
      readonly reason: DownReason
    }
  | { readonly type: 'operator'; readonly uid: number; readonly action: 'restart' | 'pause' | 'resume' }

export type RestartKind = NonNullable<SpawnOptions<unknown, unknown>['restart']>
