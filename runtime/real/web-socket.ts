import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import type { HttpResponse, WebSocketConnection, WebSocketUpgrade } from '../capabilities.ts'
import { exact } from './connection.ts'
import { requestHead } from './request-head.ts'

/** Unsent bytes from which a peer counts as slow. */
const UNSENT_BYTES_HIGH = 64 * 1024
/** How long a peer may take to answer our close, and a refused one to read why, in milliseconds. */
const CLOSE_GRACE_MS = 1000
/** RFC 6455 section 7.4.1. */
const NORMAL_CLOSURE = 1000

type Accepted = {
  take(request: IncomingMessage, socket: Socket, head: Buffer): void
  /** Whether the socket carries a WebSocket. */
  has(socket: Socket): boolean
  /** Tells all peers, and cuts those that do not answer in time. */
  close(): void
}

/** The WebSockets of one HTTP listener. Messages are not compressed: that costs more memory than it saves. */
export function acceptWebSockets(upgrade: WebSocketUpgrade): Accepted {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: upgrade.messageBytesMax,
  })
  const open = new Map<Socket, WebSocket>()

  function begin(webSocket: WebSocket, socket: Socket, remote: string): void {
    open.set(socket, webSocket)
    socket.once('close', () => open.delete(socket))
    let isAnswered = true
    webSocket.on('pong', () => {
      isAnswered = true
    })
    const timer = setInterval(() => {
      // A peer that we do not read cannot be heard to answer.
      if (webSocket.isPaused) return
      if (!isAnswered) return webSocket.terminate()
      isAnswered = false
      webSocket.ping()
    }, upgrade.pingMs)
    webSocket.once('close', () => clearInterval(timer))
    upgrade.accept(connectionOf(webSocket, socket, remote))
  }

  return {
    take(request, socket, head) {
      const wanted = requestHead(request)
      if (wanted.headers.upgrade?.toLowerCase() !== 'websocket') {
        return refuse(socket, { status: 400, headers: {}, body: 'only websocket upgrades are taken here\n' })
      }
      if (open.size >= upgrade.connectionsMax) {
        return refuse(socket, { status: 503, headers: {}, body: 'too many connections\n' })
      }
      const refusal = upgrade.refuse(wanted)
      if (refusal !== undefined) return refuse(socket, refusal)
      server.handleUpgrade(request, socket, head, (webSocket) => begin(webSocket, socket, wanted.remote))
    },
    has: (socket) => open.has(socket),
    close() {
      for (const webSocket of open.values()) {
        webSocket.close(NORMAL_CLOSURE, 'the server stops')
        setTimeout(() => webSocket.terminate(), CLOSE_GRACE_MS).unref()
      }
    },
  }
}

function connectionOf(webSocket: WebSocket, socket: Socket, remote: string): WebSocketConnection {
  type Events = Parameters<WebSocketConnection['handle']>[0]
  let events: Events | undefined
  let isClosed = false
  let isFull = false
  let isGathering = false

  /** What is sent in one turn leaves in one write: a head may be hundreds of notifications. */
  function gather(): void {
    if (isGathering) return
    isGathering = true
    socket.cork()
    process.nextTick(() => {
      isGathering = false
      socket.uncork()
    })
  }

  webSocket.on('message', (data: Buffer) => {
    if (!isClosed) events?.message(exact(data))
  })
  // What is wrong with a peer's frames ends the connection, with a code that says it.
  webSocket.on('error', () => undefined)
  webSocket.on('close', () => {
    if (!isClosed) events?.end()
    isClosed = true
  })

  return {
    remote,
    handle(handlers) {
      events = handlers
    },
    send(text) {
      if (isClosed || webSocket.readyState !== webSocket.OPEN) return false
      gather()
      webSocket.send(text, () => {
        if (!isFull || isClosed || webSocket.bufferedAmount > UNSENT_BYTES_HIGH) return
        isFull = false
        events?.drain?.()
      })
      isFull ||= webSocket.bufferedAmount > UNSENT_BYTES_HIGH
      return !isFull
    },
    pause: () => webSocket.pause(),
    resume: () => webSocket.resume(),
    end(code, reason) {
      if (!isClosed) webSocket.close(code, reason)
    },
    close() {
      isClosed = true
      webSocket.terminate()
    },
  }
}

/** The bytes go at once, so the peer can read them although nothing more of it is read. */
function refuse(socket: Socket, { status, headers, body }: HttpResponse): void {
  const text = typeof body === 'string' ? Buffer.from(body) : body
  const lines = Object.entries({
    ...headers,
    connection: 'close',
    'content-type': 'text/plain',
    'content-length': text.length,
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n`)
  socket.end(text)
  setTimeout(() => socket.destroy(), CLOSE_GRACE_MS).unref()
}
