/** One connection per host and half minute (geth p2p/server.go, `checkInboundConn`). */
import { formatAddress } from '../../protocols/ip/address.ts'
import { isLan } from '../../protocols/ip/special-networks.ts'

/** Milliseconds; geth's `inboundThrottleTime`. */
export const INBOUND_THROTTLE_MS = 30_000
/** Hosts that are remembered; the oldest is forgotten for another. */
export const INBOUND_HOSTS_MAX = 65_536

/** @returns whether the host may connect now; if so, that is remembered. A refused attempt makes it wait no longer. */
export type InboundThrottle = (ip: Uint8Array, now: number) => boolean

export function inboundThrottle(): InboundThrottle {
  /** In the order in which they are over, since all last equally long. */
  const until = new Map<string, number>()
  return (ip, now) => {
    for (const [host, over] of until) {
      if (over > now) break
      until.delete(host)
    }
    if (isLan(ip)) return true
    const host = formatAddress(ip)
    if (until.has(host)) return false
    if (until.size >= INBOUND_HOSTS_MAX) for (const [oldest] of until) if (until.delete(oldest)) break
    until.set(host, now + INBOUND_THROTTLE_MS)
    return true
  }
}
