import { chmodSync } from 'node:fs'
import { lstat, unlink } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import type { Connection, Listener, NetError } from '../capabilities.ts'
import { err, ok, type Result } from '../result.ts'
import { socketConnection } from './connection.ts'
import { makeDirectories } from './directories.ts'
import { netError } from './net-error.ts'
import { connectLocal, listening } from './tcp.ts'

/** Bytes of `sun_path` without its terminating zero, unix(7): 108 on Linux, 104 on macOS and the BSDs. */
const PATH_BYTES_MAX = process.platform === 'linux' ? 107 : 103
/** How long a socket file's owner may take to show that it lives, in milliseconds. */
const PROBE_TIMEOUT_MS = 1000

/**
 * Listens on a Unix socket (a named pipe on Windows). A missing parent directory is created with mode 0700, the socket has mode
 * 0600. A socket file without a living owner is replaced; a living owner, or a file of another kind, is `NET_ADDRESS_IN_USE`.
 */
export async function listenLocalSocket(
  path: string,
  accept: (connection: Connection) => void,
): Promise<Result<Listener, NetError>> {
  const pipe = process.platform === 'win32'
  const size = Buffer.byteLength(path)
  if (!pipe && size > PATH_BYTES_MAX) {
    const cause = `the path has ${size} bytes, a local socket's may have ${PATH_BYTES_MAX}`
    return err({ code: 'NET_IO', address: path, cause })
  }
  try {
    if (!pipe) await makeDirectories(dirname(path), 0o700)
  } catch (error) {
    return err(netError(path, error))
  }

  const first = await tryListen(path, pipe, accept)
  if (first.ok || first.error.code !== 'NET_ADDRESS_IN_USE' || pipe) return first
  const probe = await connectLocal(path, PROBE_TIMEOUT_MS)
  if (probe.ok) {
    probe.value.close()
    return err({ ...first.error, cause: 'another process listens there' })
  }
  try {
    if (!(await lstat(path)).isSocket()) return err({ ...first.error, cause: 'the file there is not a socket' })
    if (probe.error.code !== 'NET_REFUSED') return err({ ...first.error, cause: probe.error.cause })
    await unlink(path)
  } catch (error) {
    return err(netError(path, error))
  }
  return tryListen(path, pipe, accept)
}

async function tryListen(
  path: string,
  pipe: boolean,
  accept: (connection: Connection) => void,
): Promise<Result<Listener, NetError>> {
  const address = { host: path, port: 0 }
  const server = createServer({ allowHalfOpen: true }, (socket) => accept(socketConnection(socket, address, address)))
  const started = listening(server, { path })
  try {
    // Node binds in the turn of `listen`, so no connection is accepted before the mode is set.
    if (!pipe && server.listening) chmodSync(path, 0o600)
  } catch (error) {
    server.close()
    return err(netError(path, error))
  }
  const failure = await started
  if (failure !== undefined) return err(netError(path, failure))
  return ok({ address, close: async () => void server.close() })
}
