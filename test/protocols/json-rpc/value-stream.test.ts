import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ScanLimits } from '../../../protocols/json-rpc/value-scanner.ts'
import { valueStream } from '../../../protocols/json-rpc/value-stream.ts'

const LIMITS: ScanLimits = { bytesMax: 1000, depthMax: 10, valuesMax: 1000 }
const bytes = (text: string) => new TextEncoder().encode(text)

function split(pieces: readonly Uint8Array[], limits = LIMITS) {
  const values: string[] = []
  const stream = valueStream(limits, (value) => values.push(new TextDecoder().decode(value)) > 0)
  const refusals = pieces.map((piece) => stream.push(piece)).filter((refusal) => refusal !== undefined)
  stream.end()
  return { values, refusals, pendingBytes: stream.pendingBytes() }
}

describe('a stream of values', () => {
  test('is cut where each value ends, with or without delimiters', () =>
    expect(split([bytes('{"a":"}"}{"b":[1,{}]}\n[1] "x\\"y" null 12 true{}')]).values).toEqual([
      '{"a":"}"}',
      '{"b":[1,{}]}',
      '[1]',
      '"x\\"y"',
      'null',
      '12',
      'true',
      '{}',
    ]))
  test('ends a bare literal at its end', () => expect(split([bytes('nu'), bytes('ll')]).values).toEqual(['null']))
  test('gives the same values wherever it is cut, also inside a character', () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.json({ maxDepth: 3 }).map((text) => JSON.stringify([JSON.parse(text), 'ü€😀'])),
          { maxLength: 5 },
        ),
        fc.array(fc.nat({ max: 400 }), { maxLength: 12 }),
        (texts, cuts) => {
          const whole = bytes(texts.join(''))
          const at = [0, ...cuts.map((cut) => cut % (whole.length + 1)).sort((a, b) => a - b), whole.length]
          const pieces = at.slice(1).map((end, index) => whole.slice(at[index], end))
          expect(split(pieces, { bytesMax: 100_000, depthMax: 100, valuesMax: 10_000 }).values).toEqual(texts)
        },
      ),
      { seed: 2, numRuns: 500 },
    ))
  test('cut into single bytes keeps little more than the value', () => {
    const text = bytes(`"${'a'.repeat(900)}"`)
    const stream = valueStream(LIMITS, () => true)
    for (const byte of text.subarray(0, 900)) stream.push(Uint8Array.of(byte))
    expect(stream.pendingBytes()).toBeLessThanOrEqual(4096)
  })
  test('keeps nothing for endless whitespace', () =>
    expect(split(Array.from({ length: 100 }, () => bytes(' '.repeat(1000)))).pendingBytes).toBe(0))
  test('refuses a value that is too large, once, and is dead then', () => {
    const result = split([
      ...Array.from({ length: 20 }, () => bytes(`"${'a'.repeat(99)}`.replaceAll('"', 'b'))),
      bytes('{}'),
    ])
    expect(result.refusals).toEqual(['TOO_LARGE'])
    expect(result.values).toEqual([])
    expect(result.pendingBytes).toBe(0)
  })
  test('refuses nesting and counts of values beyond its limits', () => {
    expect(split([bytes('['.repeat(11))]).refusals).toEqual(['TOO_DEEP'])
    expect(
      split([bytes(`[${'1,'.repeat(400)}`), bytes('[],'.repeat(400))], { ...LIMITS, bytesMax: 10_000 }).refusals,
    ).toEqual(['TOO_MANY_VALUES'])
  })
  test('ends when the receiver says so', () => {
    const seen: string[] = []
    const stream = valueStream(LIMITS, (value) => {
      seen.push(new TextDecoder().decode(value))
      return false
    })
    stream.push(bytes('{}{}'))
    stream.push(bytes('{}'))
    expect(seen).toEqual(['{}'])
  })
})
