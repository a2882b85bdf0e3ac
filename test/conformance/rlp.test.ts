import { expect, test } from 'vitest'
import { hexConstant } from '../../protocols/hex.ts'
import type { RlpItem } from '../../protocols/rlp.ts'
import { decodeRlp, encodeRlp, uintToBytes } from '../../protocols/rlp.ts'
import { describeShared, readSharedJson } from '../shared-data.ts'

const VECTORS = ['data', 'ethereum-tests', 'RLPTests']

/** Of the vectors' JSON: text, number, `#` and a decimal number, or a list of those. */
function itemOf(json: unknown): RlpItem {
  if (Array.isArray(json)) return json.map(itemOf)
  if (typeof json === 'number') return uintToBytes(BigInt(json))
  if (typeof json !== 'string') throw new Error(`unknown form: ${json}`)
  return json.startsWith('#') ? uintToBytes(BigInt(json.slice(1))) : new TextEncoder().encode(json)
}

describeShared('RLPTests', VECTORS, () => {
  const valid = Object.entries<any>(readSharedJson(...VECTORS, 'rlptest.json'))
  const invalid = Object.entries<any>(readSharedJson(...VECTORS, 'invalidRLPTest.json'))
  const random = Object.entries<any>(readSharedJson(...VECTORS, 'RandomRLPTests', 'example.json'))

  test('all 28, 26 and 1 are here', () => {
    expect([valid.length, invalid.length, random.length]).toEqual([28, 26, 1])
  })
  test.each(valid)('encodes and decodes %s', (_name, vector) => {
    const item = itemOf(vector.in)
    const bytes = hexConstant(vector.out)
    expect(encodeRlp(item)).toEqual(bytes)
    expect(decodeRlp(bytes)).toEqual({ ok: true, value: item })
  })
  test.each(invalid)('refuses %s', (_name, vector) => {
    expect(decodeRlp(hexConstant(vector.out)).ok).toBe(false)
  })
  test.each(random)('%s is valid', (_name, vector) => {
    const bytes = hexConstant(vector.out)
    const decoded = decodeRlp(bytes)
    expect(decoded.ok && encodeRlp(decoded.value)).toEqual(bytes)
  })
})
