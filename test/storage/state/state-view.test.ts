import { beforeEach, describe, expect, test } from 'vitest'
import { keccak256 } from '../../../protocols/keccak256.ts'
import type { Database } from '../../../storage/database.ts'
import { encodeSlimAccount, NEW_ACCOUNT, storedAccount } from '../../../storage/state/account.ts'
import { flatState } from '../../../storage/state/flat-state.ts'
import { slotLeaf } from '../../../storage/state/slot.ts'
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

describe('slots', () => {
  const word = (n: number): Uint8Array => new Uint8Array(32).fill(n, 30)
  const ZERO = new Uint8Array(32)
  const root = (n: number): Uint8Array => new Uint8Array(32).fill(n)
  const withRoot = (balance: bigint, storageRoot: Uint8Array): Uint8Array =>
    encodeSlimAccount({ ...NEW_ACCOUNT, balance, storageRoot })
  const hash = keccak256(address(6))
  beforeEach(() =>
    write(database, (batch) =>
      addFlatState(batch, {
        accounts: [{ addressHash: hash, current: withRoot(1n, root(1)), previous: undefined }],
        slots: [1, 2].map((n) => ({
          addressHash: hash,
          slotHash: keccak256(word(n)),
          current: slotLeaf(word(n)),
          previous: undefined,
        })),
        codes: [],
      }),
    ),
  )

  test('are read through, and a block yields each changed one once, with its account, whose root is open', () => {
    expect(view.getSlot(address(6), word(1))).toEqual(word(1))
    expect(view.getSlot(address(6), word(3))).toEqual(ZERO)
    expect(view.getSlot(address(9), word(1))).toEqual(ZERO)
    view.setSlot(address(6), word(1), word(7))
    view.setSlot(address(6), word(1), ZERO)
    view.setSlot(address(6), word(2), word(8))
    view.setSlot(address(6), word(2), word(2))
    view.setSlot(address(6), word(3), word(3))
    expect(view.getSlot(address(6), word(1))).toEqual(ZERO)
    const slim = withRoot(1n, root(1))
    expect(view.endBlock(DELETE)).toEqual({
      accounts: [{ addressHash: hash, current: slim, previous: slim, storage: 'pending' }],
      slots: [
        { addressHash: hash, slotHash: keccak256(word(1)), current: undefined, previous: slotLeaf(word(1)) },
        { addressHash: hash, slotHash: keccak256(word(3)), current: slotLeaf(word(3)), previous: undefined },
      ],
      codes: [],
    })
    view.getSlot(address(6), word(3))
    expect(view.endBlock(DELETE)).toEqual({ accounts: [], slots: [], codes: [] })
  })

  test('keep the root of their account open until every block of them is settled', () => {
    view.setSlot(address(6), word(1), word(7))
    view.endBlock(DELETE)
    view.addBalance(address(6), 1n)
    expect(view.endBlock(DELETE).accounts).toMatchObject([{ storage: 'pending' }])
    view.settleStorage(hash, root(2))
    view.addBalance(address(6), 1n)
    expect(view.endBlock(DELETE).accounts).toMatchObject([{ storage: 'pending' }])
    view.settleStorage(hash, root(3))
    view.settleStorage(hash, root(4))
    expect(view.getAccount(address(6))?.storageRoot).toEqual(root(4))
    view.addBalance(address(6), 1n)
    expect(view.endBlock(DELETE).accounts).toEqual([
      { addressHash: hash, current: withRoot(4n, root(4)), previous: withRoot(3n, root(4)) },
    ])
  })

  test('go with an account that is deleted, and do not come back with it', () => {
    view.subtractBalance(address(6), 1n)
    view.setSlot(address(6), word(3), word(3))
    const deleted = { addressHash: hash, current: undefined, previous: withRoot(1n, root(1)), storage: 'wiped' }
    expect(view.endBlock(DELETE)).toEqual({ accounts: [deleted], slots: [], codes: [] })
    view.addBalance(address(6), 5n)
    expect(view.getSlot(address(6), word(2))).toEqual(ZERO)
    view.setSlot(address(6), word(2), word(4))
    expect(view.endBlock(DELETE).slots).toEqual([
      { addressHash: hash, slotHash: keccak256(word(2)), current: slotLeaf(word(4)), previous: undefined },
    ])
    // An account that began and ended in one block leaves no trace.
    view.setSlot(address(11), word(1), word(1))
    expect(view.endBlock(DELETE)).toEqual({ accounts: [], slots: [], codes: [] })
    expect(view.getSlot(address(11), word(1))).toEqual(ZERO)
  })

  test('of a discarded block are as before it, and count in the size', () => {
    view.setSlot(address(6), word(1), word(7))
    view.endBlock(DELETE)
    view.setSlot(address(6), word(1), word(8))
    view.setSlot(address(6), word(2), word(8))
    view.discardBlock()
    expect(view.getSlot(address(6), word(1))).toEqual(word(7))
    expect(view.getSlot(address(6), word(2))).toEqual(word(2))
    expect(view.endBlock(DELETE)).toEqual({ accounts: [], slots: [], codes: [] })
    expect(view.size()).toBe(3)
    view.release()
    expect(view.size()).toBe(0)
    expect(view.getSlot(address(6), word(1))).toEqual(word(1))
  })

  test('are 32 bytes', () => {
    expect(() => view.setSlot(address(6), Uint8Array.of(1), word(1))).toThrow('32 bytes')
  })
})
