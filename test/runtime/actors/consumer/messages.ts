import type { Ask, Lossy, Ref, Tell } from '../../../../runtime/messages.ts'

/** `load` makes a message weigh: 8 bytes of heap each. */
export type Numbered = { readonly value: number; readonly load?: readonly number[] }
export type Keyed = Numbered & { readonly key: string }
export type Tally = {
  readonly count: number
  readonly last: number
  readonly disorders: number
  readonly keys: readonly string[]
}

/** Takes numbers slowly, over every kind of edge. */
export type ConsumerMessages = {
  every: Tell<Numbered>
  newest: Tell<Numbered, Lossy<'coalesce'>>
  keyed: Tell<Keyed, Lossy<'coalesce'>>
  first: Tell<Numbered, Lossy<'drop-newest'>>
  latest: Tell<Numbered, Lossy<'drop-oldest'>>
  tally: Ask<void, Tally>
}
export type ConsumerDeps = { readonly spinMs: number }

export type ProducerMessages = {
  /** Tells the numbers from `from` up to `count`, `step` of them in one go. */
  produce: Tell<{
    readonly to: Ref<ConsumerMessages>
    readonly kind: 'every' | 'newest' | 'keyed' | 'first' | 'latest'
    readonly from: number
    readonly count: number
    readonly step: number
    readonly load: number
  }>
  produced: Ask<void, { readonly count: number; readonly busyMs: number }>
}
