import { describe, expect, test } from 'vitest'
import { memberText } from '../../../protocols/json-rpc/raw-text.ts'
import { type ParsedRequest, parseRequest, type RequestLimits } from '../../../protocols/json-rpc/request.ts'

const LIMITS: RequestLimits = { bytesMax: 5_242_880, depthMax: 1000, valuesMax: 500_000, itemsMax: 1000 }
const bytes = (text: string) => new TextEncoder().encode(text)
const parse = (text: string, limits: Partial<RequestLimits> = {}): ParsedRequest =>
  parseRequest(bytes(text), { ...LIMITS, ...limits })
const single = (text: string) => {
  const parsed = parse(text)
  if (parsed.form !== 'single') throw new Error(`not a single request: ${parsed.form}`)
  return parsed.entry
}

describe('a single request', () => {
  test.each([
    ['{"jsonrpc":"2.0","id":1,"method":"a_b"}', '1'],
    ['{"jsonrpc":"2.0","id":"x\\"y","method":"a_b"}', '"x\\"y"'],
    ['{"jsonrpc":"2.0","id":null,"method":"a_b"}', 'null'],
    ['{"jsonrpc":"2.0","id":true,"method":"a_b"}', 'true'],
    ['{"jsonrpc":"2.0","id":1.5,"method":"a_b"}', '1.5'],
    ['{"jsonrpc":"2.0","id":12345678901234567890,"method":"a_b"}', '12345678901234567890'],
    ['{"method":"a_b","x":{"id":3},"id" : 1e400 ,"jsonrpc":"2.0"}', '1e400'],
    ['{"id":1,"jsonrpc":"2.0","method":"a_b","id":9007199254740993}', '9007199254740993'],
  ])('with a scalar id is a call: %s', (text, id) => {
    expect(single(text)).toMatchObject({ kind: 'call', id, method: 'a_b' })
  })
  test('without an id is a notification', () =>
    expect(single('{"jsonrpc":"2.0","method":"a_b"}')).toMatchObject({ kind: 'notification' }))
  test.each([
    ['{"jsonrpc":"2.0","id":{},"method":"a_b"}', 'null'],
    ['{"jsonrpc":"2.0","id":[1],"method":"a_b"}', 'null'],
    ['{"jsonrpc":"1.0","id":7,"method":"a_b"}', '7'],
    ['{"jsonrpc":2.0,"id":7,"method":"a_b"}', '7'],
    ['{"id":7,"method":"a_b"}', '7'],
    ['{"method":"a_b"}', 'null'],
    ['{"jsonrpc":"2.0","id":"q"}', '"q"'],
    ['{"jsonrpc":"2.0","id":"q","method":""}', '"q"'],
    ['{"jsonrpc":"2.0","id":"q","method":5}', '"q"'],
    ['{}', 'null'],
    ['1', 'null'],
    ['"text"', 'null'],
    ['null', 'null'],
    ['true', 'null'],
  ])('that breaks a rule is invalid and keeps its scalar id: %s', (text, id) => {
    expect(single(text)).toEqual({ kind: 'invalid', id, error: { code: -32600, message: 'invalid request' } })
  })
  test('may be inherited from no prototype', () =>
    expect(single('{"__proto__":{"jsonrpc":"2.0","method":"a_b","id":1}}')).toMatchObject({
      kind: 'invalid',
      id: 'null',
    }))
  test('with a method name of more than 2048 bytes is invalid', () => {
    expect(single(`{"jsonrpc":"2.0","id":1,"method":"${'m'.repeat(2049)}"}`)).toMatchObject({
      kind: 'invalid',
      id: '1',
      error: { code: -32600 },
    })
    expect(single(`{"jsonrpc":"2.0","id":1,"method":"${'m'.repeat(2048)}"}`)).toMatchObject({ kind: 'call' })
  })
  test('that is an answer to nothing is dropped', () =>
    expect(single('{"jsonrpc":"2.0","id":1,"result":null,"error":{"code":1,"message":""}}')).toEqual({
      kind: 'response',
    }))
})

describe('a body', () => {
  test.each(['', ' \n\t'])('without a value is not answered', (text) =>
    expect(parse(text)).toEqual({ form: 'nothing' }),
  )
  test.each(['{', '{"a"', '[1,', 'nul', '{]', '}', '{"jsonrpc":"2.0",}', '\ufeff{}', '"', '[1 2]', '[,]', '01'])(
    'that is no JSON is a parse error: %s',
    (text) => expect(parse(text)).toEqual({ form: 'unreadable', error: { code: -32700, message: 'parse error' } }),
  )
  test('counts up to its first value only', () =>
    expect(single('{"jsonrpc":"2.0","id":1,"method":"a_b"} {broken')).toMatchObject({ kind: 'call' }))
  test('nested too deep is refused before it is parsed', () => {
    expect(parse('['.repeat(2_000_000))).toMatchObject({ form: 'unreadable', error: { code: -32600 } })
    expect(parse(`${'['.repeat(1000)}${']'.repeat(1000)}`)).toMatchObject({ form: 'batch' })
    expect(parse(`{"a":${'{"a":'.repeat(1000)}1${'}'.repeat(1001)}`)).toMatchObject({ form: 'unreadable' })
  })
  test('with more values than allowed is refused before it is parsed', () =>
    expect(parse(`{"a":[${'[],'.repeat(400_000)}1]}`)).toMatchObject({ form: 'unreadable', error: { code: -32600 } }))
  test('that is too large is refused', () =>
    expect(parse(`"${'a'.repeat(100)}"`, { bytesMax: 100 })).toMatchObject({ form: 'unreadable' }))
})

describe('a batch', () => {
  test('that is empty is answered by one object', () =>
    expect(parse('[ ]')).toEqual({
      form: 'refused',
      asBatch: false,
      id: 'null',
      error: { code: -32600, message: 'empty batch' },
    }))
  test('keeps its order, and gives each junk element an error of its own', () => {
    const parsed = parse(
      '[1,{"jsonrpc":"2.0","id":12345678901234567890,"method":"a_b"},[],{"jsonrpc":"2.0","method":"n_n"}]',
    )
    if (parsed.form !== 'batch') throw new Error(parsed.form)
    expect(parsed.entries.map((entry) => entry.kind)).toEqual(['invalid', 'call', 'invalid', 'notification'])
    expect(parsed.entries[1]).toMatchObject({ id: '12345678901234567890' })
  })
  test('over the limit is refused whole, with the id of its first call', () => {
    const batch = (first: string, count: number) =>
      `[${first}${',{"jsonrpc":"2.0","id":2,"method":"a_b"}'.repeat(count)}]`
    const refused = { form: 'refused', asBatch: true, error: { code: -32600, message: 'batch too large' } }
    expect(parse(batch('0,{"jsonrpc":"2.0","id":"f","method":"a_b"}', 999))).toMatchObject({ ...refused, id: '"f"' })
    expect(parse(`[${'1,'.repeat(1000)}1]`)).toMatchObject({ ...refused, id: 'null' })
    expect(parse(batch('1', 999))).toMatchObject({ form: 'batch' })
  })
  test('of nested commas is not taken for a large one', () =>
    expect(parse(`[[${'1,'.repeat(5000)}1]]`)).toMatchObject({ form: 'batch' }))
})

test('the last of several members of one name counts', () =>
  expect(memberText('{ "id" : 1 , "a":{"id":[2,"}"]}, "\\u0069d":3 }', 'id')).toBe('3'))
