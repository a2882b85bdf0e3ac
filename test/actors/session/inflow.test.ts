import { expect, test } from 'vitest'
import { inflowQueue } from '../../../actors/session/inflow.ts'
import { INFLOW_BYTES_MAX, INFLOW_MESSAGES_MAX } from '../../../actors/session/limits.ts'

const message = (code: number, bytes: number) => ({ capability: 'test', code, payload: new Uint8Array(bytes) })

test('it is full by messages, or by bytes, and empty when they are taken', () => {
  const inflow = inflowQueue()
  for (let code = 0; code < INFLOW_MESSAGES_MAX; code++) {
    expect(inflow.isFull).toBe(false)
    inflow.add(message(code, 1))
  }
  expect(inflow.isFull).toBe(true)
  expect(inflow.takeAll().map(({ code }) => code)).toEqual(Array.from({ length: INFLOW_MESSAGES_MAX }, (_, i) => i))
  expect([inflow.isFull, inflow.count, inflow.bytes]).toEqual([false, 0, 0])
  inflow.add(message(0, INFLOW_BYTES_MAX - 1))
  expect(inflow.isFull).toBe(false)
  inflow.add(message(1, 1))
  expect(inflow.isFull).toBe(true)
})
