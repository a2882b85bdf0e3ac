import { type JsonRpcError, serverError } from '../../protocols/json-rpc/error.ts'
import type { StateError } from './chain-reader.ts'

export function stateUnavailable(number: bigint, { code, oldest }: StateError): JsonRpcError {
  const why = oldest === undefined ? code : `the oldest kept is of block ${oldest}`
  return serverError(`state of block ${number} is not available: ${why}`)
}
