import { beforeEach, describe, expect, test } from 'vitest'
import { keccak256 } from '../../../protocols/keccak256.ts'
import type { Database } from '../../../storage/database.ts'
import { encodeSlimAccount, NEW_ACCOUNT, storedAccount } from '../../../storage/state/account.ts'
import { flatState } from '../../../storage/state/flat-state.ts'
import { addFlatState } from '../../../storage/state/state-changes.ts'
import { createStateView, type StateView } from '../../../storage/state/state-view.ts'
import { memoryDatabase, write } from '../memory-database.ts'

const address = (n: number): Uint8Array => new Uint8Array(20).fill(n)
const slim = (balance: bigint, nonce = 0n): Uint8Array => encodeSlimAccount({ ...NEW_ACCOUNT, balance, nonce })
const KEEP = { deleteEmpty: false }
const DELETE = { deleteEmpty: true }

let database: Database
let view: StateView
beforeEach(async () => {
  database = await memoryDatabase()
  await write(database, (batch) =>
    addFlatState(batch, {
      accounts: [
        { addressHash: keccak256(address(1)), current: slim(5n), previous: undefined },
        { addressHash: keccak256(address(2)), current: slim(0n), previous: undefined },
      ],
      slots: [],
      codes: [],
    }),
  )
  view = createStateView(flatState(database))
})

test('reads through to the flat state', () => {
  expect(view.getBalance(address(1))).toBe(5n)
  expect(view.getAccount(address(9))).toBeUndefined()
  expect(view.getBalance(address(9))).toBe(0n)
  expect(view.getCode(address(1))).toEqual(new Uint8Array(0))
  expect(view.endBlock(DELETE)).toEqual({ accounts: [], slots: [], codes: [] })
})

test('a block yields each changed leaf once, with the value before it', () => {
  view.addBalance(address(1), 2n)
  view.addBalance(address(1), 1n)
  view.addBalance(address(3), 4n)
  expect(view.endBlock(DELETE).accounts).toEqual([
    { addressHash: keccak256(address(1)), current: slim(8n), previous: slim(5n) },
    { addressHash: keccak256(address(3)), current: slim(4n), previous: undefined },
  ])
  view.subtractBalance(address(3), 4n)
  view.setNonce(address(1), 1n)
  expect(view.endBlock(DELETE).accounts).toEqual([
    { addressHash: keccak256(address(3)), current: undefined, previous: slim(4n) },
    { addressHash: keccak256(address(1)), current: slim(8n, 1n), previous: slim(8n) },
  ])
})

test('what ends a block as it began is no change', () => {
  view.addBalance(address(1), 2n)
  view.subtractBalance(address(1), 2n)
  expect(view.endBlock(DELETE).accounts).toEqual([])
})

describe('a touch by an amount of zero', () => {
  test('makes an empty account before EIP-158', () => {
    view.addBalance(address(9), 0n)
    expect(view.endBlock(KEEP).accounts).toEqual([
      { addressHash: keccak256(address(9)), current: slim(0n), previous: undefined },
    ])
  })
  test('leaves nothing since, and deletes an empty account that was there', () => {
    view.addBalance(address(9), 0n)
    view.addBalance(address(2), 0n)
    expect(view.endBlock(DELETE).accounts).toEqual([
      { addressHash: keccak256(address(2)), current: undefined, previous: slim(0n) },
    ])
    expect(view.getAccount(address(2))).toBeUndefined()
  })
  test('an empty account that is only read stays', () => {
    expect(view.getAccount(address(2))).toEqual(NEW_ACCOUNT)
    expect(view.endBlock(DELETE).accounts).toEqual([])
  })
})

test('a discarded block leaves the ended ones', () => {
  view.addBalance(address(1), 1n)
  view.endBlock(DELETE)
  view.addBalance(address(1), 100n)
  view.addBalance(address(7), 1n)
  view.discardBlock()
  expect(view.getBalance(address(1))).toBe(6n)
  expect(view.getAccount(address(7))).toBeUndefined()
  expect(view.endBlock(DELETE).accounts).toEqual([])
})

test('after release the reader answers again', async () => {
  view.addBalance(address(1), 1n)
  const changes = view.endBlock(DELETE)
  await write(database, (batch) => addFlatState(batch, changes))
  view.release()
  expect(view.size()).toBe(0)
  expect(view.getBalance(address(1))).toBe(6n)
})

test('code is answered at once, and yielded with its block', () => {
  const code = Uint8Array.of(1, 2, 3)
  view.setCode(address(4), code)
  expect(view.getCode(address(4))).toEqual(code)
  const changes = view.endBlock(DELETE)
  expect(changes.codes).toEqual([{ hash: keccak256(code), code }])
  expect(storedAccount(changes.accounts[0]!.current!).codeHash).toEqual(keccak256(code))
})

test('a balance below zero is a bug', () => {
  expect(() => view.subtractBalance(address(1), 6n)).toThrow('below zero')
})
