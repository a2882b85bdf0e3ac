import { expect, test } from 'vitest'
import { trafficCount } from '../../../actors/session/traffic-count.ts'

test('messages and bytes are counted by direction and code, of the base protocol and of capabilities far behind it', () => {
  const traffic = trafficCount()
  const running = [
    { name: 'eth', version: 68, length: 17, offset: 16 },
    { name: 'snap', version: 1, length: 8, offset: 33 },
  ]
  traffic.sent(0, 100)
  traffic.received(0, 120)
  traffic.received(16, 50)
  traffic.received(16, 60)
  traffic.sent(40, 7)
  expect(traffic.byCode(running)).toEqual([
    { capability: 'p2p', code: 0, messagesIn: 1, bytesIn: 120, messagesOut: 1, bytesOut: 100 },
    { capability: 'eth', code: 0, messagesIn: 2, bytesIn: 110, messagesOut: 0, bytesOut: 0 },
    { capability: 'snap', code: 7, messagesIn: 0, bytesIn: 0, messagesOut: 1, bytesOut: 7 },
  ])
  expect(traffic.total()).toEqual({ messagesIn: 3, bytesIn: 230, messagesOut: 2, bytesOut: 107 })
})
