import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Datagrams, NetAddress, NetError } from '../capabilities.ts'
import { err, ok, type Result } from '../result.ts'
import { exact } from './connection.ts'
import { addressText, netError } from './net-error.ts'

/** Bytes waiting to leave before further datagrams are dropped, as a full socket buffer of the system would. */
const SEND_QUEUE_BYTES_MAX = 4 * 1024 * 1024

/** A UDP socket. What cannot be sent is lost silently, as on the way. */
export function bindUdp(
  at: NetAddress,
  receive: (from: NetAddress, bytes: Uint8Array) => void,
): Promise<Result<Datagrams, NetError>> {
  return new Promise((resolve) => {
    const socket = createSocket({ type: isIPv6(at.host) ? 'udp6' : 'udp4' })
    let closed = false
    let bound = false
    const close = (): void => {
      if (!closed) socket.close()
      closed = true
    }
    const refuse = (error: unknown): void => {
      resolve(err(netError(addressText(at), error)))
      close()
    }
    socket.on('error', (error) => {
      if (!bound) refuse(error)
    })
    socket.on('message', (bytes, from) => {
      if (!closed) receive({ host: from.address, port: from.port }, exact(bytes))
    })
    socket.once('listening', () => {
      bound = true
      const { address, port } = socket.address()
      resolve(
        ok({
          address: { host: address, port },
          send(to, bytes) {
            if (closed || socket.getSendQueueSize() > SEND_QUEUE_BYTES_MAX) return
            // A port no socket can have would throw; a peer may announce one.
            if (to.port < 1 || to.port > 65535) return
            socket.send(bytes, to.port, to.host, () => undefined)
          },
          close,
        }),
      )
    })
    try {
      socket.bind({ address: at.host, port: at.port })
    } catch (error) {
      refuse(error)
    }
  })
}
