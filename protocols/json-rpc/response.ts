import type { JsonRpcError } from './error.ts'
import type { JsonValue } from './json.ts'
import type { RawId } from './request.ts'

/** Characters of the results and errors of one batch (geth `--rpc.batch-response-max-size`). */
export const BATCH_RESPONSE_BYTES_MAX = 25_000_000

/** @param result JSON text. */
export const encodeResult = (id: RawId, result: string): string => `{"jsonrpc":"2.0","id":${id},"result":${result}}`
export const encodeError = (id: RawId, error: JsonRpcError): string =>
  `{"jsonrpc":"2.0","id":${id},"error":${JSON.stringify(error)}}`
export const encodeBatch = (responses: readonly string[]): string => `[${responses.join(',')}]`

export type Response = {
  readonly id: JsonValue
  readonly outcome:
    | { readonly ok: true; readonly value: JsonValue }
    | { readonly ok: false; readonly error: JsonRpcError }
}

/** Reads one answer as a client does. @returns undefined when the text is no JSON-RPC 2.0 response. */
export function decodeResponse(text: string): Response | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { jsonrpc, id, result, error } = value as { [member: string]: JsonValue | undefined }
  if (jsonrpc !== '2.0' || id === undefined) return undefined
  if (isErrorObject(error)) return { id, outcome: { ok: false, error } }
  return result === undefined ? undefined : { id, outcome: { ok: true, value: result } }
}

const isErrorObject = (error: unknown): error is JsonRpcError =>
  typeof error === 'object' &&
  error !== null &&
  typeof (error as { code?: unknown }).code === 'number' &&
  typeof (error as { message?: unknown }).message === 'string'
