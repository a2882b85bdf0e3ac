import { expect, test } from 'vitest'
import { sharedViews } from '../../../actors/rpc/shared-view.ts'
import { memoryChain } from './memory-chain.ts'

function rig(isShared: boolean) {
  const chain = memoryChain()
  chain.add()
  let sequence = 2
  const timers: (() => void)[] = []
  const clock = {
    schedule(_delayMs: number, action: () => void) {
      timers.push(action)
      return { cancel() {} }
    },
  }
  const views = sharedViews(chain, clock, isShared ? () => sequence : undefined)
  return {
    chain,
    views,
    grow() {
      chain.add()
      sequence += 2
    },
    timers,
    passTime: () => timers.splice(0).map((fire) => fire()),
  }
}

test('calls share one snapshot until a head is published, and then see the new one', () => {
  const { chain, views, grow } = rig(true)
  const first = views.take()
  const second = views.take()
  expect([chain.taken(), second.chain]).toEqual([1, first.chain])
  grow()
  const third = views.take()
  expect([chain.taken(), third.chain.head()?.number, first.chain.head()?.number]).toEqual([2, 1n, 0n])
})

test('a snapshot is closed when its last call has ended and no other will get it', () => {
  const { chain, views, grow, passTime } = rig(true)
  const first = views.take()
  const second = views.take()
  first.release()
  second.release()
  expect(chain.open()).toBe(1)
  const third = views.take()
  expect(chain.taken()).toBe(1)
  passTime()
  expect(chain.open()).toBe(1)
  third.release()
  expect(chain.open()).toBe(0)
  views.take().release()
  grow()
  views.renew()
  expect([chain.taken(), chain.open()]).toEqual([2, 0])
})

test('the timer of an old snapshot leaves the new one shared', () => {
  const { chain, views, grow, timers } = rig(true)
  views.take().release()
  grow()
  views.take().release()
  const [old, young] = timers
  old?.()
  expect(chain.open()).toBe(1)
  young?.()
  expect(chain.open()).toBe(0)
})

test('without a published head every call has a snapshot of its own', async () => {
  const { chain, views } = rig(false)
  const first = views.take()
  const second = views.take()
  expect([chain.taken(), chain.open()]).toEqual([2, 2])
  first.release()
  second.release()
  await views.close()
  expect(chain.open()).toBe(0)
})
