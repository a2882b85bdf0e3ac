import { afterAll, beforeAll, expect, test } from 'vitest'
import { bytesToHex } from '../../../protocols/hex.ts'
import { encodeReceipts, type Receipt } from '../../../protocols/receipt.ts'
import { encodeTransaction } from '../../../protocols/transaction/encode.ts'
import type { DynamicFeeTransaction } from '../../../protocols/transaction/transaction.ts'
import { memoryChain } from './memory-chain.ts'
import { type Rig, startRig } from './rig.ts'

const GWEI = 10n ** 9n
const tx = (tip: bigint, nonce: bigint) => {
  const transaction: DynamicFeeTransaction = {
    type: 2,
    chainId: 1337n,
    nonce,
    gasLimit: 100_000n,
    to: new Uint8Array(20).fill(1),
    value: 1n,
    data: new Uint8Array(0),
    accessList: [],
    maxPriorityFeePerGas: tip,
    maxFeePerGas: 100n * GWEI,
    yParity: 0n,
    r: 1n,
    s: 1n,
  }
  return encodeTransaction(transaction)
}
const receipt = (cumulativeGasUsed: bigint): Receipt => ({
  type: 2,
  outcome: { kind: 'status', success: true },
  cumulativeGasUsed,
  logsBloom: new Uint8Array(256),
  logs: [],
})

const chain = memoryChain()
chain.add({ baseFeePerGas: GWEI, gasUsed: 0n })
const busy = chain.add(
  { baseFeePerGas: GWEI, gasLimit: 200_000n, gasUsed: 100_000n },
  // Tips 3, 1 and 2 gwei, which use 30,000, 50,000 and 20,000 gas.
  { transactions: [tx(3n * GWEI, 0n), tx(GWEI, 1n), tx(2n * GWEI, 2n)], ommers: [] },
)
chain.receipts.set(bytesToHex(busy.hash), encodeReceipts([receipt(30_000n), receipt(80_000n), receipt(100_000n)]))
chain.add({ baseFeePerGas: GWEI, gasLimit: 200_000n, gasUsed: 200_000n })

let rig: Rig
beforeAll(async () => {
  rig = await startRig({ chain })
})
afterAll(() => rig.stop())
const call = async (method: string, ...params: unknown[]) => {
  const { result, error } = await rig.call(method, ...params)
  return error === undefined ? result : error
}

test('the tip is the 60th percentile of the lowest three of each block, an empty block counting as the last answer', async () => {
  // 1,000,000 wei of the empty block, then 1, 2 and 3 gwei: index (4 − 1) · 60 / 100 = 1.
  expect(await call('eth_maxPriorityFeePerGas')).toBe(`0x${GWEI.toString(16)}`)
  expect(await call('eth_gasPrice')).toBe(`0x${(2n * GWEI).toString(16)}`)
})

test('feeHistory tells ratios, base fees with the next one, and tips by share of gas', async () => {
  const history = await call('eth_feeHistory', '0x2', 'latest', [0, 50, 51, 71, 100])
  expect(history).toEqual({
    oldestBlock: '0x1',
    reward: [
      [1n, 1n, 2n, 3n, 3n].map((gwei) => `0x${(gwei * GWEI).toString(16)}`),
      ['0x0', '0x0', '0x0', '0x0', '0x0'],
    ],
    // Full: an eighth more.
    baseFeePerGas: ['0x3b9aca00', '0x3b9aca00', `0x${((GWEI * 9n) / 8n).toString(16)}`],
    gasUsedRatio: [0.5, 1],
    baseFeePerBlobGas: ['0x0', '0x0', '0x0'],
    blobGasUsedRatio: [0, 0],
  })
})
test('feeHistory takes decimal counts and no more blocks than there are', async () => {
  expect(await call('eth_feeHistory', 5, '0x1')).toMatchObject({ oldestBlock: '0x0', gasUsedRatio: [0, 0.5] })
  expect((await call('eth_feeHistory', '1', 'earliest', [])).reward).toBeUndefined()
  expect(await call('eth_feeHistory', '0x0', 'latest')).toEqual({ oldestBlock: '0x0', gasUsedRatio: null })
})
test.each([
  [['0x1', '0x9'], 'request beyond head block: requested 9, head 2'],
  [['0x1', 'latest', [101]], 'invalid reward percentile: 101.000000'],
  [['0x1', 'latest', [2, 1]], 'invalid reward percentile: #0:2.000000 >= #1:1.000000'],
  [
    ['0x1', 'latest', Array.from({ length: 101 }, (_, i) => i / 2)],
    'invalid reward percentile: over the query limit 100',
  ],
])('feeHistory refuses %j', async (params, message) =>
  expect(await call('eth_feeHistory', ...params)).toEqual({ code: -32000, message }),
)
test.each([
  [['1x', 'latest']],
  [['-1', 'latest']],
  [[1.5, 'latest']],
  [['0x1', 'latest', ['50']]],
  [['0x1', 'latest', 50]],
])('feeHistory refuses the argument of %j', async (params) =>
  expect(await call('eth_feeHistory', ...params)).toMatchObject({ code: -32602 }),
)
