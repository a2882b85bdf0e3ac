import type { JsonRpcError } from '../../protocols/json-rpc/error.ts'
import { NULL_ID } from '../../protocols/json-rpc/request.ts'
import { encodeError } from '../../protocols/json-rpc/response.ts'
import type { Clock, Timer } from '../../runtime/capabilities.ts'
import type { RpcAnswer } from './messages.ts'
import type { Subscriptions } from './subscriptions.ts'

/** Milliseconds that a client may leave a full connection unread. */
const WRITE_TIMEOUT_MS = 30_000

/** A connection that carries requests one way, and answers and notifications the other. */
export type Channel = {
  /** Takes the text whatever it answers. False: wait for `drained`. */
  write(text: string): boolean
  pause(): void
  resume(): void
  /** After what was written has left. */
  end(): void
  /** At once. @param reason for the peer, where the connection can carry one */
  close(reason: string | undefined): void
}
export type ClientLimits = {
  /** Calls that run at a time; the connection is not read beyond that. */
  readonly callsMax: number
  /** Characters of answers and notifications kept for a client that does not read them. */
  readonly unsentMax: number
  /** Notifications kept for it. */
  readonly notificationsMax: number
}
export type ClientWorld = {
  readonly clock: Pick<Clock, 'schedule'>
  readonly subscriptions: Subscriptions
  answer(body: Uint8Array, client: number): Promise<RpcAnswer>
  /** It counts as a connection no longer. */
  gone(): void
}
/** What happens on the connection. */
export type Client = {
  /** One request. `advance` follows, after all that came in one piece. */
  received(body: Uint8Array): void
  /** No further request can be found. */
  unreadable(error: JsonRpcError): void
  advance(): void
  drained(): void
  /** The peer has said all it has to say. */
  finished(): void
  /** The connection is lost. */
  lost(): void
  isListening(): boolean
}

/**
 * Calls of one connection run concurrently, so answers may be out of order. A client that does not read stops being read,
 * and is cut off in the end.
 */
export function serveClient(channel: Channel, limits: ClientLimits, world: ClientWorld): Client {
  /** Requests that came in one piece beyond the calls that may run: bounded by that piece, as no more is read. */
  const waiting: Uint8Array[] = []
  /** What the connection has no room for. */
  const unsent: string[] = []
  let unsentSize = 0
  let unsentNotifications = 0
  let running = 0
  let isFull = false
  let isUnreadable = false
  let isPaused = false
  let isEnding = false
  let isPeerDone = false
  let isEnded = false
  let isClosed = false
  let writeTimer: Timer | undefined

  const number = world.subscriptions.connect((text) => {
    if (isClosed || isEnding) return
    if (isFull && ++unsentNotifications > limits.notificationsMax) return close('notifications are not read')
    send(text)
  })

  function close(reason?: string): void {
    if (isClosed) return
    forget()
    channel.close(reason)
  }

  function forget(): void {
    isClosed = true
    writeTimer?.cancel()
    waiting.length = 0
    unsent.length = 0
    world.subscriptions.disconnect(number)
    world.gone()
  }

  function advance(): void {
    while (!isClosed && !isFull && running < limits.callsMax && waiting.length > 0) void run(waiting.shift()!)
    if (isClosed) return
    const rests = isFull || waiting.length > 0 || running >= limits.callsMax
    if (rests !== isPaused) {
      isPaused = rests
      if (rests) channel.pause()
      else channel.resume()
    }
    if (isEnding && !isEnded && running === 0 && waiting.length === 0 && !isFull) {
      isEnded = true
      channel.end()
      // It counts as a connection until the peer has ended it too, or the time for that is over.
      if (isPeerDone) forget()
      else writeTimer = world.clock.schedule(WRITE_TIMEOUT_MS, close)
    }
  }

  async function run(body: Uint8Array): Promise<void> {
    running++
    const { text, close: isLast, opened } = await world.answer(body, number)
    running--
    if (isClosed) return
    // Only the first of the pieces that no value could be made of is answered.
    if (text !== undefined && !(isLast && isUnreadable)) send(text)
    if (opened !== undefined) world.subscriptions.opened(number, opened)
    if (isLast) {
      isUnreadable = true
      waiting.length = 0
      isEnding = true
    }
    advance()
  }

  function send(text: string): void {
    if (isFull) {
      unsent.push(text)
      unsentSize += text.length
      if (unsentSize > limits.unsentMax) close('answers are not read')
      return
    }
    if (channel.write(text)) return
    isFull = true
    writeTimer = world.clock.schedule(WRITE_TIMEOUT_MS, () => close('nothing is read'))
  }

  return {
    received: (body) => void waiting.push(body),
    unreadable(error) {
      isEnding = isUnreadable = true
      send(encodeError(NULL_ID, error))
    },
    advance,
    drained() {
      writeTimer?.cancel()
      isFull = false
      unsentNotifications = 0
      while (!isFull && !isClosed && unsent.length > 0) {
        const text = unsent.shift()!
        unsentSize -= text.length
        send(text)
      }
      advance()
    },
    finished() {
      if (isClosed) return
      if (isEnded) return close()
      isEnding = true
      isPeerDone = true
      advance()
    },
    lost: () => close(),
    isListening: () => !isClosed && !isEnding,
  }
}
