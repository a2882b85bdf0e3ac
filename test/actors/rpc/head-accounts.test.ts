import { expect, test } from 'vitest'
import { createHeadAccounts } from '../../../actors/rpc/head-accounts.ts'

const account = (balance: bigint) => ({
  nonce: 0n,
  balance,
  storageRoot: new Uint8Array(32),
  codeHash: new Uint8Array(32),
})
const hash = (byte: number) => new Uint8Array(32).fill(byte)
const never = () => {
  throw new Error('was read again')
}

test('an account is read once a head, its absence too', () => {
  const at = createHeadAccounts()
  expect(at(hash(1)).of(hash(9), () => account(5n))?.balance).toBe(5n)
  expect(at(hash(1)).of(hash(9), never)?.balance).toBe(5n)
  expect(at(hash(1)).of(hash(8), () => undefined)).toBeUndefined()
  expect(at(hash(1)).of(hash(8), never)).toBeUndefined()
})

test('another head, also of the same height, knows nothing of it', () => {
  const at = createHeadAccounts()
  const old = at(hash(1))
  old.of(hash(9), () => account(5n))
  const young = at(hash(2))
  expect(young.of(hash(9), () => account(6n))?.balance).toBe(6n)
  expect(old.of(hash(9), never)?.balance).toBe(5n)
  at(undefined).of(hash(9), () => account(7n))
  expect(at(undefined).of(hash(9), () => account(8n))?.balance).toBe(8n)
})

test('keeps a bounded number', () => {
  const accounts = createHeadAccounts()(hash(1))
  let reads = 0
  const key = (n: number) => Uint8Array.of(n >> 8, n & 0xff)
  const readAll = () => {
    for (let n = 0; n < 5000; n++)
      accounts.of(key(n), () => {
        reads++
        return undefined
      })
  }
  readAll()
  readAll()
  expect(reads).toBeGreaterThan(5000)
})

test('tells accounts apart whose hashes begin alike', () => {
  const accounts = createHeadAccounts()(hash(1))
  const other = hash(9).fill(7, 6)
  expect(accounts.of(hash(9), () => account(5n))?.balance).toBe(5n)
  expect(accounts.of(other, () => account(6n))?.balance).toBe(6n)
  expect(accounts.of(hash(9), () => account(5n))?.balance).toBe(5n)
})
