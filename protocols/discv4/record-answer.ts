/** The record that a node answers with when it is asked for (EIP-868). */
import { bytesEqual } from '../bytes.ts'
import type { Identities } from '../enr/identity.ts'
import { type Node, nodeOfRecord, seqOf } from '../enr/node.ts'
import type { NodeRecord, RecordError } from '../enr/record.ts'
import type { RelayError } from '../ip/special-networks.ts'
import { checkRelayed } from '../ip/special-networks.ts'
import type { Result } from '../result.ts'
import { err, ok } from '../result.ts'

export type RecordAnswerError =
  | { readonly code: 'ANSWER_RECORD'; readonly cause: RecordError }
  /** The record of somebody else. */
  | { readonly code: 'ANSWER_OTHER_NODE' }
  | { readonly code: 'ANSWER_ADDRESS_MISSING' }
  | { readonly code: 'ANSWER_ADDRESS'; readonly cause: RelayError }

/**
 * The node as its answer describes it, or `known` where the record is older than the one known (geth, `RequestENR`).
 * @param from address that answered: from outside no address inside is taken
 */
export function checkRecordAnswer(
  known: Node,
  from: Uint8Array,
  record: NodeRecord,
  identities: Identities,
): Result<Node, RecordAnswerError> {
  const answered = nodeOfRecord(record, identities)
  if (!answered.ok) return err({ code: 'ANSWER_RECORD', cause: answered.error })
  if (!bytesEqual(answered.value.id, known.id)) return err({ code: 'ANSWER_OTHER_NODE' })
  if (seqOf(answered.value) < seqOf(known)) return ok(known)
  const { ip } = answered.value.endpoint
  if (ip === undefined) return err({ code: 'ANSWER_ADDRESS_MISSING' })
  const relayed = checkRelayed(from, ip)
  return relayed.ok ? answered : err({ code: 'ANSWER_ADDRESS', cause: relayed.error })
}
