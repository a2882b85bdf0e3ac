/** Peer servers with a protocol that notes what it is told: on loopback sockets, or as nodes of a simulated world. */
import { onTestFinished } from 'vitest'
import type { DialerDeps, DialerMessages } from '../../../actors/dialer/messages.ts'
import type { InletDeps, InletMessages, PeerUp, ProtocolHandlerNeeds } from '../../../actors/inlet/messages.ts'
import type { P2pDeps, P2pMessages, PeerEvent, PeerListener } from '../../../actors/p2p/messages.ts'
import { registeredProtocol } from '../../../actors/p2p/registered-protocol.ts'
import type { SessionDeps, SessionEnd, SessionMessages } from '../../../actors/session/messages.ts'
import type { SpokenCapability } from '../../../protocols/devp2p/capability.ts'
import { secp256k1 } from '../../../protocols/secp256k1/secp256k1.ts'
import { actorModule, type Context, defineActor, serial } from '../../../runtime/actor.ts'
import type { AnswerOf, Arguments, AskKind, PayloadOf, Ref } from '../../../runtime/messages.ts'
import type { Placement } from '../../../runtime/placement.ts'
import { simulatedDisk } from '../../../runtime/simulation/disk.ts'
import { SimulatedNetwork } from '../../../runtime/simulation/network.ts'
import { loadDefinitions, startSimulatedNode } from '../../../runtime/simulation/node.ts'
import { SimulatedWorld } from '../../../runtime/simulation/world.ts'
import { startSystem } from '../../../runtime/system.ts'

const at = (path: string) => new URL(`../../../actors/${path}`, import.meta.url)
export const P2P = actorModule<P2pMessages, P2pDeps>(at('p2p/p2p.ts'), 'p2p')
export const SESSION = actorModule<SessionMessages, SessionDeps>(at('session/session.ts'), 'session')
const INLET = actorModule<InletMessages, InletDeps>(at('inlet/inlet.ts'), 'inlet')
const DIALER = actorModule<DialerMessages, DialerDeps>(at('dialer/dialer.ts'), 'dialer')

/** Three codes under the name `test`. */
export const TEST_1: SpokenCapability = { name: 'test', version: 1, length: 3 }

export type Message = { readonly capability: string; readonly code: number; readonly payload: Uint8Array }
export type Heard = {
  readonly ups: PeerUp[]
  readonly messages: Message[]
  readonly downs: { readonly session: number; readonly end: SessionEnd }[]
  readonly events: PeerEvent[]
  /** Awaited before the next message is looked at. */
  slow: ((message: Message) => Promise<void> | void) | undefined
}
type HandlerMessages = ProtocolHandlerNeeds & PeerListener

const handlerOf = (heard: Heard, capacity: number) =>
  defineActor<HandlerMessages>({
    name: 'handler',
    mailbox: { capacity },
    lossy: { peerEvent: 'drop-oldest' },
    behavior: () => ({
      peerUp: (up) => void heard.ups.push(up),
      message: serial(async (message) => {
        heard.messages.push(message)
        await heard.slow?.(message)
      }),
      peerDown: (down) => void heard.downs.push(down),
      peerEvent: (event) => void heard.events.push(event),
    }),
  })

export type Peer = {
  readonly ctx: Context<any>
  readonly ref: Ref<P2pMessages>
  readonly heard: Heard
  ask<K extends AskKind<P2pMessages>>(
    kind: K,
    ...args: Arguments<PayloadOf<P2pMessages, K>>
  ): Promise<AnswerOf<P2pMessages, K>>
}

export type PeerOptions = Partial<Omit<P2pDeps, 'settings' | 'protocols' | 'listeners'>> & {
  readonly settings?: Partial<P2pDeps['settings']>
  readonly capabilities?: readonly SpokenCapability[]
  readonly mailbox?: number
  readonly restarts?: number
}

/** The how-manieth key of the tests. */
export function keyOf(number: number): { readonly secretKey: Uint8Array; readonly publicKey: Uint8Array } {
  const secretKey = new Uint8Array(32).fill(1)
  secretKey[31] = number
  return { secretKey, publicKey: secp256k1.publicKey(secretKey)! }
}

const SETTINGS: P2pDeps['settings'] = { peersMax: 50, pendingMax: 50, dialRatio: 3, mayDial: true, restrict: undefined }

