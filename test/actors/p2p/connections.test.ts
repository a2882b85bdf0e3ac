import { describe, expect, test } from 'vitest'
import { type ConnectionEntry, longestSilent, pendingOf, SILENCE_MS } from '../../../actors/p2p/connections.ts'

const entry = (number: number, since: number, more: Partial<ConnectionEntry> = {}) =>
  ({ number, since, isInbound: true, isDisplaced: false, ...more }) as ConnectionEntry
const somebody = { node: {} as ConnectionEntry['node'] }

describe('room is made at the cost of', () => {
  test('the inbound connection that has been silent for longest', () => {
    expect(longestSilent([entry(1, 0), entry(2, 1)], SILENCE_MS)?.number).toBe(1)
  })
  test('nobody, while all are new', () => {
    expect(longestSilent([entry(1, 1), entry(2, 2)], SILENCE_MS)).toBeUndefined()
  })
  test('nobody who has shown who it is, is dialled, is a peer or is leaving already', () => {
    const others = [
      entry(1, 0, somebody),
      entry(2, 0, { isInbound: false }),
      entry(3, 0, { peer: {} as any }),
      entry(4, 0, { isDisplaced: true }),
    ]
    expect(longestSilent(others, 1e6)).toBeUndefined()
    expect(longestSilent([...others, entry(5, 10)], 1e6)?.number).toBe(5)
  })
})

test('connections are counted that are being set up and stay', () => {
  const entries = [
    entry(1, 0),
    entry(2, 0, somebody),
    entry(3, 0, { peer: {} as any }),
    entry(4, 0, { isInbound: false }),
  ]
  expect([pendingOf(entries, true), pendingOf(entries, false)]).toEqual([2, 1])
})
