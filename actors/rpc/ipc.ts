import { refusalError } from '../../protocols/json-rpc/request.ts'
import { valueStream } from '../../protocols/json-rpc/value-stream.ts'
import type { Clock, Connection } from '../../runtime/capabilities.ts'
import { type ClientWorld, serveClient } from './client.ts'
import type { RpcLimits } from './limits.ts'
import type { Subscriptions } from './subscriptions.ts'

export type IpcClients = {
  accept(connection: Connection): void
  readonly count: () => number
  close(): void
}

/** Requests of IPC connections: values without delimiters in, one line an answer out. */
export function ipcClients(
  limits: RpcLimits,
  clock: Pick<Clock, 'schedule'>,
  subscriptions: Subscriptions,
  answer: ClientWorld['answer'],
): IpcClients {
  const connections = new Set<Connection>()

  return {
    accept(connection) {
      if (connections.size >= limits.ipcConnectionsMax) {
        connection.handle({ data() {}, end() {} })
        connection.close()
        return
      }
      connections.add(connection)
      serve(connection, limits, { clock, subscriptions, answer, gone: () => void connections.delete(connection) })
    },
    count: () => connections.size,
    close() {
      for (const connection of [...connections]) connection.close()
      connections.clear()
    },
  }
}

function serve(connection: Connection, limits: RpcLimits, world: ClientWorld): void {
  const encoder = new TextEncoder()
  const client = serveClient(
    {
      write: (text) => connection.write(encoder.encode(`${text}\n`)),
      pause: () => connection.pause(),
      resume: () => connection.resume(),
      end: () => connection.end(),
      // A byte stream without a frame of its own has no place for a reason.
      close: () => connection.close(),
    },
    { callsMax: limits.ipcCallsMax, unsentMax: limits.ipcUnsentMax, notificationsMax: limits.notificationsMax },
    world,
  )
  const stream = valueStream(
    { bytesMax: limits.ipcMessageBytesMax, depthMax: limits.depthMax, valuesMax: limits.valuesMax },
    (body) => {
      client.received(body)
      return true
    },
  )

  connection.handle({
    data(bytes) {
      if (!client.isListening()) return
      const refusal = stream.push(bytes)
      if (refusal !== undefined) client.unreadable(refusalError(refusal))
      client.advance()
    },
    drain: () => client.drained(),
    end(reason) {
      if (reason !== undefined) return client.lost()
      stream.end()
      client.finished()
    },
  })
}
