/** JSON-RPC over HTTP and IPC. Reads go to the store directly, never through the chain. */
import { type JsonRpcError, timedOut, tooBusy } from '../../protocols/json-rpc/error.ts'
import { parseRequest, type RequestLimits } from '../../protocols/json-rpc/request.ts'
import { type ActorDefinition, type Context, defineActor, reentrant } from '../../runtime/actor.ts'
import type { AnswerOf } from '../../runtime/messages.ts'
import { type Answering, answerRequest, refuseRequest } from './answering.ts'
import { type ChainSnapshot, type OpenChain, openStoredChain } from './chain-source.ts'
import { checkExposure } from './exposure.ts'
import { admitHttp, rpcResponse } from './http.ts'
import { ipcClients } from './ipc.ts'
import { DEFAULT_RPC_LIMITS, type RpcLimits } from './limits.ts'
import type { HttpSettings, ImportProgress, RpcAnswer, RpcDeps, RpcMessages, Transport } from './messages.ts'
import { ADMIN_METHODS } from './methods/admin.ts'
import { DEBUG_METHODS } from './methods/debug.ts'
import { ETH_METHODS } from './methods/eth.ts'
import { FEE_METHODS } from './methods/fees.ts'
import type { MethodTable, Surroundings } from './methods/method.ts'
import { NET_METHODS } from './methods/net.ts'
import { PROOF_METHODS } from './methods/proof.ts'
import { RPC_METHODS } from './methods/rpc.ts'
import { WEB3_METHODS } from './methods/web3.ts'
import { createTipOracle } from './tip-oracle.ts'

/** Every method there is, by its full name. */
export const METHODS: MethodTable = {
  ...ADMIN_METHODS,
  ...DEBUG_METHODS,
  ...ETH_METHODS,
  ...FEE_METHODS,
  ...NET_METHODS,
  ...PROOF_METHODS,
  ...RPC_METHODS,
  ...WEB3_METHODS,
}
/** Offered by every server, whatever the settings say. */
const ALWAYS_OFFERED = 'rpc'
const IPC_NAMESPACES: ReadonlySet<string> = new Set(['admin', 'debug', 'eth', 'net', ALWAYS_OFFERED, 'web3'])

/** Milliseconds of a batch before other messages and sockets get the thread. */
const BATCH_TURN_MS = 10
/** Milliseconds beyond the time of a request in which what was answered of a batch by then is put together. */
const ANSWER_GRACE_MS = 1000
/** Milliseconds for an answer to leave before the restart that it announces ends the connections. */
const RESTART_DELAY_MS = 250

export const rpc = rpcOver(openStoredChain)

/** The actor over any store of a chain. */
export function rpcOver(openChain: OpenChain): ActorDefinition<RpcMessages, RpcDeps> {
  return defineActor<RpcMessages, RpcDeps>({
    name: 'rpc',
    // More than the requests at hand (`requestsMax`), so that it is this actor that refuses, with the caller's ids.
    mailbox: { capacity: 1024 },
    lossy: { importing: { coalesce: '*' } },
    async behavior(ctx, deps) {
      const limits: RpcLimits = { ...DEFAULT_RPC_LIMITS, ...deps.limits }
      const opened = await openChain(deps.database)
      if (!opened.ok) throw new Error(`database does not open: ${opened.error.code}`)
      const source = ctx.own(opened.value)
      const namespaces: { readonly [T in Transport]: ReadonlySet<string> } = {
        http: new Set([ALWAYS_OFFERED, ...(deps.http?.namespaces ?? [])].filter((name) => IPC_NAMESPACES.has(name))),
        ipc: IPC_NAMESPACES,
      }
      const tips = createTipOracle()
      let importing: ImportProgress | undefined

      function surroundings(transport: Transport): Surroundings & AsyncDisposable {
        let view: ChainSnapshot | undefined
        return {
          chain: () => {
            view ??= source.snapshot()
            return view
          },
          info: deps.chain,
          tips,
          node: deps.node,
          importing,
          namespaces: namespaces[transport],
          inspect: ctx.inspect,
          system: ctx.system,
          self: ctx.path,
          restartLater: (path) => void ctx.after(RESTART_DELAY_MS, 'restartLater', { path }),
          [Symbol.asyncDispose]: async () => view?.close(),
        }
      }

      const endpoints = await listen(ctx, deps, limits)

      return {
        request: reentrant(async ({ body, transport, until }, call): Promise<RpcAnswer> => {
          let turnEndsAt = ctx.clock.monotonic() + BATCH_TURN_MS
          const answering: Answering = {
            methods: METHODS,
            namespaces: namespaces[transport],
            batchResponseMax: limits.batchResponseMax,
            surroundings: () => surroundings(transport),
            isLate: () => call.signal.aborted || ctx.now() >= until,
            async rest() {
              if (ctx.clock.monotonic() < turnEndsAt) return
              await new Promise<void>((resolve) => void ctx.clock.schedule(0, resolve))
              turnEndsAt = ctx.clock.monotonic() + BATCH_TURN_MS
            },
            crashed: (method, thrown) => ctx.log.error('RPC method crashed', { method, error: stackOf(thrown) }),
          }
          return answerRequest(parseRequest(body, requestLimits(limits, transport)), answering)
        }),
        endpoints: () => endpoints,
        importing({ progress }) {
          importing = progress
        },
        restartLater({ path }) {
          const done = ctx.system.restart(path)
          if (!done.ok) ctx.log.warn('Restart was refused', { actor: path, code: done.error.code })
        },
      }
    },
  })
}

