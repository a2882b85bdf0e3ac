/** Ethereum mainnet (geth, `params.MainnetChainConfig`, `core.DefaultGenesisBlock`). */
import { hexConstant } from '../hex.ts'
import { BPO1_BLOBS, BPO2_BLOBS, CANCUN_BLOBS, PRAGUE_BLOBS } from './blob-parameters.ts'
import type { ChainSpec } from './chain-spec.ts'

export const MAINNET: ChainSpec = {
  name: 'mainnet',
  chainId: 1n,
  networkId: 1n,
  consensus: 'ethash',
  genesis: {
    nonce: hexConstant('0000000000000042'),
    timestamp: 0n,
    extraData: hexConstant('11bbe8db4e347b4e8c937c1c8370e4b5ed33adb3db69cbdb7a38e1e50b1b82fa'),
    gasLimit: 5000n,
    difficulty: 17179869184n,
    mixHash: new Uint8Array(32),
    coinbase: new Uint8Array(20),
    number: 0n,
    gasUsed: 0n,
    parentHash: new Uint8Array(32),
    alloc: { kind: 'bundled', network: 'mainnet' },
  },
  blockForks: {
    homestead: 1150000n,
    dao: 1920000n,
    eip150: 2463000n,
    eip155: 2675000n,
    eip158: 2675000n,
    byzantium: 4370000n,
    constantinople: 7280000n,
    petersburg: 7280000n,
    istanbul: 9069000n,
    muirGlacier: 9200000n,
    berlin: 12244000n,
    london: 12965000n,
    arrowGlacier: 13773000n,
    grayGlacier: 15050000n,
  },
  timeForks: {
    shanghai: 1681338455n,
    cancun: 1710338135n,
    prague: 1746612311n,
    osaka: 1764798551n,
    bpo1: 1765290071n,
    bpo2: 1767747671n,
  },
  daoForkSupport: true,
  eip150Hash: hexConstant('2086799aeebeae135c246c65021c82b4e15a2c451340993aacfd2751886514f0'),
  terminalTotalDifficulty: 58750000000000000000000n,
  blobSchedule: { cancun: CANCUN_BLOBS, prague: PRAGUE_BLOBS, bpo1: BPO1_BLOBS, bpo2: BPO2_BLOBS },
  depositContract: hexConstant('00000000219ab540356cbb839cbe05303d7705fa'),
}
