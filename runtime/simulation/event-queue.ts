import type { Millis } from '../capabilities.ts'

export type TimedEvent = {
  readonly at: Millis
  readonly label: string
  readonly action: () => void
  cancelled: boolean
}

/** A binary heap of what is to happen, earliest first. Events of one time come in no promised order: the world chooses. */
export class EventQueue {
  readonly #heap: TimedEvent[] = []

  push(event: TimedEvent): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(event)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (heap[parent]!.at <= event.at) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = event
  }

  /** The earliest event that is not cancelled, left in the queue. */
  peek(): TimedEvent | undefined {
    while (this.#heap[0]?.cancelled === true) this.#take()
    return this.#heap[0]
  }

  pop(): TimedEvent | undefined {
    return this.peek() === undefined ? undefined : this.#take()
  }

  #take(): TimedEvent | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (heap.length === 0 || last === undefined) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && heap[child + 1]!.at < heap[child]!.at) child++
      if (heap[child]!.at >= last.at) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
    return first
  }
}
