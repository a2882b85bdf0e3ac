/**
 * Connections whose requests are all plain (`plain-request.ts`): each is answered with one write. At the first other byte a
 * connection is handed to node:http, and stays there.
 */
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { HttpLimits, HttpRequest, HttpResponse } from '../capabilities.ts'
import { addressText } from './net-error.ts'
import { beginsWith, type PlainHead, readPlainHead } from './plain-request.ts'

/** How long a client that asked nothing may take to read why it is cut, in milliseconds. */
const LINGER_MS = 1000

type Respond = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>

export type PlainExchange = {
  take(socket: Socket): void
  isAnswering(socket: Socket): boolean
  /** Connections end with the answer under way. */
  close(): void
}

/** @param handOver gives a connection, with what was read of it, to the general server */
export function plainExchange(
  limits: HttpLimits,
  headBytesMax: number,
  respond: Respond,
  reportBug: (error: unknown) => void,
  handOver: (socket: Socket) => void,
): PlainExchange {
  const answering = new Set<Socket>()
  const keepAlive = `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(limits.idleTimeoutMs / 1000)}\r\n`
  const headText = headTexts()
  let isClosing = false
  let leaving: (() => void)[] = []

  /**
   * Answers to what one look at the sockets brought leave after it, all together. Written one by one between requests, each
   * would wake a client that has begun to wait, and the two would take turns instead of working side by side.
   */
  function leaveTogether(write: () => void): void {
    if (leaving.push(write) > 1) return
    setImmediate(() => {
      const writes = leaving
      leaving = []
      for (const one of writes) one()
    })
  }

  function take(socket: Socket): void {
    const { remoteAddress = '', remotePort = 0 } = socket
    const remote = addressText({ host: remoteAddress, port: remotePort })
    /** A client's heads repeat themselves: each is read once. */
    let head: PlainHead | undefined
    /** What came while an answer was under way: a client that does not wait. No more is read then. */
    let early: Buffer | undefined
    let isBusy = false
    let hasAsked = false

    const onData = (bytes: Buffer) => {
      if (isBusy) {
        early = early === undefined ? bytes : Buffer.concat([early, bytes])
        socket.pause()
        return
      }
      if (head === undefined || !beginsWith(bytes, head)) head = readPlainHead(bytes, headBytesMax)
      const size = head === undefined ? -1 : head.bytes.length + head.bodyBytes
      if (head === undefined || head.bodyBytes > limits.bodyBytesMax || bytes.length !== size) return giveAway(bytes)
      isBusy = hasAsked = true
      answering.add(socket)
      const body = new Uint8Array(bytes.subarray(head.bytes.length))
      const { method, url, headers } = head.request
      let answered: HttpResponse | Promise<HttpResponse>
      try {
        answered = respond({ method, url, headers, remote, body })
      } catch (error) {
        return failed(error)
      }
      if (answered instanceof Promise) answered.then(send, failed)
      else send(answered)
    }

    const send = (response: HttpResponse) => {
      if (socket.destroyed) return done()
      let head: string
      try {
        head = headText(response)
      } catch (error) {
        return failed(error)
      }
      const { body } = response
      const isText = typeof body === 'string'
      const length = isText ? Buffer.byteLength(body) : body.length
      const after = isClosing ? 'Connection: close\r\n' : keepAlive
      const lengthLine = response.status === 204 ? '' : `Content-Length: ${length}\r\n`
      const start = `${head}${lengthLine}Date: ${dateText()}\r\n${after}\r\n`
      leaveTogether(() => {
        if (socket.destroyed) return done()
        // One write is one packet. Text of ASCII alone is the cheapest to write.
        const hasRoom = !isText
          ? socket.write(Buffer.concat([Buffer.from(start, 'latin1'), body]))
          : socket.write(start + body, length === body.length ? 'latin1' : 'utf8')
        if (isClosing) socket.end()
        if (hasRoom) return done()
        // A client that does not read its answer is cut.
        socket.setTimeout(limits.requestTimeoutMs)
        socket.once('drain', done)
      })
    }

    const failed = (error: unknown) => {
      reportBug(error)
      send({ status: 500, headers: { 'content-type': 'text/plain' }, body: 'Internal Server Error' })
    }

    const done = () => {
      answering.delete(socket)
      isBusy = false
      if (socket.destroyed || isClosing) return
      if (socket.timeout !== limits.idleTimeoutMs) socket.setTimeout(limits.idleTimeoutMs)
      if (early === undefined) {
        if (socket.readableEnded) socket.end()
        return
      }
      const bytes = early
      early = undefined
      socket.resume()
      onData(bytes)
    }

    const onTimeout = () => {
      if (isBusy && !socket.writableNeedDrain) return
      if (hasAsked) socket.destroy()
      else refuseSilence(socket)
    }
    const onEnd = () => {
      if (!isBusy) socket.end()
    }
    const onClose = (): void => void answering.delete(socket)

    const giveAway = (bytes: Buffer) => {
      socket.off('data', onData).off('timeout', onTimeout).off('end', onEnd).off('close', onClose)
      socket.setTimeout(0)
      // Paused, it does not lose what is put back before node:http listens.
      socket.pause()
      socket.unshift(bytes)
      handOver(socket)
      socket.resume()
    }

    socket.setTimeout(limits.headersTimeoutMs)
    socket.on('data', onData).on('timeout', onTimeout).on('end', onEnd).on('close', onClose)
  }

  return {
    take,
    isAnswering: (socket) => answering.has(socket),
    close() {
      isClosing = true
    },
  }
}

/** As node:http answers a request that does not come. */
function refuseSilence(socket: Socket): void {
  const reason = STATUS_CODES[408] as string
  socket.end(
    `HTTP/1.1 408 ${reason}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${reason.length}\r\n\r\n${reason}`,
  )
  setTimeout(() => socket.destroy(), LINGER_MS).unref()
}

/** Status line and headers of an answer. Answers share few headers: each text is made once, and checked then. */
function headTexts(): (response: HttpResponse) => string {
  const known = new WeakMap<object, { readonly status: number; readonly text: string }>()
  return ({ status, headers }) => {
    const made = known.get(headers)
    if (made !== undefined && made.status === status) return made.text
    let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`
    for (const [name, value] of Object.entries(headers)) {
      if (!HEADER_NAME.test(name) || !HEADER_VALUE.test(value)) throw new Error(`no header can be made of ${name}`)
      text += `${name}: ${value}\r\n`
    }
    known.set(headers, { status, text })
    return text
  }
}

const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** Neither control characters (RFC 9110 section 5.5), nor what two encodings say differently. */
const HEADER_VALUE = /^[\t\x20-\x7e]*$/

let dateAt = 0
let date = ''
/** RFC 9110 section 6.6.1, to the second. */
function dateText(): string {
  const now = Date.now()
  if (now - dateAt >= 1000 || now < dateAt) {
    dateAt = now - (now % 1000)
    date = new Date(now).toUTCString()
  }
  return date
}
