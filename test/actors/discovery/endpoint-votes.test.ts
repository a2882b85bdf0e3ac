import { describe, expect, test } from 'vitest'
import {
  type EndpointVotes,
  HOSTS_MAX,
  isReachedByStrangers,
  noteContact,
  noteStatement,
  noVotes,
  predictedEndpoint,
} from '../../../actors/discovery/endpoint-votes.ts'
import { hexConstant } from '../../../protocols/hex.ts'
import { formatHostPort } from '../../../protocols/ip/address.ts'

const WINDOW_MS = 10_000
const votes = (): EndpointVotes => noVotes(3, WINDOW_MS, WINDOW_MS)
const host = (last: number): Uint8Array => Uint8Array.of(11, 0, 0, last)
const OURS = { ip: Uint8Array.of(12, 0, 0, 1), port: 8000 }
const says = (to: EndpointVotes, last: number, atMs: number, endpoint = OURS): void =>
  noteStatement(to, host(last), endpoint, atMs)
const predicted = (from: EndpointVotes, nowMs: number): string | undefined => {
  const endpoint = predictedEndpoint(from, nowMs)
  return endpoint && formatHostPort(endpoint.ip, endpoint.port)
}

// geth, TestIPTracker
describe('our endpoint', () => {
  test('is what three hosts agree on', () => {
    const some = votes()
    expect(predicted(some, 0)).toBeUndefined()
    says(some, 2, 0)
    says(some, 3, 1_000)
    expect(predicted(some, 1_000)).toBeUndefined()
    says(some, 3, 1_000)
    expect(predicted(some, 1_000)).toBeUndefined()
    says(some, 4, 1_000)
    expect(predicted(some, 1_000)).toBe('12.0.0.1:8000')
  })
  test('is not known for longer than the statements count', () => {
    const some = votes()
    says(some, 2, 0)
    says(some, 3, 2_000)
    says(some, 4, 3_000)
    expect(predicted(some, 10_000)).toBe('12.0.0.1:8000')
    expect(predicted(some, 10_001)).toBeUndefined()
    says(some, 2, 10_100)
    expect(predicted(some, 10_200)).toBe('12.0.0.1:8000')
  })
  test('is what most say, each host by its last word', () => {
    const some = votes()
    const moved = { ip: Uint8Array.of(12, 0, 0, 2), port: 8000 }
    for (const last of [2, 3, 4, 5]) says(some, last, 0)
    for (const last of [6, 7, 8]) says(some, last, 1, moved)
    expect(predicted(some, 1)).toBe('12.0.0.1:8000')
    for (const last of [2, 3]) says(some, last, 2, moved)
    expect(predicted(some, 2)).toBe('12.0.0.2:8000')
  })
  test('is not decided by one site with many IPv6 addresses', () => {
    const some = votes()
    for (let i = 1; i < 9; i++) {
      const ip = hexConstant('2a000000000000010000000000000000')
      ip[15] = i
      noteStatement(some, ip, OURS, 0)
    }
    expect(predicted(some, 0)).toBeUndefined()
  })
})

describe('strangers reach us', () => {
  test('not as far as we know, when only those speak to whom we wrote', () => {
    const some = votes()
    for (const last of [2, 3, 4]) {
      noteContact(some, host(last), last * 1_000)
      says(some, last, last * 1_000 + 10)
    }
    expect(isReachedByStrangers(some, 5_000)).toBe(false)
  })
  test('when one spoke before we wrote to it', () => {
    const some = votes()
    noteContact(some, host(2), 0)
    says(some, 2, 10)
    expect(isReachedByStrangers(some, 10)).toBe(false)
    says(some, 4, 3_000)
    noteContact(some, host(4), 3_010)
    expect(isReachedByStrangers(some, 3_500)).toBe(true)
  })
})

test('no more hosts are remembered than there is room for, and none for longer than it matters', () => {
  const some = votes()
  for (let i = 0; i < HOSTS_MAX + 500; i++) {
    const ip = Uint8Array.of(11, i >>> 16, i >>> 8, i)
    noteStatement(some, ip, OURS, 0)
    noteContact(some, ip, 0)
  }
  expect([some.statements.size, some.contacts.size]).toEqual([HOSTS_MAX, HOSTS_MAX])
  noteContact(some, host(1), WINDOW_MS + 1)
  expect([some.statements.size, some.contacts.size]).toEqual([0, 1])
})
