/** Nodes that answer JSON-RPC over HTTP, each a process of its own with the same chain id and the same funded accounts. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Of the checkout, from `dist/test/bench/rpc/`. */
const ROOT = fileURLToPath(new URL('../../../..', import.meta.url))
const START_MS_MAX = 60_000
const POLL_MS = 50
export const CHAIN_ID = 1337
/** Settings of the tests are none of the node's, which refuses what it does not know. */
const ENVIRONMENT = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TROUPE_')))

export type PeerNode = {
  readonly name: string
  readonly port: number
  call(method: string, ...params: unknown[]): Promise<unknown>
  /** Milliseconds of processor time so far; undefined where the machine does not tell. */
  busyMs(): Promise<number | undefined>
  stop(): Promise<void>
}
/** A node that cannot be had here, and why. */
export type Absent = { readonly absent: string }

export const ours = (...flags: readonly string[]): Promise<PeerNode> =>
  withDirectory((directory) =>
    start('ours', (port) => [
      process.execPath,
      [
        join(ROOT, 'dist/commands/main.js'),
        'start',
        '--datadir',
        directory,
        '--http',
        '--http.port',
        `${port}`,
        ...flags,
      ],
    ]),
  )

export async function anvil(): Promise<PeerNode | Absent> {
  const name = `@foundry-rs/anvil-${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`
  let folder: string
  try {
    folder = createRequire(import.meta.url).resolve(`${name}/package.json`)
  } catch {
    return { absent: `anvil: ${name} is not installed` }
  }
  const program = join(folder, '../bin/anvil')
  return start('anvil', (port) => [program, ['--port', `${port}`, '--chain-id', `${CHAIN_ID}`, '--silent']])
}

/** Hardhat's tree is larger than all other dependencies together, so it stands in a folder that the environment names. */
export async function hardhat(): Promise<PeerNode | Absent> {
  const project = process.env.HARDHAT_DIR
  const program = join(project ?? '', 'node_modules/hardhat/internal/cli/bootstrap.js')
  if (project === undefined || !existsSync(program))
    return { absent: 'Hardhat node: HARDHAT_DIR names no folder with node_modules/hardhat (version 2)' }
  const config = join(project, 'bench.config.cjs')
  await writeFile(config, `module.exports = { networks: { hardhat: { chainId: ${CHAIN_ID} } } }\n`)
  const node = await start(
    'Hardhat node',
    (port) => [process.execPath, [program, '--config', config, 'node', '--hostname', '127.0.0.1', '--port', `${port}`]],
    project,
  )
  // It prints every call, which the others are told not to.
  await node.call('hardhat_setLoggingEnabled', false)
  return node
}

export const bareSocket = (): Promise<PeerNode> =>
  start('bare socket', (port) => [
    process.execPath,
    [fileURLToPath(new URL('bare-socket.js', import.meta.url)), `${port}`],
  ])

async function withDirectory(open: (directory: string) => Promise<PeerNode>): Promise<PeerNode> {
  const directory = await mkdtemp(join(tmpdir(), 'troupe-bench-'))
  const remove = () => rm(directory, { recursive: true, force: true })
  try {
    const node = await open(directory)
    return { ...node, stop: () => node.stop().finally(remove) }
  } catch (thrown) {
    await remove()
    throw thrown
  }
}

async function start(
  name: string,
  commandOn: (port: number) => readonly [string, readonly string[]],
  cwd?: string,
): Promise<PeerNode> {
  const port = await freePort()
  const [program, words] = commandOn(port)
  const child = spawn(program, words, { cwd, env: ENVIRONMENT, stdio: ['ignore', 'ignore', 'pipe'] })
  let complaint = ''
  child.stderr.on('data', (text) => {
    complaint = `${complaint}${text}`.slice(-2000)
  })
  let failed: Error | undefined
  child.on('error', (error) => {
    failed = error
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const node: PeerNode = {
    name,
    port,
    call: (method, ...params) => call(port, method, params),
    busyMs: () => busyMs(child),
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
  const giveUpAt = performance.now() + START_MS_MAX
  for (;;) {
    try {
      await node.call('eth_chainId')
      return node
    } catch (thrown) {
      if (failed !== undefined || child.exitCode !== null || performance.now() > giveUpAt) {
        child.kill('SIGKILL')
        throw new Error(`${name} does not start: ${failed?.message ?? complaint}`, { cause: thrown })
      }
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

async function call(port: number, method: string, params: readonly unknown[]): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${port}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
  const { result, error } = (await response.json()) as { result?: unknown; error?: unknown }
  if (error !== undefined) throw new Error(`${method}: ${JSON.stringify(error)}`)
  return result
}

/** Clock ticks a second in `/proc/PID/stat` (proc(5), USER_HZ). */
const TICKS_PER_SECOND = 100

async function busyMs(child: ChildProcess): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined
  const stat = await readFile(`/proc/${child.pid}/stat`, 'utf8')
  // After the name in brackets: fields 14 and 15 of all.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (address !== null && typeof address === 'object' ? resolve(address.port) : reject(address)))
    })
  })
}
