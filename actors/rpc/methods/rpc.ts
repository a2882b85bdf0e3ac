import { ok } from '../../../protocols/result.ts'
import { type MethodTable, method } from './method.ts'

export const RPC_METHODS: MethodTable = {
  rpc_modules: method([], ({ namespaces }) =>
    ok(Object.fromEntries([...namespaces].sort().map((name) => [name, '1.0']))),
  ),
}
