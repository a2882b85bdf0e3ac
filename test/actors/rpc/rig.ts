/** The rpc actor in a real system, over a chain in memory, on loopback sockets. */
import { mkdtemp, rm } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ChainHead } from '../../../actors/chain/messages.ts'
import type { PoolInfo, PoolMessages } from '../../../actors/pool/messages.ts'
import { DEFAULT_HTTP } from '../../../actors/rpc/exposure.ts'
import type { HttpSettings, ImportProgress, RpcDeps, RpcMessages, WsSettings } from '../../../actors/rpc/messages.ts'
import { rpc, rpcOver } from '../../../actors/rpc/rpc.ts'
import type { SealerMessages } from '../../../actors/sealer/messages.ts'
import type { ChainSpec } from '../../../protocols/chain-spec/chain-spec.ts'
import { DEV } from '../../../protocols/chain-spec/dev.ts'
import { bytesToHex } from '../../../protocols/hex.ts'
import { defineActor, reentrant } from '../../../runtime/actor.ts'
import type { AnswerOf, Ask, Tell } from '../../../runtime/messages.ts'
import { startSystem } from '../../../runtime/system.ts'
import type { DatabaseLocation } from '../../../storage/database.ts'
import { type MemoryChain, memoryChain } from './memory-chain.ts'

type IdleMessages = { nothing: Ask<void, void> }
const idle = defineActor<IdleMessages>({
  name: 'chain',
  mailbox: { capacity: 4 },
  behavior: () => ({ nothing() {} }),
})

const poolOf = (info: PoolInfo) =>
  defineActor<Pick<PoolMessages, 'info'>>({
    name: 'pool',
    mailbox: { capacity: 4 },
    behavior: () => ({ info: () => info }),
  })

type SealAnswer = AnswerOf<SealerMessages, 'seal'>
const sealerOf = (seal: (count: number) => SealAnswer) =>
  defineActor<Pick<SealerMessages, 'seal'>>({
    name: 'sealer',
    mailbox: { capacity: 4 },
    behavior: () => ({ seal: reentrant(async ({ count }) => seal(count)) }),
  })
/** Gets the fees of the rig's sealer. */
export const FEE_RECIPIENT = new Uint8Array(20).fill(0xfe)

type RootMessages = { progress: Tell<void> }

export type RigOptions = {
  readonly http?: Partial<HttpSettings>
  /** A WebSocket endpoint; port 0 takes a free one, `'shared'` that of HTTP. */
  readonly ws?: Partial<WsSettings> | 'shared'
  readonly limits?: RpcDeps['limits']
  readonly chain?: MemoryChain
  /** A real store in place of the chain in memory. */
  readonly store?: {
    readonly location: DatabaseLocation
    readonly genesisHash: Uint8Array
    /** Lets calls share what they read under. */
    readonly publishedHead?: SharedArrayBuffer
  }
  readonly spec?: ChainSpec
  /** What a pool beside it answers; without, there is none. */
  readonly pool?: PoolInfo
  /** What a sealer beside it does; without, nothing is sealed. */
  readonly seal?: (count: number) => SealAnswer
  readonly importing?: { startingBlock: bigint; currentBlock: bigint; highestBlock: bigint }
}
export type Rig = {
  readonly chain: MemoryChain
  readonly url: string
  readonly wsUrl: string | undefined
  readonly port: number
  readonly ipc: string
  readonly datadir: string
  post(body: unknown, headers?: { [name: string]: string }): Promise<{ status: number; json: any; text: string }>
  call(method: string, ...params: unknown[]): Promise<any>
  ipcCall(method: string, ...params: unknown[]): Promise<any>
  /** Adds a block to the chain in memory, and has the head moved there. */
  grow(): Promise<string>
  importing(progress: ImportProgress | undefined): void
  stop(): Promise<void>
}

export const CONFIG = { chainId: 1337, homesteadBlock: 0 }
export const CLIENT_VERSION = 'Troupe/v0.1.0/linux-x64/node20'

