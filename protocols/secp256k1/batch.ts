/**
 * Batches: rows of one length behind each other in one buffer, so that a batch crosses threads as a whole. A row that is
 * refused is answered by zeros, which are no point, no signature and no x coordinate of a point.
 */
import { keccak256 } from '../keccak256.ts'
import { HASH_BYTES, PUBLIC_KEY_BYTES, SECRET_KEY_BYTES, SIGNATURE_BYTES } from './backend.ts'
import { secp256k1 } from './secp256k1.ts'

/** `hash ‖ r ‖ s ‖ recovery` */
export const RECOVER_ROW_BYTES = HASH_BYTES + SIGNATURE_BYTES
/** `hash ‖ r ‖ s ‖ public key` */
export const VERIFY_ROW_BYTES = HASH_BYTES + 64 + PUBLIC_KEY_BYTES
/** `hash ‖ secret key` */
export const SIGN_ROW_BYTES = HASH_BYTES + SECRET_KEY_BYTES
/** `secret key ‖ public key` */
export const ECDH_ROW_BYTES = SECRET_KEY_BYTES + PUBLIC_KEY_BYTES
const ADDRESS_BYTES = 20

/** @returns public keys, 64 bytes a row. */
export const recoverKeys = (rows: Uint8Array): Uint8Array =>
  eachRow(rows, RECOVER_ROW_BYTES, PUBLIC_KEY_BYTES, (row) =>
    secp256k1.recover(row.subarray(0, HASH_BYTES), row.subarray(HASH_BYTES)),
  )

/** @returns addresses of the signers, 20 bytes a row. */
export const recoverAddresses = (rows: Uint8Array): Uint8Array =>
  eachRow(rows, RECOVER_ROW_BYTES, ADDRESS_BYTES, (row) => {
    const key = secp256k1.recover(row.subarray(0, HASH_BYTES), row.subarray(HASH_BYTES))
    return key === undefined ? undefined : addressOf(key)
  })

/** @returns a byte a row, 1 where the signature holds. */
export const verifyRows = (rows: Uint8Array): Uint8Array =>
  eachRow(rows, VERIFY_ROW_BYTES, 1, (row) =>
    secp256k1.verify(row.subarray(0, 32), row.subarray(32, 96), row.subarray(96)) ? YES : undefined,
  )
const YES = Uint8Array.of(1)

/** @returns signatures, 65 bytes a row. Wipes the rows: they hold secrets. */
export const signRows = (rows: Uint8Array): Uint8Array =>
  wiping(rows, () =>
    eachRow(rows, SIGN_ROW_BYTES, SIGNATURE_BYTES, (row) => secp256k1.sign(row.subarray(0, 32), row.subarray(32))),
  )

/** @returns x coordinates, 32 bytes a row. Wipes the rows: they hold secrets. */
export const ecdhRows = (rows: Uint8Array): Uint8Array =>
  wiping(rows, () =>
    eachRow(rows, ECDH_ROW_BYTES, HASH_BYTES, (row) => secp256k1.ecdh(row.subarray(0, 32), row.subarray(32))),
  )

/** Address of a public key of 64 bytes: the last 20 of its keccak256 (Yellow Paper, appendix F). */
export const addressOf = (publicKey: Uint8Array): Uint8Array => keccak256(publicKey).slice(-ADDRESS_BYTES)

function eachRow(
  rows: Uint8Array,
  rowBytes: number,
  answerBytes: number,
  answer: (row: Uint8Array) => Uint8Array | undefined,
): Uint8Array {
  if (rows.length % rowBytes !== 0) throw new RangeError(`${rows.length} bytes are no rows of ${rowBytes}`)
  const count = rows.length / rowBytes
  const answers = new Uint8Array(count * answerBytes)
  for (let i = 0; i < count; i++) {
    const one = answer(rows.subarray(i * rowBytes, (i + 1) * rowBytes))
    if (one !== undefined) answers.set(one, i * answerBytes)
  }
  return answers
}

function wiping<T>(secrets: Uint8Array, run: () => T): T {
  try {
    return run()
  } finally {
    secrets.fill(0)
  }
}
