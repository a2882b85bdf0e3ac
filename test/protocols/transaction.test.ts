import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEV } from '../../protocols/chain-spec/dev.ts'
import { MAINNET } from '../../protocols/chain-spec/mainnet.ts'
import { rulesAt } from '../../protocols/chain-spec/rules.ts'
import { bytesToBareHex, hexConstant } from '../../protocols/hex.ts'
import { decodeTransaction } from '../../protocols/transaction/decode.ts'
import { encodeTransaction, signingBytes, signingHash } from '../../protocols/transaction/encode.ts'
import { floorGas, intrinsicGas } from '../../protocols/transaction/intrinsic-gas.ts'
import type { Transaction } from '../../protocols/transaction/transaction.ts'
import { effectiveGasPrice, signatureParity, transactionChainId } from '../../protocols/transaction/transaction.ts'
import { checkTransaction, SECP256K1_N } from '../../protocols/transaction/transaction-rules.ts'
import { describeShared, readSharedJson } from '../shared-data.ts'

const fixed = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const u256 = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n })
const to = fc.option(fixed(20), { nil: undefined })
const common = { nonce: u64, gasLimit: u64, value: u256, data: fc.uint8Array({ maxLength: 80 }), r: u256, s: u256 }
const accessList = fc.array(fc.record({ address: fixed(20), storageKeys: fc.array(fixed(32), { maxLength: 3 }) }), {
  maxLength: 3,
})
const typed = { ...common, chainId: u256, accessList, yParity: u256 }
const fees = { maxPriorityFeePerGas: u256, maxFeePerGas: u256 }
const authorization = fc.record({
  chainId: u256,
  address: fixed(20),
  nonce: u64,
  yParity: fc.bigInt({ min: 0n, max: 255n }),
  r: u256,
  s: u256,
})
const transaction: fc.Arbitrary<Transaction> = fc.oneof(
  fc.record({ ...common, to, type: fc.constant(0 as const), gasPrice: u256, v: u256 }),
  fc.record({ ...typed, to, type: fc.constant(1 as const), gasPrice: u256 }),
  fc.record({ ...typed, to, ...fees, type: fc.constant(2 as const) }),
  fc.record({
    ...typed,
    ...fees,
    to: fixed(20),
    type: fc.constant(3 as const),
    maxFeePerBlobGas: u256,
    blobVersionedHashes: fc.array(fixed(32), { maxLength: 3 }),
  }),
  fc.record({
    ...typed,
    ...fees,
    to: fixed(20),
    type: fc.constant(4 as const),
    authorizationList: fc.array(authorization, { maxLength: 3 }),
  }),
)

describe('a transaction', () => {
  test('of each type comes back', () => {
    fc.assert(
      fc.property(transaction, (tx) => {
        expect(decodeTransaction(encodeTransaction(tx))).toEqual({ ok: true, value: tx })
      }),
      { numRuns: 500 },
    )
  })

  test('damaged in any byte is refused or decodes to what encodes to it', () => {
    fc.assert(
      fc.property(transaction, fc.nat(), fc.integer({ min: 1, max: 255 }), (tx, at, flip) => {
        const bytes = encodeTransaction(tx)
        bytes[at % bytes.length]! ^= flip
        const decoded = decodeTransaction(bytes)
        if (decoded.ok) expect(encodeTransaction(decoded.value)).toEqual(bytes)
      }),
      { numRuns: 500 },
    )
  })

  test('signs as in EIP-155', () => {
    const signed = hexConstant(
      'f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83',
    )
    const tx = decodeTransaction(signed)
    if (!tx.ok) throw new Error('refused')
    expect(bytesToBareHex(signingBytes(tx.value))).toBe(
      'ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080',
    )
    expect(bytesToBareHex(signingHash(tx.value))).toBe(
      'daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53',
    )
    expect([transactionChainId(tx.value), signatureParity(tx.value)]).toEqual([1n, 0])
    expect(checkTransaction(tx.value, rulesAt(MAINNET, 2_675_000n, 0n))).toEqual({ ok: true, value: undefined })
    expect(checkTransaction(tx.value, rulesAt(MAINNET, 2_674_999n, 0n))).toMatchObject({
      error: { code: 'TX_SIGNATURE' },
    })
  })

  test.each([
    ['', 'TX_EMPTY'],
    ['00', 'TX_TYPE'],
    ['05c0', 'TX_TYPE'],
    ['80', 'TX_ENCODING'],
    ['c0', 'TX_ENCODING'],
    ['02', 'TX_ENCODING'],
  ])('is not made of "%s"', (bytes, code) => {
    expect(decodeTransaction(hexConstant(bytes))).toMatchObject({ ok: false, error: { code } })
  })
})

