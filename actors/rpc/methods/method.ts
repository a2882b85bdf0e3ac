import type { JsonRpcError } from '../../../protocols/json-rpc/error.ts'
import type { JsonValue } from '../../../protocols/json-rpc/json.ts'
import type { Parameter, ParameterValues } from '../../../protocols/json-rpc/parameters.ts'
import type { Result } from '../../../protocols/result.ts'
import type { AskFailure } from '../../../runtime/actor.ts'
import type { Inspector, SystemControl } from '../../../runtime/inspection.ts'
import type { ChainHead } from '../../chain/messages.ts'
import type { PoolInfo } from '../../pool/messages.ts'
import type { SealerFault } from '../../sealer/messages.ts'
import type { ChainReader } from '../chain-reader.ts'
import type { ChainInfo, ImportProgress, NodeInfo } from '../messages.ts'
import type { Topic } from '../subscriptions.ts'
import type { TipOracle } from '../tip-oracle.ts'

/** What a method may look at during one call. */
export type Surroundings = {
  /** The chain under one snapshot for the whole call; taken when first asked for. */
  readonly chain: () => ChainReader
  readonly info: ChainInfo
  readonly tips: TipOracle
  readonly node: NodeInfo
  /** Undefined: there is none, or it does not answer soon. */
  readonly pool: () => Promise<PoolInfo | undefined>
  /** Undefined: this node seals nothing. */
  readonly sealing: Sealing | undefined
  readonly importing: ImportProgress | undefined
  /** The connection of this call; undefined where it takes no notifications. */
  readonly subscriber: Subscriber | undefined
  /** Namespaces offered on the transport of this call. */
  readonly namespaces: ReadonlySet<string>
  readonly inspect: Inspector
  readonly system: SystemControl
  /** Path of the actor that runs the call. */
  readonly self: string
  /** For a restart that ends the running call: it comes after the answer. */
  readonly restartLater: (path: string) => void
}

export type Sealing = {
  /** 20 bytes. */
  readonly feeRecipient: Uint8Array
  /** Makes so many blocks, at least 1, and answers the last. */
  seal(count: number): Promise<Result<Result<ChainHead, SealerFault>, AskFailure>>
}

/** The subscriptions of one connection. */
export type Subscriber = {
  /** @returns its id; undefined when the connection has as many as it may. */
  subscribe(topic: Topic): string | undefined
  /** @returns false when it is none of this connection. */
  unsubscribe(id: string): boolean
}

/** What a call answers. */
export type Outcome = Result<JsonValue, JsonRpcError>

export type Method = {
  readonly parameters: readonly Parameter<any>[]
  readonly run: (around: Surroundings, values: any) => Outcome | Promise<Outcome>
}
/** Full name → method. */
export type MethodTable = { readonly [name: string]: Method }

/** Ties the types of the parameters to those of `run`. */
export const method = <const P extends readonly Parameter<any>[]>(
  parameters: P,
  run: (around: Surroundings, values: ParameterValues<P>) => Outcome | Promise<Outcome>,
): Method => ({ parameters, run })
