import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { blockNumber, blockSelector } from '../../../protocols/json-rpc/block-selector.ts'
import type { JsonValue } from '../../../protocols/json-rpc/json.ts'
import { namespaceOf } from '../../../protocols/json-rpc/method-name.ts'
import {
  address,
  bool,
  data,
  hash,
  optional,
  quantity,
  readParameters,
} from '../../../protocols/json-rpc/parameters.ts'

const refusal = (message: string) => ({ ok: false, error: { code: -32602, message } })

describe('positional arguments', () => {
  const schema = [bool, optional(quantity)] as const
  test('may be absent or null when all are optional', () => {
    expect(readParameters([], undefined)).toEqual({ ok: true, value: [] })
    expect(readParameters([optional(bool)], null)).toEqual({ ok: true, value: [undefined] })
  })
  test('are refused with the messages of geth', () => {
    expect(readParameters(schema, { a: 1 })).toEqual(refusal('non-array args'))
    expect(readParameters(schema, 5)).toEqual(refusal('non-array args'))
    expect(readParameters(schema, [])).toEqual(refusal('missing value for required argument 0'))
    expect(readParameters(schema, [null])).toEqual(refusal('missing value for required argument 0'))
    expect(readParameters(schema, [true, '0x1', 1])).toEqual(refusal('too many arguments, want at most 2'))
    expect(readParameters(schema, [true, '1'])).toEqual(refusal('invalid argument 1: hex string without 0x prefix'))
  })
  test('are read in order', () =>
    expect(readParameters(schema, [true, '0x0'])).toEqual({ ok: true, value: [true, 0n] }))
})

describe('forms', () => {
  test.each(['0x', '', '0x01', '0xg', '1', `0x1${'0'.repeat(64)}`, `0x${'f'.repeat(1_000_000)}`, 1, {}, [], true])(
    'a quantity is not %j',
    (value) => expect(quantity.read(value as JsonValue).ok).toBe(false),
  )
  test('every quantity of 256 bits is read back', () =>
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 256n - 1n), (n) => {
        expect(quantity.read(`0x${n.toString(16)}`)).toEqual({ ok: true, value: n })
      }),
      { seed: 1 },
    ))
  test('addresses and hashes have their length', () => {
    expect(address.read(`0x${'aB'.repeat(20)}`)).toEqual({ ok: true, value: new Uint8Array(20).fill(0xab) })
    for (const wrong of [`0x${'ab'.repeat(19)}`, `0x${'ab'.repeat(21)}`, 'ab'.repeat(21), `0x${'zz'.repeat(20)}`, '0x'])
      expect(address.read(wrong).ok).toBe(false)
    expect(hash.read(`0x${'00'.repeat(32)}`).ok).toBe(true)
    expect(hash.read(`0x${'00'.repeat(20)}`).ok).toBe(false)
  })
  test('data may be empty, of even length only', () => {
    expect(data.read('0x')).toEqual({ ok: true, value: new Uint8Array(0) })
    expect(data.read('0x1').ok).toBe(false)
  })
})

describe('block selectors', () => {
  const HASH = `0x${'12'.repeat(32)}`
  const hashBytes = new Uint8Array(32).fill(0x12)
  test.each([
    ['latest', { by: 'tag', tag: 'latest' }],
    ['finalized', { by: 'tag', tag: 'finalized' }],
    ['0x0', { by: 'number', number: 0n }],
    ['0x7fffffffffffffff', { by: 'number', number: 2n ** 63n - 1n }],
    [HASH, { by: 'hash', hash: hashBytes, requireCanonical: false }],
    [{ blockNumber: '0x5' }, { by: 'number', number: 5n }],
    [{ blockNumber: 'safe' }, { by: 'tag', tag: 'safe' }],
    [{ blockHash: HASH }, { by: 'hash', hash: hashBytes, requireCanonical: false }],
    [
      { blockHash: HASH, requireCanonical: true },
      { by: 'hash', hash: hashBytes, requireCanonical: true },
    ],
  ])('take %j', (value, selector) =>
    expect(blockSelector.read(value as JsonValue)).toEqual({ ok: true, value: selector }),
  )
  test.each([
    {},
    { blockHash: HASH, blockNumber: '0x1' },
    { blockHash: '0x12' },
    { blockHash: HASH, requireCanonical: 1 },
    'Latest',
    '0x8000000000000000',
    '5',
    5,
    [],
    '0x',
    true,
  ])('refuse %j', (value) => expect(blockSelector.read(value as JsonValue).ok).toBe(false))
  test('as plain block numbers take no hash', () => expect(blockNumber.read(HASH).ok).toBe(false))
})

test.each([
  ['eth_call', 'eth'],
  ['debug_standard_x', 'debug'],
  ['_x', ''],
  ['eth', undefined],
])('the namespace of %s is %s', (method, namespace) => expect(namespaceOf(method)).toBe(namespace))
