import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ChainHead } from '../../../actors/chain/messages.ts'
import { bytesToHex } from '../../../protocols/hex.ts'
import { FEE_RECIPIENT, type Rig, startRig } from './rig.ts'

const HASH = new Uint8Array(32).fill(0xab)
const headAt = (number: number): ChainHead => ({
  number: BigInt(number),
  hash: HASH,
  stateRoot: HASH,
  totalDifficulty: 0n,
})

let sealing: Rig
let other: Rig
/** Counts of blocks that the sealer was asked for. */
const counts: number[] = []
beforeAll(async () => {
  sealing = await startRig({
    seal(count) {
      counts.push(count)
      if (count === 13) return { ok: false, error: { code: 'SEAL_CHAIN', cause: 'ACTOR_DOWN' } }
      if (count === 14)
        return {
          ok: false,
          error: { code: 'SEAL_BLOCK', number: 5n, fault: { code: 'BLOCK_UNSUPPORTED', what: 'system calls' } },
        }
      return { ok: true, value: headAt(count) }
    },
  })
  other = await startRig()
})
afterAll(async () => {
  await sealing.stop()
  await other.stop()
})

describe('admin_seal', () => {
  test.each([
    [[], 1],
    [[null], 1],
    [[3], 3],
    [['0x10'], 16],
    [['1000'], 1000],
  ])('of %j makes %d blocks and answers the last', async (params, count) => {
    counts.length = 0
    const { result } = await sealing.ipcCall('admin_seal', ...params)
    expect(result).toEqual({ number: `0x${count.toString(16)}`, hash: bytesToHex(HASH) })
    expect(counts).toEqual([count])
  })
  test.each([[0], [1001], ['0xffffffffffffffff'], [-1], [1.5], ['many'], [{}]])(
    'refuses the count %j',
    async (count) => {
      counts.length = 0
      expect((await sealing.ipcCall('admin_seal', count)).error).toMatchObject({ code: -32602 })
      expect(counts).toEqual([])
    },
  )
  test('says why there are not all blocks', async () => {
    expect((await sealing.ipcCall('admin_seal', 13)).error).toEqual({
      code: -32000,
      message: 'not all blocks were made: ACTOR_DOWN; eth_blockNumber tells how far it came',
    })
    expect((await sealing.ipcCall('admin_seal', 14)).error).toEqual({
      code: -32000,
      message: 'block 5 was refused: BLOCK_UNSUPPORTED',
    })
  })
  test('says why a node does not seal', async () => {
    const { error } = await other.ipcCall('admin_seal')
    expect(error).toMatchObject({ code: -32000 })
    expect(error.message).toContain('this node does not seal')
  })
  test('is not there over HTTP', async () => {
    expect((await sealing.call('admin_seal')).error).toMatchObject({ code: -32601 })
  })
})

test('eth_coinbase, eth_mining and eth_hashrate answer as those of a node that seals, and of one that does not', async () => {
  expect((await sealing.call('eth_coinbase')).result).toBe(bytesToHex(FEE_RECIPIENT))
  expect((await sealing.call('eth_mining')).result).toBe(true)
  expect((await sealing.call('eth_hashrate')).result).toBe('0x0')
  expect((await other.call('eth_coinbase')).error).toEqual({
    code: -32000,
    message: 'etherbase must be explicitly specified',
  })
  expect((await other.call('eth_mining')).result).toBe(false)
  expect((await other.call('eth_hashrate')).result).toBe('0x0')
})
