/** Nodes that do nothing but discovery: in a simulated world, or on loopback; and a stranger who says what a test wants. */
import { onTestFinished } from 'vitest'
import { type DiscoveryKeys, discoveryWith } from '../../../actors/discovery/discovery.ts'
import type { DiscoveryDeps, DiscoveryMessages, DiscoveryNeeds } from '../../../actors/discovery/messages.ts'
import { encodePacket, openPacket, senderOf } from '../../../protocols/discv4/codec.ts'
import { expirationAt, type Packet, type Ping } from '../../../protocols/discv4/packet.ts'
import { ip4Entry, portEntry } from '../../../protocols/enr/entries.ts'
import { type NodeKey, SECP256K1_IDENTITIES, secp256k1NodeKey } from '../../../protocols/enr/identity.ts'
import { type Node, nodeAt, nodeOfRecord } from '../../../protocols/enr/node.ts'
import { type NodeRecord, signRecord } from '../../../protocols/enr/record.ts'
import { parseAddress } from '../../../protocols/ip/address.ts'
import { type Context, defineActor } from '../../../runtime/actor.ts'
import type { Datagrams, Net } from '../../../runtime/capabilities.ts'
import type { AnswerOf, Arguments, AskKind, PayloadOf, Ref } from '../../../runtime/messages.ts'
import { simulatedDisk } from '../../../runtime/simulation/disk.ts'
import type { LinkConditions } from '../../../runtime/simulation/link.ts'
import { SimulatedNetwork } from '../../../runtime/simulation/network.ts'
import { startSimulatedNode } from '../../../runtime/simulation/node.ts'
import { SimulatedWorld } from '../../../runtime/simulation/world.ts'
import { startSystem } from '../../../runtime/system.ts'
import { SIMULATED_IDENTITIES, simulatedNodeKey } from '../../protocols/simulated-identities.ts'

export const PORT = 30_303
export const REAL_KEYS: DiscoveryKeys = { identities: SECP256K1_IDENTITIES, keyOf: secp256k1NodeKey }
export const CHEAP_KEYS: DiscoveryKeys = { identities: SIMULATED_IDENTITIES, keyOf: simulatedNodeKey }

export type Identity = {
  readonly secretKey: Uint8Array
  readonly key: NodeKey
  readonly node: Node
  readonly record: NodeRecord
}

/** The how-manieth node of the tests, at an address. */
export function identityOf(number: number, host: string, port: number, keys: DiscoveryKeys, seq = 1n): Identity {
  const secretKey = new Uint8Array(32).fill(7)
  new DataView(secretKey.buffer).setUint32(28, number)
  const key = keys.keyOf(secretKey)!
  const ip = parseAddress(host)
  if (!ip.ok) throw new Error(`${host} is no address`)
  const pairs = [ip4Entry(ip.value), portEntry('udp', port), portEntry('tcp', port)]
  const record = signRecord(seq, port === 0 ? pairs.slice(0, 1) : pairs, key, keys.identities)
  if (!record.ok) throw new Error(record.error.code)
  const node = nodeOfRecord(record.value, keys.identities)
  if (!node.ok) throw new Error(node.error.code)
  return { secretKey, key, node: node.value, record: record.value }
}

/** Each in a /24 of its own. */
export const hostOf = (number: number): string => `23.${number >>> 8}.${number & 255}.1`

export type NodeOptions = Partial<Omit<DiscoveryDeps, 'nodeKey' | 'record'>> & { readonly keys?: DiscoveryKeys }

export type DiscoveryNode = Identity & {
  readonly ctx: Context<any>
  readonly ref: Ref<DiscoveryMessages>
  /** What its parent was told. */
  readonly statements: PayloadOf<DiscoveryNeeds, 'endpointStatement'>[]
  ask<K extends AskKind<DiscoveryMessages>>(
    kind: K,
    ...args: Arguments<PayloadOf<DiscoveryMessages, K>>
  ): Promise<AnswerOf<DiscoveryMessages, K>>
}
type Started = Omit<DiscoveryNode, 'ask' | keyof Identity>

