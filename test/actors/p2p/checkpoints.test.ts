/** After geth's p2p/server_test.go. */
import { describe, expect, test } from 'vitest'
import { checkGreeted, checkHandshaken } from '../../../actors/p2p/checkpoints.ts'
import { insertPeer, peerLimits, peerSet, removePeer } from '../../../actors/p2p/peer-set.ts'
import { DisconnectReason } from '../../../protocols/devp2p/disconnect.ts'

const SELF = 'self'
type Peer = { readonly isInbound: boolean }

const setOf = (inbound: number, dialled: number, trusted: readonly string[] = []) => {
  const set = peerSet<Peer>(trusted)
  for (let i = 0; i < inbound; i++) insertPeer(set, `in${i}`, { isInbound: true })
  for (let i = 0; i < dialled; i++) insertPeer(set, `out${i}`, { isInbound: false })
  return set
}
const LIMITS = peerLimits({ peersMax: 10, dialRatio: 3, mayDial: true })

describe('limits', () => {
  test.each([
    ['a third is dialled, the rest may come in', 50, 3, true, 16, 34],
    ['one is dialled at least', 2, 3, true, 1, 1],
    ['none is dialled where nobody may be', 50, 3, false, 0, 50],
    ['none at all', 0, 3, true, 0, 0],
  ])('%s', (_name, peersMax, dialRatio, mayDial, dialledMax, inboundMax) => {
    expect(peerLimits({ peersMax, dialRatio, mayDial })).toEqual({ peersMax, dialledMax, inboundMax })
  })
})

describe('after the handshake', () => {
  const check = (set: ReturnType<typeof setOf>, id: string, isInbound: boolean) =>
    checkHandshaken(set, LIMITS, SELF, { id, isInbound })
  test('a stranger passes while there is room', () => {
    expect([check(setOf(6, 3), 'x', true), check(setOf(7, 2), 'x', false)]).toEqual([undefined, undefined])
  })
  test('nobody is let in beyond the peers there may be, static or not', () => {
    expect([check(setOf(7, 3), 'x', true), check(setOf(7, 3), 'x', false)]).toEqual([
      DisconnectReason.tooManyPeers,
      DisconnectReason.tooManyPeers,
    ])
  })
  test('nobody comes in beyond the inbound share, whoever else may still be dialled', () => {
    expect(check(setOf(7, 0), 'x', true)).toBe(DisconnectReason.tooManyPeers)
    expect(check(setOf(7, 0), 'x', false)).toBeUndefined()
  })
  test('a trusted node passes by both limits', () => {
    expect(check(setOf(7, 3, ['x']), 'x', true)).toBeUndefined()
  })
  test('a trusted node is refused a second time, and ourselves always', () => {
    expect(check(setOf(1, 0, ['in0']), 'in0', true)).toBe(DisconnectReason.alreadyConnected)
    expect(check(setOf(0, 0, [SELF]), SELF, false)).toBe(DisconnectReason.self)
  })
  test('being full is said before being connected already', () => {
    expect(check(setOf(7, 3), 'in0', true)).toBe(DisconnectReason.tooManyPeers)
  })
})

describe('after Hello', () => {
  const check = (set: ReturnType<typeof setOf>, shared: number) =>
    checkGreeted(set, LIMITS, SELF, { id: 'x', isInbound: true }, shared)
  test('who shares no capability is useless, even if there is no room either', () => {
    expect([check(setOf(0, 0), 0), check(setOf(7, 3), 0)]).toEqual([
      DisconnectReason.uselessPeer,
      DisconnectReason.uselessPeer,
    ])
  })
  test('room is looked for again: others may have come meanwhile', () => {
    expect([check(setOf(6, 3), 1), check(setOf(7, 3), 1)]).toEqual([undefined, DisconnectReason.tooManyPeers])
  })
})

test('who leaves makes room', () => {
  const set = setOf(7, 3)
  expect(removePeer(set, 'in0')).toEqual({ isInbound: true })
  expect(set.inbound).toBe(6)
  expect(removePeer(set, 'in0')).toBeUndefined()
  expect(removePeer(set, 'out0')).toEqual({ isInbound: false })
  expect(set.inbound).toBe(6)
})
