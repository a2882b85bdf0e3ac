import type { IncomingMessage } from 'node:http'
import type { HttpRequest } from '../capabilities.ts'
import { addressText } from './net-error.ts'

export function requestHead(request: IncomingMessage): Omit<HttpRequest, 'body'> {
  const headers: { [name: string]: string | undefined } = Object.create(null)
  for (const [name, value] of Object.entries(request.headers)) {
    headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  const { remoteAddress = '', remotePort = 0 } = request.socket
  const remote = addressText({ host: remoteAddress, port: remotePort })
  return { method: request.method ?? '', url: request.url ?? '', headers, remote }
}
