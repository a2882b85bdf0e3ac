import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SealError } from '../../../protocols/ethash/seal.ts'
import {
  checkSeals,
  decodeSeal,
  decodeVerdict,
  encodeSeals,
  highestNumber,
  rowsByEpoch,
  SEAL_ROW_BYTES,
  VERDICT_ROW_BYTES,
} from '../../../protocols/ethash/seal-rows.ts'
import { type Header, sealHash } from '../../../protocols/header.ts'
import { err, ok, type Result } from '../../../protocols/result.ts'
import { plainHeader } from '../../plain-header.ts'

const headerOf = (more: Partial<Header>): Header =>
  plainHeader({
    difficulty: 131_072n,
    number: 1n,
    timestamp: 1n,
    mixHash: new Uint8Array(32).fill(3),
    nonce: new Uint8Array(8).fill(4),
    ...more,
  })
const headers = fc
  .record({
    number: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    difficulty: fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }),
    mixHash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    nonce: fc.uint8Array({ minLength: 8, maxLength: 8 }),
  })
  .map(headerOf)

test('a row holds all that a seal is checked by', () => {
  fc.assert(
    fc.property(fc.array(headers, { maxLength: 5 }), (some) => {
      const rows = encodeSeals(some)
      expect(rows.length).toBe(some.length * SEAL_ROW_BYTES)
      for (const [i, header] of some.entries()) {
        const { number, difficulty, mixHash, nonce } = header
        const seal = decodeSeal(rows.subarray(i * SEAL_ROW_BYTES, (i + 1) * SEAL_ROW_BYTES))
        expect(seal).toEqual({ number, difficulty, mixHash, nonce, sealHash: sealHash(header) })
      }
      const numbers = some.map(({ number }) => number)
      expect(highestNumber(rows)).toBe(
        numbers.reduce<bigint | undefined>((a, b) => (a === undefined || b > a ? b : a), undefined),
      )
    }),
  )
})

test('every verdict comes back as it was found', () => {
  const header = headerOf({})
  const verdicts: readonly Result<undefined, SealError>[] = [
    ok(undefined),
    err({ code: 'SEAL_DIFFICULTY' }),
    err({ code: 'SEAL_MIX_HASH', mixHash: header.mixHash, expected: new Uint8Array(32).fill(9) }),
    err({ code: 'SEAL_RESULT', result: 1n << 255n, target: (1n << 256n) / header.difficulty }),
  ]
  let next = 0
  const rows = checkSeals(encodeSeals(verdicts.map(() => header)), () => verdicts[next++]!)
  const found = verdicts.map((_, i) =>
    decodeVerdict(rows.subarray(i * VERDICT_ROW_BYTES, (i + 1) * VERDICT_ROW_BYTES), header),
  )
  expect(found).toEqual(verdicts)
})

test('what nobody has filled in is no verdict', () => {
  expect(() => decodeVerdict(new Uint8Array(VERDICT_ROW_BYTES), headerOf({}))).toThrow('no verdict')
  expect(() => decodeVerdict(new Uint8Array(0), headerOf({}))).toThrow('no verdict')
  expect(() => decodeVerdict(new Uint8Array(VERDICT_ROW_BYTES).fill(1), headerOf({}))).toThrow('no verdict')
})

test('rows are sorted by epoch, whatever their order', () => {
  const rows = encodeSeals([30_001n, 29_999n, 30_000n, 5n, (1n << 64n) - 1n].map((number) => headerOf({ number })))
  expect(rowsByEpoch(rows)).toEqual([
    { epoch: 0, indices: [1, 3] },
    { epoch: 1, indices: [0, 2] },
    { epoch: 614_891_469_123_651, indices: [4] },
  ])
  expect(rowsByEpoch(new Uint8Array(0))).toEqual([])
})
