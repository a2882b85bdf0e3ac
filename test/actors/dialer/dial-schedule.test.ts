/** Scripts after geth's p2p/dial_test.go. */
import { describe, expect, test } from 'vitest'
import {
  addStatic,
  checkDial,
  DIAL_HISTORY_MAX,
  DIAL_HISTORY_MS,
  type DialSchedule,
  type DialSettings,
  dialDone,
  dialSchedule,
  expireHistory,
  freeSlots,
  idOf,
  inboundPending,
  inboundSettled,
  nextExpiry,
  offerCandidate,
  peerAdded,
  peerRemoved,
  removeStatic,
  startStatics,
} from '../../../actors/dialer/dial-schedule.ts'
import type { Node } from '../../../protocols/enr/node.ts'
import { networkConstant } from '../../../protocols/ip/network.ts'

const node = (number: number, more: Partial<Node['endpoint']> = {}): Node => {
  const id = new Uint8Array(32)
  id[30] = number >>> 8
  id[31] = number
  const ip = Uint8Array.of(10, 0, number >>> 8, number & 0xff)
  return { id, publicKey: new Uint8Array(64), endpoint: { ip, udp: 30303, tcp: 30303, ...more } }
}
const id = (number: number): string => idOf(node(number))
const nodes = (from: number, to: number): Node[] => Array.from({ length: to - from + 1 }, (_, i) => node(from + i))

const scheduled = (settings: Partial<DialSettings> = {}): DialSchedule =>
  dialSchedule({ self: id(0), dialledMax: 5, activeMax: 50, restrict: undefined, ...settings })

/** What the candidates are answered, while slots are free; those begun. */
function offer(schedule: DialSchedule, candidates: readonly Node[], now = 0): string[] {
  const begun: string[] = []
  for (const candidate of candidates) {
    if (freeSlots(schedule) <= 0) break
    if (offerCandidate(schedule, candidate, now) === undefined) begun.push(idOf(candidate))
  }
  return begun
}
const first = (): number => 0
const statics = (schedule: DialSchedule, now = 0): string[] =>
  startStatics(schedule, now, first).map((dial) => idOf(dial.node))

describe('free slots', () => {
  test('are twice the peers that are missing, less the dials under way', () => {
    const schedule = scheduled({ dialledMax: 5 })
    expect(freeSlots(schedule)).toBe(10)
    peerAdded(schedule, id(100), true)
    peerAdded(schedule, id(101), true)
    expect(freeSlots(schedule)).toBe(6)
    expect(offer(schedule, nodes(1, 9))).toHaveLength(6)
    expect(freeSlots(schedule)).toBe(0)
  })
  test('are never more than the limit of active dials', () => {
    const schedule = scheduled({ dialledMax: 50, activeMax: 4 })
    expect(offer(schedule, nodes(1, 9))).toEqual([1, 2, 3, 4].map(id))
  })
  test('are not taken by peers that came in', () => {
    const schedule = scheduled({ dialledMax: 1 })
    peerAdded(schedule, id(1), false)
    expect(freeSlots(schedule)).toBe(2)
    peerRemoved(schedule, id(1))
    expect(freeSlots(schedule)).toBe(2)
  })
  test('become negative when more peers are dialled than wanted', () => {
    const schedule = scheduled({ dialledMax: 1 })
    for (const number of [1, 2, 3]) peerAdded(schedule, id(number), true)
    expect(freeSlots(schedule)).toBe(-4)
    addStatic(schedule, node(9))
    expect(statics(schedule)).toEqual([])
  })
  test('come back when a dial is over and when a dialled peer is gone', () => {
    const schedule = scheduled({ dialledMax: 1 })
    offer(schedule, nodes(1, 2))
    expect(freeSlots(schedule)).toBe(0)
    expect(dialDone(schedule, id(1))).toBe(true)
    expect(freeSlots(schedule)).toBe(1)
    peerAdded(schedule, id(2), true)
    dialDone(schedule, id(2))
    expect(freeSlots(schedule)).toBe(0)
    peerRemoved(schedule, id(2))
    expect(freeSlots(schedule)).toBe(2)
  })
  test('nobody is dialled where nobody may be', () => {
    const schedule = scheduled({ dialledMax: 0 })
    addStatic(schedule, node(1))
    expect([offer(schedule, nodes(1, 9)), statics(schedule)]).toEqual([[], []])
  })
})

describe('checkDial', () => {
  const refusalOf = (prepare: (schedule: DialSchedule) => void, target = node(1), settings = {}) => {
    const schedule = scheduled(settings)
    prepare(schedule)
    return checkDial(schedule, target)
  }
  const nothing = (): void => {}
  test('lets a stranger pass', () => expect(refusalOf(nothing)).toBeUndefined())
  test('refuses ourselves', () => expect(refusalOf(nothing, node(0))).toBe('SELF'))
  test('refuses a node with an address and no port', () =>
    expect(refusalOf(nothing, node(1, { tcp: 0 }))).toBe('NO_PORT'))
  test('lets a node without an address pass, which is looked for', () =>
    expect(refusalOf(nothing, node(1, { ip: undefined, tcp: 0 }))).toBeUndefined())
  test('refuses whom it is dialling', () =>
    expect(refusalOf((schedule) => offerCandidate(schedule, node(1), 0))).toBe('DIALING'))
  test('refuses a peer', () => expect(refusalOf((schedule) => peerAdded(schedule, id(1), false))).toBe('CONNECTED'))
  test('refuses whom an inbound connection is of', () =>
    expect(refusalOf((schedule) => inboundPending(schedule, id(1)))).toBe('PENDING_INBOUND'))
  test('refuses what is outside of the networks it is restricted to', () => {
    const restrict = [networkConstant('10.0.0.0/24')]
    expect(refusalOf(nothing, node(1), { restrict })).toBeUndefined()
    expect(refusalOf(nothing, node(0x0101), { restrict })).toBe('RESTRICTED')
  })
  test('refuses whom it dialled a moment ago', () => {
    const dialled = (schedule: DialSchedule): void => {
      offerCandidate(schedule, node(1), 0)
      dialDone(schedule, id(1))
    }
    expect(refusalOf(dialled)).toBe('RECENT')
  })
  test('names the first that holds', () => {
    const all = (schedule: DialSchedule): void => {
      offerCandidate(schedule, node(1), 0)
      peerAdded(schedule, id(1), true)
      inboundPending(schedule, id(1))
    }
    expect(refusalOf(all)).toBe('DIALING')
  })
})

