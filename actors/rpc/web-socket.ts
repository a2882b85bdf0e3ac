import type { Clock, HttpRequest, HttpResponse, WebSocketConnection } from '../../runtime/capabilities.ts'
import { type ClientWorld, serveClient } from './client.ts'
import type { RpcLimits } from './limits.ts'
import type { WsSettings } from './messages.ts'
import { isOriginAllowed } from './origin.ts'
import type { Subscriptions } from './subscriptions.ts'

/** RFC 6455 section 7.4.1. */
const NORMAL_CLOSURE = 1000
const POLICY_VIOLATION = 1008
/**
 * Milliseconds for the reason of a close to leave before the connection is cut: it stands behind what the client has not
 * read. The connection counts among those that may be open until then.
 */
const REASON_MS = 10_000

export type WebSocketClients = {
  accept(connection: WebSocketConnection): void
  readonly count: () => number
  close(): void
}

/** Requests of WebSocket connections: one request or batch a message. */
export function webSocketClients(
  limits: RpcLimits,
  clock: Pick<Clock, 'schedule'>,
  subscriptions: Subscriptions,
  answer: ClientWorld['answer'],
  cutOff: (remote: string, reason: string) => void,
): WebSocketClients {
  const connections = new Set<WebSocketConnection>()

  return {
    accept(connection) {
      connections.add(connection)
      const client = serveClient(
        {
          write: (text) => connection.send(text),
          pause: () => connection.pause(),
          resume: () => connection.resume(),
          end: () => connection.end(NORMAL_CLOSURE, ''),
          close(reason) {
            if (reason === undefined) return connection.close()
            cutOff(connection.remote, reason)
            connection.end(POLICY_VIOLATION, reason)
            clock.schedule(REASON_MS, () => connection.close())
          },
        },
        { callsMax: limits.wsCallsMax, unsentMax: limits.wsUnsentMax, notificationsMax: limits.notificationsMax },
        { clock, subscriptions, answer, gone: () => void connections.delete(connection) },
      )
      connection.handle({
        message(bytes) {
          if (!client.isListening()) return
          client.received(bytes)
          client.advance()
        },
        drain: () => client.drained(),
        end: () => client.lost(),
      })
    },
    count: () => connections.size,
    close() {
      for (const connection of [...connections]) connection.end(NORMAL_CLOSURE, 'the server stops')
      connections.clear()
    },
  }
}

/** The path and origin rules of a WebSocket (geth node/rpcstack.go, rpc/websocket.go). There is no rule of hosts. */
export function refuseWebSocket(request: Omit<HttpRequest, 'body'>, settings: WsSettings): HttpResponse | undefined {
  const path = request.url.split('?', 1)[0]!
  if (settings.prefix === '' ? path !== '/' : !path.startsWith(settings.prefix)) {
    return plain(404, `not found: JSON-RPC is served at ${settings.prefix === '' ? '/' : settings.prefix}`)
  }
  const { origin } = request.headers
  if (origin === undefined || isOriginAllowed(origin, settings.origins)) return undefined
  return plain(403, 'origin not allowed: list it in --ws.origins')
}

const plain = (status: number, text: string): HttpResponse => ({ status, headers: {}, body: `${text}\n` })
