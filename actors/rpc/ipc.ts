import { NULL_ID, refusalError } from '../../protocols/json-rpc/request.ts'
import { encodeError } from '../../protocols/json-rpc/response.ts'
import { valueStream } from '../../protocols/json-rpc/value-stream.ts'
import type { Clock, Connection, Timer } from '../../runtime/capabilities.ts'
import type { RpcLimits } from './limits.ts'
import type { RpcAnswer } from './messages.ts'

/** Milliseconds that an IPC client may leave a full socket unread. */
const WRITE_TIMEOUT_MS = 30_000

export type IpcClients = {
  accept(connection: Connection): void
  readonly count: () => number
  close(): void
}

/**
 * Requests of IPC connections: values without delimiters in, one line an answer out. Calls of one connection run
 * concurrently, so answers may be out of order. A client that does not read stops being read, and is cut off in the end.
 */
export function ipcClients(
  limits: RpcLimits,
  clock: Pick<Clock, 'schedule'>,
  answer: (body: Uint8Array) => Promise<RpcAnswer>,
): IpcClients {
  const connections = new Set<Connection>()

  function accept(connection: Connection): void {
    if (connections.size >= limits.ipcConnectionsMax) {
      connection.handle({ data() {}, end() {} })
      connection.close()
      return
    }
    connections.add(connection)
    serve(connection, limits, clock, answer, () => connections.delete(connection))
  }

  return {
    accept,
    count: () => connections.size,
    close() {
      for (const connection of [...connections]) connection.close()
      connections.clear()
    },
  }
}

function serve(
  connection: Connection,
  limits: RpcLimits,
  clock: Pick<Clock, 'schedule'>,
  answer: (body: Uint8Array) => Promise<RpcAnswer>,
  gone: () => void,
): void {
  const encoder = new TextEncoder()
  /** Values that came in one piece beyond the calls that may run: bounded by that piece, as no more is read. */
  const waiting: Uint8Array[] = []
  /** Answers that the socket has no room for. */
  const unsent: string[] = []
  let unsentSize = 0
  let running = 0
  let isFull = false
  let isUnreadable = false
  let isPaused = false
  let isEnding = false
  /** The peer has said all it has to say. */
  let isPeerDone = false
  let isEnded = false
  let isClosed = false
  let writeTimer: Timer | undefined

  const stream = valueStream(
    { bytesMax: limits.ipcMessageBytesMax, depthMax: limits.depthMax, valuesMax: limits.valuesMax },
    (body) => {
      waiting.push(body)
      return true
    },
  )

  function close(): void {
    if (isClosed) return
    forget()
    connection.close()
  }

  function forget(): void {
    isClosed = true
    writeTimer?.cancel()
    waiting.length = 0
    unsent.length = 0
    gone()
  }

  function advance(): void {
    while (!isClosed && !isFull && running < limits.ipcCallsMax && waiting.length > 0) void run(waiting.shift()!)
    if (isClosed) return
    const rests = isFull || waiting.length > 0 || running >= limits.ipcCallsMax
    if (rests !== isPaused) {
      isPaused = rests
      if (rests) connection.pause()
      else connection.resume()
    }
    if (isEnding && !isEnded && running === 0 && waiting.length === 0 && !isFull) {
      isEnded = true
      connection.end()
      // It counts as a connection until the peer has ended it too, or the time for that is over.
      if (isPeerDone) forget()
      else writeTimer = clock.schedule(WRITE_TIMEOUT_MS, close)
    }
  }

  async function run(body: Uint8Array): Promise<void> {
    running++
    const { text, close: isLast } = await answer(body)
    running--
    if (isClosed) return
    // Only the first of the pieces that no value could be made of is answered.
    if (text !== undefined && !(isLast && isUnreadable)) send(text)
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
      if (unsentSize > limits.ipcUnsentMax) close()
      return
    }
    if (connection.write(encoder.encode(`${text}\n`))) return
    isFull = true
    writeTimer = clock.schedule(WRITE_TIMEOUT_MS, close)
  }

  connection.handle({
    data(bytes) {
      if (isClosed || isEnding) return
      const refusal = stream.push(bytes)
      if (refusal !== undefined) {
        isEnding = isUnreadable = true
        send(encodeError(NULL_ID, refusalError(refusal)))
      }
      advance()
    },
    drain() {
      writeTimer?.cancel()
      isFull = false
      while (!isFull && !isClosed && unsent.length > 0) {
        const text = unsent.shift()!
        unsentSize -= text.length
        send(text)
      }
      advance()
    },
    end(reason) {
      if (isClosed) return
      if (reason !== undefined || isEnded) return close()
      stream.end()
      isEnding = true
      isPeerDone = true
      advance()
    },
  })
}
