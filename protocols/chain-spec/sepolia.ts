/** Sepolia (geth, `params.SepoliaChainConfig`, `core.DefaultSepoliaGenesisBlock`). */
import { hexConstant } from '../hex.ts'
import { BPO1_BLOBS, BPO2_BLOBS, CANCUN_BLOBS, PRAGUE_BLOBS } from './blob-parameters.ts'
import type { ChainSpec } from './chain-spec.ts'

export const SEPOLIA: ChainSpec = {
  name: 'sepolia',
  chainId: 11155111n,
  networkId: 11155111n,
  consensus: 'ethash',
  genesis: {
    nonce: hexConstant('0000000000000000'),
    timestamp: 1633267481n,
    extraData: hexConstant('5365706f6c69612c20417468656e732c204174746963612c2047726565636521'),
    gasLimit: 30000000n,
    difficulty: 131072n,
    mixHash: new Uint8Array(32),
    coinbase: new Uint8Array(20),
    number: 0n,
    gasUsed: 0n,
    parentHash: new Uint8Array(32),
    alloc: { kind: 'bundled', network: 'sepolia' },
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
    mergeNetsplit: 1735371n,
  },
  timeForks: {
    shanghai: 1677557088n,
    cancun: 1706655072n,
    prague: 1741159776n,
    osaka: 1760427360n,
    bpo1: 1761017184n,
    bpo2: 1761607008n,
  },
  daoForkSupport: false,
  terminalTotalDifficulty: 17000000000000000n,
  blobSchedule: { cancun: CANCUN_BLOBS, prague: PRAGUE_BLOBS, bpo1: BPO1_BLOBS, bpo2: BPO2_BLOBS },
  depositContract: hexConstant('7f02c3e3c98b133055b8b348b2ac625669ed295d'),
}
