import { createMPT } from '@ethereumjs/mpt'
import { RLP } from '@ethereumjs/rlp'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeBlock, encodeBlock, joinBlock, splitBlock } from '../../protocols/block.ts'
import { bloomMayContain, logsBloom } from '../../protocols/bloom.ts'
import type { Body } from '../../protocols/body.ts'
import { decodeBody, encodeBody } from '../../protocols/body.ts'
import { genesisHeader } from '../../protocols/chain-spec/genesis-header.ts'
import { MAINNET } from '../../protocols/chain-spec/mainnet.ts'
import { deriveRoot, EMPTY_TRIE_ROOT } from '../../protocols/derive-root.ts'
import type { Header } from '../../protocols/header.ts'
import { decodeHeader, encodeHeader, headerNumber } from '../../protocols/header.ts'
import { bytesToHex, decodeQuantity, encodeQuantity, hexConstant, hexToBytes } from '../../protocols/hex.ts'
import type { Receipt } from '../../protocols/receipt.ts'
import { decodeReceipt, decodeReceipts, encodeReceipt, encodeReceipts } from '../../protocols/receipt.ts'
import { encodeRlpList } from '../../protocols/rlp.ts'

const fixed = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const u256 = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n })

const legacyHeader = fc.record({
  parentHash: fixed(32),
  ommersHash: fixed(32),
  beneficiary: fixed(20),
  stateRoot: fixed(32),
  transactionsRoot: fixed(32),
  receiptsRoot: fixed(32),
  logsBloom: fixed(256),
  difficulty: u256,
  number: u64,
  gasLimit: u64,
  gasUsed: u64,
  timestamp: u64,
  extraData: fc.uint8Array({ maxLength: 100 }),
  mixHash: fixed(32),
  nonce: fixed(8),
})
const lateFields = fc.record({
  baseFeePerGas: u256,
  withdrawalsRoot: fixed(32),
  blobGasUsed: u64,
  excessBlobGas: u64,
  parentBeaconBlockRoot: fixed(32),
  requestsHash: fixed(32),
  blockAccessListHash: fixed(32),
  slotNumber: u64,
})
/** With the first 0 to 8 optional fields. */
const header: fc.Arbitrary<Header> = fc
  .tuple(legacyHeader, lateFields, fc.nat(8))
  .map(([base, late, count]) => ({ ...base, ...Object.fromEntries(Object.entries(late).slice(0, count)) }))
const withdrawal = fc.record({ index: u64, validatorIndex: u64, address: fixed(20), amount: u64 })
const transaction = fc.oneof(
  fc.array(fc.uint8Array({ maxLength: 70 }), { maxLength: 9 }).map((fields) => RLP.encode(fields)),
  fc
    .tuple(fc.nat(0x7f), fc.uint8Array({ minLength: 1, maxLength: 90 }))
    .map(([type, rest]) => Uint8Array.of(type, ...rest)),
)
const body: fc.Arbitrary<Body> = fc
  .tuple(
    fc.array(transaction, { maxLength: 5 }),
    fc.array(header, { maxLength: 2 }),
    fc.option(fc.array(withdrawal, { maxLength: 3 }), { nil: undefined }),
  )
  .map(([transactions, ommers, withdrawals]) => ({
    transactions,
    ommers: ommers.map(encodeHeader),
    ...(withdrawals && { withdrawals }),
  }))

describe('a header', () => {
  test('comes back with any number of its optional fields', () => {
    fc.assert(
      fc.property(header, (value) => {
        const encoded = encodeHeader(value)
        expect(decodeHeader(encoded)).toEqual({ ok: true, value })
        expect(headerNumber(encoded)).toEqual({ ok: true, value: value.number })
      }),
    )
  })
  test('with a gap among its optional fields is a bug', () => {
    const genesis = genesisHeader(MAINNET, new Uint8Array(32))
    expect(() => encodeHeader({ ...genesis, slotNumber: 1n })).toThrow('slotNumber but without baseFeePerGas')
  })
  test('that is damaged names the field', () => {
    const encoded = encodeHeader(genesisHeader(MAINNET, new Uint8Array(32)))
    const damaged = encoded.slice()
    damaged[3] = 0x9f
    expect(decodeHeader(damaged)).toMatchObject({ error: { code: 'HEADER_ENCODING', field: 'parentHash' } })
    expect(decodeHeader(encoded.subarray(0, -1))).toMatchObject({
      error: { field: 'header', cause: { code: 'RLP_TRUNCATED' } },
    })
    expect(decodeHeader(Uint8Array.of(...encoded, 0))).toMatchObject({
      error: { cause: { code: 'RLP_TRAILING_BYTES' } },
    })
  })
})

