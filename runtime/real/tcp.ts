import { createServer, connect as nodeConnect, type Server, type Socket, type TcpNetConnectOpts } from 'node:net'
import type { Connection, Listener, NetAddress, NetError } from '../capabilities.ts'
import { err, ok, type Result } from '../result.ts'
import { socketConnection } from './connection.ts'
import { addressText, netError } from './net-error.ts'

/** Listens at `at`; port 0 takes a free one. Closing the listener leaves accepted connections to their owners. */
export async function listenTcp(
  at: NetAddress,
  accept: (connection: Connection) => void,
): Promise<Result<Listener, NetError>> {
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    // A peer may be gone before it is accepted; then it has no address.
    if (socket.remoteAddress === undefined) socket.destroy()
    else accept(socketConnection(socket, localOf(socket), remoteOf(socket)))
  })
  const failure = await listening(server, { host: at.host, port: at.port })
  if (failure !== undefined) return err(netError(addressText(at), failure))
  return ok({ address: boundAddress(server, at), close: async () => void server.close() })
}

/** Connects within `timeoutMs`, which covers the name look-up too. */
export function connectTcp(to: NetAddress, timeoutMs: number): Promise<Result<Connection, NetError>> {
  return connectSocket({ host: to.host, port: to.port, noDelay: true, allowHalfOpen: true }, addressText(to), timeoutMs)
}

/** Connects to a local socket, as `listenLocal` opens it. */
export function connectLocal(path: string, timeoutMs: number): Promise<Result<Connection, NetError>> {
  return connectSocket({ path, allowHalfOpen: true }, path, timeoutMs)
}

/** Starts `server`; the value is what hindered it. */
export function listening(server: Server, at: object): Promise<unknown> {
  return new Promise((resolve) => {
    const refused = (error: unknown): void => resolve(error)
    server.once('error', refused)
    server.once('listening', () => {
      server.off('error', refused)
      // Failing to accept one connection (EMFILE) ends neither the listener nor the process.
      server.on('error', () => undefined)
      resolve(undefined)
    })
    try {
      server.listen(at)
    } catch (error) {
      resolve(error)
    }
  })
}

export function boundAddress(server: Server, asked: NetAddress): NetAddress {
  const bound = server.address()
  return bound !== null && typeof bound === 'object' ? { host: bound.address, port: bound.port } : asked
}

function connectSocket(
  options: TcpNetConnectOpts | { readonly path: string; readonly allowHalfOpen: true },
  address: string,
  timeoutMs: number,
): Promise<Result<Connection, NetError>> {
  return new Promise((resolve) => {
    let socket: Socket
    try {
      socket = nodeConnect(options)
    } catch (error) {
      // A port out of range, as a peer may announce one.
      resolve(err(netError(address, error)))
      return
    }
    const fail = (error: NetError): void => {
      clearTimeout(timer)
      resolve(err(error))
      // Late errors of a socket given up concern nobody.
      socket.on('error', () => undefined)
      socket.destroy()
    }
    const refused = (error: unknown): void => fail(netError(address, error))
    const timer = setTimeout(
      () => fail({ code: 'NET_TIMEOUT', address, cause: `no connection within ${timeoutMs} ms` }),
      timeoutMs,
    )
    socket.once('error', refused)
    socket.once('connect', () => {
      clearTimeout(timer)
      const path = 'path' in options ? options.path : undefined
      const local = path === undefined ? localOf(socket) : { host: path, port: 0 }
      const remote = path === undefined ? remoteOf(socket) : { host: path, port: 0 }
      const connection = socketConnection(socket, local, remote)
      socket.off('error', refused)
      resolve(ok(connection))
    })
  })
}

const localOf = (socket: Socket): NetAddress => ({ host: socket.localAddress ?? '', port: socket.localPort ?? 0 })
const remoteOf = (socket: Socket): NetAddress => ({ host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 })
