/** Nodes that are told to others, and nodes that others tell of. */
import type { Identities } from '../enr/identity.ts'
import type { Node } from '../enr/node.ts'
import { nodeAt } from '../enr/node.ts'
import type { Network } from '../ip/network.ts'
import { containsAny } from '../ip/network.ts'
import type { RelayError } from '../ip/special-networks.ts'
import { checkRelayed, isMulticast } from '../ip/special-networks.ts'
import type { Result } from '../result.ts'
import { err, ok } from '../result.ts'
import type { Neighbour, Neighbours } from './packet.ts'
import { NEIGHBOURS_MAX } from './packet.ts'

/** Ports up to this one belong to services of other kinds: discovery must not be led against them (geth). */
const LOW_PORT_MAX = 1_024

/** The packets that tell of `nodes`, each within the size limit; an empty one where there are none, so that an answer comes. */
export function neighboursPackets(nodes: readonly Neighbour[], expiration: bigint): Neighbours[] {
  const packets: Neighbours[] = []
  for (let at = 0; at < nodes.length || at === 0; at += NEIGHBOURS_MAX)
    packets.push({ kind: 'neighbours', nodes: nodes.slice(at, at + NEIGHBOURS_MAX), expiration })
  return packets
}

export type NeighbourError =
  | { readonly code: 'NEIGHBOUR_ADDRESS_MISSING' | 'NEIGHBOUR_MULTICAST' | 'NEIGHBOUR_NETRESTRICT' | 'NEIGHBOUR_KEY' }
  | { readonly code: 'NEIGHBOUR_PORT'; readonly udp: number }
  | { readonly code: 'NEIGHBOUR_RELAY'; readonly cause: RelayError }

/**
 * The node that the host at `sender` tells of, where it may be contacted (geth, `nodeFromRPC`).
 * @param allowed networks of `--netrestrict`; undefined: all
 */
export function checkNeighbour(
  sender: Uint8Array,
  { publicKey, endpoint }: Neighbour,
  identities: Pick<Identities, 'isKey'>,
  allowed?: readonly Network[],
): Result<Node, NeighbourError> {
  const { ip, udp } = endpoint
  if (udp <= LOW_PORT_MAX) return err({ code: 'NEIGHBOUR_PORT', udp })
  if (ip === undefined) return err({ code: 'NEIGHBOUR_ADDRESS_MISSING' })
  if (isMulticast(ip)) return err({ code: 'NEIGHBOUR_MULTICAST' })
  const relayed = checkRelayed(sender, ip)
  if (!relayed.ok) return err({ code: 'NEIGHBOUR_RELAY', cause: relayed.error })
  if (allowed !== undefined && !containsAny(allowed, ip)) return err({ code: 'NEIGHBOUR_NETRESTRICT' })
  return identities.isKey(publicKey) ? ok(nodeAt(publicKey, endpoint)) : err({ code: 'NEIGHBOUR_KEY' })
}
