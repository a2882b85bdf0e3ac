/** What makes one chain differ from another: identity, genesis, forks. Plain data: it crosses threads. */
import type { Result } from '../result.ts'
import { err, ok } from '../result.ts'
import type { BlobFork, BlockFork, Fork, ForkOrderError, TimeFork } from './forks.ts'
import { BLOB_FORKS, BLOB_INHERITING, BLOCK_FORKS, OPTIONAL_FORKS, TIME_FORKS } from './forks.ts'

export type ChainSpec = {
  readonly name: string
  readonly chainId: bigint // EIP-155
  readonly networkId: bigint // of the eth protocol's status
  readonly consensus: 'ethash' | 'clique' | 'beacon'
  readonly clique?: CliqueParameters
  /** Where the node itself stands for the consensus client; absent: what is safe and final is not known from the chain. */
  readonly simulatedBeacon?: SimulatedBeacon
  readonly genesis: GenesisSpec
  /** Activation block of each fork; absent: never. */
  readonly blockForks: { readonly [F in BlockFork]?: bigint }
  /** Activation timestamp, in seconds; absent: never. */
  readonly timeForks: { readonly [F in TimeFork]?: bigint }
  /** At the dao fork: true demands its extra data, false forbids it (EIP-779). */
  readonly daoForkSupport: boolean
  /** Hash of the block at `eip150`, where the chain demands one (EIP-150 on mainnet). */
  readonly eip150Hash?: Uint8Array
  /** Absent: the chain never merges. */
  readonly terminalTotalDifficulty?: bigint
  readonly blobSchedule: { readonly [F in BlobFork]?: BlobParameters }
  /** Whose logs are deposit requests (EIP-6110). */
  readonly depositContract?: Uint8Array
}

export type CliqueParameters = {
  readonly periodSeconds: bigint
  readonly epochBlocks: bigint
}

/** Its head is safe, the newest block whose number is a multiple of the epoch final. */
export type SimulatedBeacon = { readonly epochBlocks: bigint }

/** Blob parameters of a fork (EIP-7840): blobs per block, and the pace of the blob base fee. */
export type BlobParameters = {
  readonly target: number
  readonly max: number
  readonly baseFeeUpdateFraction: bigint
}

export type GenesisSpec = {
  readonly nonce: Uint8Array // 8
  readonly timestamp: bigint
  readonly extraData: Uint8Array
  readonly gasLimit: bigint // 0n: the default
  readonly difficulty?: bigint
  readonly mixHash: Uint8Array // 32
  readonly coinbase: Uint8Array // 20
  readonly number: bigint // 0n
  readonly gasUsed: bigint
  readonly parentHash: Uint8Array // 32
  readonly baseFeePerGas?: bigint
  readonly excessBlobGas?: bigint
  readonly blobGasUsed?: bigint
  readonly slotNumber?: bigint
  /** `loadGenesisAlloc` (genesis-alloc.ts) answers the accounts of either kind. */
  readonly alloc:
    | { readonly kind: 'inline'; readonly accounts: readonly GenesisAccount[] }
    | { readonly kind: 'bundled'; readonly network: BundledNetwork }
}
export type BundledNetwork = 'mainnet' | 'sepolia' | 'holesky' | 'hoodi'

export type GenesisAccount = {
  readonly address: Uint8Array // 20
  readonly balance: bigint // wei
  readonly nonce: bigint
  readonly code: Uint8Array
  readonly storage: readonly { readonly slot: Uint8Array; readonly value: Uint8Array }[] // 32 and 32
}

/** Parameters that hold at `timestamp`: of the newest active fork that has some. Undefined before Cancun. */
export function blobParametersAt(spec: ChainSpec, timestamp: bigint): BlobParameters | undefined {
  for (let i = BLOB_FORKS.length - 1; i >= 0; i--) {
    const fork = BLOB_FORKS[i]!
    const at = spec.timeForks[fork]
    const parameters = spec.blobSchedule[fork]
    if (at !== undefined && parameters !== undefined && timestamp >= at) return parameters
  }
  return undefined
}

/** Forks in their order, every active blob fork with parameters (geth, `CheckConfigForkOrder`). */
export function checkForkOrder(
  spec: Pick<ChainSpec, 'blockForks' | 'timeForks' | 'blobSchedule'>,
): Result<void, ForkOrderError> {
  let last: { fork: Fork; at: bigint | undefined; byBlock: boolean } | undefined
  for (const fork of [...BLOCK_FORKS, ...TIME_FORKS]) {
    const byBlock = isBlockFork(fork)
    const at = byBlock ? spec.blockForks[fork] : spec.timeForks[fork]
    if (last !== undefined && at !== undefined) {
      if (last.at === undefined) return err({ code: 'FORK_MISSING', fork: last.fork, before: fork })
      if (last.byBlock === byBlock && last.at > at) return err({ code: 'FORK_ORDER', fork, after: last.fork })
    }
    if (at !== undefined || !OPTIONAL_FORKS.has(fork)) last = { fork, at, byBlock }
  }
  for (const fork of BLOB_FORKS)
    if (spec.timeForks[fork] !== undefined && spec.blobSchedule[fork] === undefined && !BLOB_INHERITING.has(fork))
      return err({ code: 'FORK_BLOB_SCHEDULE', fork })
  return ok(undefined)
}

const isBlockFork = (fork: Fork): fork is BlockFork => (BLOCK_FORKS as readonly string[]).includes(fork)
