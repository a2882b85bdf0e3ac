import type { NetAddress, NetError } from '../capabilities.ts'

/** `host:port`, an IPv6 host in brackets; a local socket (port 0) is its path. */
export function addressText({ host, port }: NetAddress): string {
  if (host.includes('/') || host.includes('\\')) return host
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** What Node's network modules threw or emitted, as plain data. */
export function netError(address: string, error: unknown): NetError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const message = error instanceof Error && error.message !== '' ? error.message : code
  return { code: CODES[code] ?? 'NET_IO', address, cause: message }
}

const CODES: { readonly [errno: string]: NetError['code'] } = {
  EADDRINUSE: 'NET_ADDRESS_IN_USE',
  ECONNREFUSED: 'NET_REFUSED',
  ETIMEDOUT: 'NET_TIMEOUT',
  ECONNRESET: 'NET_CLOSED',
  ECONNABORTED: 'NET_CLOSED',
  EPIPE: 'NET_CLOSED',
  ERR_STREAM_DESTROYED: 'NET_CLOSED',
  EACCES: 'NET_DENIED',
  EPERM: 'NET_DENIED',
  // Those of the resolver (c-ares).
  ENOTFOUND: 'NET_NOT_FOUND',
  ENODATA: 'NET_NOT_FOUND',
  ETIMEOUT: 'NET_TIMEOUT',
}
