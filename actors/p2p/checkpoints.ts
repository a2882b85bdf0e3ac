/** The two places where a connection is let on or refused (geth p2p/server.go, `postHandshakeChecks`, `addPeerChecks`). */
import { DisconnectReason } from '../../protocols/devp2p/disconnect.ts'
import type { PeerLimits, PeerSet } from './peer-set.ts'

export type Applicant = { readonly id: string; readonly isInbound: boolean }

/** After the handshake. Trusted nodes pass by the limits, static ones do not. @returns why it is refused */
export function checkHandshaken(
  set: PeerSet<{ readonly isInbound: boolean }>,
  limits: PeerLimits,
  self: string,
  { id, isInbound }: Applicant,
): DisconnectReason | undefined {
  if (!set.trusted.has(id)) {
    if (set.peers.size >= limits.peersMax) return DisconnectReason.tooManyPeers
    if (isInbound && set.inbound >= limits.inboundMax) return DisconnectReason.tooManyPeers
  }
  if (set.peers.has(id)) return DisconnectReason.alreadyConnected
  return id === self ? DisconnectReason.self : undefined
}

/** After Hello. The set may have changed meanwhile. @param shared capabilities that both ends speak */
export const checkGreeted = (
  set: PeerSet<{ readonly isInbound: boolean }>,
  limits: PeerLimits,
  self: string,
  applicant: Applicant,
  shared: number,
): DisconnectReason | undefined =>
  shared === 0 ? DisconnectReason.uselessPeer : checkHandshaken(set, limits, self, applicant)
