/** Who is a peer, who is trusted, how many there may be (geth p2p/server.go, `run`). */

/** 64 hexadecimal digits. */
type NodeId = string

export type PeerSet<P extends { readonly isInbound: boolean }> = {
  readonly peers: Map<NodeId, P>
  readonly trusted: Set<NodeId>
  inbound: number
}

export type PeerLimits = { readonly peersMax: number; readonly inboundMax: number; readonly dialledMax: number }

/** One peer of `dialRatio` is dialled, one at least; the rest may come in. */
export function peerLimits(settings: {
  readonly peersMax: number
  readonly dialRatio: number
  readonly mayDial: boolean
}): PeerLimits {
  const { peersMax, dialRatio, mayDial } = settings
  const dialledMax = !mayDial || peersMax === 0 ? 0 : Math.max(1, Math.floor(peersMax / dialRatio))
  return { peersMax, inboundMax: peersMax - dialledMax, dialledMax }
}

export const peerSet = <P extends { readonly isInbound: boolean }>(trusted: Iterable<NodeId>): PeerSet<P> => ({
  peers: new Map(),
  trusted: new Set(trusted),
  inbound: 0,
})

/** Only after the checkpoint: a peer that is there already is a bug, and thrown. */
export function insertPeer<P extends { readonly isInbound: boolean }>(set: PeerSet<P>, id: NodeId, peer: P): void {
  if (set.peers.has(id)) throw new Error(`${id} is a peer already`)
  set.peers.set(id, peer)
  if (peer.isInbound) set.inbound++
}

export function removePeer<P extends { readonly isInbound: boolean }>(set: PeerSet<P>, id: NodeId): P | undefined {
  const peer = set.peers.get(id)
  if (peer === undefined) return undefined
  set.peers.delete(id)
  if (peer.isInbound) set.inbound--
  return peer
}
