/**
 * HTTP/1.1 requests of the form that programs send to an API: a POST with its length (RFC 9112), whole in what was read. Every
 * other form is left to node:http; so nothing here has to guess what a strange head means.
 */
import type { HttpRequest } from '../capabilities.ts'

/** A head that was understood. The same head bytes give the same object, so what depends on the head alone may be kept by it. */
export type PlainHead = {
  /** As they came, with the empty line. */
  readonly bytes: Uint8Array
  readonly bodyBytes: number
  readonly request: Omit<HttpRequest, 'body' | 'remote'>
}

/** @returns undefined for a head that is not whole, or not of this form. @param headBytesMax more are not looked at */
export function readPlainHead(bytes: Uint8Array, headBytesMax: number): PlainHead | undefined {
  const end = headEnd(bytes, headBytesMax)
  if (end === undefined) return undefined
  const [requestLine, ...lines] = LATIN1.decode(bytes.subarray(0, end - 4)).split('\r\n')
  const url = REQUEST_LINE.exec(requestLine as string)?.[1]
  if (url === undefined) return undefined
  const headers: { [name: string]: string } = Object.create(null)
  for (const line of lines) {
    const parts = HEADER_LINE.exec(line)
    if (parts === null) return undefined
    const name = (parts[1] as string).toLowerCase()
    if (NOT_PLAIN.has(name) || name in headers) return undefined
    headers[name] = (parts[2] as string).trimEnd()
  }
  const { host, connection, 'content-length': length } = headers
  if (host === undefined || length === undefined || !LENGTH.test(length)) return undefined
  if (connection !== undefined && connection.toLowerCase() !== 'keep-alive') return undefined
  return { bytes: bytes.slice(0, end), bodyBytes: Number(length), request: { method: 'POST', url, headers } }
}

/** Whether `bytes` begin with the head. */
export function beginsWith(bytes: Uint8Array, { bytes: head }: PlainHead): boolean {
  const size = head.length
  if (bytes.length < size) return false
  for (let i = 0; i < size; i++) if (bytes[i] !== head[i]) return false
  return true
}

const CR = 13
const LF = 10
/** Printable ASCII: no line breaks but those between lines, no byte that another reader could take otherwise. */
const REQUEST_LINE = /^POST (\/[\x21-\x7e]*) HTTP\/1\.1$/
const HEADER_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\x20-\x7e\t]*)$/
/** Below 2^53. */
const LENGTH = /^\d{1,15}$/
/** What changes how the body or the connection is to be read. */
const NOT_PLAIN: ReadonlySet<string> = new Set(['transfer-encoding', 'expect', 'upgrade', 'trailer', 'te'])
const LATIN1 = new TextDecoder('latin1')

/** Where the body begins. */
function headEnd(bytes: Uint8Array, max: number): number | undefined {
  const last = Math.min(bytes.length, max) - 4
  for (let i = 0; i <= last; i++) {
    if (bytes[i] === CR && bytes[i + 1] === LF && bytes[i + 2] === CR && bytes[i + 3] === LF) return i + 4
  }
  return undefined
}
