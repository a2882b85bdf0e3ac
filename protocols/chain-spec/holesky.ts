/** Holesky (geth, `params.HoleskyChainConfig`, `core.DefaultHoleskyGenesisBlock`). */
import { hexConstant } from '../hex.ts'
import { BPO1_BLOBS, BPO2_BLOBS, CANCUN_BLOBS, PRAGUE_BLOBS } from './blob-parameters.ts'
import type { ChainSpec } from './chain-spec.ts'

export const HOLESKY: ChainSpec = {
  name: 'holesky',
  chainId: 17000n,
  networkId: 17000n,
  consensus: 'beacon',
  genesis: {
    nonce: hexConstant('0000000000001234'),
    timestamp: 1695902100n,
    extraData: hexConstant(''),
    gasLimit: 25000000n,
    difficulty: 1n,
    mixHash: new Uint8Array(32),
    coinbase: new Uint8Array(20),
    number: 0n,
    gasUsed: 0n,
    parentHash: new Uint8Array(32),
    alloc: { kind: 'bundled', network: 'holesky' },
  },
  blockForks: {
    homestead: 0n,
    eip150: 0n,
    eip155: 0n,
    eip158: 0n,
    byzantium: 0n,
    constantinople: 0n,
    petersburg: 0n,
    istanbul: 0n,
    berlin: 0n,
    london: 0n,
  },
  timeForks: {
    shanghai: 1696000704n,
    cancun: 1707305664n,
    prague: 1740434112n,
    osaka: 1759308480n,
    bpo1: 1759800000n,
    bpo2: 1760389824n,
  },
  daoForkSupport: false,
  terminalTotalDifficulty: 0n,
  blobSchedule: { cancun: CANCUN_BLOBS, prague: PRAGUE_BLOBS, bpo1: BPO1_BLOBS, bpo2: BPO2_BLOBS },
  depositContract: hexConstant('4242424242424242424242424242424242424242'),
}
