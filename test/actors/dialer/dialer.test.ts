/** The dialer on a virtual clock, with a script in the place of discovery and of who takes its dials. */
import { expect, onTestFinished, test } from 'vitest'
import { idOf } from '../../../actors/dialer/dial-schedule.ts'
import { dialer } from '../../../actors/dialer/dialer.ts'
import type { Dial, DialerDeps, DialerMessages, DialerNeeds, DialOutcome } from '../../../actors/dialer/messages.ts'
import type { Node } from '../../../protocols/enr/node.ts'
import { type Context, defineActor } from '../../../runtime/actor.ts'
import type { Ref } from '../../../runtime/messages.ts'
import { simulatedDisk } from '../../../runtime/simulation/disk.ts'
import { SimulatedNetwork } from '../../../runtime/simulation/network.ts'
import { startSimulatedNode } from '../../../runtime/simulation/node.ts'
import { SimulatedWorld } from '../../../runtime/simulation/world.ts'

const node = (number: number, ip = Uint8Array.of(10, 0, 0, number)): Node => ({
  id: new Uint8Array(32).fill(number),
  publicKey: new Uint8Array(64).fill(number),
  endpoint: { ip, udp: 30303, tcp: 30303 },
})
/** Nobody has said where it is. */
const unlocated = (number: number): Node => ({ ...node(number), endpoint: { ip: undefined, udp: 0, tcp: 0 } })

type Script = {
  readonly world: SimulatedWorld
  /** Nodes that discovery gives when it is asked, and how it was asked. */
  readonly candidates: Node[]
  readonly asked: number[]
  readonly known: Map<string, Node>
  readonly resolves: { readonly id: string; readonly at: number }[]
  readonly dials: { readonly number: number; readonly isStatic: boolean; readonly at: number }[]
  tell: (...args: any[]) => void
  done(number: number, outcome: DialOutcome): void
  passes(ms: number): Promise<void>
  state(): Promise<any>
}

async function scripted(deps: Partial<DialerDeps> = {}, hasDiscovery = true): Promise<Script> {
  const world = new SimulatedWorld({ seed: 'dialer' })
  onTestFinished(() => world.close())
  const script = { world, candidates: [] as Node[], asked: [] as number[], resolves: [], dials: [] } as any
  script.known = new Map<string, Node>()
  let given: { readonly ctx: Context<DialerNeeds>; readonly ref: Ref<DialerMessages> } | undefined
  const root = defineActor<DialerNeeds>({
    name: 'root',
    mailbox: { capacity: 64 },
    behavior(ctx) {
      const { ref } = ctx.spawn({
        name: 'dialer',
        actor: dialer,
        deps: {
          self: idOf(node(0)),
          dialledMax: 2,
          activeMax: 50,
          restrict: undefined,
          discovery: hasDiscovery ? ctx.self : undefined,
          ...deps,
        },
      })
      given = { ctx, ref }
      return {
        candidates({ count }) {
          script.asked.push(count)
          return script.candidates.splice(0, count)
        },
        resolve({ node: asked }) {
          script.resolves.push({ id: idOf(asked), at: world.now() })
          return script.known.get(idOf(asked))
        },
      }
    },
  })
  const disk = simulatedDisk(world, 'host')
  const net = new SimulatedNetwork(world).host('host')
  startSimulatedNode({ world, name: 'host', net, disk, definitions: new Map(), root, deps: undefined })
  while (given === undefined) await world.step()
  const { ctx, ref } = given
  const started = world.now()
  const take = async (): Promise<void> => {
    for (;;) {
      const answer = await ctx.ask(ref, 'takeDials', undefined, { deadlineMs: 120_000 })
      if (!answer.ok) return
      for (const { node: dialled, isStatic } of answer.value as readonly Dial[])
        script.dials.push({ number: dialled.id[0], isStatic, at: world.now() - started })
    }
  }
  void take()
  script.tell = (kind: any, ...args: any[]) => ctx.tell(ref, kind, ...(args as [any]))
  script.done = (number: number, outcome: DialOutcome) => ctx.tell(ref, 'dialDone', { id: idOf(node(number)), outcome })
  script.passes = (ms: number) => world.runFor(ms)
  script.state = async () => {
    const answer = await world.settle(ctx.ask(ref, 'state'))
    return answer.ok ? answer.value : undefined
  }
  script.tell('begin', { statics: [], peers: [], dials: [] })
  return script
}
const numbers = ({ dials }: Script): number[] => dials.map(({ number }) => number)

