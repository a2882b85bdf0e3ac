/** The peer server: listener, checkpoints, peer set, own record (geth p2p/server.go). */

import { type Capability, matchCapabilities } from '../../protocols/devp2p/capability.ts'
import { DisconnectReason } from '../../protocols/devp2p/disconnect.ts'
import { nodeIdOf, SECP256K1_IDENTITIES, secp256k1NodeKey } from '../../protocols/enr/identity.ts'
import { enodeUrlOf, type Node, nodeAt, nodeOfRecord, parseNode } from '../../protocols/enr/node.ts'
import { changeRecord, type NodeRecord, type RecordChanges } from '../../protocols/enr/record.ts'
import { formatRecord } from '../../protocols/enr/text.ts'
import { bytesToBareHex } from '../../protocols/hex.ts'
import { formatAddress, parseAddress } from '../../protocols/ip/address.ts'
import { containsAny } from '../../protocols/ip/network.ts'
import { isUnspecified } from '../../protocols/ip/special-networks.ts'
import {
  actorModule,
  DEFAULT_SUPERVISION,
  defineActor,
  reentrant,
  type SupervisionPolicy,
} from '../../runtime/actor.ts'
import type { Connection, NetAddress } from '../../runtime/capabilities.ts'
import type { Ref } from '../../runtime/messages.ts'
import { err, ok } from '../../runtime/result.ts'
import type { Dial, DialerDeps, DialerMessages, DialOutcome } from '../dialer/messages.ts'
import type { InletDeps, InletMessages, ProtocolHandlerNeeds } from '../inlet/messages.ts'
import type { SessionDeps, SessionEnd, SessionMessages, SessionStats, Verdict } from '../session/messages.ts'
import { checkGreeted, checkHandshaken } from './checkpoints.ts'
import { type ConnectionEntry, longestSilent, type PeerFacts, pendingOf } from './connections.ts'
import { counts } from './counts.ts'
import { holdConnection } from './held-connection.ts'
import { inboundThrottle } from './inbound-throttle.ts'
import type { P2pDeps, P2pMessages, PeerInfo, TurnedAway } from './messages.ts'
import { endpointChanges, loadRecord, nextRecord, storeRecord } from './own-record.ts'
import { insertPeer, peerLimits, peerSet, removePeer } from './peer-set.ts'

const SESSION = actorModule<SessionMessages, SessionDeps>(new URL('../session/session.ts', import.meta.url), 'session')
const INLET = actorModule<InletMessages, InletDeps>(new URL('../inlet/inlet.ts', import.meta.url), 'inlet')
const DIALER = actorModule<DialerMessages, DialerDeps>(new URL('../dialer/dialer.ts', import.meta.url), 'dialer')

/** Milliseconds for an answer of the dialer, which gives one each minute at least. */
const DIALS_ASK_MS = 120_000
/** Milliseconds before a dialer that did not answer is asked again. */
const DIALER_REST_MS = 1_000
/** Milliseconds in which a peer that is removed is gone. */
const REMOVAL_MS = 5_000
/** What a node that nobody told its address says of itself, as geth's. */
const LOCALHOST = Uint8Array.of(127, 0, 0, 1)

/** Sessions have numbers of their own in every life of this actor. */
const SESSIONS_PER_LIFE = 2 ** 24
const LIVES_PER_EPOCH = 2 ** 10
/** The dialer and inlets are few and small; a peer whose inlet fails is gone with it. */
const SUPERVISION: SupervisionPolicy = { ...DEFAULT_SUPERVISION, restartsMax: 10 }

