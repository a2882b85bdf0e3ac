import { expect, test } from 'vitest'
import { blockSelector } from '../../../protocols/json-rpc/block-selector.ts'
import { address, data, hash, optional, quantity, readParameters } from '../../../protocols/json-rpc/parameters.ts'
import { type Entry, parseRequest } from '../../../protocols/json-rpc/request.ts'
import { decodeResponse, encodeError, encodeResult } from '../../../protocols/json-rpc/response.ts'
import { valueStream } from '../../../protocols/json-rpc/value-stream.ts'

const LIMITS = { bytesMax: 100_000, depthMax: 1000, valuesMax: 50_000, itemsMax: 50 }
const REQUESTS = 10_000

/** mulberry32: the same requests in every run. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const WELL_FORMED = [
  '{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":["0x0000000000000000000000000000000000000001","latest"]}',
  '[{"jsonrpc":"2.0","id":"ä","method":"eth_chainId"},{"jsonrpc":"2.0","method":"x_y","params":[1e999,-0,{"a":[]}]}]',
  '{"jsonrpc":"2.0","id":123456789012345678901234567890,"method":"eth_getBlockByNumber","params":[{"blockHash":"0x12"},true]}',
]
const JUNK = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '1e99999',
  '\u0000',
  'null',
  '0x',
  '\\ud800',
  '-',
  '"id":',
  ' ',
  '\\u',
]

function mutant(next: () => number): Uint8Array {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)]!
  let text = pick(WELL_FORMED)
  const kind = Math.floor(next() * 8)
  if (kind === 0) text = pick(['[', '{"a":', '[[],', '[1,']).repeat(Math.floor(next() * 20_000))
  if (kind === 1) text = text.replace('1', '9'.repeat(Math.floor(next() * 5000)))
  for (let count = Math.floor(next() * 6); count > 0; count--) {
    const at = Math.floor(next() * text.length)
    text = text.slice(0, at) + pick(JUNK) + text.slice(at + Math.floor(next() * 4))
  }
  const bytes = new TextEncoder().encode(text)
  if (kind === 2)
    for (let count = 0; count < 5; count++) bytes[Math.floor(next() * bytes.length)] = Math.floor(next() * 256)
  if (kind === 3) return Uint8Array.from({ length: Math.floor(next() * 300) }, () => Math.floor(next() * 256))
  return bytes
}

const answerOf = (entry: Entry): string | undefined => {
  if (entry.kind === 'invalid') return encodeError(entry.id, entry.error)
  if (entry.kind !== 'call') return undefined
  const values = readParameters(
    [optional(address), optional(blockSelector), optional(hash), optional(quantity), optional(data)],
    entry.params,
  )
  return values.ok ? encodeResult(entry.id, 'null') : encodeError(entry.id, values.error)
}

test(`${REQUESTS} malformed, huge and mutated requests never throw, and get a valid answer or none`, () => {
  const next = numbers(20_230)
  const forms: { [form: string]: number } = {}
  for (let run = 0; run < REQUESTS; run++) {
    const bytes = mutant(next)
    const parsed = parseRequest(bytes, LIMITS)
    forms[parsed.form] = (forms[parsed.form] ?? 0) + 1
    const answers =
      parsed.form === 'single'
        ? [answerOf(parsed.entry)]
        : parsed.form === 'batch'
          ? parsed.entries.map(answerOf)
          : parsed.form === 'unreadable'
            ? [encodeError('null', parsed.error)]
            : parsed.form === 'refused'
              ? [encodeError(parsed.id, parsed.error)]
              : []
    expect(answers.length).toBeLessThanOrEqual(LIMITS.itemsMax)
    for (const answer of answers) {
      if (answer === undefined) continue
      expect(decodeResponse(answer), answer).toBeDefined()
      expect(answer.length).toBeLessThanOrEqual(bytes.length * 6 + 2500)
    }
  }
  // The mix reaches every branch; a generator gone wrong would not.
  for (const form of ['single', 'batch', 'unreadable', 'nothing']) expect(forms[form], form).toBeGreaterThan(1)
})

test(`a stream of ${REQUESTS} mutants keeps at most twice the size of one value`, () => {
  const next = numbers(7)
  let stream = valueStream(LIMITS, () => true)
  for (let run = 0; run < REQUESTS; run++) {
    if (stream.push(mutant(next)) !== undefined) stream = valueStream(LIMITS, () => true)
    expect(stream.pendingBytes()).toBeLessThanOrEqual(LIMITS.bytesMax * 2)
  }
})

test('a short request is read as it is after a space, where it is scanned first', () => {
  const next = numbers(11)
  let wasCall = 0
  for (let i = 0; i < REQUESTS; i++) {
    const bytes = mutant(next)
    const read = parseRequest(bytes, LIMITS)
    expect(read).toEqual(
      parseRequest(Uint8Array.of(0x20, ...bytes.subarray(0, LIMITS.bytesMax)), {
        ...LIMITS,
        bytesMax: LIMITS.bytesMax + 1,
      }),
    )
    if (read.form === 'single' && bytes.length <= LIMITS.depthMax) wasCall++
  }
  expect(wasCall).toBeGreaterThan(REQUESTS / 20)
})
