import type { ChainSpec } from '../../protocols/chain-spec/chain-spec.ts'
import type { Ask } from '../../runtime/messages.ts'
import type { ChainHead, HeadListener, SealCheck } from '../chain/messages.ts'
import type { FileProgress, ImporterNeeds, ImportFault, ImportTotals } from '../importer/messages.ts'
import type { PoolDeps } from '../pool/messages.ts'
import type { NodeInfo, RpcSettings } from '../rpc/messages.ts'
import type { SealingSettings } from '../sealer/messages.ts'

/** Where RPC listens, ports as bound. */
export type Endpoints = {
  readonly http: string | undefined
  readonly ws: string | undefined
  readonly ipc: string | undefined
}

/** The root: starts the node's actors in order, knows when all of them accept. */
export type SupervisorMessages = HeadListener &
  ImporterNeeds & {
    /** None while rpc restarts. */
    endpoints: Ask<void, Endpoints>
    head: Ask<void, ChainHead>
  }

export type NodeReady = Endpoints & {
  readonly head: ChainHead
  /** 32 bytes. */
  readonly genesisHash: Uint8Array
}

/** Runs on the main thread, made by a command, so its deps may hold functions. */
export type SupervisorDeps = {
  readonly spec: ChainSpec
  /** Undefined: everything in memory, and all actors on one thread. */
  readonly dataDirectory: string | undefined
  /** Trie committers, 1 to 16; absent: 1. */
  readonly committers?: number
  /** Memory of all caches together. */
  readonly cacheBytes: number
  readonly pool: PoolDeps
  readonly sealCheck: SealCheck
  readonly historyBlocks: number | undefined
  readonly node: NodeInfo
  readonly http: RpcSettings['http']
  readonly ws?: RpcSettings['ws']
  readonly ipc: RpcSettings['ipc']
  readonly rpcLimits?: RpcSettings['limits']
  /** Undefined: this node makes no blocks. */
  readonly sealing?: SealingSettings | undefined
  /** Files to import once the chain is up; the node goes on afterwards unless the command stops it. */
  readonly importFiles: readonly string[]
  readonly events: {
    /** Everything accepts. */
    ready(node: NodeReady): void
    headMoved?(head: ChainHead): void
    importProgress?(progress: FileProgress): void
    fileDone?(done: {
      readonly file: string
      readonly fault: ImportFault | undefined
      readonly progress: FileProgress
    }): void
    importDone?(totals: ImportTotals): void
  }
}
