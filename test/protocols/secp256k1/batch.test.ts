import { expect, test } from 'vitest'
import { concatBytes } from '../../../protocols/bytes.ts'
import { hexConstant } from '../../../protocols/hex.ts'
import {
  addressOf,
  ecdhRows,
  recoverAddresses,
  recoverKeys,
  signRows,
  verifyRows,
} from '../../../protocols/secp256k1/batch.ts'
import { secp256k1 } from '../../../protocols/secp256k1/secp256k1.ts'

const COUNT = 5
const secret = (i: number): Uint8Array => new Uint8Array(32).fill(i + 1)
const hash = (i: number): Uint8Array => new Uint8Array(32).fill(0x80 + i)
const key = (i: number): Uint8Array => secp256k1.publicKey(secret(i))!
const signature = (i: number): Uint8Array => secp256k1.sign(hash(i), secret(i))!
const rows = (row: (i: number) => readonly Uint8Array[]): Uint8Array =>
  concatBytes(...Array.from({ length: COUNT }, (_, i) => row(i)).flat())

test('keys and addresses of signers, zeros for the row that is refused', () => {
  const signed = rows((i) => [hash(i), i === 2 ? new Uint8Array(65) : signature(i)])
  expect(recoverKeys(signed)).toEqual(rows((i) => [i === 2 ? new Uint8Array(64) : key(i)]))
  expect(recoverAddresses(signed)).toEqual(rows((i) => [i === 2 ? new Uint8Array(20) : addressOf(key(i))]))
})
test('which signatures hold', () => {
  const signed = rows((i) => [hash(i), signature(i).subarray(0, 64), key(i === 3 ? 4 : i)])
  expect(verifyRows(signed)).toEqual(Uint8Array.of(1, 1, 1, 0, 1))
})
test('signatures, and no secret left in the rows', () => {
  const orders = rows((i) => [hash(i), secret(i)])
  expect(signRows(orders)).toEqual(rows((i) => [signature(i)]))
  expect(orders).toEqual(new Uint8Array(orders.length))
})
test('common points, and no secret left in the rows', () => {
  const orders = rows((i) => [secret(i), key(i + 1)])
  expect(ecdhRows(orders)).toEqual(rows((i) => [secp256k1.ecdh(secret(i + 1), key(i))!]))
  expect(orders).toEqual(new Uint8Array(orders.length))
})
test('no rows are answered by none, a part of a row is a bug', () => {
  expect(recoverKeys(new Uint8Array(0))).toEqual(new Uint8Array(0))
  expect(() => recoverKeys(new Uint8Array(96))).toThrow(RangeError)
})
test('an address is the end of the hash of its key', () => {
  // The first account of the test mnemonic that Hardhat and Anvil start with.
  const known = hexConstant('ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80')
  expect(addressOf(secp256k1.publicKey(known)!)).toEqual(hexConstant('f39fd6e51aad88f6f4ce6ab8827279cfffb92266'))
})