type Endpoints = AnswerOf<RpcMessages, 'endpoints'>

async function listen(ctx: Context<RpcMessages>, deps: RpcDeps, limits: RpcLimits): Promise<Endpoints> {
  let running = 0

  /** All requests pass here: refused when too many are at hand, else a message to self. Never rejects. */
  async function answer(body: Uint8Array, transport: Transport): Promise<RpcAnswer> {
    const refuse = (error: JsonRpcError) => refuseRequest(parseRequest(body, requestLimits(limits, transport)), error)
    if (running >= limits.requestsMax) return refuse(tooBusy())
    running++
    const until = ctx.now() + limits.requestTimeoutMs
    const deadlineMs = limits.requestTimeoutMs + ANSWER_GRACE_MS
    const answered = await ctx.inject('request', { body, transport, until }, { deadlineMs })
    running--
    if (answered.ok) return answered.value
    return refuse(answered.error.code === 'DEADLINE' ? timedOut() : tooBusy())
  }

  if (deps.ipc !== undefined) {
    const clients = ipcClients(limits, ctx.clock, (body) => answer(body, 'ipc'))
    ctx.own(clients)
    const listener = await ctx.net.listenLocal(deps.ipc.path, clients.accept)
    if (!listener.ok) throw new Error(`IPC endpoint does not open: ${listener.error.address}: ${listener.error.cause}`)
    ctx.own(listener.value)
    ctx.log.info('IPC endpoint opened', { url: deps.ipc.path })
  }
  const http =
    deps.http === undefined ? undefined : await listenHttp(ctx, deps.http, limits, (body) => answer(body, 'http'))
  return { http, ipc: deps.ipc?.path }
}

async function listenHttp(
  ctx: Context<RpcMessages>,
  settings: HttpSettings,
  limits: RpcLimits,
  answer: (body: Uint8Array) => Promise<RpcAnswer>,
): Promise<string> {
  const exposure = checkExposure(settings)
  if (!exposure.ok) throw new Error(exposure.error.message)
  for (const name of settings.namespaces) {
    if (!IPC_NAMESPACES.has(name)) ctx.log.error('Unavailable namespace in the HTTP API list', { namespace: name })
  }
  const listener = await ctx.net.listenHttp(
    { host: settings.host, port: settings.port },
    {
      bodyBytesMax: limits.httpBodyBytesMax,
      connectionsMax: limits.httpConnectionsMax,
      headersTimeoutMs: limits.headersTimeoutMs,
      requestTimeoutMs: limits.headersTimeoutMs,
      idleTimeoutMs: limits.idleTimeoutMs,
    },
    async (request) => {
      const admission = admitHttp(request, settings)
      if (admission.at === 'answered') return admission.response
      const { text } = await answer(request.body)
      return rpcResponse(text, admission.headers)
    },
  )
  if (!listener.ok) throw new Error(`HTTP does not listen: ${listener.error.address}: ${listener.error.cause}`)
  ctx.own(listener.value)
  const { host, port } = listener.value.address
  const endpoint = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  ctx.log.info('HTTP server started', {
    endpoint,
    api: settings.namespaces.join(','),
    cors: settings.corsOrigins.join(','),
    vhosts: settings.vhosts.join(','),
  })
  return endpoint
}

const requestLimits = (limits: RpcLimits, transport: Transport): RequestLimits => ({
  bytesMax: transport === 'http' ? limits.httpBodyBytesMax : limits.ipcMessageBytesMax,
  depthMax: limits.depthMax,
  valuesMax: limits.valuesMax,
  itemsMax: transport === 'http' ? limits.batchItemsMax : Number.POSITIVE_INFINITY,
})

const stackOf = (thrown: unknown): string =>
  thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
