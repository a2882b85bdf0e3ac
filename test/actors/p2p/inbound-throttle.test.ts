import { expect, test } from 'vitest'
import { INBOUND_HOSTS_MAX, inboundThrottle } from '../../../actors/p2p/inbound-throttle.ts'

const wan = (number: number): Uint8Array => Uint8Array.of(80, number >>> 16, number >>> 8, number)

test('a host may connect once in 30 s, and a refused attempt does not make it wait longer', () => {
  const mayEnter = inboundThrottle()
  expect([0, 1, 29_999, 30_000, 59_999, 60_000].map((now) => mayEnter(wan(1), now))).toEqual([
    true,
    false,
    false,
    true,
    false,
    true,
  ])
  expect(mayEnter(wan(2), 0)).toBe(true)
})

test('hosts of the local network connect as often as they like', () => {
  const mayEnter = inboundThrottle()
  const lan = [Uint8Array.of(127, 0, 0, 1), Uint8Array.of(10, 1, 2, 3), Uint8Array.of(192, 168, 0, 1)]
  for (const ip of [...lan, ...lan]) expect(mayEnter(ip, 0)).toBe(true)
})

test('a bounded number of hosts is remembered; the oldest is forgotten first', () => {
  const mayEnter = inboundThrottle()
  for (let number = 0; number <= INBOUND_HOSTS_MAX; number++) expect(mayEnter(wan(number), 0)).toBe(true)
  expect([mayEnter(wan(1), 0), mayEnter(wan(0), 0)]).toEqual([false, true])
})
