import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type {
  HttpLimits,
  HttpRequest,
  HttpResponse,
  Listener,
  NetAddress,
  NetError,
  WebSocketUpgrade,
} from '../capabilities.ts'
import { err, ok, type Result } from '../result.ts'
import { addressText, netError } from './net-error.ts'
import { plainExchange } from './plain-exchange.ts'
import { requestHead } from './request-head.ts'
import { boundAddress, listening } from './tcp.ts'
import { acceptWebSockets } from './web-socket.ts'

/** Bytes of a request's line and headers together: Node's own default, written down. */
const HEADERS_BYTES_MAX = 16384
/** How long `close` waits for answers under way before it cuts them, in milliseconds. */
const CLOSE_GRACE_MS = 5000
/** How long the rest of a refused body is read and thrown away, so that the client can read the refusal, in milliseconds. */
const LINGER_MS = 1000
/** Requests of one connection that may wait for an answer (pipelining, RFC 9112 section 9.3.2). */
const PIPELINED_MAX = 16
/** Connections beyond the limit that are still answered 503; further ones are dropped. */
const REFUSALS_MAX = 64

type Respond = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>
type Refusal = 400 | 408 | 413 | 417 | 431 | 500 | 503
const REASONS: { readonly [S in Refusal]: string } = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Payload Too Large',
  417: 'Expectation Failed',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

/**
 * An HTTP/1.1 server that keeps `limits` by itself. Requests of one connection are answered in turn. `respond` failing is
 * answered 500 without details and told to `reportBug`.
 */
export async function serveHttp(
  at: NetAddress,
  limits: HttpLimits,
  respond: Respond,
  reportBug: (error: unknown) => void,
  upgrade?: WebSocketUpgrade,
): Promise<Result<Listener, NetError>> {
  /** Open connections, and per connection the requests that wait for an answer and the end of the last one. */
  const connections = new Map<Socket, { waiting: number; last: Promise<void>; readonly refused: boolean }>()
  let closing = false

  const server = createServer({
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.headersTimeoutMs + limits.requestTimeoutMs,
    keepAliveTimeout: limits.idleTimeoutMs,
    connectionsCheckingInterval: Math.max(10, Math.min(1000, Math.floor(limits.headersTimeoutMs / 4))),
    maxHeaderSize: HEADERS_BYTES_MAX,
    noDelay: true,
  })
  server.maxConnections = limits.connectionsMax + REFUSALS_MAX

  // Requests of the usual form are read without node:http, which takes three times as long as all the rest of a short answer.
  const [readWithNode, ...others] = server.listeners('connection')
  if (readWithNode === undefined || others.length > 0) throw new Error('node:http reads connections in an unknown way')
  server.removeAllListeners('connection')
  const plain = plainExchange(limits, HEADERS_BYTES_MAX, respond, reportBug, (socket) =>
    readWithNode.call(server, socket),
  )

  server.on('connection', (socket) => {
    const refused = connections.size >= limits.connectionsMax
    connections.set(socket, { waiting: 0, last: Promise.resolve(), refused })
    socket.once('close', () => connections.delete(socket))
    socket.on('error', () => socket.destroy())
    if (refused) readWithNode.call(server, socket)
    else plain.take(socket)
  })
  server.on('request', (request, response) => take(request, response))
  server.on('checkContinue', (request, response) => {
    if (!(Number(request.headers['content-length']) > limits.bodyBytesMax)) response.writeContinue()
    take(request, response)
  })
  server.on('checkExpectation', (_request, response) => refuse(response, 417))
  server.on('clientError', (error: Error & { code?: string }, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const status =
      error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : error.code === 'HPE_HEADER_OVERFLOW' ? 431 : (400 as const)
    const reason = REASONS[status]
    socket.end(
      `HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${reason.length}\r\n\r\n${reason}`,
    )
    setTimeout(() => socket.destroy(), LINGER_MS).unref()
  })

  const webSockets = upgrade === undefined ? undefined : acceptWebSockets(upgrade)
  if (webSockets !== undefined) {
    server.on('upgrade', (request, socket: Socket, head) => {
      // Of a connection that still waits for an answer, or is one too many.
      const connection = connections.get(socket)
      if (connection === undefined || connection.refused || connection.waiting > 0) socket.destroy()
      else webSockets.take(request, socket, head)
    })
  }

  function take(request: IncomingMessage, response: ServerResponse): void {
    request.on('error', () => undefined)
    response.on('error', () => undefined)
    const connection = connections.get(request.socket)
    if (connection === undefined || connection.waiting >= PIPELINED_MAX) {
      request.socket.destroy()
      return
    }
    if (connection.refused) {
      refuse(response, 503)
      return
    }
    connection.waiting++
    connection.last = connection.last.then(async () => {
      await answer(request, response)
      connection.waiting--
    })
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request, limits)
    if (body === 413) await refuseAndLinger(request, response, 413)
    else if (body === 408) refuse(response, 408)
    else if (body !== undefined) {
      let answered: HttpResponse
      try {
        answered = await respond(requestOf(request, body))
        if (response.destroyed) return
        send(response, answered)
      } catch (error) {
        reportBug(error)
        if (response.headersSent) response.destroy()
        else refuse(response, 500)
      }
    }
    await finished(response)
  }

  function send(response: ServerResponse, { status, headers, body }: HttpResponse): void {
    if (closing) response.setHeader('Connection', 'close')
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    if (!response.hasHeader('content-length') && status >= 200 && status !== 204 && status !== 304) {
      response.setHeader('Content-Length', bytes.length)
    }
    response.writeHead(status)
    // A client that does not read its answer is cut; Node sets the idle time anew once the answer has left.
    response.socket?.setTimeout(limits.requestTimeoutMs)
    response.end(bytes)
  }

  const failure = await listening(server, { host: at.host, port: at.port })
  if (failure !== undefined) return err(netError(addressText(at), failure))
  let closed: Promise<void> | undefined
  return ok({
    address: boundAddress(server, at),
    close() {
      closing = true
      closed ??= new Promise((resolve) => {
        const force = setTimeout(() => {
          server.closeAllConnections()
          for (const socket of connections.keys()) socket.destroy()
        }, CLOSE_GRACE_MS)
        server.close(() => {
          clearTimeout(force)
          resolve()
        })
        server.closeIdleConnections()
        plain.close()
        webSockets?.close()
        // A connection that never sent a request is neither idle nor active to Node.
        for (const [socket, { waiting }] of connections) {
          if (waiting === 0 && webSockets?.has(socket) !== true && !plain.isAnswering(socket)) socket.destroy()
        }
      })
      return closed
    },
  })
}

