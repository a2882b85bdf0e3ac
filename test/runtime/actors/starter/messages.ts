import type { Ask, Tell } from '../../../../runtime/messages.ts'

/** An actor whose starts go as planned. */
export type StarterMessages = {
  ping: Ask<void, number>
  fail: Tell
}
export type StarterDeps = {
  /** Counts the starts, in shared memory. */
  readonly starts: SharedArrayBuffer
  /** How the first start goes, the second, …; the last holds for all after it. */
  readonly plan: readonly ('ok' | 'throws' | 'rejects' | 'hangs' | 'takes 100 ms')[]
  readonly journal?: SharedArrayBuffer
}
