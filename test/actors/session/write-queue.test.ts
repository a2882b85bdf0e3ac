import { expect, test } from 'vitest'
import { writeQueue } from '../../../actors/session/write-queue.ts'

const message = (code: number, bytes = 1) => ({ code, payload: new Uint8Array(bytes) })

test('messages of the base protocol go before all others, each kind in its order', () => {
  const queue = writeQueue()
  queue.add(message(16))
  queue.add(message(17))
  queue.addBase(message(2))
  queue.addBase(message(3))
  expect([queue.next(), queue.next()].map((one) => one!.code)).toEqual([2, 3])
  expect(queue.next()!.code).toBe(16)
  queue.addBase(message(1))
  expect([queue.next(), queue.next(), queue.next()].map((one) => one?.code)).toEqual([1, 17, undefined])
})

test('its bytes are those of the payloads that wait, however many come and go', () => {
  const queue = writeQueue()
  const order: number[] = []
  for (let code = 0; code < 1_000; code++) queue.add(message(code, 10))
  queue.addBase(message(9, 5))
  expect([queue.bytes, queue.baseCount]).toEqual([10_005, 1])
  queue.next()
  for (let i = 0; i < 600; i++) order.push(queue.next()!.code)
  for (let code = 1_000; code < 1_500; code++) queue.add(message(code, 10))
  for (let next = queue.next(); next !== undefined; next = queue.next()) order.push(next.code)
  expect(order).toEqual(Array.from({ length: 1_500 }, (_, i) => i))
  expect(queue.bytes).toBe(0)
})

test('who waits for a message that never leaves is told so', () => {
  const queue = writeQueue()
  const told: boolean[] = []
  for (let code = 0; code < 3; code++) queue.add({ ...message(code), written: (isWritten) => told.push(isWritten) })
  queue.next()?.written?.(true)
  queue.clear()
  expect(told).toEqual([true, false, false])
  expect([queue.next(), queue.bytes]).toEqual([undefined, 0])
})
