import { afterEach, describe, expect, test } from 'vitest'
import type { ChainSpec } from '../../../protocols/chain-spec/chain-spec.ts'
import { DEV } from '../../../protocols/chain-spec/dev.ts'
import { HOODI } from '../../../protocols/chain-spec/hoodi.ts'
import { MAINNET } from '../../../protocols/chain-spec/mainnet.ts'
import { bytesToHex } from '../../../protocols/hex.ts'
import { memoryChain } from './memory-chain.ts'
import { type Rig, startRig } from './rig.ts'

let rig: Rig
afterEach(() => rig.stop())

/** @param height number of the head */
async function openChain(spec: ChainSpec, height: number): Promise<void> {
  const chain = memoryChain()
  for (let number = 0; number <= height; number++) chain.add()
  rig = await startRig({ chain, spec })
}
const hashAt = (number: number): string => bytesToHex(rig.chain.canonical[number]!.hash)
const blockAt = async (tag: string) => (await rig.call('eth_getBlockByNumber', tag, false)).result

describe('on the dev chain', () => {
  // As of geth eth/catalyst/simulated_beacon.go: safe is the head, finalized the last block of 32.
  test.each([
    [0, 0],
    [1, 0],
    [31, 0],
    [32, 32],
    [33, 32],
    [63, 32],
    [64, 64],
    [65, 64],
  ])('with head %d that is safe, and %d is finalized', async (head, finalized) => {
    await openChain(DEV, head)
    expect(await blockAt('safe')).toMatchObject({ number: `0x${head.toString(16)}`, hash: hashAt(head) })
    expect(await blockAt('finalized')).toMatchObject({ number: `0x${finalized.toString(16)}`, hash: hashAt(finalized) })
  })
  test('both move with the head', async () => {
    await openChain(DEV, 31)
    const grown = await rig.grow()
    expect((await blockAt('safe')).hash).toBe(grown)
    expect((await blockAt('finalized')).hash).toBe(grown)
  })
  test('every method that takes a block takes them', async () => {
    await openChain(DEV, 33)
    const address = `0x${'11'.repeat(20)}`
    expect((await rig.call('eth_getBalance', address, 'finalized')).result).toBe('0x0')
    expect((await rig.call('eth_getStorageAt', address, '0x0', 'safe')).result).toBe(`0x${'00'.repeat(32)}`)
    expect((await rig.call('eth_feeHistory', '0x1', 'finalized')).result).toMatchObject({ oldestBlock: '0x20' })
    const raw = (await rig.ipcCall('debug_getRawHeader', 'finalized')).result
    expect(raw).toBe(bytesToHex(rig.chain.canonical[32]!.header))
    expect((await rig.call('eth_getProof', address, [], 'finalized')).error.message).toContain('proof of block 32')
  })
})

describe.each([MAINNET, HOODI])('on $name, where no consensus client has said so', (spec) => {
  test.each(['safe', 'finalized'])('no block is %s', async (tag) => {
    await openChain(spec, 33)
    const missing = { code: -32000, message: `${tag} block not found` }
    expect((await rig.call('eth_getBlockByNumber', tag, false)).error).toEqual(missing)
    expect((await rig.call('eth_getBalance', `0x${'11'.repeat(20)}`, tag)).error).toEqual(missing)
  })
})
