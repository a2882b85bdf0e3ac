/** `enode://<128 digits>@<host>:<tcp>[?discport=<udp>]`: a node's key and endpoint in one line (devp2p, geth `urlv4.go`). */
import { bytesToBareHex, looseHexToBytes } from '../hex.ts'
import { formatHostPort, parseAddress } from '../ip/address.ts'
import { isHostname } from '../ip/hostname.ts'
import type { Result } from '../result.ts'
import { err, ok } from '../result.ts'
import type { Identities } from './identity.ts'

export const ENODE_SCHEME = 'enode://'
const KEY_DIGITS = 128
const PORT_MAX = 0xffff
/** Of what is refused so much is repeated. */
const SHOWN_MAX = 256

export type EnodeUrl = {
  readonly publicKey: Uint8Array // 64
  /** 4 or 16 bytes; undefined for a name, and where the URL is a key alone. */
  readonly ip: Uint8Array | undefined
  readonly hostname?: string
  /** 0: none. */
  readonly tcp: number
  /** 0: the node takes no part in discovery. */
  readonly udp: number
}

export type EnodeUrlError = {
  readonly code:
    | 'ENODE_SCHEME'
    | 'ENODE_KEY_LENGTH' // other than 128 digits
    | 'ENODE_KEY_DIGIT'
    | 'ENODE_KEY_CURVE' // no point of the curve
    | 'ENODE_HOST' // no address, and no name that DNS could know
    | 'ENODE_PORT'
    | 'ENODE_DISCPORT'
  /** The part that is wrong. */
  readonly text: string
}

/** Without `@…` it is a key alone, in front of which the scheme may be missing. The key must be one. */
export function parseEnodeUrl(text: string, identities: Pick<Identities, 'isKey'>): Result<EnodeUrl, EnodeUrlError> {
  const hasScheme = text.startsWith(ENODE_SCHEME)
  if (!hasScheme && !/^[0-9a-fA-F]+$/.test(text)) return refused('ENODE_SCHEME', text)
  const rest = hasScheme ? text.slice(ENODE_SCHEME.length) : text
  const at = rest.indexOf('@')
  const key = keyOf(at < 0 ? rest : rest.slice(0, at), identities)
  if (!key.ok) return key
  if (at < 0) return ok({ publicKey: key.value, ip: undefined, tcp: 0, udp: 0 })

  const [place = '', query = ''] = splitOnce(rest.slice(at + 1), '?')
  const colon = place.lastIndexOf(':')
  const host = hostOf(colon < 0 || place.endsWith(']') ? place : place.slice(0, colon))
  if (!host.ok) return host
  const written = colon < 0 || place.endsWith(']') ? '' : place.slice(colon + 1)
  const tcp = portOf(written)
  if (tcp === undefined) return refused('ENODE_PORT', written)
  const discport = discportIn(query)
  const udp = discport === undefined ? tcp : portOf(discport)
  return udp === undefined
    ? refused('ENODE_DISCPORT', discport ?? '')
    : ok({ publicKey: key.value, ...host.value, tcp, udp })
}

/** The key alone where there is neither an address nor a name. */
export function formatEnodeUrl({ publicKey, ip, hostname, tcp, udp }: EnodeUrl): string {
  const key = ENODE_SCHEME + bytesToBareHex(publicKey)
  if (ip === undefined && hostname === undefined) return key
  const place = hostname === undefined ? formatHostPort(ip!, tcp) : `${hostname}:${tcp}`
  return `${key}@${place}${udp === tcp ? '' : `?discport=${udp}`}`
}

function keyOf(digits: string, identities: Pick<Identities, 'isKey'>): Result<Uint8Array, EnodeUrlError> {
  if (digits.length !== KEY_DIGITS) return refused('ENODE_KEY_LENGTH', digits)
  const key = /^0x/i.test(digits) ? undefined : looseHexToBytes(digits)
  if (!key?.ok) return refused('ENODE_KEY_DIGIT', digits)
  return identities.isKey(key.value) ? key : refused('ENODE_KEY_CURVE', digits)
}

function hostOf(
  host: string,
): Result<{ readonly ip: Uint8Array } | { readonly ip: undefined; readonly hostname: string }, EnodeUrlError> {
  const isBracketed = host.startsWith('[') && host.endsWith(']')
  const address = parseAddress(isBracketed ? host.slice(1, -1) : host)
  const isIpv6 = host.includes(':')
  if (address.ok && isBracketed === isIpv6) return ok({ ip: address.value })
  return isHostname(host) ? ok({ ip: undefined, hostname: host }) : refused('ENODE_HOST', host)
}

/** Undefined for anything but a decimal number of 16 bits. */
function portOf(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : undefined
  return port !== undefined && port <= PORT_MAX ? port : undefined
}

/** The first `discport` of a query that is not empty; other parameters are passed over. */
function discportIn(query: string): string | undefined {
  for (const parameter of query.split('&')) {
    const [name, value = ''] = splitOnce(parameter, '=')
    if (name === 'discport' && value !== '') return value
  }
  return undefined
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

const refused = (code: EnodeUrlError['code'], text: string): { readonly ok: false; readonly error: EnodeUrlError } =>
  err({ code, text: text.slice(0, SHOWN_MAX) })
