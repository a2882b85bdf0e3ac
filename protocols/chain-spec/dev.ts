/** A chain for development: merged, every fork through Osaka on from genesis, ten funded accounts with public keys. */
import { hexConstant } from '../hex.ts'
import { CANCUN_BLOBS, PRAGUE_BLOBS } from './blob-parameters.ts'
import type { ChainSpec, GenesisAccount } from './chain-spec.ts'
import { BEACON_ROOTS, CONSOLIDATION_REQUESTS, HISTORY_STORAGE, WITHDRAWAL_REQUESTS } from './system-contracts.ts'

/** First ten of the mnemonic `test test test test test test test test test test test junk`, path m/44'/60'/0'/0/i. */
export const DEV_ADDRESSES: readonly Uint8Array[] = [
  'f39fd6e51aad88f6f4ce6ab8827279cfffb92266',
  '70997970c51812dc3a010c7d01b50e0d17dc79c8',
  '3c44cdddb6a900fa2b585dd299e03d12fa4293bc',
  '90f79bf6eb2c4f870365e785982e1f101e93b906',
  '15d34aaf54267db7d7c367839aaf71a00a2c6a65',
  '9965507d1a55bcc2695c58ba16fb37d819b0a4dc',
  '976ea74026e726554db657fa54763abd0c3a0aa9',
  '14dc79964da2c08b23698b3d3cc7ca32193d9955',
  '23618e81e3f5cdf7f54c3d65f7fbc0abf5b21e8f',
  'a0ee7a142d267c1f36714e4a8f75612f20a79720',
].map(hexConstant)

/** 10,000 ETH, in wei. */
const DEV_BALANCE = 10_000n * 10n ** 18n
/** Default gas limit of geth's miner (1.10.26). */
const DEV_GAS_LIMIT = 30_000_000n

const funded = (address: Uint8Array): GenesisAccount => ({
  address,
  balance: DEV_BALANCE,
  nonce: 0n,
  code: new Uint8Array(0),
  storage: [],
})
/** Nonce 1, as a created contract has (EIP-161). */
const predeployed = (contract: { readonly address: Uint8Array; readonly code: Uint8Array }): GenesisAccount => ({
  ...contract,
  balance: 0n,
  nonce: 1n,
  storage: [],
})

export const DEV: ChainSpec = {
  name: 'dev',
  chainId: 1337n,
  networkId: 1337n,
  consensus: 'beacon',
  genesis: {
    nonce: new Uint8Array(8),
    timestamp: 0n,
    extraData: new Uint8Array(0),
    gasLimit: DEV_GAS_LIMIT,
    difficulty: 0n,
    mixHash: new Uint8Array(32),
    coinbase: new Uint8Array(20),
    number: 0n,
    gasUsed: 0n,
    parentHash: new Uint8Array(32),
    alloc: {
      kind: 'inline',
      accounts: [
        ...DEV_ADDRESSES.map(funded),
        ...[BEACON_ROOTS, HISTORY_STORAGE, WITHDRAWAL_REQUESTS, CONSOLIDATION_REQUESTS].map(predeployed),
      ],
    },
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
    arrowGlacier: 0n,
    grayGlacier: 0n,
    mergeNetsplit: 0n,
  },
  timeForks: { shanghai: 0n, cancun: 0n, prague: 0n, osaka: 0n },
  daoForkSupport: false,
  terminalTotalDifficulty: 0n,
  blobSchedule: { cancun: CANCUN_BLOBS, prague: PRAGUE_BLOBS },
  depositContract: hexConstant('00000000219ab540356cbb839cbe05303d7705fa'),
}
