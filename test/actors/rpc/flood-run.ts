/** An import in a process of its own, while clients ask it for balances as fast as they can and subscribers do not read. */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import WebSocket from 'ws'
import { startImport } from '../chain/import-process.ts'
import { GENESIS, writeChain } from '../chain/long-import.ts'

export type FloodOptions = {
  readonly blocks: number
  /** Each has one `eth_getBalance` under way, over keep-alive HTTP. */
  readonly clients: number
  /** WebSockets that subscribe to new heads as often as one may, and read nothing more. */
  readonly subscribers: number
  readonly cacheMb: number
  readonly seed: string | number
}
export type FloodResult = {
  readonly clients: number
  readonly importMs: number
  readonly answered: number
  /** Answers that are none, or no balance. */
  readonly wrong: readonly string[]
  /** How the subscribers' connections ended before the import did. */
  readonly cutOff: readonly { readonly code: number; readonly reason: string }[]
  readonly log: string
  /** Resident bytes, sampled. */
  readonly resident: readonly number[]
  /** Processor time of the importing process in milliseconds, as of the last sample. */
  readonly busyMs: number
}

const SAMPLE_MS = 100
const POLL_MS = 20
/** As many as one connection may have (`SUBSCRIPTIONS_MAX`): each head is then 200 KB to it. */
const SUBSCRIPTIONS = 128
const CALL =
  '{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":["0x00000000000000000000000000000000000000ff","latest"]}'
const SUBSCRIBE = { jsonrpc: '2.0', method: 'eth_subscribe', params: ['newHeads'] }
const SOUND = /^HTTP\/1\.1 200 [\s\S]*"result":"0x[0-9a-f]+"\}$/
const WRONG_KEPT = 1000
/** From the last block to the end of the process, under load. */
const STOP_MS_MAX = 3_000

/** Imports the same file once for each of `floods`, into stores of their own. @throws when an import fails */
export async function floodRuns(
  options: Omit<FloodOptions, 'clients' | 'subscribers'>,
  floods: readonly Pick<FloodOptions, 'clients' | 'subscribers'>[],
): Promise<readonly FloodResult[]> {
  const directory = await mkdtemp(join(tmpdir(), 'troupe-flood-'))
  try {
    const file = join(directory, 'chain.rlp')
    const genesis = join(directory, 'genesis.json')
    await writeFile(genesis, JSON.stringify(GENESIS))
    await writeChain(file, options.blocks, options.seed)
    const results: FloodResult[] = []
    for (const [index, flood] of floods.entries())
      results.push(await floodRun({ ...options, ...flood }, join(directory, `data-${index}`), genesis, file))
    return results
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function floodRun(options: FloodOptions, datadir: string, genesis: string, file: string): Promise<FloodResult> {
  const port = await freePort()
  const flags = ['--network', genesis, '--cache', `${options.cacheMb}`, '--seal-check', 'none', '--verbosity', '3']
  const listening = ['--http', '--http.port', `${port}`, '--ws', '--ws.port', `${port}`]
  const run = startImport(datadir, file, [...flags, ...listening])
  const wrong: { readonly answer: string; readonly at: number }[] = []
  const cutOff: { code: number; reason: string }[] = []
  const resident: number[] = []
  const open: { close(): void }[] = []
  let answered = 0
  let busyMs = 0
  let isOver = false
  try {
    await run.ready
    const began = performance.now()
    const judge = (answer: string): void => {
      answered++
      if (!SOUND.test(answer) && wrong.length < WRONG_KEPT) wrong.push({ answer, at: performance.now() })
    }
    for (let i = 0; i < options.clients; i++) open.push(greedyClient(port, judge))
    for (let i = 0; i < options.subscribers; i++)
      open.push(
        lazySubscriber(
          port,
          () => run.output().includes('Cut off a WebSocket client'),
          (end) => {
            if (!isOver) cutOff.push(end)
          },
        ),
      )
    const sampling = setInterval(() => {
      const bytes = residentBytes(run.child.pid)
      if (bytes !== undefined) resident.push(bytes)
      busyMs = Math.max(busyMs, processorMs(run.child.pid))
    }, SAMPLE_MS)
    const { code } = await run.ended
    isOver = true
    clearInterval(sampling)
    const endedAt = performance.now()
    const importMs = endedAt - began
    // What is asked while the node stops is refused as it must be.
    const isOfStop = (one: { answer: string; at: number }) =>
      one.answer.includes('-32005') && endedAt - one.at < STOP_MS_MAX
    const unexpected = wrong.filter((one) => !isOfStop(one)).map(({ answer }) => answer)
    if (code !== 0)
      throw new Error(`the import of ${options.blocks} blocks (seed ${options.seed}) failed: ${run.output()}`)
    return {
      clients: options.clients,
      importMs,
      answered,
      wrong: unexpected,
      cutOff,
      log: run.output(),
      resident,
      busyMs,
    }
  } finally {
    isOver = true
    for (const { close } of open) close()
    run.child.kill('SIGKILL')
  }
}

/** Asks again as soon as it is answered; when the node is not there yet, it tries again. */
function greedyClient(port: number, judge: (answer: string) => void): { close(): void } {
  const request = `POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${CALL.length}\r\n\r\n${CALL}`
  let socket: Socket
  let isClosed = false
  const start = (): void => {
    socket = connect({ host: '127.0.0.1', port, noDelay: true })
    socket.on('connect', () => socket.write(request))
    socket.on('data', (bytes) => {
      judge(bytes.toString('latin1'))
      socket.write(request)
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      if (!isClosed) setTimeout(start, POLL_MS).unref()
    })
  }
  start()
  return {
    close() {
      isClosed = true
      socket.destroy()
    },
  }
}

/** Reads again when `mayRead`, which is how it learns why it was cut off. */
function lazySubscriber(
  port: number,
  mayRead: () => boolean,
  ended: (end: { code: number; reason: string }) => void,
): { close(): void } {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`)
  let looking: NodeJS.Timeout | undefined
  socket.on('error', () => undefined)
  socket.on('open', () => {
    const calls = Array.from({ length: SUBSCRIPTIONS }, (_, id) => ({ ...SUBSCRIBE, id }))
    socket.send(JSON.stringify(calls))
  })
  socket.once('message', () => {
    socket.pause()
    looking = setInterval(() => {
      if (mayRead()) socket.resume()
    }, POLL_MS)
  })
  socket.on('close', (code, reason) => {
    clearInterval(looking)
    ended({ code, reason: String(reason) })
  })
  return {
    close() {
      clearInterval(looking)
      socket.terminate()
    },
  }
}

function residentBytes(pid: number | undefined): number | undefined {
  try {
    const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
  } catch {
    return undefined // The process has ended, or there is no /proc here.
  }
}

/** Clock ticks a second in `/proc/PID/stat` (proc(5), USER_HZ). */
const TICKS_PER_SECOND = 100

function processorMs(pid: number | undefined): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // After the name in brackets: fields 14 and 15 of all.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND
  } catch {
    return 0 // as above
  }
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
