/** The endpoints of RPC: HTTP, WebSocket beside it or on an address of its own, and IPC. */
import { type JsonRpcError, timedOut, tooBusy } from '../../protocols/json-rpc/error.ts'
import { parseRequest } from '../../protocols/json-rpc/request.ts'
import type { Context } from '../../runtime/actor.ts'
import type { HttpLimits, HttpRequest, HttpResponse, NetAddress, WebSocketUpgrade } from '../../runtime/capabilities.ts'
import type { AnswerOf } from '../../runtime/messages.ts'
import { pause } from '../../runtime/pause.ts'
import { refuseRequest } from './answering.ts'
import { checkExposure } from './exposure.ts'
import { httpAdmission, rpcResponse } from './http.ts'
import { ipcClients } from './ipc.ts'
import { type RpcLimits, requestLimits } from './limits.ts'
import type { HttpSettings, RpcAnswer, RpcDeps, RpcMessages, Transport, WsSettings } from './messages.ts'
import { IPC_NAMESPACES } from './namespaces.ts'
import { type Pacing, SLICE_MS } from './pacing.ts'
import type { Subscriptions } from './subscriptions.ts'
import { refuseWebSocket, webSocketClients } from './web-socket.ts'

/** Milliseconds beyond the time of a request in which what was answered of a batch by then is put together. */
const ANSWER_GRACE_MS = 1000

type Endpoints = AnswerOf<RpcMessages, 'endpoints'>
type Answer = (body: Uint8Array, transport: Transport, client?: number) => Promise<RpcAnswer>
type Respond = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>

/** All that listens is the actor's own: it ends with it. Throws a sentence when one endpoint cannot be opened. */
export async function listen(
  ctx: Context<RpcMessages>,
  deps: RpcDeps,
  limits: RpcLimits,
  subscriptions: Subscriptions,
  pacing: Pacing,
): Promise<Endpoints> {
  let running = 0

  /** All requests pass here: refused when too many are at hand, else a message to self. Never rejects. */
  const answer: Answer = async (body, transport, client) => {
    const refuse = (error: JsonRpcError) => refuseRequest(parseRequest(body, requestLimits(limits, transport)), error)
    if (running >= limits.requestsMax) {
      const refusal = refuse(tooBusy())
      // Whoever asks again at once is not to be quicker for being refused.
      if (pacing.isSlow()) await pause(ctx.clock, SLICE_MS)
      return refusal
    }
    running++
    const until = ctx.now() + limits.requestTimeoutMs
    const deadlineMs = limits.requestTimeoutMs + ANSWER_GRACE_MS
    // IPC is the operator's, who may want to see what goes on.
    const turn = transport === 'ipc' ? undefined : pacing.turn()
    if (turn !== undefined) await turn
    const answered = await ctx.inject('request', { body, transport, until, client }, { deadlineMs })
    running--
    if (answered.ok) return answered.value
    return refuse(answered.error.code === 'DEADLINE' ? timedOut() : tooBusy())
  }

  if (deps.ipc !== undefined) {
    const clients = ipcClients(limits, ctx.clock, subscriptions, (body, client) => answer(body, 'ipc', client))
    ctx.own(clients)
    const listener = await ctx.net.listenLocal(deps.ipc.path, clients.accept)
    if (!listener.ok) throw new Error(`IPC endpoint does not open: ${listener.error.address}: ${listener.error.cause}`)
    ctx.own(listener.value)
    ctx.log.info('IPC endpoint opened', { url: deps.ipc.path })
  }

  const { http: httpSettings, ws: wsSettings } = deps
  const upgrade =
    wsSettings === undefined ? undefined : webSocketUpgrade(ctx, wsSettings, limits, subscriptions, answer)
  const isShared = httpSettings !== undefined && wsSettings !== undefined && isSameAddress(httpSettings, wsSettings)
  let http: string | undefined
  let ws: string | undefined
  if (httpSettings !== undefined) {
    checkSettings(ctx, httpSettings, 'http')
    const admit = httpAdmission(httpSettings)
    const respond: Respond = (request) => {
      const admission = admit(request)
      if (admission.at === 'answered') return admission.response
      return answer(request.body, 'http').then(({ text }) => rpcResponse(text, admission.headers))
    }
    const authority = await listenHttp(ctx, httpSettings, limits, respond, isShared ? upgrade : undefined)
    http = `http://${authority}`
    if (isShared) ws = `ws://${authority}${wsSettings.prefix}`
    ctx.log.info('HTTP server started', {
      endpoint: http,
      api: httpSettings.namespaces.join(','),
      cors: httpSettings.corsOrigins.join(','),
      vhosts: httpSettings.vhosts.join(','),
    })
  }
  if (wsSettings !== undefined) {
    checkSettings(ctx, wsSettings, 'ws')
    if (!isShared) {
      const authority = await listenHttp(ctx, wsSettings, limits, async () => WEB_SOCKETS_ONLY, upgrade)
      ws = `ws://${authority}${wsSettings.prefix}`
    }
    ctx.log.info('WebSocket enabled', {
      endpoint: ws,
      api: wsSettings.namespaces.join(','),
      origins: wsSettings.origins.join(','),
    })
  }
  return { http, ws, ipc: deps.ipc?.path }
}