function rootOf(identity: Identity, options: NodeOptions, ready: (node: Started) => void) {
  const { keys = REAL_KEYS, ...deps } = options
  const statements: Started['statements'] = []
  return defineActor<DiscoveryNeeds>({
    name: 'root',
    mailbox: { capacity: 64 },
    lossy: { endpointStatement: { coalesce: '*' } },
    supervision: {
      strategy: 'one_for_one',
      restartsMax: 0,
      windowMs: 1_000,
      backoff: { minMs: 1, maxMs: 1, jitter: 0 },
    },
    async behavior(ctx) {
      const { ref, started } = ctx.spawn({
        name: 'discovery',
        actor: discoveryWith(keys),
        deps: {
          nodeKey: identity.secretKey,
          record: identity.record.encoded,
          listen: { host: '127.0.0.1', port: 0 },
          bootnodes: [],
          trees: [],
          restrict: undefined,
          database: undefined,
          parent: ctx.self,
          ...deps,
        },
      })
      const up = await started
      if (!up.ok) throw new Error(up.error.detail)
      ready({ ctx, ref, statements })
      return { endpointStatement: (statement) => void statements.push(statement) }
    },
  })
}

function asking(identity: Identity, node: Started, settle: <T>(promise: Promise<T>) => Promise<T>): DiscoveryNode {
  return {
    ...identity,
    ...node,
    async ask(kind, ...args) {
      const answer = await settle(node.ctx.ask(node.ref, kind, ...(args as any)))
      if (!answer.ok) throw new Error(`${kind}: ${JSON.stringify(answer.error)}`)
      return answer.value
    },
  }
}

/** Discovery on loopback, on a system of its own. */
export async function realNode(
  number: number,
  options: NodeOptions = {},
): Promise<DiscoveryNode & { stop(): Promise<void> }> {
  let isReady: (node: Started) => void = () => {}
  const ready = new Promise<Started>((resolve) => {
    isReady = resolve
  })
  const { port = 0 } = options.listen ?? {}
  const identity = identityOf(number, '127.0.0.1', port, options.keys ?? REAL_KEYS)
  const system = await startSystem({
    root: rootOf(identity, options, isReady),
    deps: undefined,
    placement: {},
    log: { verbosity: 0, format: 'terminal', colour: false },
  })
  const failed = system.ended.then((reason) => {
    throw new Error(reason.detail)
  })
  failed.catch(() => undefined)
  const node = asking(identity, await Promise.race([ready, failed]), (promise) => promise)
  const { address } = await node.ask('info')
  // The port is known now: the record says it.
  const told = identityOf(number, '127.0.0.1', address.port, options.keys ?? REAL_KEYS, 2n)
  node.ctx.tell(node.ref, 'localRecord', { record: told.record.encoded })
  return { ...node, ...told, stop: () => system.stop() }
}

export type SimulatedDiscovery = Awaited<ReturnType<typeof simulatedDiscovery>>

/** @param own whether the world is closed by who asked for it, and not with the test */
export async function simulatedDiscovery(seed: string | number, conditions: Partial<LinkConditions> = {}, own = false) {
  const world = new SimulatedWorld({ seed })
  const network = new SimulatedNetwork(world, conditions)
  if (!own) onTestFinished(() => world.close())
  return {
    world,
    network,
    async start(number: number, options: NodeOptions = {}, host = hostOf(number)) {
      const identity = identityOf(number, host, PORT, options.keys ?? CHEAP_KEYS)
      let started: Started | undefined
      const node = startSimulatedNode({
        world,
        name: host,
        net: network.host(host),
        disk: simulatedDisk(world, host),
        definitions: new Map(),
        root: rootOf(identity, { keys: CHEAP_KEYS, listen: { host, port: PORT }, ...options }, (ready) => {
          started = ready
        }),
        deps: undefined,
      })
      while (started === undefined) if (!(await world.step())) throw new Error('the node does not start')
      return {
        ...asking(identity, started, (promise) => world.settle(promise, 10_000_000)),
        host,
        ended: node.ended,
        stop: () => world.settle(node.stop()),
        crash() {
          network.crash(host)
          node.crash()
        },
      }
    },
    /** Somebody on a host, who does nothing by himself. */
    stranger: (number: number, host = hostOf(number), keys = CHEAP_KEYS) =>
      strangerOn(network.host(host), identityOf(number, host, PORT, keys), { host, port: PORT }, keys, () =>
        world.now(),
      ),
    /** Lets time pass until it holds. */
    async until(condition: () => boolean, withinMs: number): Promise<void> {
      const end = world.now() + withinMs
      while (!condition()) {
        if (world.now() > end) throw new Error(`not within ${withinMs} ms (seed ${world.seed})`)
        if (!(await world.step())) throw new Error(`the world is idle (seed ${world.seed})`)
      }
    },
  }
}

