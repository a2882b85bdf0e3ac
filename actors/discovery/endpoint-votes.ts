/**
 * Where others see us (geth, `p2p/netutil/iptrack.go`): every host has one vote, its latest statement in a pong or a ping.
 * A node behind a NAT learns its address so, without asking anybody for it.
 */
import { formatHostPort, IPV6_BYTES } from '../../protocols/ip/address.ts'

/** So long a statement counts. */
export const STATEMENT_WINDOW_MS = 5 * 60 * 1_000
/** So long it is remembered that we wrote to a host first. */
export const CONTACT_WINDOW_MS = 10 * 60 * 1_000
/** Hosts that must agree. */
export const STATEMENTS_MIN = 10
/** Hosts remembered of each kind; beyond it the oldest goes. A node meets some hundreds in ten minutes. */
export const HOSTS_MAX = 10_000
/** Bytes of an IPv6 address that one host or site has to itself: with the others it would vote as often as it likes. */
const IPV6_SITE_BYTES = 8

export type SeenEndpoint = { readonly ip: Uint8Array; readonly port: number }

export type EndpointVotes = {
  readonly statementsMin: number
  readonly statementWindowMs: number
  readonly contactWindowMs: number
  /** By host, the oldest first. */
  readonly statements: Map<string, { readonly endpoint: SeenEndpoint; readonly atMs: number }>
  /** When we last wrote to a host, the oldest first. */
  readonly contacts: Map<string, number>
}

export const noVotes = (
  statementsMin = STATEMENTS_MIN,
  statementWindowMs = STATEMENT_WINDOW_MS,
  contactWindowMs = CONTACT_WINDOW_MS,
): EndpointVotes => ({ statementsMin, statementWindowMs, contactWindowMs, statements: new Map(), contacts: new Map() })

/** The host at `host` says that it sees us at `endpoint`. */
export function noteStatement(votes: EndpointVotes, host: Uint8Array, endpoint: SeenEndpoint, nowMs: number): void {
  putNewest(votes.statements, hostOf(host), { endpoint, atMs: nowMs })
  forgetOld(votes, nowMs)
}

/** We wrote to the host at `host`: what it says later is no proof that strangers reach us. */
export function noteContact(votes: EndpointVotes, host: Uint8Array, nowMs: number): void {
  putNewest(votes.contacts, hostOf(host), nowMs)
  forgetOld(votes, nowMs)
}

/** The endpoint that most hosts see, where enough of them do. */
export function predictedEndpoint(votes: EndpointVotes, nowMs: number): SeenEndpoint | undefined {
  forgetOld(votes, nowMs)
  const counts = new Map<string, number>()
  let most = votes.statementsMin - 1
  let predicted: SeenEndpoint | undefined
  for (const { endpoint } of votes.statements.values()) {
    const key = formatHostPort(endpoint.ip, endpoint.port)
    const count = (counts.get(key) ?? 0) + 1
    counts.set(key, count)
    if (count > most) [most, predicted] = [count, endpoint]
  }
  return predicted
}

/** Whether strangers reach us: somebody told us something to whom we had not written before. */
export function isReachedByStrangers(votes: EndpointVotes, nowMs: number): boolean {
  forgetOld(votes, nowMs)
  for (const [host, { atMs }] of votes.statements) {
    const contactedMs = votes.contacts.get(host)
    if (contactedMs === undefined || contactedMs > atMs) return true
  }
  return false
}

function putNewest<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key)
  map.set(key, value)
  if (map.size > HOSTS_MAX) map.delete(map.keys().next().value!)
}

function forgetOld(votes: EndpointVotes, nowMs: number): void {
  for (const [host, { atMs }] of votes.statements) {
    if (atMs >= nowMs - votes.statementWindowMs) break
    votes.statements.delete(host)
  }
  for (const [host, atMs] of votes.contacts) {
    if (atMs >= nowMs - votes.contactWindowMs) break
    votes.contacts.delete(host)
  }
}

const hostOf = (ip: Uint8Array): string => (ip.length === IPV6_BYTES ? ip.subarray(0, IPV6_SITE_BYTES) : ip).join('.')