describe('the history', () => {
  test('keeps a node from being dialled for 35 s from the start of its dial', () => {
    const schedule = scheduled()
    expect(offer(schedule, [node(1)], 1_000)).toEqual([id(1)])
    dialDone(schedule, id(1))
    expireHistory(schedule, 1_000 + DIAL_HISTORY_MS - 1)
    expect(offerCandidate(schedule, node(1), 0)).toBe('RECENT')
    expect(nextExpiry(schedule)).toBe(1_000 + DIAL_HISTORY_MS)
    expireHistory(schedule, 1_000 + DIAL_HISTORY_MS)
    expect(nextExpiry(schedule)).toBeUndefined()
    expect(offer(schedule, [node(1)], 36_000)).toEqual([id(1)])
    expect(DIAL_HISTORY_MS).toBe(35_000)
  })
  test('brings static nodes back into the pool when it forgets them', () => {
    const schedule = scheduled()
    addStatic(schedule, node(1))
    expect(statics(schedule, 0)).toEqual([id(1)])
    dialDone(schedule, id(1))
    expect(statics(schedule, 34_999)).toEqual([])
    expireHistory(schedule, 35_000)
    expect(statics(schedule, 35_000)).toEqual([id(1)])
  })
  test('is bounded: when it is full no candidate is taken', () => {
    const schedule = scheduled({ dialledMax: 1e6, activeMax: 1e6 })
    for (let number = 1; number <= DIAL_HISTORY_MAX; number++) {
      offerCandidate(schedule, node(number), 0)
      dialDone(schedule, id(number))
    }
    expect(schedule.history.size).toBe(DIAL_HISTORY_MAX)
    expect(offerCandidate(schedule, node(DIAL_HISTORY_MAX + 1), 0)).toBe('RECENT')
  })
})

describe('static nodes', () => {
  test('are dialled while slots are free, those chosen that chance says', () => {
    const schedule = scheduled({ dialledMax: 1 })
    for (const one of nodes(1, 4)) addStatic(schedule, one)
    const drawn: number[] = []
    const last = (limit: number): number => {
      drawn.push(limit)
      return limit - 1
    }
    expect(startStatics(schedule, 0, last).map((dial) => idOf(dial.node))).toEqual([id(4), id(3)])
    expect(drawn).toEqual([4, 3])
  })
  test('are added once, however often they are named', () => {
    const schedule = scheduled()
    addStatic(schedule, node(1))
    addStatic(schedule, node(1))
    expect(statics(schedule)).toEqual([id(1)])
  })
  test('are not dialled while they are peers, and again when they are lost and the history forgets them', () => {
    const schedule = scheduled()
    addStatic(schedule, node(1))
    peerAdded(schedule, id(1), false)
    expect(statics(schedule)).toEqual([])
    peerRemoved(schedule, id(1))
    expect(statics(schedule, 5)).toEqual([id(1)])
    peerAdded(schedule, id(1), true)
    dialDone(schedule, id(1))
    peerRemoved(schedule, id(1))
    expect(statics(schedule, 10_000)).toEqual([])
    expireHistory(schedule, 35_005)
    expect(statics(schedule, 35_005)).toEqual([id(1)])
  })
  test('are not dialled any more when they are removed; a dial under way goes on', () => {
    const schedule = scheduled()
    for (const one of nodes(1, 2)) addStatic(schedule, one)
    expect(startStatics(schedule, 0, first)).toHaveLength(2)
    removeStatic(schedule, id(1))
    expect(schedule.dialing.has(id(1))).toBe(true)
    dialDone(schedule, id(1))
    dialDone(schedule, id(2))
    expireHistory(schedule, 35_000)
    expect(statics(schedule, 35_000)).toEqual([id(2)])
    removeStatic(schedule, id(2))
    dialDone(schedule, id(2))
    expireHistory(schedule, 70_000)
    expect(statics(schedule, 70_000)).toEqual([])
  })
  test('wait while an inbound connection of theirs is being set up', () => {
    const schedule = scheduled()
    addStatic(schedule, node(1))
    inboundPending(schedule, id(1))
    inboundPending(schedule, id(1))
    expect(statics(schedule)).toEqual([])
    inboundSettled(schedule, id(1))
    expect(statics(schedule)).toEqual([])
    inboundSettled(schedule, id(1))
    expect(statics(schedule)).toEqual([id(1)])
  })
})

test('a candidate without an address is not looked for', () => {
  const schedule = scheduled()
  expect(offerCandidate(schedule, node(1, { ip: undefined, tcp: 0 }), 0)).toBe('NO_PORT')
  expect(offerCandidate(schedule, node(1, { ip: new Uint8Array(4) }), 0)).toBe('NO_PORT')
})
