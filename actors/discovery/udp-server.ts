/**
 * Node Discovery v4 on one socket (geth, `v4_udp.go`): answers requests, and makes them. What is larger than a pong goes
 * only to who has answered a ping from where it says it is.
 */
import { bytesEqual } from '../../protocols/bytes.ts'
import { encodePacket, openPacket, senderOf } from '../../protocols/discv4/codec.ts'
import { checkNeighbour, neighboursPackets } from '../../protocols/discv4/neighbours.ts'
import {
  type Discv4Error,
  expirationAt,
  isExpired,
  type Packet,
  type Ping,
  PROTOCOL_VERSION,
} from '../../protocols/discv4/packet.ts'
import { checkRecordAnswer, type RecordAnswerError } from '../../protocols/discv4/record-answer.ts'
import { type Identities, type NodeKey, nodeIdOf } from '../../protocols/enr/identity.ts'
import { type Node, nodeAt, udpOf } from '../../protocols/enr/node.ts'
import type { NodeRecord } from '../../protocols/enr/record.ts'
import { bytesToBareHex } from '../../protocols/hex.ts'
import type { Network } from '../../protocols/ip/network.ts'
import { containsAny } from '../../protocols/ip/network.ts'
import { checkRelayed, isLan } from '../../protocols/ip/special-networks.ts'
import { unreachable } from '../../protocols/result.ts'
import type { Timer } from '../../runtime/capabilities.ts'
import { err, type Result } from '../../runtime/result.ts'
import type { NodeDatabase } from '../../storage/node-database.ts'
import { BUCKET_SIZE } from './bucket.ts'
import type { SeenEndpoint } from './endpoint-votes.ts'
import { BOND_FAILURES_MAX, BOND_MS, RETURN_PINGS_MAX } from './limits.ts'
import { pendingRequests, REQUESTS_MAX, type Reply, type ReplyKind } from './requests.ts'
import type { Tally } from './tally.ts'

/** An address, and a port of UDP there. */
export type UdpPlace = { readonly ip: Uint8Array; readonly port: number }

export type ServerWorld = {
  readonly key: NodeKey
  readonly identities: Identities
  readonly replyMs: number
  readonly restrict: readonly Network[] | undefined
  readonly database: NodeDatabase
  readonly counted: { readonly in: Tally; readonly out: Tally; readonly dropped: Tally }
  now(): number
  after(delayMs: number, action: () => void): Timer
  send(to: UdpPlace, bytes: Uint8Array): void
  /** The own node as its record says it now. */
  own(): { readonly node: Node; readonly record: NodeRecord }
  /** Nodes of the table to tell others of. */
  closest(target: Uint8Array, max: number): readonly Node[]
  /** A node that pinged us, and is where it says. */
  verified(node: Node): void
  /** Somebody sees us somewhere; we wrote to somebody. */
  stated(by: Uint8Array, endpoint: SeenEndpoint): void
  contacted(ip: Uint8Array): void
  /** Watches over what runs by itself: what fails in it is a bug. */
  runs(task: Promise<unknown>): void
}

/** Why a packet is dropped; its sender hears nothing. */
type Refusal =
  | Discv4Error['code']
  | 'UNSOLICITED' // a reply that nobody waits for
  | 'UNBONDED' // a request of who has not proved where it is
  | 'RETURN_PINGS' // answered, but not pinged
  | 'SELF'
  | undefined

export type PingAnswer = { readonly recordSeq: bigint }
export type RecordError = RecordAnswerError | { readonly code: 'RECORD_UNANSWERED' | 'RECORD_UNREACHABLE' }

