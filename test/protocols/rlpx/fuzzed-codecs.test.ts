import { expect, test } from 'vitest'
import { fuzzCodecs } from './fuzzed-codecs.ts'

const COUNT = 20_000

test(`${COUNT} tampered inputs per codec break none of them, and reach far into each`, () => {
  const tally = fuzzCodecs(COUNT, 'ci')
  for (const outcomes of Object.values(tally))
    expect(Object.values(outcomes).reduce((sum, times) => sum + times, 0)).toBe(COUNT)
  const outcomes = (codec: string): readonly string[] => Object.keys(tally[codec] ?? {})
  expect(outcomes('handshake bodies')).toEqual(
    expect.arrayContaining(['taken', 'RLP_TRUNCATED', 'RLP_WRONG_LENGTH', 'RLP_UNEXPECTED_LIST', 'RLP_NON_CANONICAL']),
  )
  expect(outcomes('handshake packets')).toEqual(
    expect.arrayContaining(['taken', 'more is needed', 'HANDSHAKE_SIZE', 'ECIES_POINT', 'ECIES_TAG']),
  )
  expect(outcomes('frames')).toEqual(
    expect.arrayContaining(['0 taken', '3 taken', 'FRAME_HEADER_MAC', 'FRAME_BODY_MAC', 'FRAME_SIZE']),
  )
  expect(outcomes('snappy')).toEqual(
    expect.arrayContaining(['taken', 'SNAPPY_LENGTH', 'SNAPPY_TOO_LARGE', 'SNAPPY_DAMAGED']),
  )
  expect(outcomes('hello')).toEqual(
    expect.arrayContaining(['taken', 'HELLO_ENCODING', 'HELLO_CAPABILITY', 'HELLO_IDENTITY_NULL']),
  )
  expect(outcomes('disconnect')).toEqual(expect.arrayContaining(['known', 'unknown', 'invalid']))
})
