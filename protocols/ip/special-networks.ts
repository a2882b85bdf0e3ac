/** Which addresses are local, which nobody can be reached at, and which a host may tell of (geth, `p2p/netutil/net.go`). */
import type { Result } from '../result.ts'
import { err, ok } from '../result.ts'
import { unmapped } from './address.ts'
import { contains, containsAny, networkConstant } from './network.ts'

const LOOPBACK = ['127.0.0.0/8', '::1/128'].map(networkConstant)
const LINK_LOCAL = ['169.254.0.0/16', 'fe80::/10'].map(networkConstant)
/** RFC 1918, RFC 4193. */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'].map(networkConstant)
/** RFC 5771, RFC 4291. */
const MULTICAST = ['224.0.0.0/4', 'ff00::/8'].map(networkConstant)
/** RFC 5735, RFC 5156 and the special-purpose registries of IANA. */
const SPECIAL = [
  '0.0.0.0/8', // this network
  '192.0.0.0/29', // IPv4 service continuity
  '192.0.0.9/32', // PCP anycast
  '192.0.0.170/32', // NAT64 and DNS64 discovery
  '192.0.0.171/32',
  '192.0.2.0/24', // TEST-NET-1
  '192.31.196.0/24', // AS112
  '192.52.193.0/24', // AMT
  '192.88.99.0/24', // 6to4 relay anycast
  '192.175.48.0/24', // AS112
  '198.18.0.0/15', // benchmarks of devices
  '198.51.100.0/24', // TEST-NET-2
  '203.0.113.0/24', // TEST-NET-3
  '255.255.255.255/32', // limited broadcast
  '100::/64',
  '2001::/32',
  '2001:1::1/128',
  '2001:2::/48',
  '2001:3::/32',
  '2001:4:112::/48',
  '2001:5::/32',
  '2001:10::/28',
  '2001:20::/28',
  '2001:db8::/32',
  '2002::/16',
].map(networkConstant)
const UNSPECIFIED = ['0.0.0.0/32', '::/128'].map(networkConstant)

export const isUnspecified = (address: Uint8Array): boolean => containsAny(UNSPECIFIED, unmapped(address))
export const isLoopback = (address: Uint8Array): boolean => containsAny(LOOPBACK, unmapped(address))
export const isMulticast = (address: Uint8Array): boolean => containsAny(MULTICAST, unmapped(address))

/** Loopback, private and link-local addresses: counted against no limit, told to nobody outside. */
export function isLan(address: Uint8Array): boolean {
  const plain = unmapped(address)
  return containsAny(LOOPBACK, plain) || containsAny(PRIVATE, plain) || containsAny(LINK_LOCAL, plain)
}

/** Broadcast, multicast, documentation and the like: never the address of a node. */
export function isSpecialNetwork(address: Uint8Array): boolean {
  const plain = unmapped(address)
  return containsAny(MULTICAST, plain) || containsAny(SPECIAL, plain)
}

/** How far away an address can be reached: 0 nowhere, 1 this host, 2 this link, 3 this site, 4 everywhere (geth, `enode`). */
export function locality(address: Uint8Array): 0 | 1 | 2 | 3 | 4 {
  const plain = unmapped(address)
  const lies = (networks: typeof LOOPBACK): boolean => networks.some((network) => contains(network, plain))
  return lies(UNSPECIFIED) ? 0 : lies(LOOPBACK) ? 1 : lies(LINK_LOCAL) ? 2 : lies(PRIVATE) ? 3 : 4
}

export type RelayError = {
  readonly code: 'RELAY_UNSPECIFIED' | 'RELAY_SPECIAL' | 'RELAY_LOOPBACK' | 'RELAY_LAN'
}

/**
 * Whether `address`, told by the host at `sender`, may be contacted: a stranger must not send us into our own network, nor
 * to where nobody is (geth, `CheckRelayAddr`). Both in their one form.
 */
export function checkRelayed(sender: Uint8Array, address: Uint8Array): Result<void, RelayError> {
  if (isUnspecified(address)) return err({ code: 'RELAY_UNSPECIFIED' })
  if (isSpecialNetwork(address)) return err({ code: 'RELAY_SPECIAL' })
  if (isLoopback(address) && !isLoopback(sender)) return err({ code: 'RELAY_LOOPBACK' })
  if (isLan(address) && !isLan(sender)) return err({ code: 'RELAY_LAN' })
  return ok(undefined)
}
