import { invalidRequest, type JsonRpcError, parseError } from './error.ts'
import { isJsonObject, type JsonValue } from './json.ts'
import { elementTexts, memberText } from './raw-text.ts'
import { type ScanLimits, type ScanRefusal, valueScanner } from './value-scanner.ts'

/** Nesting of a request. Go's encoding/json refuses beyond 10,000; no method takes more than a handful. */
export const REQUEST_DEPTH_MAX = 1000
/** Values in one request: a body of `[[],[],…]` costs 16 times its size once parsed. */
export const REQUEST_VALUES_MAX = 500_000
/** Calls in one batch (geth `--rpc.batch-request-limit`). */
export const BATCH_ITEMS_MAX = 1000
/** Bytes of a method's name (geth rpc/handler.go, maxMethodNameLength). */
export const METHOD_NAME_BYTES_MAX = 2048

export type RequestLimits = ScanLimits & { readonly itemsMax: number }

/** The id as JSON text, exactly as it came where a number would lose digits: it is only ever echoed. */
export type RawId = string
export const NULL_ID: RawId = 'null'

export type Entry =
  | { readonly kind: 'call'; readonly id: RawId; readonly method: string; readonly params: JsonValue | undefined }
  | { readonly kind: 'notification'; readonly method: string; readonly params: JsonValue | undefined }
  | { readonly kind: 'invalid'; readonly id: RawId; readonly error: JsonRpcError }
  | { readonly kind: 'response' } // an answer to nothing we asked: dropped, never answered

export type ParsedRequest =
  | { readonly form: 'nothing' } // an empty body is not answered
  /** Answered with id null; on a stream the connection is closed after it, for the next value cannot be found. */
  | { readonly form: 'unreadable'; readonly error: JsonRpcError }
  | { readonly form: 'refused'; readonly id: RawId; readonly error: JsonRpcError; readonly asBatch: boolean }
  | { readonly form: 'single'; readonly entry: Entry }
  | { readonly form: 'batch'; readonly entries: readonly Entry[] }

/** Never throws, whatever the bytes are. Only the first JSON value counts. Rules of geth's rpc/json.go and handler.go. */
export function parseRequest(bytes: Uint8Array, limits: RequestLimits): ParsedRequest {
  return parseShort(bytes, limits) ?? parseAny(bytes, limits)
}

/**
 * One call that is shorter than every limit needs no scan: each level of nesting and each value costs a byte. What does not
 * parse, or is no object, is left to the scan, which finds where the first value ends.
 */
function parseShort(bytes: Uint8Array, { bytesMax, depthMax, valuesMax }: RequestLimits): ParsedRequest | undefined {
  const { length } = bytes
  if (bytes[0] !== OPENING_BRACE || length > bytesMax || length > depthMax || length > valuesMax) return undefined
  const text = UTF8.decode(bytes)
  try {
    return { form: 'single', entry: readEntry(JSON.parse(text) as JsonValue, () => text) }
  } catch {
    return undefined
  }
}

const OPENING_BRACE = 0x7b

function parseAny(bytes: Uint8Array, limits: RequestLimits): ParsedRequest {
  const scanner = valueScanner(limits)
  let step = scanner.scan(bytes, 0)
  if (step.at === 'between') return { form: 'nothing' }
  if (step.at === 'inside' && scanner.endsAtEof()) step = { at: 'end', start: step.start, end: bytes.length, commas: 0 }
  if (step.at === 'inside') return { form: 'unreadable', error: parseError() }
  if (step.at === 'refused') return { form: 'unreadable', error: refusalError(step.code) }
  const text = UTF8.decode(bytes.subarray(step.start, step.end))
  if (step.commas >= limits.itemsMax && text[0] === '[') {
    return { form: 'refused', asBatch: true, id: firstCallId(text), error: invalidRequest('batch too large') }
  }
  let value: JsonValue
  try {
    value = JSON.parse(text) as JsonValue
  } catch {
    return { form: 'unreadable', error: parseError() }
  }
  if (!Array.isArray(value)) return { form: 'single', entry: readEntry(value, () => text) }
  if (value.length === 0) {
    return { form: 'refused', asBatch: false, id: NULL_ID, error: invalidRequest('empty batch') }
  }
  let elements: readonly string[] | undefined
  const textOf = (index: number): string => {
    elements ??= [...elementTexts(text)]
    return elements[index] ?? NULL_ID
  }
  return { form: 'batch', entries: value.map((element, index) => readEntry(element, () => textOf(index))) }
}

/** A byte order mark is no whitespace of JSON: it stays, and the parser refuses it. */
const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true })

export const refusalError = (code: ScanRefusal): JsonRpcError => {
  switch (code) {
    case 'TOO_LARGE':
      return invalidRequest('message too large')
    case 'TOO_DEEP':
      return invalidRequest('message nested too deep')
    case 'TOO_MANY_VALUES':
      return invalidRequest('message has too many values')
  }
}

function readEntry(value: JsonValue, text: () => string): Entry {
  if (!isJsonObject(value)) return { kind: 'invalid', id: NULL_ID, error: invalidRequest() }
  const id = readId(value.id, text)
  const method = typeof value.method === 'string' ? value.method : ''
  const versioned = value.jsonrpc === '2.0'
  if (versioned && method !== '') {
    if (!Object.hasOwn(value, 'id')) return { kind: 'notification', method, params: value.params }
    if (id !== undefined) {
      if (method.length > METHOD_NAME_BYTES_MAX) {
        const error = invalidRequest(`method name too long: ${method.length} > ${METHOD_NAME_BYTES_MAX}`)
        return { kind: 'invalid', id, error }
      }
      return { kind: 'call', id, method, params: value.params }
    }
  }
  if (versioned && id !== undefined && isAnswer(value)) return { kind: 'response' }
  return { kind: 'invalid', id: id ?? NULL_ID, error: invalidRequest() }
}

const isAnswer = (value: { readonly [member: string]: JsonValue | undefined }): boolean =>
  !Object.hasOwn(value, 'method') && value.params === undefined && (value.result !== undefined || isError(value.error))
const isError = (error: JsonValue | undefined): boolean => error !== undefined && error !== null

/** @returns undefined when there is none, or none that may be echoed (an array or object). */
function readId(id: JsonValue | undefined, text: () => string): RawId | undefined {
  if (id === undefined || (typeof id === 'object' && id !== null)) return undefined
  if (typeof id === 'number' && !Number.isSafeInteger(id)) return memberText(text(), 'id') ?? NULL_ID
  return JSON.stringify(id)
}

/** The batch is not parsed as a whole: elements are read one by one until one of them is a call. */
function firstCallId(batch: string): RawId {
  for (const text of elementTexts(batch)) {
    try {
      const entry = readEntry(JSON.parse(text) as JsonValue, () => text)
      if (entry.kind === 'call') return entry.id
    } catch {
      return NULL_ID
    }
  }
  return NULL_ID
}
