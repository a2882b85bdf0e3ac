import { bytesToHex } from '../../../protocols/hex.ts'
import { data } from '../../../protocols/json-rpc/parameters.ts'
import { keccak256 } from '../../../protocols/keccak256.ts'
import { ok } from '../../../protocols/result.ts'
import { type MethodTable, method } from './method.ts'

export const WEB3_METHODS: MethodTable = {
  web3_clientVersion: method([], ({ node }) => ok(node.clientVersion)),
  web3_sha3: method([data], (_around, [bytes]) => ok(bytesToHex(keccak256(bytes)))),
}
