import type { ChainSpec } from '../../protocols/chain-spec/chain-spec.ts'
import type { Ask } from '../../runtime/messages.ts'
import type { ChainHead, HeadListener } from '../chain/messages.ts'
import type { FileProgress, ImportFault, ImportListener } from '../importer/messages.ts'
import type { NodeInfo, RpcDeps } from '../rpc/messages.ts'

/** The root: starts the node's actors in order, knows when all of them accept. */
export type SupervisorMessages = HeadListener &
  ImportListener & {
    endpoints: Ask<void, { readonly http: string | undefined; readonly ipc: string | undefined }>
  }

export type SupervisorEvent =
  | { readonly type: 'ready'; readonly head: ChainHead; readonly http: string | undefined; readonly ipc: string | undefined }
  | { readonly type: 'head'; readonly head: ChainHead }

/** Runs on the main thread, made by a command, so its deps may hold functions. */
export type SupervisorDeps = {
  readonly spec: ChainSpec
  readonly dataDirectory: string | undefined
  readonly cacheBytes: number
  readonly historyBlocks: number | undefined
  readonly node: NodeInfo
  readonly http: RpcDeps['http']
  readonly ipc: RpcDeps['ipc']
  /** Files to import once the chain is up; the node goes on afterwards unless the command stops it. */
  readonly importFiles: readonly string[]
  readonly events: {
    ready(endpoints: { readonly http: string | undefined; readonly ipc: string | undefined; readonly head: ChainHead }): void
    importProgress?(progress: FileProgress): void
    fileDone?(file: string, fault: ImportFault | undefined): void
    importDone?(result: { readonly faults: number; readonly imported: number; readonly known: number; readonly head: bigint }): void
  }
}
