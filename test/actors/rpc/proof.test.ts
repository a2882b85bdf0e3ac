/** Proofs and slots of a genesis state in a real store. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bytesToHex, hexConstant } from '../../../protocols/hex.ts'
import { keccak256 } from '../../../protocols/keccak256.ts'
import { createBatch } from '../../../storage/batch.ts'
import { addBlock, addCanonical, addHead } from '../../../storage/chain-store.ts'
import { createMemoryStore, type DatabaseLocation, openDatabase } from '../../../storage/database.ts'
import { decodeAccount } from '../../../storage/state/account.ts'
import { genesisState } from '../../../storage/state/genesis-state.ts'
import { verifyProof } from '../../../storage/trie/proof.ts'
import { storedBlock } from './memory-chain.ts'
import { type Rig, startRig } from './rig.ts'

const addressOf = (index: number) => new Uint8Array(20).fill(index + 1)
const slotOf = (index: number) => new Uint8Array(32).fill(index + 1)
const state = genesisState(
  Array.from({ length: 40 }, (_, index) => ({
    address: addressOf(index),
    balance: BigInt(index) + 7n,
    nonce: 0n,
    code: new Uint8Array(0),
    storage:
      index % 2 === 0 ? [] : Array.from({ length: index }, (_, at) => ({ slot: slotOf(at), value: slotOf(at + 3) })),
  })),
)
const blocks = [
  storedBlock({ number: 0n, stateRoot: state.stateRoot }),
  storedBlock({ number: 1n, stateRoot: state.stateRoot }),
]

let rig: Rig
beforeAll(async () => {
  const location: DatabaseLocation = { engine: 'memory', store: createMemoryStore() }
  const database = await openDatabase(location)
  if (!database.ok) throw new Error(database.error.code)
  const batch = createBatch()
  state.addTo(batch)
  for (const [index, block] of blocks.entries()) {
    const number = BigInt(index)
    addBlock(batch, { ...block, number, totalDifficulty: 1n })
    addCanonical(batch, number, block.hash)
  }
  addHead(batch, { number: 1n, hash: blocks[1]!.hash, stateRoot: state.stateRoot, totalDifficulty: 1n, epoch: 1n })
  await database.value.batch(batch.operations)
  rig = await startRig({ store: { location, genesisHash: blocks[0]!.hash } })
})
afterAll(() => rig.stop())
const call = async (method: string, ...params: unknown[]) => {
  const { result, error } = await rig.call(method, ...params)
  return error === undefined ? result : error
}

test('slots are read with or without 0x, by any number of digits', async () => {
  const of = bytesToHex(addressOf(5))
  const slot = bytesToHex(slotOf(1))
  expect(await call('eth_getStorageAt', of, slot, 'latest')).toBe(bytesToHex(slotOf(4)))
  expect(await call('eth_getStorageAt', of, slot.slice(2))).toBe(bytesToHex(slotOf(4)))
  expect(await call('eth_getStorageAt', of, '0x1', '0x0')).toBe(`0x${'00'.repeat(32)}`)
  expect(await call('eth_getStorageAt', of, `0x${'00'.repeat(33)}`)).toEqual({
    code: -32602,
    message: 'invalid argument 1: hex string too long, want at most 32 bytes',
  })
  expect(await call('eth_getStorageAt', of, '0xzz')).toMatchObject({ code: -32602 })
})

test('a proof shows the account and its slots to whoever knows the state root', async () => {
  for (const index of [1, 5, 39]) {
    const keys = [bytesToHex(slotOf(0)), '0x5']
    const proof = await call('eth_getProof', bytesToHex(addressOf(index)), keys, 'latest')
    const account = verifyProof(state.stateRoot, keccak256(addressOf(index)), proof.accountProof.map(hexConstant))
    if (!account.ok || account.value === undefined) throw new Error('the account is not proven')
    const { value: proven } = decodeAccount(account.value) as Extract<ReturnType<typeof decodeAccount>, { ok: true }>
    expect(proof).toMatchObject({
      balance: `0x${(index + 7).toString(16)}`,
      nonce: '0x0',
      storageHash: bytesToHex(proven.storageRoot),
      codeHash: bytesToHex(proven.codeHash),
    })
    const [present, absent] = proof.storageProof
    expect(present).toMatchObject({ key: keys[0], value: bytesToHex(slotOf(3)).replace('0x0', '0x') })
    expect(absent).toMatchObject({ key: '0x5', value: '0x0' })
    const leaf = verifyProof(proven.storageRoot, keccak256(slotOf(0)), present.proof.map(hexConstant))
    expect(leaf).toMatchObject({ ok: true, value: expect.anything() })
    const slotFive = hexConstant(`${'00'.repeat(31)}05`)
    const gap = verifyProof(proven.storageRoot, keccak256(slotFive), absent.proof.map(hexConstant))
    expect(gap).toEqual({ ok: true, value: undefined })
  }
})
test('an account that is not there is proven absent', async () => {
  const nobody = new Uint8Array(20).fill(0xee)
  const proof = await call('eth_getProof', bytesToHex(nobody), ['0x1'])
  expect(verifyProof(state.stateRoot, keccak256(nobody), proof.accountProof.map(hexConstant))).toEqual({
    ok: true,
    value: undefined,
  })
  expect(proof).toMatchObject({
    balance: '0x0',
    codeHash: `0x${'00'.repeat(32)}`,
    storageHash: `0x${'00'.repeat(32)}`,
    storageProof: [{ key: '0x1', value: '0x0', proof: [] }],
  })
})
test('a proof of an older block is refused with the reason', async () =>
  expect(await call('eth_getProof', bytesToHex(addressOf(1)), [], '0x0')).toEqual({
    code: -32000,
    message: 'proof of block 0 is not available: proofs are kept for the head only (block 1)',
  }))
test('more slots than a call may have are refused', async () =>
  expect(await call('eth_getProof', bytesToHex(addressOf(1)), Array(1025).fill('0x1'))).toEqual({
    code: -32602,
    message: 'invalid argument 1: too many elements (max 1024)',
  }))
