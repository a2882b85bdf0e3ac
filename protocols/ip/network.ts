/** IP networks in CIDR notation, and lists of them (`--netrestrict`). */
import type { Result } from '../result.ts'
import { err, ok } from '../result.ts'
import { formatAddress, parseAddress } from './address.ts'

/** Addresses of the family of `address` whose first `prefixBits` bits are those of `address`. */
export type Network = { readonly address: Uint8Array; readonly prefixBits: number }

export type NetworkError = {
  /** No `/`; no address before it; no number of bits behind it that the address has. */
  readonly code: 'NETWORK_SYNTAX' | 'NETWORK_ADDRESS' | 'NETWORK_PREFIX'
  readonly text: string
}

/** Networks in one list. */
const NETWORKS_MAX = 10_000

export function parseNetwork(text: string): Result<Network, NetworkError> {
  const slash = text.lastIndexOf('/')
  if (slash < 0) return err({ code: 'NETWORK_SYNTAX', text })
  const written = text.slice(0, slash)
  const address = parseAddress(written)
  if (!address.ok) return err({ code: 'NETWORK_ADDRESS', text })
  const bits = text.slice(slash + 1)
  if (!/^(0|[1-9]\d{0,2})$/.test(bits)) return err({ code: 'NETWORK_PREFIX', text })
  // `::ffff:1.2.3.0/120` counts its bits in IPv6: such a network is of IPv4 with 96 bits less.
  const isMapped = written.includes(':') && address.value.length === 4
  const prefixBits = Number(bits) - (isMapped ? 96 : 0)
  if (prefixBits < 0 || prefixBits > address.value.length * 8) return err({ code: 'NETWORK_PREFIX', text })
  return ok({ address: address.value, prefixBits })
}

/** A comma-separated list; blanks and empty entries are passed over, as geth does. */
export function parseNetworkList(text: string): Result<readonly Network[], NetworkError> {
  const networks: Network[] = []
  for (const entry of text.replace(/\s/g, '').split(',')) {
    if (entry === '') continue
    if (networks.length === NETWORKS_MAX) return err({ code: 'NETWORK_SYNTAX', text: `more than ${NETWORKS_MAX}` })
    const network = parseNetwork(entry)
    if (!network.ok) return network
    networks.push(network.value)
  }
  return ok(networks)
}

/** A network in our own source: a wrong one is a bug and throws. */
export function networkConstant(text: string): Network {
  const network = parseNetwork(text)
  if (!network.ok) throw new Error(`no network: ${text}`)
  return network.value
}

export const formatNetwork = ({ address, prefixBits }: Network): string => `${formatAddress(address)}/${prefixBits}`

/** Whether an address, in its one form, lies in the network; never across families. */
export const contains = (network: Network, address: Uint8Array): boolean =>
  samePrefix(network.address, address, network.prefixBits)

export const containsAny = (networks: readonly Network[], address: Uint8Array): boolean =>
  networks.some((network) => contains(network, address))

/** Whether two addresses are of one family and begin with the same `bits` bits. */
export function samePrefix(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  if (a.length !== b.length) return false
  const whole = bits >>> 3
  for (let i = 0; i < whole; i++) if (a[i] !== b[i]) return false
  const rest = bits & 7
  return rest === 0 || ((a[whole]! ^ b[whole]!) & (0xff00 >>> rest) & 0xff) === 0
}