export const p2p = defineActor<P2pMessages, P2pDeps>({
  name: 'p2p',
  mailbox: { capacity: 1024 },
  supervision: SUPERVISION,
  lossy: {
    stats: { coalesce: 'session' },
    setEntry: { coalesce: 'key' },
    setAddress: { coalesce: '*' },
  },
  async behavior(ctx, deps) {
    const nodeKey = secp256k1NodeKey(deps.nodeKey)
    if (nodeKey === undefined) throw new Error('the node key is no key of the curve secp256k1')
    const { publicKey } = nodeKey
    const self = bytesToBareHex(nodeIdOf(publicKey))
    const { settings } = deps
    const limits = peerLimits(settings)
    const set = peerSet<ConnectionEntry>(deps.trustedNodes.map(({ id }) => bytesToBareHex(id)))
    const statics = new Map(deps.staticNodes.map((node) => [bytesToBareHex(node.id), node]))
    const connections = new Map<number, ConnectionEntry>()
    /** Who waits for a peer to be gone. */
    const removals = new Map<string, (() => void)[]>()
    const mayEnter = inboundThrottle()
    const turnedAway: { [why in TurnedAway]: number } = { RESTRICTED: 0, THROTTLED: 0, CROWDED: 0, DISPLACED: 0 }
    const setupEnds = counts()
    const peerEnds = counts()
    // A protocol may still know sessions of the life before.
    let sessionCount = ((ctx.epoch - 1) * LIVES_PER_EPOCH + ctx.incarnation - 1) * SESSIONS_PER_LIFE
    let isAskingForDials = false

    // --- the own record ---

    let listenAddress: NetAddress | undefined
    let isStopped = false
    let accepts: (connection: Connection) => void = (connection) => connection.close()
    if (deps.listen !== undefined) {
      const listener = await ctx.net.listen(deps.listen, (connection) => accepts(connection))
      if (!listener.ok)
        throw new Error(
          `Peers cannot connect: ${listener.error.address}: ${listener.error.code} ${listener.error.cause}`,
        )
      ctx.own(listener.value)
      listenAddress = listener.value.address
    }
    ctx.own({
      close() {
        isStopped = true
      },
    })

    const stored = deps.recordFile === undefined ? ok(undefined) : await loadStored(deps.recordFile)
    const made = nextRecord(
      stored.value,
      { ip: deps.ip ?? specific(listenAddress) ?? LOCALHOST, tcp: listenAddress?.port ?? 0, udp: deps.udp },
      ctx.now(),
      nodeKey,
      SECP256K1_IDENTITIES,
    )
    if (!made.ok) throw new Error(`the own node record cannot be made: ${made.error.code}`)
    let record: NodeRecord = made.value
    let isStoring = false
    let storedSeq = stored.value?.seq
    keepRecord()

    /** A file that cannot be read costs its number, not the start: the next record is numbered by the clock, as geth's first. */
    async function loadStored(path: string) {
      const loaded = await loadRecord(ctx.disk, path, publicKey, SECP256K1_IDENTITIES)
      if (loaded.ok) return loaded
      ctx.log.warn('Stored node record not usable, starting a new one', { path, code: loaded.error.code })
      return ok(undefined)
    }

    function keepRecord(): void {
      if (deps.recordFile === undefined || isStoring || storedSeq === record.seq) return
      isStoring = true
      storedSeq = record.seq
      ctx.pipe(storeRecord(ctx.disk, deps.recordFile, record), 'recordStored', (settled) => {
        if (!settled.ok) return { failure: String(settled.error) }
        return { failure: settled.value.ok ? undefined : settled.value.error.code }
      })
    }

    function change(changes: RecordChanges): void {
      const changed = changeRecord(record, changes, nodeKey!, SECP256K1_IDENTITIES)
      if (!changed.ok) {
        ctx.log.warn('Own node record not changed', { code: changed.error.code })
        return
      }
      record = changed.value
      keepRecord()
    }

    const ownNode = (): Node => {
      const node = nodeOfRecord(record, SECP256K1_IDENTITIES)
      if (!node.ok) throw new Error(`our own record is not readable: ${node.error.code}`)
      return node.value
    }

    // --- connections ---

    accepts = (connection) => {
      const ip = parseAddress(connection.remote.host)
      const away = !ip.ok || isStopped ? 'RESTRICTED' : admit(ip.value)
      if (away !== undefined) {
        turnedAway[away]++
        connection.handle({ data() {}, end() {} })
        connection.close()
        return
      }
      const held = holdConnection(connection)
      start({ is: 'inbound', held }, undefined, connection)
    }

    /** Makes room where somebody can be displaced. @returns why a connection is closed unread */
    function admit(ip: Uint8Array): TurnedAway | undefined {
      if (settings.restrict !== undefined && !containsAny(settings.restrict, ip)) return 'RESTRICTED'
      const isFull = pendingOf(connections.values(), true) >= settings.pendingMax
      const silent = isFull ? longestSilent(connections.values(), ctx.now()) : undefined
      if (isFull && silent === undefined) return 'CROWDED'
      if (!mayEnter(ip, ctx.now())) return 'THROTTLED'
      if (silent !== undefined) {
        turnedAway.DISPLACED++
        silent.isDisplaced = true
        ctx.tell(silent.ref, 'disconnect', { reason: DisconnectReason.tooManyPeers })
      }
      return undefined
    }

    function start(peer: SessionDeps['peer'], dial: Dial | undefined, accepted: Connection | undefined): void {
      const number = ++sessionCount
      const { ref } = ctx.spawn({
        name: `session-${number}`,
        actor: SESSION,
        deps: {
          session: number,
          key: { secretKey: deps.nodeKey, publicKey },
          clientName: deps.clientName,
          spoken: deps.protocols,
          p2p: ctx.self,
          peer,
          ...(deps.sessionLimits !== undefined && { limits: deps.sessionLimits }),
        },
        thread: ctx.self.thread,
        restart: 'temporary',
      })
      const stats = { session: number, messagesIn: 0, bytesIn: 0, messagesOut: 0, bytesOut: 0, roundTripMs: undefined }
      connections.set(number, {
        number,
        since: ctx.now(),
        ref,
        isInbound: dial === undefined,
        dial,
        accepted,
        node: undefined,
        peer: undefined,
        isDisplaced: false,
        stats,
      })
      ctx.watch(ref, 'sessionDown')
    }

    function connect(dial: Dial): void {
      const { node } = dial
      const { ip, tcp } = node.endpoint
      const host = node.hostname ?? (ip === undefined ? undefined : formatAddress(ip))
      if (host === undefined) {
        ctx.tell(dialer, 'dialDone', { id: bytesToBareHex(node.id), outcome: 'connect' })
        return
      }
      start({ is: 'dialled', publicKey: node.publicKey, address: { host, port: tcp } }, dial, undefined)
    }

    const refused = (reason: DisconnectReason): Verdict => err({ reason })

    function greeted(
      entry: ConnectionEntry,
      node: Node,
      facts: Omit<PeerFacts, 'node' | 'running' | 'since'>,
    ): Verdict {
      const running = matchCapabilities(deps.protocols, facts.capabilities)
      const id = bytesToBareHex(node.id)
      const applicant = { id, isInbound: entry.isInbound }
      const refusal = checkGreeted(set, limits, self, applicant, running.length)
      if (refusal !== undefined) return refused(refusal)
      entry.peer = {
        ...facts,
        node,
        since: ctx.now(),
        running: running.map(({ name, version }) => ({ name, version })),
      }
      insertPeer(set, id, entry)
      ctx.spawn({
        name: `inlet-${entry.number}`,
        actor: INLET,
        deps: {
          session: entry.ref,
          peer: {
            session: entry.number,
            id,
            isInbound: entry.isInbound,
            isTrusted: set.trusted.has(id),
            isStatic: entry.dial?.isStatic ?? false,
            remote: facts.remote,
            clientName: facts.name,
          },
          handlers: running.map((capability) => ({ running: capability, handler: handlerOf(capability) })),
        },
        thread: ctx.self.thread,
        // Started again only to say that it is over.
        restart: 'transient',
      })
      ctx.tell(dialer, 'peerAdded', { id, isDialled: !entry.isInbound })
      settleSetup(entry, id, 'peer')
      ctx.log.debug('Peer added', { id: shortId(id), inbound: entry.isInbound, peers: set.peers.size })
      tellListeners('add', id, facts)
      return ok(undefined)
    }

    const handlerOf = ({ name, version }: Capability): Ref<ProtocolHandlerNeeds> => {
      const found = deps.protocols.find((protocol) => protocol.name === name && protocol.version === version)
      return found!.handler as Ref<ProtocolHandlerNeeds>
    }

    /** The dialer gets its slot back; an inbound node may be dialled again. */
    function settleSetup(entry: ConnectionEntry, id: string | undefined, outcome: DialOutcome): void {
      if (entry.dial !== undefined) ctx.tell(dialer, 'dialDone', { id: bytesToBareHex(entry.dial.node.id), outcome })
      else if (id !== undefined) ctx.tell(dialer, 'inboundSettled', { id })
    }

    function settle(number: number, end: SessionEnd, name: string, stats?: SessionStats) {
      const entry = connections.get(number)
      if (entry === undefined) return
      connections.delete(number)
      if (stats !== undefined) entry.stats = stats
      const id = entry.node && bytesToBareHex(entry.node.id)
      if (entry.peer === undefined) {
        setupEnds.add(name)
        return settleSetup(entry, entry.isInbound ? id : undefined, end.code === 'CONNECT' ? 'connect' : 'setup')
      }
      peerEnds.add(name)
      removePeer(set, id!)
      ctx.tell(dialer, 'peerRemoved', { id: id!, isDialled: !entry.isInbound })
      ctx.log.debug('Peer removed', { id: shortId(id!), end: name, peers: set.peers.size })
      tellListeners('drop', id!, entry.peer, name)
      for (const gone of removals.get(id!) ?? []) gone()
      removals.delete(id!)
    }

    function tellListeners(
      type: 'add' | 'drop',
      id: string,
      { local, remote }: Pick<PeerFacts, 'local' | 'remote'>,
      error?: string,
    ): void {
      const event = {
        type,
        id,
        local: hostPort(local),
        remote: hostPort(remote),
        ...(error !== undefined && { error }),
      }
      for (const listener of deps.listeners) ctx.tell(listener, 'peerEvent', event)
    }

    // --- the dialer ---

    const { ref: dialer } = ctx.spawn({
      name: 'dialer',
      actor: DIALER,
      deps: {
        self,
        dialledMax: limits.dialledMax,
        activeMax: settings.pendingMax,
        restrict: settings.restrict,
        discovery: deps.discovery,
      },
      // Our own ask waits there, and ends with us.
      drainMs: 0,
    })
    ctx.watch(dialer, 'dialerDown')
    beginDialer()
    askForDials()

    function beginDialer(): void {
      const peers = [...set.peers].map(([id, entry]) => ({ id, isDialled: !entry.isInbound }))
      const dials = [...connections.values()].flatMap(({ dial, peer }) => (dial && peer === undefined ? [dial] : []))
      ctx.tell(dialer, 'begin', { statics: [...statics.values()], peers, dials })
    }

    /** The dialer sends nothing here, since we wait for it where we tell it of peers: it is asked. */
    function askForDials(): void {
      if (isAskingForDials) return
      isAskingForDials = true
      const asked = ctx.ask(dialer, 'takeDials', undefined, { deadlineMs: DIALS_ASK_MS })
      ctx.pipe(asked, 'dialsCame', (settled) => ({
        dials: settled.ok && settled.value.ok ? settled.value.value : undefined,
      }))
    }

    // --- what operators see ---

    function peerInfo(id: string, { number, isInbound, dial, ref, peer, stats }: ConnectionEntry): PeerInfo {
      const { node, ...facts } = peer!
      return {
        session: number,
        id,
        enode: enodeUrlOf(node),
        enr: node.record && formatRecord(node.record),
        ...facts,
        isInbound,
        isTrusted: set.trusted.has(id),
        isStatic: dial?.isStatic ?? false,
        stats,
        ref,
      }
    }

    const named = (url: string) => parseNode(url, SECP256K1_IDENTITIES)

    if (listenAddress !== undefined)
      ctx.log.info('Started P2P networking', { self: enodeUrlOf(ownNode()), listen: hostPort(listenAddress) })

    return {
      handshaken({ session: number, publicKey: remoteKey, remote }) {
        const entry = connections.get(number)
        if (entry === undefined || entry.isDisplaced) return refused(DisconnectReason.tooManyPeers)
        const ip = parseAddress(remote.host)
        if (settings.restrict !== undefined && !(ip.ok && containsAny(settings.restrict, ip.value)))
          return refused(DisconnectReason.requested)
        const endpoint = { ip: ip.ok ? ip.value : undefined, udp: remote.port, tcp: remote.port }
        const node = entry.dial?.node ?? nodeAt(remoteKey, endpoint)
        const id = bytesToBareHex(node.id)
        const refusal = checkHandshaken(set, limits, self, { id, isInbound: entry.isInbound })
        if (refusal !== undefined) return refused(refusal)
        entry.node = node
        if (entry.isInbound) ctx.tell(dialer, 'inboundPending', { id })
        return ok(undefined)
      },
      greeted({ session: number, local, remote, clientName, capabilities }) {
        const entry = connections.get(number)
        if (entry?.node === undefined) return refused(DisconnectReason.quitting)
        return greeted(entry, entry.node, { name: clientName, capabilities, local, remote })
      },
      stats(stats) {
        const entry = connections.get(stats.session)
        if (entry !== undefined) entry.stats = stats
      },
      ended({ end, name, stats }) {
        settle(stats.session, end, name, stats)
      },
      addPeer({ url }) {
        const node = named(url)
        if (!node.ok) return node
        const id = bytesToBareHex(node.value.id)
        if (!statics.has(id)) {
          statics.set(id, node.value)
          ctx.tell(dialer, 'addStatic', { node: node.value })
        }
        return ok(undefined)
      },
      removePeer: reentrant(async ({ url }) => {
        const node = named(url)
        if (!node.ok) return node
        const id = bytesToBareHex(node.value.id)
        statics.delete(id)
        ctx.tell(dialer, 'removeStatic', { id })
        const peer = set.peers.get(id)
        if (peer === undefined) return ok(undefined)
        ctx.tell(peer.ref, 'disconnect', { reason: DisconnectReason.requested })
        ctx.after(REMOVAL_MS, 'removalOver')
        await new Promise<void>((resolve) => {
          removals.set(id, [...(removals.get(id) ?? []), resolve])
        })
        return ok(undefined)
      }),
      addTrustedPeer({ url }) {
        const node = named(url)
        if (!node.ok) return node
        set.trusted.add(bytesToBareHex(node.value.id))
        return ok(undefined)
      },
      removeTrustedPeer({ url }) {
        const node = named(url)
        if (!node.ok) return node
        set.trusted.delete(bytesToBareHex(node.value.id))
        return ok(undefined)
      },
      peers: () => [...set.peers].map(([id, entry]) => peerInfo(id, entry)).sort((a, b) => (a.id < b.id ? -1 : 1)),
      nodeInfo() {
        const node = ownNode()
        const { ip, tcp, udp } = node.endpoint
        return {
          id: self,
          name: deps.clientName,
          enode: enodeUrlOf(node),
          enr: formatRecord(record),
          ip: ip === undefined ? '' : formatAddress(ip),
          ports: { discovery: udp, listener: tcp },
          listenAddress: listenAddress === undefined ? '' : hostPort(listenAddress),
          capabilities: deps.protocols.map(({ name, version }) => ({ name, version })),
        }
      },
      info: () => ({
        peers: set.peers.size,
        inboundPeers: set.inbound,
        ...limits,
        pendingInbound: pendingOf(connections.values(), true),
        pendingDials: pendingOf(connections.values(), false),
        turnedAway: { ...turnedAway },
        setupEnds: setupEnds.all(),
        peerEnds: peerEnds.all(),
      }),
      setEntry: ({ key, value }) => change(new Map([[key, value]])),
      setAddress({ ip, tcp, udp }) {
        const known = ownNode().endpoint
        change(endpointChanges({ ip, tcp: tcp ?? known.tcp, udp: udp ?? known.udp }))
      },
      dialsCame({ dials }) {
        isAskingForDials = false
        for (const dial of dials ?? []) connect(dial)
        if (dials !== undefined) askForDials()
        else ctx.after(DIALER_REST_MS, 'dialsCame', { dials: [] })
      },
      dialerDown: beginDialer,
      sessionDown({ path, reason }) {
        const number = numberOf(path)
        // One that stops says why by itself.
        if (reason.code === 'STOPPED') return
        connections.get(number)?.accepted?.close()
        settle(number, { code: 'FAILED' }, 'FAILED')
      },
      removalOver() {
        for (const [id, waiting] of removals) {
          for (const gone of waiting) gone()
          removals.delete(id)
        }
      },
      recordStored({ failure }) {
        isStoring = false
        if (failure === undefined) return keepRecord()
        storedSeq = undefined
        ctx.log.warn('Own node record not stored', { path: deps.recordFile, cause: failure })
      },
    }
  },
})

/** Behind the last hyphen of an actor's path. */
const numberOf = (path: string): number => Number(path.slice(path.lastIndexOf('-') + 1))

const shortId = (id: string): string => id.slice(0, 16)

const hostPort = ({ host, port }: NetAddress): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)

/** The address that is listened on, if it is one. */
function specific(address: NetAddress | undefined): Uint8Array | undefined {
  const ip = address && parseAddress(address.host)
  return ip?.ok && !isUnspecified(ip.value) ? ip.value : undefined
}
