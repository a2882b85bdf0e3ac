/** Messages that wait for the socket: those of the base protocol before all others, each kind in its order. */

export type QueuedMessage = {
  /** On the connection. */
  readonly code: number
  readonly payload: Uint8Array
  /** Told when the socket has the message, or that it never will. */
  readonly written?: (isWritten: boolean) => void
}

export type WriteQueue = {
  addBase(message: QueuedMessage): void
  add(message: QueuedMessage): void
  next(): QueuedMessage | undefined
  /** Nobody will take the rest. */
  clear(): void
  readonly baseCount: number
  /** Of the payloads. */
  readonly bytes: number
}

export function writeQueue(): WriteQueue {
  let base: QueuedMessage[] = []
  let others: QueuedMessage[] = []
  /** Of `others`, those before it have left: shifting an array costs its length. */
  let left = 0
  let bytes = 0

  function nextOther(): QueuedMessage | undefined {
    const message = others[left]
    if (message === undefined) return undefined
    left++
    if (left === others.length || left >= COMPACT_AT) {
      others = others.slice(left)
      left = 0
    }
    return message
  }

  return {
    addBase(message) {
      base.push(message)
      bytes += message.payload.length
    },
    add(message) {
      others.push(message)
      bytes += message.payload.length
    },
    next() {
      const message = base.shift() ?? nextOther()
      if (message !== undefined) bytes -= message.payload.length
      return message
    },
    clear() {
      const dropped = [...base, ...others.slice(left)]
      base = []
      others = []
      left = 0
      bytes = 0
      for (const { written } of dropped) written?.(false)
    },
    get baseCount() {
      return base.length
    },
    get bytes() {
      return bytes
    },
  }
}

const COMPACT_AT = 256