export function udpServer(world: ServerWorld) {
  const { key, identities, database, counted } = world
  const requests = pendingRequests()
  const self = nodeIdOf(key.publicKey)
  /** Pings under way, by node and address: who wants another has this one. */
  const pings = new Map<string, Promise<PingAnswer | undefined>>()

  const expiration = (): bigint => expirationAt(world.now())
  const isBonded = (id: Uint8Array, ip: Uint8Array): boolean =>
    world.now() - database.contact(id, ip).lastPongMs < BOND_MS

  function sealAndSend(to: UdpPlace, packet: Packet): Uint8Array {
    const { bytes, hash } = encodePacket(packet, key)
    counted.out.add(packet.kind)
    world.send(to, bytes)
    return hash
  }

  /** @returns whether all came that was waited for. The request is there before its packet leaves. */
  function request(
    id: Uint8Array,
    to: UdpPlace,
    packet: Packet,
    kind: ReplyKind,
    onReply: (reply: Reply) => boolean,
  ): Promise<boolean> {
    if (requests.size >= REQUESTS_MAX) return Promise.resolve(false)
    const { bytes, hash } = encodePacket(packet, key)
    return new Promise((resolve) => {
      const waiting = {
        id,
        ip: to.ip,
        kind,
        hash: kind === 'neighbours' ? undefined : hash,
        onReply(reply: Reply): boolean {
          const isLast = onReply(reply)
          if (isLast) {
            timer.cancel()
            resolve(true)
          }
          return isLast
        },
      }
      const timer = world.after(world.replyMs, () => {
        requests.remove(waiting)
        resolve(false)
      })
      requests.add(waiting)
      counted.out.add(packet.kind)
      world.send(to, bytes)
    })
  }

  /** Undefined where no answer came in time. */
  function ping(id: Uint8Array, to: UdpPlace): Promise<PingAnswer | undefined> {
    const name = bytesToBareHex(id) + bytesToBareHex(to.ip)
    const running = pings.get(name)
    if (running !== undefined) return running
    const begun = sendPing(id, to).finally(() => pings.delete(name))
    pings.set(name, begun)
    return begun
  }

  async function sendPing(id: Uint8Array, to: UdpPlace): Promise<PingAnswer | undefined> {
    const { node, record } = world.own()
    const packet: Ping = {
      kind: 'ping',
      version: PROTOCOL_VERSION,
      from: node.endpoint,
      to: { ip: to.ip, udp: to.port, tcp: 0 },
      expiration: expiration(),
      recordSeq: record.seq,
    }
    let answer: PingAnswer | undefined
    world.contacted(to.ip)
    await request(id, to, packet, 'pong', (reply) => {
      if (reply.kind !== 'pong') return false
      answer = { recordSeq: reply.recordSeq ?? 0n }
      return true
    })
    return answer
  }

  /** Pings a node that has not pinged us for long, so that it pings back: it answers nobody else (geth, `ensureBond`). */
  async function bond(id: Uint8Array, to: UdpPlace): Promise<void> {
    const { lastPingMs, findFailures } = database.contact(id, to.ip)
    if (world.now() - lastPingMs < BOND_MS && findFailures <= BOND_FAILURES_MAX) return
    await ping(id, to)
    // Its ping comes behind its pong, and our pong must be there before our request is.
    await new Promise<void>((resolve) => world.after(world.replyMs, resolve))
  }

  function pinged(packet: Ping, hash: Uint8Array, publicKey: Uint8Array, from: UdpPlace): Refusal {
    const { ip, port } = from
    const node = nodeAt(publicKey, { ip, udp: port, tcp: packet.from.tcp })
    // First the pong: the other end waits for half a second only.
    const to = { ip, udp: port, tcp: packet.from.tcp }
    sealAndSend(from, {
      kind: 'pong',
      to,
      pingHash: hash,
      expiration: expiration(),
      recordSeq: world.own().record.seq,
    })
    const bonded = isBonded(node.id, ip)
    database.noteContact(node.id, ip, { lastPingMs: world.now() })
    if (packet.to.ip !== undefined) world.stated(ip, { ip: packet.to.ip, port: packet.to.udp })
    if (world.restrict !== undefined && !containsAny(world.restrict, ip)) return undefined
    if (bonded) world.verified(node)
    else if (requests.waitingAt('pong', ip) >= RETURN_PINGS_MAX && !isLan(ip)) return 'RETURN_PINGS'
    else
      world.runs(
        ping(node.id, from).then((answer) => {
          if (answer !== undefined) world.verified(node)
        }),
      )
    return undefined
  }

  function take(packet: Packet, hash: Uint8Array, publicKey: Uint8Array, id: Uint8Array, from: UdpPlace): Refusal {
    const { ip } = from
    switch (packet.kind) {
      case 'ping':
        return pinged(packet, hash, publicKey, from)
      case 'pong': {
        // Known before anybody goes on who waits for it.
        const isExpected = requests.take(id, ip, packet)
        if (!isExpected) return 'UNSOLICITED'
        database.noteContact(id, ip, { lastPongMs: world.now() })
        if (packet.to.ip !== undefined) world.stated(ip, { ip: packet.to.ip, port: packet.to.udp })
        return undefined
      }
      case 'findNode': {
        if (!isBonded(id, ip)) return 'UNBONDED'
        const told = world
          .closest(nodeIdOf(packet.target), BUCKET_SIZE)
          .filter(({ endpoint }) => endpoint.ip !== undefined && checkRelayed(ip, endpoint.ip).ok)
        for (const answer of neighboursPackets(told, expiration())) sealAndSend(from, answer)
        return undefined
      }
      case 'recordRequest':
        if (!isBonded(id, ip)) return 'UNBONDED'
        sealAndSend(from, { kind: 'recordResponse', requestHash: hash, record: world.own().record })
        return undefined
      case 'neighbours':
      case 'recordResponse':
        return requests.take(id, ip, packet) ? undefined : 'UNSOLICITED'
      default:
        return unreachable(packet)
    }
  }

  /** Signatures cost most, so they come last. */
  function read(from: UdpPlace, datagram: Uint8Array): Refusal {
    const opened = openPacket(datagram)
    if (!opened.ok) return opened.error.code
    const { packet, hash } = opened.value
    if (isExpired(packet, world.now())) return 'DISCV4_EXPIRED'
    const { kind } = packet
    const isReply = kind === 'pong' || kind === 'neighbours' || kind === 'recordResponse'
    if (isReply && requests.waitingAt(kind, from.ip) === 0) return 'UNSOLICITED'
    const sender = senderOf(opened.value, identities)
    if (!sender.ok) return sender.error.code
    const id = nodeIdOf(sender.value)
    if (bytesEqual(id, self)) return 'SELF'
    counted.in.add(kind)
    return take(packet, hash, sender.value, id, from)
  }

  return {
    get pending() {
      return requests.size
    },

    receive(from: UdpPlace, datagram: Uint8Array): void {
      const refusal = read(from, datagram)
      if (refusal !== undefined) counted.dropped.add(refusal)
    },

    ping: (node: Node): Promise<PingAnswer | undefined> => {
      const to = udpOf(node)
      return to === undefined ? Promise.resolve(undefined) : ping(node.id, to)
    },

    /** Nodes that a node tells of, those that may be contacted; none where it does not answer. */
    async findNode(node: Node, target: Uint8Array): Promise<readonly Node[]> {
      const to = udpOf(node)
      if (to === undefined) return []
      await bond(node.id, to)
      const found: Node[] = []
      let told = 0
      await request(node.id, to, { kind: 'findNode', target, expiration: expiration() }, 'neighbours', (reply) => {
        if (reply.kind !== 'neighbours') return false
        for (const neighbour of reply.nodes) {
          if (++told > BUCKET_SIZE) break
          const checked = checkNeighbour(to.ip, neighbour, identities, world.restrict)
          if (checked.ok) found.push(checked.value)
          else counted.dropped.add(checked.error.code)
        }
        return told >= BUCKET_SIZE
      })
      return found
    },

    /** The node as its record describes it, which it is asked for. */
    async requestRecord(node: Node): Promise<Result<Node, RecordError>> {
      const to = udpOf(node)
      if (to === undefined) return err({ code: 'RECORD_UNREACHABLE' })
      await bond(node.id, to)
      let answer: Result<Node, RecordError> = err({ code: 'RECORD_UNANSWERED' })
      await request(
        node.id,
        to,
        { kind: 'recordRequest', expiration: expiration() },
        'recordResponse',
        (reply): boolean => {
          if (reply.kind !== 'recordResponse') return false
          answer = checkRecordAnswer(node, to.ip, reply.record, identities)
          return true
        },
      )
      return answer
    },
  }
}

export type UdpServer = ReturnType<typeof udpServer>
