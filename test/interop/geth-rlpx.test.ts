/** RLPx with real geths (`GETH_BIN`), each as the end that is dialled and as the one that dials. */
import { basename } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ETH_66, ETH_67, ETH_68, ETH_69 } from '../../protocols/devp2p/capability.ts'
import { DisconnectReason } from '../../protocols/devp2p/disconnect.ts'
import { hexConstant } from '../../protocols/hex.ts'
import { enterList, nextItem, rlpReader, takeFixed, takeUint } from '../../protocols/rlp.ts'
import { enodeOf, type Heard, realPeer, until } from '../actors/p2p/rig.ts'
import { GETH_BINS, type Geth, startGeth } from './geth-process.ts'

const CAPABILITIES = [ETH_66, ETH_67, ETH_68, ETH_69]
const STATUS = 0
const MAINNET_GENESIS = hexConstant('d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3')
/** Milliseconds after which a geth whose Status is not answered gives up (eth/protocols/eth/handshake.go). */
const STATUS_MS = 5_000

/** Version, network id and genesis of a Status (devp2p caps/eth.md), of eth/69 and of those before. */
function statusOf(payload: Uint8Array) {
  const reader = rlpReader(payload)
  enterList(reader)
  const version = takeUint(reader, 4)
  const networkId = takeUint(reader, 8)
  if (version < 69n) {
    nextItem(reader) // total difficulty
    nextItem(reader) // head
  }
  const genesis = takeFixed(reader, 32)
  expect(reader.error).toBeUndefined()
  return { version, networkId, genesis: genesis.slice() }
}

/** Geth speaks first, as nobody of ours answers; then it hangs up. */
async function expectStatus(heard: Heard, geth: Geth): Promise<void> {
  await until(() => heard.messages.length > 0)
  const { version } = heard.ups[0]!
  const [{ capability, code, payload }] = heard.messages as [Heard['messages'][number]]
  expect({ capability, code }).toEqual({ capability: 'eth', code: STATUS })
  expect(statusOf(payload)).toEqual({
    version: BigInt(version),
    networkId: BigInt(geth.networkId),
    genesis: MAINNET_GENESIS,
  })
  await until(() => heard.downs.length > 0, 2 * STATUS_MS)
  expect(heard.downs[0]!.end).toEqual({ code: 'REMOTE', reason: DisconnectReason.readTimeout })
}

describe.skipIf(GETH_BINS.length === 0)('with geth (needs GETH_BIN)', () => {
  describe.each(GETH_BINS.map((path) => [basename(path), path] as const))('%s', (name, path) => {
    let geth: Geth
    beforeAll(async () => {
      geth = await startGeth(path)
    })
    afterAll(() => geth?.stop())

    test('we dial it: handshake, Hello, compressed messages, Disconnect', async () => {
      const ours = await realPeer(1, { capabilities: CAPABILITIES })
      expect(await ours.ask('addPeer', { url: geth.enode })).toMatchObject({ ok: true })
      await until(() => ours.heard.ups.length > 0)
      const [peer] = await ours.ask('peers')
      expect(peer).toMatchObject({ isInbound: false, isStatic: true, name: expect.stringMatching(/^Geth\/v/) })
      const best = Math.max(...peer!.capabilities.filter(({ name }) => name === 'eth').map(({ version }) => version))
      expect(ours.heard.ups[0]).toMatchObject({ capability: 'eth', version: Math.min(best, ETH_69.version) })
      await expectStatus(ours.heard, geth)
    })

    test('it dials us, and shows us among its peers', async () => {
      const ours = await realPeer(2, { capabilities: CAPABILITIES })
      expect(await geth.call('admin_addPeer', await enodeOf(ours))).toBe(true)
      await until(() => ours.heard.ups.length > 0, 20_000)
      expect(ours.heard.ups[0]).toMatchObject({ isInbound: true, clientName: expect.stringMatching(/^Geth\/v/) })
      const theirs = await geth.call<{ name: string; caps: string[]; network: { inbound: boolean } }[]>('admin_peers')
      expect(theirs).toMatchObject([
        {
          name: 'troupe/2',
          caps: CAPABILITIES.map(({ name, version }) => `${name}/${version}`),
          network: { inbound: false, static: true },
        },
      ])
      await expectStatus(ours.heard, geth)
      await geth.call('admin_removePeer', await enodeOf(ours))
    })

    test('it hangs up when it is told to, and says so', async () => {
      const ours = await realPeer(3, { capabilities: CAPABILITIES })
      await geth.call('admin_addPeer', await enodeOf(ours))
      await until(() => ours.heard.ups.length > 0, 20_000)
      await geth.call('admin_removePeer', await enodeOf(ours))
      await until(() => ours.heard.downs.length > 0)
      expect(ours.heard.downs[0]!.end).toEqual({ code: 'REMOTE', reason: DisconnectReason.requested })
    })

    test('it understands why we hang up', async () => {
      const ours = await realPeer(4, { capabilities: CAPABILITIES, settings: { peersMax: 0 } })
      await geth.call('admin_addPeer', await enodeOf(ours))
      await until(
        async () => (await ours.ask('info')).setupEnds[`REFUSED:${DisconnectReason.tooManyPeers}`] === 1,
        20_000,
      )
      // Before 1.15 it reads only a bare byte in the place of Hello, and takes the list of the specification for 0.
      const words = /^geth-1\.1[0-4]/.test(name)
        ? /Failed p2p handshake.*disconnect requested/
        : /Failed p2p handshake.*too many peers/
      await until(() => words.test(geth.log()))
      await geth.call('admin_removePeer', await enodeOf(ours))
    })
  })
})