export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const datadir = await mkdtemp(join(tmpdir(), 'troupe-rpc-'))
  const ipc = join(datadir, 'troupe.ipc')
  const chain = options.chain ?? memoryChain()
  if (chain.canonical.length === 0) chain.add()
  const http = { ...DEFAULT_HTTP, port: options.ws === 'shared' ? await freePort() : 0, ...options.http }
  const deps: RpcDeps = {
    database: options.store?.location ?? { engine: 'level', directory: 'unused' },
    ...(options.store?.publishedHead === undefined ? {} : { publishedHead: options.store.publishedHead }),
    chain: {
      chainId: 1337n,
      networkId: 3503995874084926n,
      genesisHash: options.store?.genesisHash ?? chain.canonical[0]!.hash,
      config: CONFIG,
      spec: options.spec ?? DEV,
    },
    node: { clientVersion: CLIENT_VERSION, datadir, ip: '127.0.0.1', discoveryPort: 0, listenerPort: 0 },
    http,
    ...(options.ws === undefined ? {} : { ws: wsOf(options.ws, http) }),
    ipc: { path: ipc },
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  }
  type Outcome = Up | { failure: string }
  let settled: (outcome: Outcome) => void = () => {}
  const outcome = new Promise<Outcome>((resolve) => {
    settled = resolve
  })
  const root = defineActor<RootMessages>({
    name: 'supervisor',
    mailbox: { capacity: 4 },
    behavior(ctx) {
      ctx.spawn({ name: 'chain', actor: idle, deps: undefined })
      const pool = options.pool && ctx.spawn({ name: 'pool', actor: poolOf(options.pool), deps: undefined })
      const sealer = options.seal && ctx.spawn({ name: 'sealer', actor: sealerOf(options.seal), deps: undefined })
      const child = ctx.spawn<RpcMessages, RpcDeps>({
        name: 'rpc',
        actor: options.store === undefined ? rpcOver(async () => ({ ok: true, value: chain })) : rpc,
        deps: {
          ...deps,
          ...(pool === undefined ? {} : { pool: pool.ref }),
          ...(sealer === undefined ? {} : { sealing: { sealer: sealer.ref, feeRecipient: FEE_RECIPIENT } }),
        },
      })
      void child.started.then(async (started) => {
        if (!started.ok) return settled({ failure: started.error.detail })
        const { importing } = options
        if (importing !== undefined) ctx.tell(child.ref, 'importing', { progress: importing })
        const endpoints = await ctx.ask(child.ref, 'endpoints')
        settled(
          endpoints.ok
            ? {
                url: endpoints.value.http!,
                wsUrl: endpoints.value.ws,
                headMoved: (head) => ctx.tell(child.ref, 'headMoved', { head }),
                importing: (progress) => ctx.tell(child.ref, 'importing', { progress }),
              }
            : { failure: endpoints.error.code },
        )
      })
      return { progress() {} }
    },
  })
  const system = await startSystem({
    root,
    deps: undefined,
    placement: {},
    log: { verbosity: 0, format: 'terminal', colour: false },
  })
  const stop = async () => {
    await system.stop()
    await rm(datadir, { recursive: true, force: true })
  }
  const started = await outcome
  if ('failure' in started) {
    await stop()
    throw new Error(started.failure)
  }
  const { url, wsUrl, headMoved } = started

  const post: Rig['post'] = async (body, headers = {}) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
    const text = await response.text()
    return {
      status: response.status,
      text,
      json: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text,
    }
  }
  return {
    chain,
    url,
    wsUrl,
    async grow() {
      const { hash } = chain.add()
      const number = BigInt(chain.canonical.length - 1)
      headMoved({ number, hash, stateRoot: hash, totalDifficulty: 1n })
      return bytesToHex(hash)
    },
    importing: started.importing,
    port: Number(new URL(url).port),
    ipc,
    datadir,
    post,
    call: async (method, ...params) => (await post({ jsonrpc: '2.0', id: 1, method, params })).json,
    async ipcCall(method, ...params) {
      const client = await connectIpc(ipc)
      client.socket.write(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }))
      const line = await client.line()
      client.socket.destroy()
      return JSON.parse(line!)
    },
    stop,
  }
}

type Up = {
  readonly url: string
  readonly wsUrl: string | undefined
  headMoved(head: ChainHead): void
  importing(progress: ImportProgress | undefined): void
}

const wsOf = (wanted: Partial<WsSettings> | 'shared', { host, port, namespaces }: HttpSettings): WsSettings => ({
  host,
  namespaces,
  port: wanted === 'shared' ? port : 0,
  prefix: '',
  allowExposed: false,
  origins: ['http://localhost'],
  ...(wanted === 'shared' ? {} : wanted),
})

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

export type IpcClient = { readonly socket: Socket; line(): Promise<string | undefined>; readonly closed: Promise<void> }

export async function connectIpc(path: string): Promise<IpcClient> {
  const socket = createConnection(path)
  socket.on('error', () => {})
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', () => resolve())
    socket.once('error', reject)
  })
  const lines: string[] = []
  const waiting: ((line: string | undefined) => void)[] = []
  let text = ''
  let isOver = false
  socket.setEncoding('utf8')
  socket.on('data', (piece: string) => {
    text += piece
    const parts = text.split('\n')
    text = parts.pop()!
    for (const part of parts) {
      const next = waiting.shift()
      if (next === undefined) lines.push(part)
      else next(part)
    }
  })
  const closed = new Promise<void>((resolve) =>
    socket.once('close', () => {
      isOver = true
      for (const next of waiting.splice(0)) next(undefined)
      resolve()
    }),
  )
  return {
    socket,
    closed,
    line: () =>
      lines.length > 0 || isOver
        ? Promise.resolve(lines.shift())
        : new Promise((resolve) => {
            waiting.push(resolve)
          }),
  }
}

/** With headers that `fetch` would not send. */
export function rawRequest(
  port: number,
  options: { method?: string; path?: string; headers?: { [name: string]: string }; body?: string },
): Promise<{ status: number; headers: { [name: string]: string | string[] | undefined }; text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        host: '127.0.0.1',
        port,
        method: options.method ?? 'POST',
        path: options.path ?? '/',
        headers: options.headers ?? {},
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (piece: string) => {
          text += piece
        })
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }))
      },
    )
    request.on('error', reject)
    request.end(options.body)
  })
}

/** Bytes as they are, and all that comes back until the server closes or `waitMs` pass. */
export function rawBytes(port: number, bytes: string, waitMs = 2000): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const socket = createConnection({ host: '127.0.0.1', port })
    const timer = setTimeout(() => socket.destroy(), waitMs)
    socket.setEncoding('latin1')
    socket.on('data', (piece: string) => {
      text += piece
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(text)
    })
    socket.on('connect', () => socket.write(bytes))
  })
}
