/**
 * IP addresses as bytes: 4 for IPv4, 16 for IPv6, in network order. An IPv4 address inside an IPv6 one (`::ffff:a.b.c.d`)
 * is taken out by `unmapped`, which what is decoded here has passed: one host has one form.
 */
import type { Result } from '../result.ts'
import { err, ok } from '../result.ts'

export type AddressError = { readonly code: 'IP_SYNTAX'; readonly text: string }

export const IPV4_BYTES = 4
export const IPV6_BYTES = 16
/** Longest text of an address: IPv6 whose last 32 bits are written as IPv4. */
const TEXT_MAX = 45
const GROUPS = 8

/** Address of its text: dotted decimal (RFC 6943, strict) or IPv6 (RFC 4291, section 2.2) without a zone. */
export function parseAddress(text: string): Result<Uint8Array, AddressError> {
  const bytes = text.length > TEXT_MAX ? undefined : text.includes(':') ? ipv6Of(text) : ipv4Of(text)
  return bytes === undefined ? err({ code: 'IP_SYNTAX', text: text.slice(0, TEXT_MAX) }) : ok(unmapped(bytes))
}

/** Dotted decimal, or IPv6 as RFC 5952 writes it. Throws where it is neither 4 nor 16 bytes. */
export function formatAddress(address: Uint8Array): string {
  if (address.length === IPV4_BYTES) return address.join('.')
  if (address.length !== IPV6_BYTES) throw new RangeError(`${address.length} bytes are no IP address`)
  if (isMapped(address)) return `::ffff:${address.subarray(IPV6_BYTES - IPV4_BYTES).join('.')}`
  const groups = Array.from({ length: GROUPS }, (_, i) => address[2 * i]! * 256 + address[2 * i + 1]!)
  const gap = longestZeros(groups)
  const text = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':')
  return gap === undefined ? text(0, GROUPS) : `${text(0, gap.from)}::${text(gap.to, GROUPS)}`
}

/** `host:port`, an IPv6 host in brackets. */
export const formatHostPort = (address: Uint8Array, port: number): string =>
  address.length === IPV6_BYTES ? `[${formatAddress(address)}]:${port}` : `${formatAddress(address)}:${port}`

/** The IPv4 address inside an IPv6 one (RFC 4291, section 2.5.5.2), as a view; any other as it is. */
export const unmapped = (address: Uint8Array): Uint8Array =>
  address.length === IPV6_BYTES && isMapped(address) ? address.subarray(IPV6_BYTES - IPV4_BYTES) : address

/** An address that came as bytes, in its one form; undefined where it has neither 4 nor 16 bytes. */
export const addressOfBytes = (bytes: Uint8Array): Uint8Array | undefined =>
  bytes.length === IPV4_BYTES || bytes.length === IPV6_BYTES ? unmapped(bytes) : undefined

function isMapped(address: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (address[i] !== 0) return false
  return address[10] === 0xff && address[11] === 0xff
}

function ipv4Of(text: string): Uint8Array | undefined {
  const parts = text.split('.')
  if (parts.length !== IPV4_BYTES || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part))) return undefined
  const numbers = parts.map(Number)
  return numbers.every((number) => number <= 255) ? Uint8Array.from(numbers) : undefined
}

function ipv6Of(text: string): Uint8Array | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = groupsOf(halves[0]!, halves.length === 1)
  const tail = halves.length === 1 ? [] : groupsOf(halves[1]!, true)
  if (head === undefined || tail === undefined) return undefined
  const missing = GROUPS - head.length - tail.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  const bytes = new Uint8Array(IPV6_BYTES)
  const put = (groups: readonly number[], from: number): void =>
    groups.forEach((group, i) => {
      bytes[2 * (from + i)] = group >>> 8
      bytes[2 * (from + i) + 1] = group
    })
  put(head, 0)
  put(tail, GROUPS - tail.length)
  return bytes
}

/** Groups of 16 bits; where `atEnd`, the last two may be written as an IPv4 address. */
function groupsOf(text: string, atEnd: boolean): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    if (atEnd && i === parts.length - 1 && part.includes('.')) {
      const ipv4 = ipv4Of(part)
      if (ipv4 === undefined) return undefined
      groups.push(ipv4[0]! * 256 + ipv4[1]!, ipv4[2]! * 256 + ipv4[3]!)
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16))
    else return undefined
  }
  return groups
}

/** The first of the longest runs of zero groups, of two at least (RFC 5952, section 4.2). */
function longestZeros(groups: readonly number[]): { from: number; to: number } | undefined {
  let best: { from: number; to: number } | undefined
  for (let from = 0; from < GROUPS; from++) {
    let to = from
    while (to < GROUPS && groups[to] === 0) to++
    if (to - from >= 2 && to - from > (best === undefined ? 0 : best.to - best.from)) best = { from, to }
    if (to > from) from = to
  }
  return best
}
