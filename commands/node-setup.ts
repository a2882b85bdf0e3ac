/** All that a node is started with, from its configuration. */
import { availableParallelism, homedir, hostname } from 'node:os'
import type { SupervisorDeps } from '../actors/supervisor/messages.ts'
import type { ChainSpec } from '../protocols/chain-spec/chain-spec.ts'
import { DEV_ACCOUNTS } from '../protocols/chain-spec/dev.ts'
import { EXTRA_DATA_MAX } from '../protocols/consensus/header-rules.ts'
import { hexConstant } from '../protocols/hex.ts'
import { err, ok, type Result } from '../protocols/result.ts'
import type { LogLevel } from '../runtime/capabilities.ts'
import type { Placement } from '../runtime/placement.ts'
import { type Verbosity, wantsColour } from '../runtime/real/log.ts'
import type { LogChoice } from '../runtime/thread-messages.ts'
import type { ThreadLimits } from '../runtime/threads.ts'
import { chooseChain } from './chain-choice.ts'
import { EXIT_FAILED, EXIT_USAGE } from './command.ts'
import type { NodeConfig } from './config-schema.ts'
import { dataDirectoryOf, ethashCachesOf, ipcPathOf, type Machine } from './data-directory.ts'
import { packageVersion } from './package-root.ts'
import { placementOf, poolThreadsOf } from './thread-placement.ts'
import { wsSettings } from './ws-settings.ts'

/** Blocks whose history `--gcmode full` keeps (geth params, `FullImmutabilityThreshold`). */
const FULL_HISTORY_BLOCKS = 90_000
const BYTES_PER_MB = 1024 * 1024

export type NodeSetup = {
  readonly deps: Omit<SupervisorDeps, 'events' | 'importFiles'>
  readonly placement: Placement
  readonly limits: { readonly [thread: string]: Partial<ThreadLimits> }
  readonly log: LogChoice
}
/** A sentence for the user, and the exit code that goes with it. */
export type SetupFault = { readonly exit: number; readonly message: string }

export type SetupOptions = {
  readonly config: NodeConfig
  readonly workingDirectory: string
  readonly env: { readonly [name: string]: string | undefined }
  /** Offers JSON-RPC as the configuration says; else nothing listens. */
  readonly serves: boolean
  /** Starts an importer. */
  readonly imports: boolean
  /** Makes blocks, on the chain that is sealed here. */
  readonly seals?: boolean
  /** Lines below this level are left out, whatever the configuration says. */
  readonly quieterThan?: LogLevel
}

export function nodeSetup(options: SetupOptions): Result<NodeSetup, SetupFault> {
  const { config, workingDirectory, serves } = options
  const chosen = chooseChain(config.consensus.network, workingDirectory)
  if (!chosen.ok) return err({ exit: EXIT_FAILED, message: chosen.error })
  const { networkId, network, devEphemeral } = config.consensus
  const isDev = network === 'dev'
  if (devEphemeral && options.seals !== true)
    return err({ exit: EXIT_USAGE, message: '--dev.ephemeral keeps nothing: only `troupe start` takes it' })
  const known = isDev ? withGasLimit(chosen.value, BigInt(config.consensus.devGasLimit)) : chosen.value
  const spec = networkId === 0 ? known : { ...known, networkId: BigInt(networkId) }
  const machine: Machine = { home: homedir(), platform: process.platform, workingDirectory }
  const dataDirectory = devEphemeral ? undefined : dataDirectoryOf(config, machine)
  const sealing = isDev && options.seals === true ? sealingOf(config) : undefined
  const ipcPath = serves ? ipcPathOf(config, machine) : undefined
  const http = serves && config.http.enabled ? httpOf(config) : undefined
  const ws = serves ? wsSettings(config, hostname()) : undefined
  const absent = [
    ...(http === undefined && ws === undefined && ipcPath === undefined ? ['rpc'] : []),
    ...(options.imports ? [] : ['importer']),
    ...(sealing === undefined ? ['sealer'] : []),
  ]
  // What is in memory is in that of one thread.
  const runtime = devEphemeral ? { ...config.runtime, preset: 'inline' as const, threads: {} } : config.runtime
  const placement = placementOf(runtime, absent)
  if (!placement.ok) return err({ exit: EXIT_USAGE, message: placement.error })
  return ok({
    deps: {
      spec,
      dataDirectory,
      committers: config.runtime.committers,
      cacheBytes: config.storage.cacheMb * BYTES_PER_MB,
      pool: { threads: poolThreadsOf(runtime, availableParallelism()), ethash: ethashCachesOf(config, machine) },
      sealCheck: config.consensus.sealCheck,
      historyBlocks: config.storage.gcMode === 'archive' ? undefined : FULL_HISTORY_BLOCKS,
      node: {
        clientVersion: clientVersion(config.p2p.identity),
        datadir: dataDirectory ?? '',
        ip: '127.0.0.1',
        discoveryPort: 0,
        listenerPort: 0,
      },
      http,
      ws,
      ipc: ipcPath === undefined ? undefined : { path: ipcPath },
      sealing,
      rpcLimits: {
        httpBodyBytesMax: config.rpc.bodyBytesMax,
        batchItemsMax: unlimitedIfZero(config.rpc.batchItemsMax),
        batchResponseMax: unlimitedIfZero(config.rpc.responseBytesMax),
      },
    },
    placement: placement.value,
    limits: {
      '*': {
        heapMb: config.runtime.heapMb === 0 ? heapFor(config) : config.runtime.heapMb,
        youngMb: config.runtime.youngMb,
        softRatio: config.runtime.softLimit,
        hungMs: config.runtime.watchdogMs,
      },
    },
    log: logOf(options),
  })
}