function rootOf(number: number, options: PeerOptions, ready: (peer: Omit<Peer, 'ask'>) => void) {
  return defineActor<Record<never, never>>({
    name: 'root',
    mailbox: { capacity: 64 },
    supervision: {
      strategy: 'one_for_one',
      restartsMax: options.restarts ?? 0,
      windowMs: 1000,
      backoff: { minMs: 1, maxMs: 1, jitter: 0 },
    },
    async behavior(ctx) {
      const { settings, capabilities = [TEST_1], mailbox = 4096, restarts: _restarts, ...more } = options
      const heard: Heard = { ups: [], messages: [], downs: [], events: [], slow: undefined }
      const { ref: handler } = ctx.spawn({ name: 'handler', actor: handlerOf(heard, mailbox), deps: undefined })
      const { ref, started } = ctx.spawn({
        name: 'p2p',
        actor: P2P,
        deps: {
          nodeKey: keyOf(number).secretKey,
          clientName: `troupe/${number}`,
          listen: { host: '127.0.0.1', port: 0 },
          protocols: capabilities.map((capability) => registeredProtocol(capability, handler)),
          staticNodes: [],
          trustedNodes: [],
          recordFile: undefined,
          ip: undefined,
          udp: 0,
          discovery: undefined,
          listeners: [handler],
          ...more,
          settings: { ...SETTINGS, ...settings },
        },
      })
      const up = await started
      if (!up.ok) throw new Error(up.error.detail)
      ready({ ctx, ref, heard })
      return {}
    },
  })
}

function asking(peer: Omit<Peer, 'ask'>, settle: <T>(promise: Promise<T>) => Promise<T>): Peer {
  return {
    ...peer,
    async ask(kind, ...args) {
      const answer = await settle(peer.ctx.ask(peer.ref, kind, ...(args as any)))
      if (!answer.ok) throw new Error(`${kind}: ${JSON.stringify(answer.error)}`)
      return answer.value
    },
  }
}

/** A peer server on a system of its own, stopped with the test. */
export async function realPeer(
  number: number,
  options: PeerOptions = {},
  placement: Placement = {},
): Promise<Peer & { stop(): Promise<void> }> {
  let isReady: (peer: Omit<Peer, 'ask'>) => void = () => {}
  const ready = new Promise<Omit<Peer, 'ask'>>((resolve) => {
    isReady = resolve
  })
  const system = await startSystem({
    root: rootOf(number, options, isReady),
    deps: undefined,
    placement,
    log: { verbosity: 0, format: 'terminal', colour: false },
  })
  const stop = () => system.stop()
  onTestFinished(stop)
  const failed = system.ended.then((reason) => {
    throw new Error(reason.detail)
  })
  failed.catch(() => undefined)
  return { ...asking(await Promise.race([ready, failed]), (promise) => promise), stop }
}

export type SimulatedPeers = {
  readonly world: SimulatedWorld
  readonly network: SimulatedNetwork
  /** A node on the host `10.0.0.<number>`. */
  start(number: number, options?: PeerOptions): Promise<Peer & { stop(): Promise<void>; crash(): void }>
  until(condition: () => boolean, withinMs: number): Promise<void>
}

export async function simulatedPeers(seed: string | number): Promise<SimulatedPeers> {
  const definitions = await loadDefinitions([P2P, SESSION, INLET, DIALER])
  const world = new SimulatedWorld({ seed })
  const network = new SimulatedNetwork(world)
  onTestFinished(() => world.close())
  return {
    world,
    network,
    async start(number, options = {}) {
      const host = hostOf(number)
      let peer: Omit<Peer, 'ask'> | undefined
      const node = startSimulatedNode({
        world,
        name: host,
        net: network.host(host),
        disk: simulatedDisk(world, host),
        definitions,
        root: rootOf(number, { listen: { host, port: 30303 }, ...options }, (ready) => {
          peer = ready
        }),
        deps: undefined,
      })
      while (peer === undefined) if (!(await world.step())) throw new Error('the node does not start')
      return {
        ...asking(peer, (promise) => world.settle(promise)),
        stop: () => world.settle(node.stop()),
        crash() {
          network.crash(host)
          node.crash()
        },
      }
    },
    async until(condition, withinMs) {
      const end = world.now() + withinMs
      while (!condition()) {
        if (world.now() > end) throw new Error(`not within ${withinMs} ms (seed ${world.seed})`)
        if (!(await world.step())) throw new Error(`the world is idle (seed ${world.seed})`)
      }
    },
  }
}

export const hostOf = (number: number): string => `10.0.0.${number}`

/** Until it holds. */
export async function until(condition: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> {
  const end = Date.now() + withinMs
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export const enodeOf = async (peer: Peer): Promise<string> => (await peer.ask('nodeInfo')).enode
