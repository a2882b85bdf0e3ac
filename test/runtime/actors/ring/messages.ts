import type { Ask, Lossy, Ref, Tell } from '../../../../runtime/messages.ts'

/** One of several actors in a ring: what it takes it passes on twice, until no hops are left. */
export type RingMessages = {
  join: Ask<{ next: Ref<RingMessages>; closes: boolean }, void>
  pass: Tell<{ hops: number }>
  /** The edge that closes the ring: a ring of suspending edges only would come to rest for ever. */
  back: Tell<{ hops: number }, Lossy<'drop-newest'>>
  counts: Ask<void, { taken: number; sent: number }>
}
