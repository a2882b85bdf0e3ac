import type { SeededRandom } from './random.ts'
import type { SimulatedWorld } from './world.ts'

/** One direction between two hosts. */
export type LinkConditions = {
  readonly delayMsMin: number
  readonly delayMsMax: number
  /** Datagrams lost, 0 to 1; of a stream such a packet comes late instead. */
  readonly lossRate: number
  /** Datagrams that arrive twice, 0 to 1. */
  readonly duplicateRate: number
  readonly bytesPerSecond: number
}

/** How much later a lost packet of a stream arrives, in milliseconds: the minimum retransmission timeout of Linux. */
const RETRANSMISSION_MS = 200

/** A link within one host. */
export const LOOPBACK: LinkConditions = {
  delayMsMin: 0.01,
  delayMsMax: 0.05,
  lossRate: 0,
  duplicateRate: 0,
  bytesPerSecond: Number.POSITIVE_INFINITY,
}

export class Link {
  readonly from: string
  readonly to: string
  readonly random: SeededRandom
  conditions: LinkConditions
  readonly #world: SimulatedWorld
  readonly #isBlocked: () => boolean
  #waiting: (() => void)[] = []
  #freeAt = 0

  constructor(world: SimulatedWorld, from: string, to: string, conditions: LinkConditions, isBlocked: () => boolean) {
    this.#world = world
    this.from = from
    this.to = to
    this.random = world.random.fork(`link ${from}>${to}`)
    this.conditions = conditions
    this.#isBlocked = isBlocked
  }

  /** When a packet of a stream, sent now behind what is being sent, arrives. */
  arrival(bytes: number): number {
    return this.#leaves(bytes) + this.#delay() + (this.#chance(this.conditions.lossRate) ? RETRANSMISSION_MS : 0)
  }

  /** When the copies of a datagram sent now arrive: none when it is lost. Each is delayed on its own, so they overtake. */
  datagramArrivals(bytes: number): readonly number[] {
    const leaves = this.#leaves(bytes)
    if (this.blocked() || this.#chance(this.conditions.lossRate)) return []
    const copies = this.#chance(this.conditions.duplicateRate) ? 2 : 1
    return Array.from({ length: copies }, () => leaves + this.#delay())
  }

  blocked(): boolean {
    return this.#isBlocked()
  }

  whenHealed(action: () => void): void {
    this.#waiting.push(action)
  }

  /** The partitions have changed. */
  recheck(): void {
    if (this.blocked()) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const action of waiting) action()
  }

  #leaves(bytes: number): number {
    const start = Math.max(this.#world.now(), this.#freeAt)
    this.#freeAt = start + (bytes * 1000) / this.conditions.bytesPerSecond
    return this.#freeAt
  }

  #delay(): number {
    const { delayMsMin, delayMsMax } = this.conditions
    return delayMsMin + this.random.float() * (delayMsMax - delayMsMin)
  }

  #chance(rate: number): boolean {
    return rate > 0 && this.random.float() < rate
  }
}
