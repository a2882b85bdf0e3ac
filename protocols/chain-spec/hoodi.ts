/** Hoodi (geth, `params.HoodiChainConfig`, `core.DefaultHoodiGenesisBlock`). */
import { hexConstant } from '../hex.ts'
import { BPO1_BLOBS, BPO2_BLOBS, CANCUN_BLOBS, PRAGUE_BLOBS } from './blob-parameters.ts'
import type { ChainSpec } from './chain-spec.ts'

export const HOODI: ChainSpec = {
  name: 'hoodi',
  chainId: 560048n,
  networkId: 560048n,
  consensus: 'beacon',
  genesis: {
    nonce: hexConstant('0000000000001234'),
    timestamp: 1742212800n,
    extraData: hexConstant(''),
    gasLimit: 36000000n,
    difficulty: 1n,
    mixHash: new Uint8Array(32),
    coinbase: new Uint8Array(20),
    number: 0n,
    gasUsed: 0n,
    parentHash: new Uint8Array(32),
    alloc: { kind: 'bundled', network: 'hoodi' },
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
    muirGlacier: 0n,
    berlin: 0n,
    london: 0n,
    mergeNetsplit: 0n,
  },
  timeForks: {
    shanghai: 0n,
    cancun: 0n,
    prague: 1742999832n,
    osaka: 1761677592n,
    bpo1: 1762365720n,
    bpo2: 1762955544n,
  },
  daoForkSupport: false,
  terminalTotalDifficulty: 0n,
  blobSchedule: { cancun: CANCUN_BLOBS, prague: PRAGUE_BLOBS, bpo1: BPO1_BLOBS, bpo2: BPO2_BLOBS },
  depositContract: hexConstant('00000000219ab540356cbb839cbe05303d7705fa'),
}
