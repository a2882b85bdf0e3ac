import { bytesToHex, encodeQuantity } from '../../../protocols/hex.ts'
import { invalidParams, type JsonRpcError, serverError } from '../../../protocols/json-rpc/error.ts'
import { hexOrDecimal, optional } from '../../../protocols/json-rpc/parameters.ts'
import { err, ok } from '../../../protocols/result.ts'
import type { AskFailure } from '../../../runtime/actor.ts'
import type { SealerFault } from '../../sealer/messages.ts'
import { type MethodTable, method } from './method.ts'

/** Blocks of one `admin_seal`: about what is made in the time of a request. */
const SEAL_COUNT_MAX = 1_000n

export const SEALING_METHODS: MethodTable = {
  /** Number and hash of the last block that it made; of one, or of as many as wanted. */
  admin_seal: method([optional(hexOrDecimal)], async ({ sealing, info }, [wanted]) => {
    const count = wanted ?? 1n
    if (sealing === undefined)
      return err(
        serverError(`this node does not seal: only \`troupe start\` does, the dev chain, not ${info.spec.name}`),
      )
    if (count < 1n || count > SEAL_COUNT_MAX)
      return err(invalidParams(`invalid argument 0: 1 to ${SEAL_COUNT_MAX} blocks are made at a time`))
    const asked = await sealing.seal(Number(count))
    if (!asked.ok) return err(noAnswer(asked.error.code))
    if (!asked.value.ok) return err(refusal(asked.value.error))
    const { number, hash } = asked.value.value
    return ok({ number: encodeQuantity(number), hash: bytesToHex(hash) })
  }),
  // As geth answered while it could mine (1.10, eth/api.go and internal/ethapi/api.go).
  eth_coinbase: method([], ({ sealing }) =>
    sealing === undefined
      ? err(serverError('etherbase must be explicitly specified'))
      : ok(bytesToHex(sealing.feeRecipient)),
  ),
  eth_mining: method([], ({ sealing }) => ok(sealing !== undefined)),
  eth_hashrate: method([], () => ok(encodeQuantity(0n))),
}

const noAnswer = (code: AskFailure['code']): JsonRpcError =>
  serverError(`not all blocks were made: ${code}; eth_blockNumber tells how far it came`)

function refusal(fault: SealerFault): JsonRpcError {
  switch (fault.code) {
    case 'SEAL_CHAIN':
      return noAnswer(fault.cause)
    case 'SEAL_PARENT':
      return serverError('other blocks came first, again and again: try again')
    case 'SEAL_BLOCK':
      return serverError(`block ${fault.number} was refused: ${fault.fault.code}`)
  }
}