const withGasLimit = (spec: ChainSpec, gasLimit: bigint): ChainSpec => ({
  ...spec,
  genesis: { ...spec.genesis, gasLimit },
})

function sealingOf({ consensus, p2p }: NodeConfig): NonNullable<SupervisorDeps['sealing']> {
  const { devPeriodS, etherbase, gasLimit } = consensus
  return {
    periodMs: devPeriodS * 1000,
    feeRecipient: etherbase === undefined ? DEV_ACCOUNTS[0]!.address : hexConstant(etherbase),
    gasLimit: BigInt(gasLimit),
    extraData: new TextEncoder().encode(clientVersion(p2p.identity)).subarray(0, EXTRA_DATA_MAX).slice(),
  }
}

/** Share of the caches that one thread may hold as objects (the trie's half, and what an estimate can be off). */
const HEAP_CACHE_SHARE = 0.65
/** Heap of a thread beside the caches, MB. */
const HEAP_BASE_MB = 128

/** V8 collects late where it may grow: a heap far above the caches would fill with garbage before anything is freed. */
const heapFor = ({ storage, runtime }: NodeConfig): number =>
  Math.ceil((HEAP_BASE_MB + storage.cacheMb * HEAP_CACHE_SHARE) / runtime.softLimit)

/** `Troupe/v0.1.0/linux-x64/node20.20.2`, as geth's is built. */
export function clientVersion(identity: string | undefined): string {
  const name = identity === undefined ? 'Troupe' : `Troupe/${identity}`
  return `${name}/v${packageVersion()}/${process.platform}-${process.arch}/node${process.versions.node}`
}

function httpOf({ http }: NodeConfig): NonNullable<SupervisorDeps['http']> {
  return {
    host: http.address,
    port: http.port,
    namespaces: http.namespaces,
    vhosts: http.virtualHosts,
    corsOrigins: http.corsDomains,
    prefix: http.prefix,
    allowExposed: http.allowExposedAdmin,
  }
}

function logOf({ config, env, quieterThan }: SetupOptions): LogChoice {
  const wanted = config.log.verbosity as Verbosity
  const most: Verbosity = quieterThan === undefined ? 5 : QUIETER[quieterThan]
  return {
    verbosity: wanted < most ? wanted : most,
    format: config.log.format,
    colour: wantsColour(process.stderr.isTTY === true, env),
  }
}

/** The verbosity that leaves out a level. */
const QUIETER: { readonly [L in LogLevel]: Verbosity } = { error: 0, warn: 1, info: 2, debug: 3, trace: 4 }

const unlimitedIfZero = (limit: number): number => (limit === 0 ? Number.POSITIVE_INFINITY : limit)
