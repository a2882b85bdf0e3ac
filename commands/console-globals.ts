/** What code in the console of a node sees: one object a namespace, whose members call the node. */
import { encodeQuantity } from '../protocols/hex.ts'
import type { JsonValue } from '../protocols/json-rpc/json.ts'
import type { RpcClient } from './rpc-client.ts'

export type ConsoleGlobals = { readonly [name: string]: unknown }

/** `eth.getBalance(…)` calls `eth_getBalance`; `call('eth_getBalance', …)` any method. A refusal is thrown. */
export function consoleGlobals(client: RpcClient, names: ReadonlyMap<string, readonly string[]>): ConsoleGlobals {
  const call = async (method: string, ...params: unknown[]): Promise<JsonValue> => {
    const answer = await client.call(method, params.map(asJson))
    if (answer.ok) return answer.value
    throw new Error(answer.error.message)
  }
  const namespaces = [...names].map(([namespace, methods]) => [namespace, namespaceObject(namespace, methods, call)])
  return { ...Object.fromEntries(namespaces), call }
}

type Call = (method: string, ...params: unknown[]) => Promise<JsonValue>

/** Methods that this version does not know can be called too: the node may be another. */
const namespaceObject = (namespace: string, methods: readonly string[], call: Call): object =>
  new Proxy(Object.fromEntries(methods.map((name) => [name, memberOf(namespace, name, call)])), {
    get: (known, name) =>
      typeof name !== 'string' || name === 'then' || name in known
        ? Reflect.get(known, name)
        : memberOf(namespace, name, call),
  })

const memberOf =
  (namespace: string, name: string, call: Call) =>
  (...params: unknown[]): Promise<JsonValue> =>
    call(`${namespace}_${name}`, ...params)

/** Big integers travel as hex quantities. */
function asJson(value: unknown): JsonValue {
  if (typeof value === 'bigint') return encodeQuantity(value)
  if (Array.isArray(value)) return value.map(asJson)
  if (typeof value !== 'object' || value === null) return value as JsonValue
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, asJson(member)]))
}
