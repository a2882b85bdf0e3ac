/** A client of a running node: over its IPC endpoint, HTTP or WebSocket. */
import { createConnection, type Socket } from 'node:net'
import WebSocket from 'ws'
import type { JsonRpcError } from '../protocols/json-rpc/error.ts'
import type { JsonValue } from '../protocols/json-rpc/json.ts'
import { decodeResponse } from '../protocols/json-rpc/response.ts'
import { valueStream } from '../protocols/json-rpc/value-stream.ts'
import { err, ok, type Result } from '../protocols/result.ts'

export type RpcClientError =
  | { readonly code: 'RPC_NO_NODE'; readonly endpoint: string; readonly message: string }
  | { readonly code: 'RPC_BAD_ENDPOINT'; readonly endpoint: string; readonly message: string }
  | { readonly code: 'RPC_CONNECTION'; readonly endpoint: string; readonly message: string }
  | { readonly code: 'RPC_REFUSED'; readonly endpoint: string; readonly message: string; readonly error: JsonRpcError }

export type RpcClient = {
  readonly endpoint: string
  call(method: string, params?: readonly JsonValue[]): Promise<Result<JsonValue, RpcClientError>>
  close(): void
}

/** Milliseconds to wait for one answer. */
const CALL_TIMEOUT_MS = 30_000
/** Bytes of one answer. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024
const ANSWER_LIMITS = { bytesMax: ANSWER_BYTES_MAX, depthMax: 1000, valuesMax: 10_000_000 }

export async function connectRpc(endpoint: string): Promise<Result<RpcClient, RpcClientError>> {
  if (/^https?:\/\//i.test(endpoint)) return ok(httpClient(endpoint))
  if (/^wss?:\/\//i.test(endpoint)) return connectWebSocket(endpoint)
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(endpoint)) {
    const message = `cannot attach to ${endpoint}: give the path of an IPC endpoint, or an http:// or ws:// URL`
    return err({ code: 'RPC_BAD_ENDPOINT', endpoint, message })
  }
  const socket = createConnection(endpoint)
  const failure = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    socket.once('connect', () => resolve(undefined))
    socket.once('error', resolve)
  })
  return failure === undefined
    ? ok(ipcClient(endpoint, socket))
    : err(noNode(endpoint, failure.code ?? failure.message))
}

function noNode(endpoint: string, reason: string): RpcClientError {
  const why =
    reason === 'ENOENT' || reason === 'ECONNREFUSED' ? 'is it running, with this --network and --datadir?' : reason
  return { code: 'RPC_NO_NODE', endpoint, message: `no node answers at ${endpoint}: ${why}` }
}

function httpClient(endpoint: string): RpcClient {
  const connection = (message: string): RpcClientError => ({
    code: 'RPC_CONNECTION',
    endpoint,
    message: `${endpoint}: ${message}`,
  })
  return {
    endpoint,
    async call(method, params = []) {
      let response: Response
      let text: string
      try {
        response = await fetch(endpoint, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: request(1, method, params),
          signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
        })
        text = await response.text()
      } catch (thrown) {
        const cause = (thrown as { cause?: { code?: string } }).cause?.code
        return err(cause === undefined ? connection((thrown as Error).message) : noNode(endpoint, cause))
      }
      if (response.status !== 200) return err(connection(`${response.status} ${text.trim().slice(0, 300)}`))
      return outcomeOf(endpoint, text)
    },
    close() {},
  }
}

function connectWebSocket(endpoint: string): Promise<Result<RpcClient, RpcClientError>> {
  return new Promise((resolve) => {
    let socket: WebSocket
    try {
      socket = new WebSocket(endpoint, { maxPayload: ANSWER_BYTES_MAX, handshakeTimeout: CALL_TIMEOUT_MS })
    } catch (thrown) {
      const message = `cannot attach to ${endpoint}: ${(thrown as Error).message}`
      return resolve(err({ code: 'RPC_BAD_ENDPOINT', endpoint, message }))
    }
    const client = pipelinedClient(endpoint, { write: (text) => socket.send(text), destroy: () => socket.terminate() })
    socket.on('open', () => resolve(ok(client)))
    socket.on('message', (data) => client.received(String(data)))
    socket.on('close', client.close)
    socket.on('error', (error: NodeJS.ErrnoException) => {
      client.close()
      resolve(err(noNode(endpoint, error.code ?? error.message)))
    })
  })
}

function ipcClient(endpoint: string, socket: Socket): RpcClient {
  const client = pipelinedClient(endpoint, {
    write: (text) => void socket.write(text),
    destroy: () => void socket.destroy(),
  })
  const decoder = new TextDecoder()
  const answers = valueStream(ANSWER_LIMITS, (bytes) => {
    client.received(decoder.decode(bytes))
    return true
  })
  socket.on('data', (bytes) => {
    if (answers.push(bytes) !== undefined) client.close()
  })
  socket.on('error', client.close)
  socket.on('close', client.close)
  return client
}

/** Calls over one connection, told apart by their ids. */
function pipelinedClient(
  endpoint: string,
  connection: { write(text: string): void; destroy(): void },
): RpcClient & { received(text: string): void } {
  type Waiting = { readonly resolve: (text: string | undefined) => void; readonly timer: NodeJS.Timeout }
  const waiting = new Map<number, Waiting>()
  let nextId = 1
  let isClosed = false

  function settle(id: number, text: string | undefined): void {
    const call = waiting.get(id)
    if (call === undefined) return
    waiting.delete(id)
    clearTimeout(call.timer)
    call.resolve(text)
  }

  return {
    endpoint,
    received(text) {
      const id = decodeResponse(text)?.id
      if (typeof id === 'number') settle(id, text)
    },
    async call(method, params = []) {
      const id = nextId++
      const text = await new Promise<string | undefined>((resolve) => {
        if (isClosed) return resolve(undefined)
        waiting.set(id, { resolve, timer: setTimeout(() => settle(id, undefined), CALL_TIMEOUT_MS) })
        connection.write(request(id, method, params))
      })
      if (text !== undefined) return outcomeOf(endpoint, text)
      const message = isClosed ? `${endpoint} closed the connection` : `${endpoint} did not answer ${method} in time`
      return err({ code: 'RPC_CONNECTION', endpoint, message })
    },
    close() {
      if (isClosed) return
      isClosed = true
      connection.destroy()
      for (const id of [...waiting.keys()]) settle(id, undefined)
    },
  }
}

const request = (id: number, method: string, params: readonly JsonValue[]): string =>
  JSON.stringify({ jsonrpc: '2.0', id, method, params })

function outcomeOf(endpoint: string, text: string): Result<JsonValue, RpcClientError> {
  const response = decodeResponse(text)
  if (response === undefined) {
    return err({ code: 'RPC_CONNECTION', endpoint, message: `${endpoint} does not answer JSON-RPC` })
  }
  if (response.outcome.ok) return response.outcome
  const { error } = response.outcome
  const hint = error.code === -32601 && /^(http|ws)/i.test(endpoint) ? ' (admin is offered over IPC unless named)' : ''
  return err({ code: 'RPC_REFUSED', endpoint, message: `${error.message}${hint}`, error })
}
