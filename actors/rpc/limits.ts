import {
  BATCH_ITEMS_MAX,
  REQUEST_DEPTH_MAX,
  REQUEST_VALUES_MAX,
  type RequestLimits,
} from '../../protocols/json-rpc/request.ts'
import { BATCH_RESPONSE_BYTES_MAX } from '../../protocols/json-rpc/response.ts'
import type { Transport } from './messages.ts'

/** Everything a client could make grow, with its bound. */
export type RpcLimits = {
  /** Bytes of an HTTP body; more is answered 413. */
  readonly httpBodyBytesMax: number
  readonly httpConnectionsMax: number
  /** Bytes of one value on IPC; more ends the connection. */
  readonly ipcMessageBytesMax: number
  readonly ipcConnectionsMax: number
  /** Calls of one IPC connection that run at a time; its socket is not read beyond that. */
  readonly ipcCallsMax: number
  /** Characters of answers kept for an IPC client that does not read them; more ends the connection. */
  readonly ipcUnsentMax: number
  /** Bytes of one WebSocket message; more ends the connection. */
  readonly wsMessageBytesMax: number
  readonly wsConnectionsMax: number
  /** Calls of one WebSocket that run at a time; it is not read beyond that. */
  readonly wsCallsMax: number
  /** Characters of answers kept for a WebSocket client that does not read them; more ends the connection. */
  readonly wsUnsentMax: number
  /** Between pings; the pong is to come before the next. */
  readonly wsPingMs: number
  /** Notifications kept for a client that does not read them; more ends the connection. */
  readonly notificationsMax: number
  /** Requests at hand over all connections; more are refused at once with −32005. */
  readonly requestsMax: number
  /** Calls of one batch over HTTP and WebSocket. IPC has no such limit, as in geth. */
  readonly batchItemsMax: number
  /** Characters of the results of one batch. */
  readonly batchResponseMax: number
  readonly depthMax: number
  readonly valuesMax: number
  /** A call without an answer by then is answered −32002. */
  readonly requestTimeoutMs: number
  readonly headersTimeoutMs: number
  readonly idleTimeoutMs: number
}

/** geth's values where it has one (node/defaults.go, rpc/http.go): body 5 MiB, timeouts 30 s and 120 s. */
export const DEFAULT_RPC_LIMITS: RpcLimits = {
  httpBodyBytesMax: 5 * 1024 * 1024,
  httpConnectionsMax: 512,
  ipcMessageBytesMax: 16 * 1024 * 1024,
  ipcConnectionsMax: 32,
  ipcCallsMax: 64,
  ipcUnsentMax: BATCH_RESPONSE_BYTES_MAX * 2,
  // geth rpc/websocket.go, wsDefaultReadLimit and wsPingInterval.
  wsMessageBytesMax: 32 * 1024 * 1024,
  wsConnectionsMax: 256,
  wsCallsMax: 64,
  wsUnsentMax: BATCH_RESPONSE_BYTES_MAX * 2,
  wsPingMs: 30_000,
  notificationsMax: 1024,
  requestsMax: 256,
  batchItemsMax: BATCH_ITEMS_MAX,
  batchResponseMax: BATCH_RESPONSE_BYTES_MAX,
  depthMax: REQUEST_DEPTH_MAX,
  valuesMax: REQUEST_VALUES_MAX,
  // 100 ms before the client would see a closed connection (geth rpc/http.go, ContextRequestTimeout).
  requestTimeoutMs: 30_000 - 100,
  headersTimeoutMs: 30_000,
  idleTimeoutMs: 120_000,
}

export const requestLimits = (limits: RpcLimits, transport: Transport): RequestLimits => ({
  bytesMax: {
    http: limits.httpBodyBytesMax,
    ws: limits.wsMessageBytesMax,
    ipc: limits.ipcMessageBytesMax,
  }[transport],
  depthMax: limits.depthMax,
  valuesMax: limits.valuesMax,
  itemsMax: transport === 'ipc' ? Number.POSITIVE_INFINITY : limits.batchItemsMax,
})