describe('a block', () => {
  test('comes back whole and in parts, and its parts are views', () => {
    fc.assert(
      fc.property(header, body, (value, content) => {
        const headerBytes = encodeHeader(value)
        const bodyBytes = encodeBody(content)
        const block = encodeBlock(headerBytes, content)
        expect(decodeBody(bodyBytes)).toEqual({ ok: true, value: content })
        expect(decodeBlock(block)).toEqual({ ok: true, value: { headerBytes, header: value, body: content } })
        expect(joinBlock(headerBytes, bodyBytes)).toEqual({ ok: true, value: block })
        const parts = splitBlock(block)
        expect(parts.ok && parts.value.header.buffer === block.buffer).toBe(true)
      }),
    )
  })
  test('with a transaction that is an empty string is refused', () => {
    expect(decodeBody(hexConstant('c3c180c0'))).toMatchObject({
      error: { code: 'BODY_ENCODING', cause: { code: 'RLP_WRONG_LENGTH' } },
    })
  })
})

const receipt: fc.Arbitrary<Receipt> = fc
  .record({
    type: fc.nat(0x7f),
    outcome: fc.oneof(
      fc.boolean().map((success) => ({ kind: 'status' as const, success })),
      fixed(32).map((root) => ({ kind: 'root' as const, root })),
    ),
    cumulativeGasUsed: u64,
    logs: fc.array(
      fc.record({
        address: fixed(20),
        topics: fc.array(fixed(32), { maxLength: 4 }),
        data: fc.uint8Array({ maxLength: 80 }),
      }),
      { maxLength: 3 },
    ),
  })
  .map((value) => ({ ...value, logsBloom: logsBloom(value.logs) }))

describe('a receipt', () => {
  test('comes back alone and in a list, and its bloom holds its logs', () => {
    fc.assert(
      fc.property(fc.array(receipt, { maxLength: 4 }), (values) => {
        for (const value of values) {
          expect(decodeReceipt(encodeReceipt(value))).toEqual({ ok: true, value })
          for (const log of value.logs) expect(bloomMayContain(value.logsBloom, log.address)).toBe(true)
        }
        expect(decodeReceipts(encodeReceipts(values))).toEqual({ ok: true, value: values })
      }),
      { numRuns: 50 },
    )
  })
  test('of a failure says 0x80, and 0x00 is refused', () => {
    const failure = {
      type: 0,
      outcome: { kind: 'status', success: false },
      cumulativeGasUsed: 0n,
      logsBloom: new Uint8Array(256),
      logs: [],
    } as const
    const encoded = encodeReceipt(failure)
    expect(encoded[3]).toBe(0x80)
    const zero = encoded.slice()
    zero[3] = 0
    expect(decodeReceipt(zero)).toMatchObject({ error: { code: 'RECEIPT_OUTCOME' } })
  })
})

describe('the derived root', () => {
  test('is the empty root of an empty list', () => expect(deriveRoot([])).toEqual(EMPTY_TRIE_ROOT))
  test.each([1, 2, 3, 17, 127, 128, 129, 256, 300])('of %d items is that of a trie', async (count) => {
    const items = Array.from({ length: count }, (_, i) => new Uint8Array((i % 40) + 1).fill(i))
    const trie = await createMPT()
    for (const [i, item] of items.entries()) await trie.put(RLP.encode(i), item)
    expect(bytesToHex(deriveRoot(items))).toBe(bytesToHex(trie.root()))
  })
})

describe('hexadecimal', () => {
  test('bytes and quantities come back', () => {
    fc.assert(
      fc.property(
        fc.uint8Array(),
        (bytes) => void expect(hexToBytes(bytesToHex(bytes))).toEqual({ ok: true, value: bytes }),
      ),
    )
    fc.assert(
      fc.property(u256, (value) => void expect(decodeQuantity(encodeQuantity(value))).toEqual({ ok: true, value })),
    )
  })
  test.each([
    ['12', 'HEX_PREFIX'],
    ['0x1', 'HEX_ODD_LENGTH'],
    ['0x1g', 'HEX_DIGIT'],
    ['0x::', 'HEX_DIGIT'],
  ])('%s is no data', (text, code) => expect(hexToBytes(text)).toMatchObject({ error: { code } }))
  test('data of a given length has it', () =>
    expect(hexToBytes('0x00', 2)).toMatchObject({ error: { code: 'HEX_LENGTH' } }))
  test.each([
    ['0x', 'HEX_QUANTITY'],
    ['0x00', 'HEX_QUANTITY'],
    ['1', 'HEX_PREFIX'],
    ['0x-1', 'HEX_DIGIT'],
    [`0x1${'0'.repeat(64)}`, 'HEX_QUANTITY'],
  ])('%s is no quantity', (text, code) => expect(decodeQuantity(text)).toMatchObject({ error: { code } }))
})

test('encoded lists nest', () => expect(encodeRlpList([encodeRlpList([])])).toEqual(hexConstant('c1c0')))