export type Got = {
  readonly packet: Packet
  readonly hash: Uint8Array
  readonly bytes: number
  readonly from: string
  readonly sender: Uint8Array
}
export type Stranger = Awaited<ReturnType<typeof strangerOn>>

export async function strangerOn(
  net: Net,
  identity: Identity,
  at: { readonly host: string; readonly port: number },
  keys: DiscoveryKeys,
  now: () => number,
) {
  const got: Got[] = []
  let onPacket: ((got: Got) => void) | undefined
  let bytesIn = 0
  let bytesOut = 0
  const bound = await net.bindDatagrams(at, (from, bytes) => {
    bytesIn += bytes.length
    const opened = openPacket(bytes)
    if (!opened.ok) throw new Error(`not a packet: ${opened.error.code}`)
    const sender = senderOf(opened.value, keys.identities)
    if (!sender.ok) throw new Error(sender.error.code)
    const one: Got = {
      packet: opened.value.packet,
      hash: opened.value.hash,
      bytes: bytes.length,
      from: `${from.host}:${from.port}`,
      sender: sender.value,
    }
    got.push(one)
    onPacket?.(one)
  })
  if (!bound.ok) throw new Error(bound.error.cause)
  const socket: Datagrams = bound.value
  const expiration = () => expirationAt(now())
  const endpoint = { ip: identity.node.endpoint.ip, udp: socket.address.port, tcp: socket.address.port }
  const stranger = {
    ...identity,
    node: nodeAt(identity.key.publicKey, endpoint),
    socket,
    got,
    expiration,
    get bytesIn() {
      return bytesIn
    },
    get bytesOut() {
      return bytesOut
    },
    of: <K extends Packet['kind']>(kind: K) =>
      got.filter(({ packet }) => packet.kind === kind) as (Got & { readonly packet: Extract<Packet, { kind: K }> })[],
    onPacket(handler: (got: Got) => void): void {
      onPacket = handler
    },
    sendBytes(to: { readonly host: string; readonly port: number }, bytes: Uint8Array): void {
      bytesOut += bytes.length
      socket.send(to, bytes)
    },
    send(
      to: { readonly host: string; readonly port: number },
      packet: Packet,
      key: NodeKey = identity.key,
    ): Uint8Array {
      const sealed = encodePacket(packet, key)
      stranger.sendBytes(to, sealed.bytes)
      return sealed.hash
    },
    ping: (more: Partial<Ping> = {}): Ping => ({
      kind: 'ping',
      version: 4n,
      from: endpoint,
      to: endpoint,
      expiration: expiration(),
      recordSeq: identity.record.seq,
      ...more,
    }),
    /** Answers pings from now on, and what else `answer` says. */
    answering(answer: (got: Got, reply: (packet: Packet) => void) => void = () => {}): void {
      onPacket = (one) => {
        const [host, port] = one.from.split(':')
        const to = { host: host!, port: Number(port) }
        const reply = (packet: Packet): void => void stranger.send(to, packet)
        if (one.packet.kind === 'ping')
          reply({
            kind: 'pong',
            to: endpoint,
            pingHash: one.hash,
            expiration: expiration(),
            recordSeq: identity.record.seq,
          })
        else answer(one, reply)
      }
    },
  }
  return stranger
}
