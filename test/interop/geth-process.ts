/** A geth of `GETH_BIN` with a data directory of its own, alone in its network until it is told of peers. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Binaries to run the tests with: paths, separated by commas. */
export const GETH_BINS: readonly string[] = (process.env.GETH_BIN ?? '').split(',').filter((path) => path !== '')

const START_MS = 30_000
const NETWORK_ID = 133_742

export type Geth = {
  readonly networkId: number
  readonly enode: string
  /** A call over its IPC endpoint; throws what geth answers as an error. */
  call<T>(method: string, ...params: unknown[]): Promise<T>
  /** What it has written so far. */
  log(): string
  stop(): Promise<void>
}

export async function startGeth(binary: string, more: readonly string[] = []): Promise<Geth> {
  const directory = await mkdtemp(join(tmpdir(), 'troupe-geth-'))
  const ipc = join(directory, 'geth.ipc')
  const [port, authPort] = [await freePort(), await freePort()]
  const options = [
    ['--datadir', directory],
    ['--ipcpath', ipc],
    ['--port', `${port}`],
    ['--authrpc.port', `${authPort}`],
    ['--networkid', `${NETWORK_ID}`],
    ['--nat', 'none'],
    ['--nodiscover'],
    ['--verbosity', '5'],
    [...more],
  ].flat()
  const child = spawn(binary, options, { stdio: ['ignore', 'pipe', 'pipe'] })
  let written = ''
  const note = (chunk: Buffer): void => {
    written = (written + chunk.toString()).slice(-200_000)
  }
  child.stdout.on('data', note)
  child.stderr.on('data', note)
  const call = <T>(method: string, ...params: unknown[]): Promise<T> => callIpc(ipc, method, params)
  const stop = async (): Promise<void> => {
    await ended(child)
    await rm(directory, { recursive: true, force: true })
  }
  const until = Date.now() + START_MS
  for (;;) {
    try {
      const { enode } = await call<{ enode: string }>('admin_nodeInfo')
      return { networkId: NETWORK_ID, enode: enode.replace(/\?discport=0$/, ''), call, log: () => written, stop }
    } catch (error) {
      if (child.exitCode !== null || Date.now() > until) {
        await stop()
        throw new Error(`${binary} does not start: ${written.slice(-2000)}`, { cause: error })
      }
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const killer = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await gone
  clearTimeout(killer)
}

function callIpc<T>(path: string, method: string, params: readonly unknown[]): Promise<T> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(path)
    socket.setTimeout(10_000, () => socket.destroy(new Error(`${method}: no answer`)))
    socket.on('error', reject)
    socket.on('data', (chunk) => {
      text += chunk.toString()
      if (!text.endsWith('\n')) return
      socket.end()
      const answer = JSON.parse(text) as { result: T; error?: { message: string } }
      if (answer.error === undefined) resolve(answer.result)
      else reject(new Error(`${method}: ${answer.error.message}`))
    })
    socket.write(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }))
  })
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
