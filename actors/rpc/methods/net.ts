import { ok } from '../../../protocols/result.ts'
import { type MethodTable, method } from './method.ts'

export const NET_METHODS: MethodTable = {
  /** Decimal, unlike every other number of the interface. */
  net_version: method([], ({ info }) => ok(info.networkId.toString())),
  net_listening: method([], ({ node }) => ok(node.listenerPort !== 0)),
  /** There is no p2p yet. */
  net_peerCount: method([], () => ok('0x0')),
}
