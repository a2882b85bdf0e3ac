/**
 * Seals of many headers as rows of one length, and what was found of each: so they cross threads as one buffer.
 */
import { isZero, leftPad } from '../bytes.ts'
import { type Header, sealHash } from '../header.ts'
import { err, ok, type Result } from '../result.ts'
import { bytesToUint, uintToBytes } from '../rlp.ts'
import { epochOf } from './epoch.ts'
import type { Seal, SealError } from './seal.ts'

/** `seal hash ‖ mixHash ‖ difficulty, big-endian ‖ nonce ‖ number, big-endian` */
export const SEAL_ROW_BYTES = 112
const MIX_HASH_AT = 32
const DIFFICULTY_AT = 64
const NONCE_AT = 96
const NUMBER_AT = 104

/** `verdict ‖ what the seal gives`: the mix hash or the result where it is wrong, else zeros. */
export const VERDICT_ROW_BYTES = 33
/** Not zero: a row that nobody has filled is no verdict. */
const RIGHT = 1
const WRONG = { SEAL_DIFFICULTY: 2, SEAL_MIX_HASH: 3, SEAL_RESULT: 4 } as const

/** A row for each header, in their order. */
export function encodeSeals(headers: readonly Header[]): Uint8Array<ArrayBuffer> {
  const rows = new Uint8Array(headers.length * SEAL_ROW_BYTES)
  for (const [i, header] of headers.entries()) {
    const row = rows.subarray(i * SEAL_ROW_BYTES, (i + 1) * SEAL_ROW_BYTES)
    row.set(sealHash(header))
    row.set(header.mixHash, MIX_HASH_AT)
    row.set(leftPad(uintToBytes(header.difficulty), NONCE_AT - DIFFICULTY_AT), DIFFICULTY_AT)
    row.set(header.nonce, NONCE_AT)
    row.set(leftPad(uintToBytes(header.number), SEAL_ROW_BYTES - NUMBER_AT), NUMBER_AT)
  }
  return rows
}

/** The fields are views of the row. */
export const decodeSeal = (row: Uint8Array): Seal => ({
  sealHash: row.subarray(0, MIX_HASH_AT),
  mixHash: row.subarray(MIX_HASH_AT, DIFFICULTY_AT),
  difficulty: bytesToUint(row.subarray(DIFFICULTY_AT, NONCE_AT)),
  nonce: row.subarray(NONCE_AT, NUMBER_AT),
  number: bytesToUint(row.subarray(NUMBER_AT)),
})

/** Checks each row. @returns a verdict for each, in their order. */
export function checkSeals(rows: Uint8Array, check: (seal: Seal) => Result<undefined, SealError>): Uint8Array {
  const count = rows.length / SEAL_ROW_BYTES
  const verdicts = new Uint8Array(count * VERDICT_ROW_BYTES)
  for (let i = 0; i < count; i++) {
    const checked = check(decodeSeal(rows.subarray(i * SEAL_ROW_BYTES, (i + 1) * SEAL_ROW_BYTES)))
    const at = i * VERDICT_ROW_BYTES
    verdicts[at] = checked.ok ? RIGHT : WRONG[checked.error.code]
    if (checked.ok) continue
    if (checked.error.code === 'SEAL_MIX_HASH') verdicts.set(checked.error.expected, at + 1)
    if (checked.error.code === 'SEAL_RESULT') verdicts.set(leftPad(uintToBytes(checked.error.result), 32), at + 1)
  }
  return verdicts
}

const HASHES = 1n << 256n

/** What `checkSeals` found of a header. Throws when the row is no verdict: nothing may be taken for right by mistake. */
export function decodeVerdict(verdict: Uint8Array, header: Header): Result<undefined, SealError> {
  const found = verdict.slice(1)
  switch (verdict[0]) {
    case RIGHT:
      if (!isZero(found)) break
      return ok(undefined)
    case WRONG.SEAL_DIFFICULTY:
      return err({ code: 'SEAL_DIFFICULTY' })
    case WRONG.SEAL_MIX_HASH:
      return err({ code: 'SEAL_MIX_HASH', mixHash: header.mixHash.slice(), expected: found })
    case WRONG.SEAL_RESULT:
      return err({ code: 'SEAL_RESULT', result: bytesToUint(found), target: HASHES / header.difficulty })
  }
  throw new Error(`no verdict on the seal of block ${header.number}`)
}

export type EpochRows = { readonly epoch: number; readonly indices: readonly number[] }

/** Which rows need which epoch, the lowest epoch first. An epoch may be any number up to 2^64 / 30,000. */
export function rowsByEpoch(rows: Uint8Array): readonly EpochRows[] {
  const byEpoch = new Map<number, number[]>()
  for (let i = 0; i < rows.length / SEAL_ROW_BYTES; i++) {
    const epoch = epochOf(bytesToUint(rows.subarray(i * SEAL_ROW_BYTES + NUMBER_AT, (i + 1) * SEAL_ROW_BYTES)))
    const indices = byEpoch.get(epoch)
    if (indices === undefined) byEpoch.set(epoch, [i])
    else indices.push(i)
  }
  return [...byEpoch].map(([epoch, indices]) => ({ epoch, indices })).sort((a, b) => a.epoch - b.epoch)
}

/** The highest block number among the rows; undefined without rows. */
export function highestNumber(rows: Uint8Array): bigint | undefined {
  let highest: bigint | undefined
  for (let at = NUMBER_AT; at < rows.length; at += SEAL_ROW_BYTES) {
    const number = bytesToUint(rows.subarray(at, at + SEAL_ROW_BYTES - NUMBER_AT))
    if (highest === undefined || number > highest) highest = number
  }
  return highest
}
