import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  decodeAccount,
  EMPTY_CODE_HASH,
  encodeAccount,
  encodeSlimAccount,
  isEmptyAccount,
  leafOfSlimAccount,
  NEW_ACCOUNT,
} from '../../../storage/state/account.ts'
import { EMPTY_ROOT } from '../../../storage/trie/trie.ts'

const hashOr = (usual: Uint8Array) => fc.oneof(fc.constant(usual), fc.uint8Array({ minLength: 32, maxLength: 32 }))
const accounts = fc.record({
  nonce: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  balance: fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
  storageRoot: hashOr(EMPTY_ROOT),
  codeHash: hashOr(EMPTY_CODE_HASH),
})

test('both forms give back the account, and the slim form gives the leaf', () => {
  fc.assert(
    fc.property(accounts, (account) => {
      expect(decodeAccount(encodeAccount(account))).toEqual({ ok: true, value: account })
      expect(decodeAccount(encodeSlimAccount(account))).toEqual({ ok: true, value: account })
      expect(leafOfSlimAccount(encodeSlimAccount(account))).toEqual(encodeAccount(account))
    }),
  )
})

test('an account without anything is five bytes slim, and empty', () => {
  expect(encodeSlimAccount(NEW_ACCOUNT)).toEqual(Uint8Array.of(0xc4, 0x80, 0x80, 0x80, 0x80))
  expect(isEmptyAccount(NEW_ACCOUNT)).toBe(true)
  expect(isEmptyAccount({ ...NEW_ACCOUNT, storageRoot: new Uint8Array(32) })).toBe(true)
  expect(isEmptyAccount({ ...NEW_ACCOUNT, codeHash: new Uint8Array(32) })).toBe(false)
})

test.each([
  ['nothing', []],
  ['a string', [0x84, 1, 2, 3, 4]],
  ['three fields', [0xc3, 0x80, 0x80, 0x80]],
  ['five fields', [0xc5, 0x80, 0x80, 0x80, 0x80, 0x80]],
  ['a hash of two bytes', [0xc6, 0x80, 0x80, 0x82, 1, 2, 0x80]],
  ['a nonce with a leading zero', [0xc6, 0x82, 0, 1, 0x80, 0x80, 0x80]],
])('refuses %s', (_name, bytes) => {
  expect(decodeAccount(Uint8Array.from(bytes))).toMatchObject({ ok: false, error: { code: 'ACCOUNT_ENCODING' } })
})

test('whatever the bytes, the answer is a value or a refusal', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => void decodeAccount(bytes)))
})

test.each([
  [],
  [0xc0],
  [0xc4, 1, 1, 0x80],
  [0xc5, 1, 1, 1, 1, 1],
  [0xc4, 1, 1, 0x81, 0x80],
  [0xf8, 4, 1, 1, 0x80, 0x80, 0],
])('bytes that are no slim account (%#) make no leaf', (...bytes) =>
  expect(() => leafOfSlimAccount(Uint8Array.from(bytes))).toThrow('not one'),
)
