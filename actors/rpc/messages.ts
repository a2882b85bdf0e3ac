import type { ChainSpec } from '../../protocols/chain-spec/chain-spec.ts'
import type { JsonObject } from '../../protocols/json-rpc/json.ts'
import type { Millis } from '../../runtime/capabilities.ts'
import type { Ask, Lossy, Ref, Tell } from '../../runtime/messages.ts'
import type { DatabaseLocation } from '../../storage/database.ts'
import type { ChainHead } from '../chain/messages.ts'
import type { PoolMessages } from '../pool/messages.ts'
import type { SealerMessages } from '../sealer/messages.ts'
import type { RpcLimits } from './limits.ts'

export type Transport = 'http' | 'ws' | 'ipc'
/** `text` undefined: nothing is answered (notifications). `close`: the next request of a stream cannot be found. */
export type RpcAnswer = {
  readonly text: string | undefined
  readonly close: boolean
  /** Subscriptions whose ids the text tells: their notifications come after it. */
  readonly opened?: readonly string[]
}

/** Block numbers of an import or sync under way, as `eth_syncing` shows them. */
export type ImportProgress = {
  readonly startingBlock: bigint
  readonly currentBlock: bigint
  readonly highestBlock: bigint
}

export type RpcMessages = {
  /** One body or message of a connection (`client`: one that takes notifications); calls not begun at `until` are answered −32002. The listeners put each here, so that the load of RPC is the load of this mailbox. */
  request: Ask<{ body: Uint8Array; transport: Transport; until: Millis; client: number | undefined }, RpcAnswer>
  /** Where it listens, ports as bound. */
  endpoints: Ask<
    void,
    { readonly http: string | undefined; readonly ws: string | undefined; readonly ipc: string | undefined }
  >
  /** Subscribers of `newHeads` are told; under load only of the newest. */
  headMoved: Tell<{ head: ChainHead }, Lossy<'coalesce'>>
  /** What `eth_syncing` answers; undefined: not importing. */
  importing: Tell<{ progress: ImportProgress | undefined }, Lossy<'coalesce'>>
  /** To self: restarts an actor whose restart takes this one with it, once the answer has left. */
  restartLater: Tell<{ path: string }>
}

export type HttpSettings = {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** Namespaces offered; `rpc` always is. */
  readonly namespaces: readonly string[]
  /** Names taken in the Host header besides IP literals, which always pass; `*` for any. */
  readonly vhosts: readonly string[]
  /** Origins given CORS headers, `*` for any; none by default. */
  readonly corsOrigins: readonly string[]
  /** Paths served: the root alone when empty, else all that begin with it (`--http.rpcprefix`). */
  readonly prefix: string
  /** Offer dangerous namespaces on an address that others can reach. */
  readonly allowExposed: boolean
}
export type WsSettings = Pick<HttpSettings, 'host' | 'port' | 'namespaces' | 'prefix' | 'allowExposed'> & {
  /** Of pages that may connect: `scheme://host:port`, absent parts standing for any; `*` for all. Programs send none. */
  readonly origins: readonly string[]
}
export type IpcSettings = { readonly path: string }

export type ChainInfo = {
  readonly chainId: bigint
  readonly networkId: bigint
  readonly genesisHash: Uint8Array
  /** The `config` of the genesis file. */
  readonly config: JsonObject
  /** Decides the fees of the next block. */
  readonly spec: ChainSpec
}
export type NodeInfo = {
  /** `Troupe/v0.1.0/linux-x64/node20.20.2` */
  readonly clientVersion: string
  readonly datadir: string
  readonly ip: string
  /** 0 while there is no p2p. */
  readonly discoveryPort: number
  readonly listenerPort: number
}

/** Where it listens, and how much it takes. */
export type RpcSettings = {
  readonly http: HttpSettings | undefined
  /** On the address of `http` it shares its listener. */
  readonly ws?: WsSettings | undefined
  readonly ipc: IpcSettings | undefined
  readonly limits?: Partial<RpcLimits>
}
/** Of a node that seals its chain itself. */
export type RpcSealing = {
  readonly sealer: Ref<Pick<SealerMessages, 'seal'>>
  /** 20 bytes. */
  readonly feeRecipient: Uint8Array
}
export type RpcDeps = RpcSettings & {
  /** Undefined: it seals nothing. */
  readonly sealing?: RpcSealing | undefined
  readonly database: DatabaseLocation
  /** Of `storage/published-head.ts`: as long as it stays, calls share what they read under. */
  readonly publishedHead?: SharedArrayBuffer
  readonly chain: ChainInfo
  readonly node: NodeInfo
  /** Asked for what `admin_nodeInfo` shows of it. */
  readonly pool?: Ref<Pick<PoolMessages, 'info'>>
}