const BASE = {
  nonce: 0n,
  gasLimit: 1_000_000n,
  to: new Uint8Array(20),
  value: 0n,
  data: new Uint8Array(0),
  r: 1n,
  s: 1n,
  chainId: 1337n,
  accessList: [],
  yParity: 0n,
  maxPriorityFeePerGas: 1n,
  maxFeePerGas: 2n,
}
const BLOB = { ...BASE, type: 3, maxFeePerBlobGas: 1n, blobVersionedHashes: [new Uint8Array(32).fill(1)] } as const
const SET_CODE = { ...BASE, type: 4, authorizationList: [] } as const
const PLAIN = { ...BASE, type: 2 } as const

describe('the rules for a transaction', () => {
  const rules = rulesAt(DEV, 1n, 1n)
  test('let a plain one and one with a blob pass', () => {
    expect(checkTransaction(PLAIN, rules).ok).toBe(true)
    expect(checkTransaction(BLOB, rules).ok).toBe(true)
  })
  test.each<[string, Transaction]>([
    ['TX_CHAIN_ID', { ...PLAIN, chainId: 1n }],
    ['TX_SIGNATURE', { ...PLAIN, r: 0n }],
    ['TX_SIGNATURE', { ...PLAIN, s: SECP256K1_N / 2n + 1n }],
    ['TX_SIGNATURE', { ...PLAIN, yParity: 2n }],
    ['TX_NONCE_MAX', { ...PLAIN, nonce: 2n ** 64n - 1n }],
    ['TX_GAS_CAP', { ...PLAIN, gasLimit: 16_777_217n }],
    ['TX_TIP_ABOVE_FEE_CAP', { ...PLAIN, maxPriorityFeePerGas: 3n }],
    ['TX_FEE_OVERFLOW', { ...PLAIN, maxFeePerGas: 2n ** 255n }],
    ['TX_INITCODE_SIZE', { ...PLAIN, to: undefined, data: new Uint8Array(49_153) }],
    ['TX_NO_BLOBS', { ...BLOB, blobVersionedHashes: [] }],
    ['TX_BLOB_COUNT', { ...BLOB, blobVersionedHashes: new Array(7).fill(new Uint8Array(32).fill(1)) }],
    ['TX_BLOB_HASH_VERSION', { ...BLOB, blobVersionedHashes: [new Uint8Array(32)] }],
    ['TX_NO_AUTHORIZATIONS', SET_CODE],
    ['TX_INTRINSIC_GAS', { ...PLAIN, gasLimit: 20_999n }],
    ['TX_INTRINSIC_GAS', { ...PLAIN, gasLimit: 60_999n, data: new Uint8Array(1_000).fill(1) }],
  ])('refuse with %s', (code, tx) => {
    expect(checkTransaction(tx, rules)).toMatchObject({ ok: false, error: { code } })
  })
  test('count gas of data, access list, creation and the floor', () => {
    const data = Uint8Array.of(0, 1)
    const list = [{ address: new Uint8Array(20), storageKeys: [new Uint8Array(32), new Uint8Array(32)] }]
    expect(intrinsicGas({ ...PLAIN, data, accessList: list }, rules)).toBe(21_000n + 4n + 16n + 2_400n + 3_800n)
    expect(intrinsicGas({ ...PLAIN, data, to: undefined }, rules)).toBe(53_000n + 20n + 2n)
    expect(floorGas({ data })).toBe(21_050n)
  })
  test('pay the tip on top of the base fee up to the cap', () => {
    expect([undefined, 0n, 1n, 2n].map((base) => effectiveGasPrice(PLAIN, base))).toEqual([2n, 1n, 2n, 2n])
  })
})

describeShared("transactions of geth's protocol tests", ['data', 'ethtest', 'newpayload.json'], () => {
  test('of every type come back', () => {
    const types = new Set<number>()
    for (const { params } of readSharedJson('data', 'ethtest', 'newpayload.json'))
      for (const hex of params[0].transactions) {
        const bytes = hexConstant(hex)
        const tx = decodeTransaction(bytes)
        if (!tx.ok) throw new Error(`${tx.error.code} in ${hex}`)
        expect(encodeTransaction(tx.value)).toEqual(bytes)
        types.add(tx.value.type)
      }
    expect([...types].sort()).toEqual([0, 1, 2, 3, 4])
  })
})