test('discovery is asked for as many as slots are free, and not at all while none is', async () => {
  const script = await scripted()
  script.candidates.push(node(1), node(2), node(3), node(4), node(5))
  await script.passes(5_000)
  expect(script.asked).toEqual([4])
  expect(numbers(script)).toEqual([1, 2, 3, 4])
  script.done(1, 'setup')
  await script.passes(100)
  expect(script.asked).toEqual([4, 1])
  expect(numbers(script)).toEqual([1, 2, 3, 4, 5])
  script.done(2, 'peer')
  script.tell('peerAdded', { id: idOf(node(2)), isDialled: true })
  await script.passes(100)
  // Two slots for the one peer that is missing, and three dials under way.
  expect(await script.state()).toMatchObject({ freeSlots: -1, dialing: 3, dialledPeers: 1 })
})

test('discovery that has nothing is asked again after a second, not at once', async () => {
  const script = await scripted()
  await script.passes(10_500)
  expect(script.asked.length).toBeGreaterThan(8)
  expect(script.asked.length).toBeLessThan(13)
})

test('candidates that are not dialled are counted by reason', async () => {
  const script = await scripted()
  script.candidates.push(node(0), node(1), node(1), unlocated(2))
  await script.passes(500)
  expect(await script.state()).toMatchObject({
    dials: 1,
    candidates: 4,
    refused: { SELF: 1, DIALING: 1, NO_PORT: 1 },
  })
})

test('a static node is dialled every 35 s as long as nobody is there', async () => {
  const script = await scripted({}, false)
  script.tell('addStatic', { node: node(7) })
  for (let round = 0; round < 3; round++) {
    await script.passes(15_000)
    script.done(7, 'connect')
    await script.passes(20_000)
  }
  const times = script.dials.map(({ at }) => Math.floor(at / 1_000))
  expect(times).toEqual([0, 35, 70, 105])
  expect(script.dials.every(({ isStatic }) => isStatic)).toBe(true)
})

test('a static node without an address is looked for, and dialled where it is found', async () => {
  const script = await scripted()
  script.known.set(idOf(node(7)), node(7))
  script.tell('addStatic', { node: unlocated(7) })
  await script.passes(500)
  expect([script.resolves.length, numbers(script)]).toEqual([1, [7]])
})

test('one that is not found is looked for after 2 minutes, then after 4', async () => {
  const script = await scripted()
  script.tell('addStatic', { node: unlocated(7) })
  await script.passes(600_000)
  const from = script.resolves[0]!.at
  expect(numbers(script)).toEqual([])
  // Tried whenever the history forgets it, every 35 s.
  expect(script.resolves.map(({ at }) => Math.round((at - from) / 1_000))).toEqual([0, 140, 385])
})

test('a static node that moved is looked for in its slot, and dialled once more', async () => {
  const script = await scripted()
  const moved = node(7, Uint8Array.of(10, 9, 9, 9))
  script.known.set(idOf(moved), moved)
  script.tell('addStatic', { node: node(7) })
  await script.passes(100)
  script.done(7, 'connect')
  await script.passes(100)
  expect(numbers(script)).toEqual([7, 7])
  expect(await script.state()).toMatchObject({ dialing: 1 })
  script.done(7, 'connect')
  await script.passes(100)
  expect(numbers(script)).toEqual([7, 7])
  expect(await script.state()).toMatchObject({ dialing: 0, outcomes: { connect: 1, setup: 0, peer: 0 } })
})

test('a static node that refuses us is not looked for', async () => {
  const script = await scripted()
  script.tell('addStatic', { node: node(7) })
  await script.passes(100)
  script.done(7, 'setup')
  await script.passes(10_000)
  expect([script.resolves, numbers(script)]).toEqual([[], [7]])
})

test('what was known before a restart is taken over', async () => {
  const script = await scripted({}, false)
  script.tell('begin', {
    statics: [node(1), node(2), node(3)],
    peers: [{ id: idOf(node(1)), isDialled: true }],
    dials: [{ node: node(2), isStatic: true }],
  })
  await script.passes(1_000)
  expect(numbers(script)).toEqual([3])
  expect(await script.state()).toMatchObject({ dialledPeers: 1, dialing: 2, freeSlots: 0 })
})
