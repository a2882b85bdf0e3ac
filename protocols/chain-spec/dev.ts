/** A chain for development: merged, every fork through Osaka on from genesis, ten funded accounts with public keys. */
import { hexConstant } from '../hex.ts'
import { CANCUN_BLOBS, PRAGUE_BLOBS } from './blob-parameters.ts'
import type { ChainSpec, GenesisAccount } from './chain-spec.ts'
import { BEACON_ROOTS, CONSOLIDATION_REQUESTS, HISTORY_STORAGE, WITHDRAWAL_REQUESTS } from './system-contracts.ts'

/** The mnemonic that anvil, hardhat and others take as well. Everybody knows it, and so the keys below. */
export const DEV_MNEMONIC = 'test test test test test test test test test test test junk'
/** Of the accounts, their index in place of the i (BIP-32, BIP-44). */
export const DEV_DERIVATION_PATH = "m/44'/60'/0'/0/i"

/** `address`: 20 bytes, `key`: 32. */
export type DevAccount = { readonly address: Uint8Array; readonly key: Uint8Array }

/** First ten of the mnemonic. */
export const DEV_ACCOUNTS: readonly DevAccount[] = (
  [
    ['f39fd6e51aad88f6f4ce6ab8827279cfffb92266', 'ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'],
    ['70997970c51812dc3a010c7d01b50e0d17dc79c8', '59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d'],
    ['3c44cdddb6a900fa2b585dd299e03d12fa4293bc', '5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a'],
    ['90f79bf6eb2c4f870365e785982e1f101e93b906', '7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6'],
    ['15d34aaf54267db7d7c367839aaf71a00a2c6a65', '47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a'],
    ['9965507d1a55bcc2695c58ba16fb37d819b0a4dc', '8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba'],
    ['976ea74026e726554db657fa54763abd0c3a0aa9', '92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e'],
    ['14dc79964da2c08b23698b3d3cc7ca32193d9955', '4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356'],
    ['23618e81e3f5cdf7f54c3d65f7fbc0abf5b21e8f', 'dbda1821b80551c9d65939329250298aa3472ba22feea921c0cf5d620ea67b97'],
    ['a0ee7a142d267c1f36714e4a8f75612f20a79720', '2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6'],
  ] as const
).map(([address, key]) => ({ address: hexConstant(address), key: hexConstant(key) }))

/** 10,000 ETH, in wei. */
export const DEV_BALANCE = 10_000n * 10n ** 18n
/** Default gas limit of geth's miner (1.10.26). */
const DEV_GAS_LIMIT = 30_000_000n
/** Blocks, `devEpochLength` of geth eth/catalyst/simulated_beacon.go. */
const DEV_EPOCH_BLOCKS = 32n

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
  simulatedBeacon: { epochBlocks: DEV_EPOCH_BLOCKS },
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
        ...DEV_ACCOUNTS.map(({ address }) => funded(address)),
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
