import type { JsonValue } from './json.ts'

/** The error object of JSON-RPC 2.0 (section 5.1). Clients key on `code`, some on the exact text of geth's `message`. */
export type JsonRpcError = { readonly code: number; readonly message: string; readonly data?: JsonValue }

/** Codes of JSON-RPC 2.0 section 5.1, and geth's (rpc/errors.go). */
export const ErrorCode = {
  Parse: -32700,
  InvalidRequest: -32600,
  MethodNotFound: -32601,
  InvalidParams: -32602,
  Internal: -32603,
  /** Every refusal of a method that has no code of its own. */
  Default: -32000,
  Timeout: -32002,
  ResponseTooLarge: -32003,
  /** Not geth's: EIP-1474 "limit exceeded"; the node has more requests at hand than it takes. */
  LimitExceeded: -32005,
} as const

export const parseError = (): JsonRpcError => ({ code: ErrorCode.Parse, message: 'parse error' })
export const invalidRequest = (message = 'invalid request'): JsonRpcError => ({
  code: ErrorCode.InvalidRequest,
  message,
})
export const methodNotFound = (method: string): JsonRpcError => ({
  code: ErrorCode.MethodNotFound,
  message: `the method ${method} does not exist/is not available`,
})
export const notificationsUnsupported = (): JsonRpcError => ({
  code: ErrorCode.MethodNotFound,
  message: 'notifications not supported',
})
export const invalidParams = (message: string): JsonRpcError => ({ code: ErrorCode.InvalidParams, message })
/** A handler that threw: the stack goes to the log, never to the client. */
export const handlerCrashed = (): JsonRpcError => ({ code: ErrorCode.Internal, message: 'method handler crashed' })
export const serverError = (message: string): JsonRpcError => ({ code: ErrorCode.Default, message })
export const timedOut = (): JsonRpcError => ({ code: ErrorCode.Timeout, message: 'request timed out' })
export const responseTooLarge = (): JsonRpcError => ({
  code: ErrorCode.ResponseTooLarge,
  message: 'response too large',
})
export const tooBusy = (): JsonRpcError => ({
  code: ErrorCode.LimitExceeded,
  message: 'too many requests at once, try again later',
})
