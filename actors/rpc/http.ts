import type { HttpRequest, HttpResponse } from '../../runtime/capabilities.ts'
import { hostName, isIpLiteral } from './host-name.ts'
import type { HttpSettings } from './messages.ts'

/** geth rpc/http.go, acceptedContentTypes. */
const CONTENT_TYPES: readonly string[] = ['application/json', 'application/json-rpc', 'application/jsonrequest']
/** Seconds a browser may remember a preflight (geth node/rpcstack.go). */
const CORS_MAX_AGE_SECONDS = 600
/** Characters of a header that are repeated in an answer. */
const ECHO_MAX = 100

/** What happens to a request: answered here, or handed to RPC, whose answer gets these headers, `content-type` among them. */
export type Admission =
  | { readonly at: 'answered'; readonly response: HttpResponse }
  | { readonly at: 'rpc'; readonly headers: { readonly [name: string]: string } }

/** geth's order: path, virtual host, CORS, health check, method, content type (node/rpcstack.go, rpc/http.go). */
export function admitHttp(request: HttpRequest, settings: HttpSettings): Admission {
  const queryAt = request.url.indexOf('?')
  const path = queryAt === -1 ? request.url : request.url.slice(0, queryAt)
  if (settings.prefix === '' ? path !== '/' : !path.startsWith(settings.prefix)) {
    return refuse(404, `not found: JSON-RPC is served at ${settings.prefix === '' ? '/' : settings.prefix}`)
  }
  const host = request.headers.host
  // An empty one names nothing that a page could have chosen, and passes in geth (node/rpcstack.go).
  if (host !== undefined && host !== '' && !isHostAllowed(host, settings.vhosts))
    return refuse(403, hostRefusal(host, settings))
  const cors = corsHeaders(request, settings)
  if (request.method === 'OPTIONS') return preflight(request, cors)
  if (request.method === 'GET' && request.body.length === 0 && queryAt === -1) return answer(200, '', cors)
  if (request.method === 'PUT' || request.method === 'DELETE') return refuse(405, 'method not allowed', cors)
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase()
  if (!CONTENT_TYPES.includes(type)) {
    return refuse(415, 'invalid content type, only application/json is supported', cors)
  }
  return { at: 'rpc', headers: { ...cors, 'content-type': 'application/json' } }
}

/**
 * `admitHttp` that looks at a head once: the requests of a connection that stays open share it. What is decided depends on
 * nothing else, but for GET, whose body matters.
 */
export function httpAdmission(settings: HttpSettings): (request: HttpRequest) => Admission {
  type Known = { readonly method: string; readonly url: string; readonly admission: Admission }
  const known = new WeakMap<HttpRequest['headers'], Known>()
  return (request) => {
    const { method, url, headers } = request
    const before = known.get(headers)
    if (before !== undefined && before.method === method && before.url === url) return before.admission
    const admission = admitHttp(request, settings)
    if (method === 'POST') known.set(headers, { method, url, admission })
    return admission
  }
}

/** The answer of a request that reached RPC: 200 whatever the result is, an empty body when nothing is answered. */
export const rpcResponse = (text: string | undefined, headers: { readonly [name: string]: string }): HttpResponse => ({
  status: 200,
  headers,
  body: text ?? '',
})

/** Against DNS rebinding: a page whose name was pointed at this machine sends that name as Host. */
function isHostAllowed(header: string, vhosts: readonly string[]): boolean {
  const name = hostName(header)
  return isIpLiteral(name) || vhosts.some((allowed) => allowed === '*' || allowed.toLowerCase() === name)
}

function hostRefusal(header: string, settings: HttpSettings): string {
  const name = JSON.stringify(hostName(header).slice(0, ECHO_MAX))
  const listed = settings.vhosts.length === 0 ? 'none' : settings.vhosts.join(', ')
  return `invalid host specified: ${name} is not among the allowed names (${listed}). Use the IP address, or list the name in --http.vhosts`
}

function corsHeaders(request: HttpRequest, settings: HttpSettings): { readonly [name: string]: string } {
  if (settings.corsOrigins.length === 0) return {}
  const origin = request.headers.origin?.toLowerCase()
  if (origin === undefined) return { vary: 'Origin' }
  if (settings.corsOrigins.includes('*')) return { 'access-control-allow-origin': '*' }
  if (!settings.corsOrigins.some((allowed) => allowed.toLowerCase() === origin)) return { vary: 'Origin' }
  return { 'access-control-allow-origin': request.headers.origin!, vary: 'Origin' }
}

function preflight(request: HttpRequest, cors: { readonly [name: string]: string }): Admission {
  if (cors['access-control-allow-origin'] === undefined) return answer(200, '', cors)
  const wanted = request.headers['access-control-request-headers']
  return answer(204, '', {
    ...cors,
    'access-control-allow-methods': 'GET, POST',
    'access-control-max-age': String(CORS_MAX_AGE_SECONDS),
    ...(wanted === undefined || !HEADER_NAMES.test(wanted) ? {} : { 'access-control-allow-headers': wanted }),
  })
}

/** Names of headers only: what a client sends is not repeated otherwise. */
const HEADER_NAMES = /^[A-Za-z0-9-]+(\s*,\s*[A-Za-z0-9-]+)*$/

const refuse = (status: number, text: string, headers: { readonly [name: string]: string } = {}): Admission =>
  answer(status, `${text}\n`, { ...headers, 'x-content-type-options': 'nosniff' })

const answer = (status: number, body: string, headers: { readonly [name: string]: string }): Admission => ({
  at: 'answered',
  response: {
    status,
    headers: body === '' ? headers : { ...headers, 'content-type': 'text/plain; charset=utf-8' },
    body,
  },
})