/** The body, or the status that refuses it; undefined when the client went away. */
function readBody(request: IncomingMessage, limits: HttpLimits): Promise<Uint8Array | 413 | 408 | undefined> {
  if (Number(request.headers['content-length']) > limits.bodyBytesMax) return Promise.resolve(413)
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = []
    let size = 0
    const settle = (value: Uint8Array | 413 | 408 | undefined): void => {
      clearTimeout(timer)
      request.off('data', onData).off('end', onEnd).off('close', onClose)
      resolve(value)
    }
    const onData = (chunk: Uint8Array): void => {
      size += chunk.length
      if (size > limits.bodyBytesMax) settle(413)
      else chunks.push(chunk)
    }
    const onEnd = (): void => settle(joined(chunks, size))
    const onClose = (): void => settle(undefined)
    const timer = setTimeout(() => settle(408), limits.requestTimeoutMs)
    request.on('data', onData).on('end', onEnd).on('close', onClose)
    if (request.destroyed) settle(undefined)
  })
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const body = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    body.set(chunk, at)
    at += chunk.length
  }
  return body
}

function requestOf(request: IncomingMessage, body: Uint8Array): HttpRequest {
  return { ...requestHead(request), body }
}

function refuse(response: ServerResponse, status: Refusal): void {
  if (response.headersSent || response.destroyed) return
  for (const name of response.getHeaderNames()) response.removeHeader(name)
  response.writeHead(status, { Connection: 'close', ...refusalHeaders(status) })
  response.end(REASONS[status])
}

/** Ending at once would reset the connection under a client that is still sending, and it would never read the refusal. */
function refuseAndLinger(request: IncomingMessage, response: ServerResponse, status: Refusal): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) return resolve()
    response.writeHead(status, { Connection: 'close', ...refusalHeaders(status) })
    response.write(REASONS[status])
    const done = (): void => {
      clearTimeout(timer)
      response.end()
      resolve()
    }
    const timer = setTimeout(done, LINGER_MS)
    request.once('end', done).once('close', done).resume()
  })
}

const refusalHeaders = (status: Refusal): { readonly [name: string]: string } => ({
  'Content-Type': 'text/plain',
  'Content-Length': String(REASONS[status].length),
})

function finished(response: ServerResponse): Promise<void> {
  if (response.writableFinished || response.destroyed) return Promise.resolve()
  return new Promise((resolve) => {
    response.once('finish', resolve).once('close', resolve)
  })
}