/** What a plain request is answered where only WebSockets are served (RFC 9110 section 15.5.22). */
const WEB_SOCKETS_ONLY: HttpResponse = {
  status: 426,
  headers: { upgrade: 'websocket', 'content-type': 'text/plain; charset=utf-8' },
  body: 'only WebSockets are served here\n',
}

const isSameAddress = (a: NetAddress, b: NetAddress): boolean => a.port !== 0 && a.port === b.port && a.host === b.host

function checkSettings(ctx: Context<RpcMessages>, settings: HttpSettings | WsSettings, section: 'http' | 'ws'): void {
  const exposure = checkExposure(settings, section)
  if (!exposure.ok) throw new Error(exposure.error.message)
  for (const name of settings.namespaces) {
    if (!IPC_NAMESPACES.has(name)) {
      const list = section === 'ws' ? 'WebSocket' : 'HTTP'
      ctx.log.error(`Unavailable namespace in the ${list} API list`, { namespace: name })
    }
  }
}

function webSocketUpgrade(
  ctx: Context<RpcMessages>,
  settings: WsSettings,
  limits: RpcLimits,
  subscriptions: Subscriptions,
  answer: Answer,
): WebSocketUpgrade {
  const clients = webSocketClients(
    limits,
    ctx.clock,
    subscriptions,
    (body, client) => answer(body, 'ws', client),
    (remote, reason) => ctx.log.info('Cut off a WebSocket client', { remote, reason }),
  )
  ctx.own(clients)
  return {
    messageBytesMax: limits.wsMessageBytesMax,
    connectionsMax: limits.wsConnectionsMax,
    pingMs: limits.wsPingMs,
    refuse: (request) => refuseWebSocket(request, settings),
    accept: clients.accept,
  }
}

/** @returns host and port as bound, as they stand in a URL. */
async function listenHttp(
  ctx: Context<RpcMessages>,
  { host, port }: NetAddress,
  limits: RpcLimits,
  respond: Respond,
  upgrade: WebSocketUpgrade | undefined,
): Promise<string> {
  const listener = await ctx.net.listenHttp({ host, port }, httpLimits(limits), respond, upgrade)
  if (!listener.ok) {
    const what = upgrade === undefined ? 'HTTP' : 'WebSocket'
    throw new Error(`${what} does not listen: ${listener.error.address}: ${listener.error.cause}`)
  }
  ctx.own(listener.value)
  const { address } = listener.value
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`
}

const httpLimits = (limits: RpcLimits): HttpLimits => ({
  bodyBytesMax: limits.httpBodyBytesMax,
  connectionsMax: limits.httpConnectionsMax,
  headersTimeoutMs: limits.headersTimeoutMs,
  requestTimeoutMs: limits.headersTimeoutMs,
  idleTimeoutMs: limits.idleTimeoutMs,
})
