/** Batches of hashes. */
import { hashMessages } from '../../../protocols/keccak-batch.ts'
import { moving } from '../../../runtime/moving.ts'
import type { JobAnswer } from './job-answer.ts'

export const keccak = (messages: Uint8Array): JobAnswer => {
  const rows = hashMessages(messages)
  if (rows === undefined) throw new RangeError('the last message is cut')
  return moving({ rows, secp256k1: undefined }, [rows.buffer as ArrayBuffer])
}
