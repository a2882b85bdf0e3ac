import { RLP } from '@ethereumjs/rlp'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hexConstant } from '../../protocols/hex.ts'
import type { RlpItem } from '../../protocols/rlp.ts'
import {
  bytesToUint,
  decodeRlp,
  encodeRlp,
  encodeRlpList,
  encodeRlpString,
  enterList,
  finished,
  leaveList,
  rlpItemAt,
  rlpReader,
  rlpUint,
  takeFixed,
  takeUint,
  uintToBytes,
} from '../../protocols/rlp.ts'

const { item } = fc.letrec<{ item: RlpItem }>((tie) => ({
  item: fc.oneof({ maxDepth: 5 }, fc.uint8Array({ maxLength: 300 }), fc.array(tie('item'), { maxLength: 8 })),
}))

describe('RLP', () => {
  test('encodes as @ethereumjs/rlp does, and decodes what it encoded', () => {
    fc.assert(
      fc.property(item, (value) => {
        const encoded = encodeRlp(value)
        expect(encoded).toEqual(RLP.encode(value as any))
        expect(decodeRlp(encoded)).toEqual({ ok: true, value })
      }),
    )
  })

  test('accepts only what it would itself have written', () => {
    const shape = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      item.map(encodeRlp).chain((bytes) =>
        fc.tuple(fc.nat(Math.max(0, bytes.length - 1)), fc.integer({ min: 0, max: 255 })).map(([at, byte]) => {
          const damaged = bytes.slice()
          damaged[at] = byte
          return damaged
        }),
      ),
    )
    fc.assert(
      fc.property(shape, (bytes) => {
        const decoded = decodeRlp(bytes)
        if (decoded.ok) expect(encodeRlp(decoded.value)).toEqual(bytes)
      }),
      { numRuns: 2000 },
    )
  })

  test('integers come back and have no leading zero', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 256n }), (value) => {
        const bytes = uintToBytes(value)
        expect(bytes[0]).not.toBe(0)
        expect(bytesToUint(bytes)).toBe(value)
        expect(rlpUint(bytes, 33)).toEqual({ ok: true, value })
      }),
    )
    for (const value of [
      0n,
      255n,
      256n,
      65535n,
      65536n,
      2n ** 24n,
      2n ** 32n - 1n,
      2n ** 32n,
      2n ** 48n,
      2n ** 64n - 1n,
    ])
      expect(bytesToUint(uintToBytes(value))).toBe(value)
    expect(rlpUint(Uint8Array.of(0, 1), 8)).toEqual({ ok: false, error: { code: 'RLP_LEADING_ZERO', offset: 0 } })
    expect(rlpUint(new Uint8Array(9).fill(1), 8)).toMatchObject({ error: { code: 'RLP_INTEGER_TOO_LONG' } })
  })

  test('byte strings are views of the input', () => {
    const encoded = encodeRlp([Uint8Array.of(200, 201)])
    const decoded = decodeRlp(encoded)
    expect(decoded.ok && (decoded.value[0] as Uint8Array).buffer === encoded.buffer).toBe(true)
  })

  test('limits are kept', () => {
    const nested = hexConstant('c3c2c1c0')
    expect(decodeRlp(nested, { depthMax: 4 }).ok).toBe(true)
    expect(decodeRlp(nested, { depthMax: 3 })).toEqual({ ok: false, error: { code: 'RLP_TOO_DEEP', offset: 3 } })
    expect(decodeRlp(nested, { bytesMax: 3 })).toMatchObject({ error: { code: 'RLP_TOO_LARGE' } })
    expect(decodeRlp(hexConstant('c3010203'), { itemsMax: 3 })).toMatchObject({ error: { code: 'RLP_TOO_MANY_ITEMS' } })
    const deep = new Uint8Array(4096).fill(0xc0)
    let bytes: Uint8Array = deep.subarray(0, 1)
    for (let i = 0; i < 1100; i++) bytes = encodeRlpList([bytes])
    expect(decodeRlp(bytes)).toMatchObject({ error: { code: 'RLP_TOO_DEEP' } })
  })

  test('an item is found where it stands, with its strictness checks', () => {
    const bytes = encodeRlp([Uint8Array.of(1), [Uint8Array.of(2), new Uint8Array(60)]])
    expect(rlpItemAt(bytes, 2)).toEqual({ ok: true, value: { offset: 2, start: 2, end: 3, isList: false } })
    expect(rlpItemAt(bytes, 3)).toEqual({ ok: true, value: { offset: 3, start: 5, end: 68, isList: true } })
    expect(rlpItemAt(bytes, 3, 20)).toEqual({ ok: false, error: { code: 'RLP_TRUNCATED', offset: 3 } })
    expect(rlpItemAt(hexConstant('8101'), 0)).toMatchObject({ error: { code: 'RLP_NON_CANONICAL' } })
    expect(rlpItemAt(hexConstant('b800'), 0)).toMatchObject({ error: { code: 'RLP_NON_CANONICAL' } })
    expect(rlpItemAt(new Uint8Array(0), 0)).toMatchObject({ error: { code: 'RLP_TRUNCATED' } })
    expect(rlpItemAt(hexConstant('ffffffffffffffffff'), 0)).toMatchObject({ error: { code: 'RLP_LENGTH_OVERFLOW' } })
  })

  test('a reader keeps its first failure', () => {
    const reader = rlpReader(encodeRlp([Uint8Array.of(1, 2), Uint8Array.of(0)]))
    const outer = enterList(reader)
    expect(takeFixed(reader, 2)).toEqual(Uint8Array.of(1, 2))
    expect(takeUint(reader, 8)).toBe(0n)
    expect(takeUint(reader, 8)).toBe(0n)
    leaveList(reader, outer)
    expect(finished(reader, 'value')).toEqual({ ok: false, error: { code: 'RLP_LEADING_ZERO', offset: 4 } })
  })

  test('encoded items are joined to a list', () => {
    const parts = [new Uint8Array(70), Uint8Array.of(5), new Uint8Array(0)]
    expect(encodeRlpList(parts.map(encodeRlpString))).toEqual(encodeRlp(parts))
  })
})
