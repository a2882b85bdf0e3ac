import type { Ask, Lossy, Tell } from '../../../../runtime/messages.ts'

/** An actor that does what a test tells it to. */
export type ProbeMessages = {
  add: Tell<{ value: number; pad?: string }>
  packed: Tell<{ value: number; pad: string }>
  newest: Tell<{ value: number }, Lossy<'coalesce'>>
  lossy: Tell<{ value: number }, Lossy<'drop-newest'>>
  oldest: Tell<{ value: number }, Lossy<'drop-oldest'>>
  echo: Ask<unknown, unknown>
  values: Ask<void, { values: number[]; sum: number; count: number }>
  slow: Ask<{ ms: number }, string>
  busy: Tell<{ ms: number }>
  die: Tell<{ how: 'throw' | 'reject' | 'exit' | 'loop' | 'array' | 'map' | 'stop' }>
  grow: Tell<void>
  /** Paths that its inspector shows. */
  seen: Ask<void, string[]>
  lives: Ask<void, { incarnation: number; epoch: number; pid: number }>
  noted: Tell<{ path: string; reason: { code: string; detail: string } }>
  notes: Ask<void, { path: string; reason: { code: string; detail: string } }[]>
}
export type ProbeDeps = {
  /** Shared memory into which starts and ends are written in order: [count, code, code, …]. */
  journal?: SharedArrayBuffer
  /** What it writes: `code` at a start, `-code` at an end. */
  code?: number
  keep?: boolean
}
