/**
 * Takes candidates from several sources in turn (geth, `enode.FairMix`), so that one that finds much does not silence
 * the others: a source whose turn it is gets some time, and less of it each time it lets that pass.
 */
import type { Node } from '../../protocols/enr/node.ts'

/** So long the source whose turn it is is waited for while others have something (geth 1.16, `discmixTimeout`). */
export const MIX_TIMEOUT_MS = 100
/** Candidates that a source keeps ready (geth 1.16, `discoveryPrefetchBuffer`). */
export const READY_MAX = 32

export type MixSource = {
  readonly name: string
  /** The oldest first. */
  readonly ready: Node[]
  timeoutMs: number
}
export type FairMix = {
  readonly sources: readonly MixSource[]
  /** Whose turn it is. */
  turn: number
  /** Since when it is waited for, while others have something. */
  waitsSinceMs: number | undefined
}

export const fairMix = (names: readonly string[]): FairMix => ({
  sources: names.map((name) => ({ name, ready: [], timeoutMs: MIX_TIMEOUT_MS })),
  turn: 0,
  waitsSinceMs: undefined,
})

export type Taken =
  | { readonly is: 'taken'; readonly node: Node; readonly source: string }
  /** Until then the source whose turn it is may still speak. */
  | { readonly is: 'wait'; readonly untilMs: number }
  | { readonly is: 'empty' }

export function takeCandidate(mix: FairMix, nowMs: number): Taken {
  const { sources } = mix
  const chosen = sources[mix.turn]
  if (chosen === undefined) return { is: 'empty' }
  if (chosen.ready.length > 0) {
    chosen.timeoutMs = MIX_TIMEOUT_MS
    return take(mix, chosen)
  }
  const other = [...sources.slice(mix.turn + 1), ...sources.slice(0, mix.turn)].find(({ ready }) => ready.length > 0)
  if (other === undefined) return { is: 'empty' }
  mix.waitsSinceMs ??= nowMs
  const untilMs = mix.waitsSinceMs + chosen.timeoutMs
  if (nowMs < untilMs) return { is: 'wait', untilMs }
  chosen.timeoutMs = Math.floor(chosen.timeoutMs / 2)
  return take(mix, other)
}

function take(mix: FairMix, source: MixSource): Taken {
  mix.turn = (mix.turn + 1) % mix.sources.length
  mix.waitsSinceMs = undefined
  return { is: 'taken', node: source.ready.shift()!, source: source.name }
}
