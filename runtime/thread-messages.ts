/** What the main thread and a worker say to each other about threads; actors' messages go over links. */
import type { MessagePort } from 'node:worker_threads'
import type { DownReason } from './actor.ts'
import type { ArenaSource } from './arena/inspector.ts'
import type { LogFormat, Verbosity } from './real/log.ts'

/** How a thread writes its log; lines go straight to stderr, not through another thread. */
export type LogChoice = { readonly verbosity: Verbosity; readonly format: LogFormat; readonly colour: boolean }

export type ThreadSettings = {
  readonly thread: string
  readonly epoch: number
  readonly threads: readonly string[]
  readonly placement: { readonly [path: string]: string }
  readonly log: LogChoice
  readonly beatMs: number
  readonly record: boolean
  readonly hungAfterMs: number
  readonly arenas: readonly ArenaSource[]
}

export type ToThread =
  | { readonly type: 'link'; readonly peer: string; readonly epoch: number; readonly port: MessagePort }
  | { readonly type: 'arena'; readonly source: ArenaSource }
  | { readonly type: 'down'; readonly thread: string; readonly reason: DownReason }
  | { readonly type: 'retire' }

export type FromThread = { readonly type: 'ready'; readonly arena: SharedArrayBuffer } | { readonly type: 'retired' }
