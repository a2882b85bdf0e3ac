import { expect, test } from 'vitest'
import { serveClient } from '../../../actors/rpc/client.ts'
import { createSubscriptions } from '../../../actors/rpc/subscriptions.ts'

function client(notificationsMax: number) {
  const state = { hasRoom: true, written: [] as string[], closedFor: undefined as string | undefined, isGone: false }
  const subscriptions = createSubscriptions()
  let answer: (opened: readonly string[]) => void = () => {}
  const served = serveClient(
    {
      write(text) {
        state.written.push(text)
        return state.hasRoom
      },
      pause() {},
      resume() {},
      end() {},
      close(reason) {
        state.closedFor = reason
      },
    },
    { callsMax: 4, unsentMax: 1_000_000, notificationsMax },
    {
      clock: { schedule: () => ({ cancel() {} }) },
      subscriptions,
      answer: (_body, number) => {
        subscriptions.subscribe(number, 'newHeads', '0x1')
        return new Promise((resolve) => {
          answer = (opened) => resolve({ text: 'the id', close: false, opened })
        })
      },
      gone: () => {
        state.isGone = true
      },
    },
  )
  served.received(Uint8Array.of(1))
  served.advance()
  return {
    state,
    subscriptions,
    served,
    async opens() {
      answer(['0x1'])
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

test('notifications from before the id follow it', async () => {
  const { state, subscriptions, opens } = client(10)
  subscriptions.publish('newHeads', 1)
  expect(state.written).toEqual([])
  await opens()
  subscriptions.publish('newHeads', 2)
  expect(state.written.map((text) => text.replace(/.*"result":(\d).*/, '$1'))).toEqual(['the id', '1', '2'])
})
test('a client that reads none of them is cut off with a reason, and its subscriptions end', async () => {
  const { state, subscriptions, opens } = client(2)
  await opens()
  state.hasRoom = false
  for (let i = 0; i < 3; i++) subscriptions.publish('newHeads', i)
  expect(state.closedFor).toBeUndefined()
  subscriptions.publish('newHeads', 3)
  expect(state).toMatchObject({ closedFor: 'notifications are not read', isGone: true })
  expect(subscriptions.count('newHeads')).toBe(0)
})
test('one that reads again is told all it was kept', async () => {
  const { state, subscriptions, served, opens } = client(2)
  await opens()
  state.hasRoom = false
  for (let i = 0; i < 3; i++) subscriptions.publish('newHeads', i)
  state.hasRoom = true
  served.drained()
  expect(state.written).toHaveLength(4)
})
