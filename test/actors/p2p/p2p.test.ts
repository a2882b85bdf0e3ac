import { expect, test } from 'vitest'
import { enodeOf, realPeer, until } from './rig.ts'

test('two peers connect, and tell what the other is', async () => {
  const [a, b] = [await realPeer(1), await realPeer(2)]
  expect(await a.ask('addPeer', { url: await enodeOf(b) })).toEqual({ ok: true, value: undefined })
  await until(() => a.heard.ups.length === 1 && b.heard.ups.length === 1)
  expect(a.heard.ups[0]).toMatchObject({ clientName: 'troupe/2', isInbound: false, isStatic: true, version: 1 })
  expect(b.heard.ups[0]).toMatchObject({ clientName: 'troupe/1', isInbound: true, isStatic: false, version: 1 })
  const [shown] = await a.ask('peers')
  expect(shown).toMatchObject({ name: 'troupe/2', enode: await enodeOf(b), running: [{ name: 'test', version: 1 }] })
})
