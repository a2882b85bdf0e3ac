/** Accounts of the genesis block. Those of public networks come from a package and are loaded when asked for. */

import { leftPad } from '../bytes.ts'
import { hexConstant } from '../hex.ts'
import type { BundledNetwork, GenesisAccount, GenesisSpec } from './chain-spec.ts'

/** Accounts of a genesis, in no order that matters. */
export async function loadGenesisAlloc(genesis: GenesisSpec): Promise<readonly GenesisAccount[]> {
  if (genesis.alloc.kind === 'inline') return genesis.alloc.accounts
  return Object.entries(await bundledState(genesis.alloc.network)).map(([address, state]) => accountOf(address, state))
}

/** Balance, or balance, code, storage and nonce, as `@ethereumjs/genesis` writes them. */
type BundledAccount =
  | string
  | readonly [balance?: string, code?: string, storage?: readonly (readonly [string, string])[], nonce?: string]

async function bundledState(network: BundledNetwork): Promise<object> {
  switch (network) {
    case 'mainnet':
      return (await import('@ethereumjs/genesis/mainnet')).mainnetGenesis
    case 'sepolia':
      return (await import('@ethereumjs/genesis/sepolia')).sepoliaGenesis
    case 'holesky':
      return (await import('@ethereumjs/genesis/holesky')).holeskyGenesis
    case 'hoodi':
      return (await import('@ethereumjs/genesis/hoodi')).hoodiGenesis
  }
}

function accountOf(address: string, state: unknown): GenesisAccount {
  const account = state as BundledAccount
  const [balance, code, storage, nonce] = typeof account === 'string' ? [account] : account
  return {
    address: hexConstant(address),
    balance: BigInt(balance ?? 0),
    nonce: BigInt(nonce ?? 0),
    code: hexConstant(code ?? ''),
    storage: (storage ?? []).map(([slot, value]) => ({
      slot: leftPad(hexConstant(slot), 32),
      value: leftPad(hexConstant(value), 32),
    })),
  }
}
