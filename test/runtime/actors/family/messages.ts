import type { Ask, Ref, Tell } from '../../../../runtime/messages.ts'
import type { ProbeMessages } from '../probe/messages.ts'

/** A parent of probes on threads of its choice. */
export type FamilyMessages = {
  children: Ask<void, readonly Ref<ProbeMessages>[]>
  lives: Ask<void, number>
  die: Tell<{ how: 'throw' | 'exit' }>
}
export type FamilyDeps = {
  readonly journal: SharedArrayBuffer
  /** Noted at its own start, and negative at its end. */
  readonly code: number
  /** Threads of its children; the n-th notes `code` + n, from 1. */
  readonly threads: readonly string[]
}
