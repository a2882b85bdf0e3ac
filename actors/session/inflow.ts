/** Messages that came and wait to be taken. Its bound is when the session stops reading. */
import { INFLOW_BYTES_MAX, INFLOW_MESSAGES_MAX } from './limits.ts'
import type { IncomingMessage } from './messages.ts'

export type InflowQueue = {
  add(message: IncomingMessage): void
  /** All that waits, in order. */
  takeAll(): readonly IncomingMessage[]
  readonly count: number
  readonly bytes: number
  /** One more message may have been taken in than the bytes allow, and no other. */
  readonly isFull: boolean
}

export function inflowQueue(): InflowQueue {
  let messages: IncomingMessage[] = []
  let bytes = 0
  return {
    add(message) {
      messages.push(message)
      bytes += message.payload.length
    },
    takeAll() {
      const taken = messages
      messages = []
      bytes = 0
      return taken
    },
    get count() {
      return messages.length
    },
    get bytes() {
      return bytes
    },
    get isFull() {
      return messages.length >= INFLOW_MESSAGES_MAX || bytes >= INFLOW_BYTES_MAX
    },
  }
}
