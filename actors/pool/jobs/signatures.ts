/** Batches over secp256k1. Each answers with the name of the implementation that ran. */
import * as batch from '../../../protocols/secp256k1/batch.ts'
import { secp256k1 } from '../../../protocols/secp256k1/secp256k1.ts'
import { moving } from '../../../runtime/moving.ts'
import type { JobAnswer } from './job-answer.ts'

export const recoverKeys = (rows: Uint8Array): JobAnswer => answer(batch.recoverKeys(rows))
export const recoverAddresses = (rows: Uint8Array): JobAnswer => answer(batch.recoverAddresses(rows))
export const verify = (rows: Uint8Array): JobAnswer => answer(batch.verifyRows(rows))
export const sign = (rows: Uint8Array): JobAnswer => answer(batch.signRows(rows))
export const ecdh = (rows: Uint8Array): JobAnswer => answer(batch.ecdhRows(rows))

const answer = (rows: Uint8Array): JobAnswer =>
  moving({ rows, secp256k1: secp256k1.backend }, [rows.buffer as ArrayBuffer])
