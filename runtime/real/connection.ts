import type { Socket } from 'node:net'
import { type Connection, HALF_OPEN_MS_MAX, type NetAddress } from '../capabilities.ts'
import { addressText, netError } from './net-error.ts'

/**
 * A connected socket as a `Connection`. Nothing is read before `handle`. The socket must allow half-open, so that a peer that
 * has said all it has to say still gets its answer.
 */
export function socketConnection(socket: Socket, local: NetAddress, remote: NetAddress): Connection {
  type Events = Parameters<Connection['handle']>[0]
  let events: Events | undefined
  /** What happened before `handle`, and whether the end was told. */
  let failure: unknown
  let ended = false
  let closed = false
  let halfOpen: NodeJS.Timeout | undefined

  function finish(error?: unknown): void {
    failure ??= error
    if (ended || closed || events === undefined) return
    ended = true
    if (failure === undefined) events.end()
    else events.end(netError(addressText(remote), failure))
  }

  socket.on('error', (error) => finish(error))
  socket.on('close', () => {
    clearTimeout(halfOpen)
    finish()
  })

  return {
    local,
    remote,
    handle(handlers) {
      const first = events === undefined
      events = handlers
      if (!first) return
      socket.on('data', (chunk: Uint8Array) => {
        if (!closed) events?.data(exact(chunk))
      })
      socket.on('drain', () => {
        if (!closed) events?.drain?.()
      })
      socket.on('end', () => {
        finish()
        if (socket.writable && !closed) halfOpen = setTimeout(() => socket.destroy(), HALF_OPEN_MS_MAX).unref()
      })
      if (socket.destroyed) queueMicrotask(() => finish())
    },
    write(bytes) {
      if (closed || !socket.writable) return false
      return socket.write(bytes)
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    end() {
      if (!closed && socket.writable) socket.end()
    },
    close() {
      closed = true
      clearTimeout(halfOpen)
      socket.destroy()
    },
  }
}

/** The same bytes, alone in their buffer: what is handed out may be transferred. */
export function exact(chunk: Uint8Array): Uint8Array {
  const whole = chunk.byteLength === chunk.buffer.byteLength
  return whole ? new Uint8Array(chunk.buffer, 0, chunk.byteLength) : new Uint8Array(chunk)
}
