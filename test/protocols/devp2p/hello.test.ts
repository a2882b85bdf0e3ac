import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BaseCode } from '../../../protocols/devp2p/base-protocol.ts'
import { compareCapabilities } from '../../../protocols/devp2p/capability.ts'
import { checkHello, decodeHello, encodeHello, firstMessage, type Hello } from '../../../protocols/devp2p/hello.ts'
import { encodeRlp, type RlpItem } from '../../../protocols/rlp.ts'

const KEY = new Uint8Array(64).fill(9)
const HELLO: Hello = {
  version: 5,
  clientId: 'Troupe/v0.1.0/linux-x64/node20',
  capabilities: [
    { name: 'eth', version: 68 },
    { name: 'snap', version: 1 },
  ],
  listenPort: 0,
  publicKey: KEY,
}
const number = fc.nat(2 ** 48 - 1)
const name = fc
  .array(fc.integer({ min: 0x21, max: 0x7e }), { minLength: 1, maxLength: 8 })
  .map((codes) => String.fromCharCode(...codes))
const hello: fc.Arbitrary<Hello> = fc.record({
  version: number,
  clientId: fc.string({ unit: 'grapheme', maxLength: 60 }),
  capabilities: fc.array(fc.record({ name, version: number }), { maxLength: 20 }),
  listenPort: number,
  publicKey: fc.uint8Array({ minLength: 64, maxLength: 64 }).filter((key) => key.some((byte) => byte !== 0)),
})

test('any Hello comes back, its capabilities in their order', () => {
  fc.assert(
    fc.property(hello, (said) => {
      const sorted = [...said.capabilities].sort(compareCapabilities)
      expect(decodeHello(encodeHello(said))).toEqual({ ok: true, value: { ...said, capabilities: sorted } })
    }),
  )
})

const text = (of: string): Uint8Array => new TextEncoder().encode(of)
const five = Uint8Array.of(5)
const capability = (of: string): RlpItem => [text(of), Uint8Array.of(68)]
const NONE = new Uint8Array(0)

describe('reads', () => {
  test('further items, also inside a capability', () => {
    const item = [five, text('x'), [[text('eth'), Uint8Array.of(68), five]], NONE, KEY, five, [five, [NONE]]]
    expect(decodeHello(encodeRlp(item))).toMatchObject({
      ok: true,
      value: { capabilities: [{ name: 'eth', version: 68 }] },
    })
  })
  test('a client whose name is no UTF-8', () => {
    const item = [five, Uint8Array.of(0x61, 0xff), [], NONE, KEY]
    expect(decodeHello(encodeRlp(item))).toMatchObject({ value: { clientId: 'a\ufffd' } })
  })
})

describe('refuses', () => {
  test.each<readonly [string, Uint8Array, unknown]>([
    ['nothing', NONE, { code: 'HELLO_ENCODING', cause: { code: 'RLP_TRUNCATED', offset: 0 } }],
    ['a string', text('hello'), { code: 'HELLO_ENCODING' }],
    [
      'bytes behind it',
      Uint8Array.of(...encodeHello(HELLO), 0),
      { code: 'HELLO_ENCODING', cause: { code: 'RLP_TRAILING_BYTES' } },
    ],
    [
      'too few items',
      encodeRlp([five, text('x'), [], NONE]),
      { code: 'HELLO_ENCODING', cause: { code: 'RLP_TRUNCATED' } },
    ],
    [
      'more than 2,048 bytes',
      encodeHello({ ...HELLO, clientId: 'x'.repeat(2048) }),
      { code: 'HELLO_SIZE', bytesMax: 2048 },
    ],
    [
      'a name of 9 characters',
      encodeRlp([five, NONE, [capability('eth'), capability('123456789')], NONE, KEY]),
      { code: 'HELLO_CAPABILITY', index: 1 },
    ],
    ['a name of none', encodeRlp([five, NONE, [capability('')], NONE, KEY]), { code: 'HELLO_CAPABILITY', index: 0 }],
    [
      'a name with a line break',
      encodeRlp([five, NONE, [capability('e\nh')], NONE, KEY]),
      { code: 'HELLO_CAPABILITY', index: 0 },
    ],
    [
      'a name with an accent',
      encodeRlp([five, NONE, [capability('é')], NONE, KEY]),
      { code: 'HELLO_CAPABILITY', index: 0 },
    ],
    ['a capability without a version', encodeRlp([five, NONE, [[text('eth')]], NONE, KEY]), { code: 'HELLO_ENCODING' }],
    ['no identity', encodeRlp([five, NONE, [], NONE, NONE]), { code: 'HELLO_IDENTITY_NULL' }],
    ['an identity of zeros', encodeRlp([five, NONE, [], NONE, new Uint8Array(64)]), { code: 'HELLO_IDENTITY_NULL' }],
    ['an identity of 63 bytes', encodeRlp([five, NONE, [], NONE, KEY.subarray(1)]), { code: 'HELLO_IDENTITY_NULL' }],
    ['a version of 7 bytes', encodeRlp([new Uint8Array(7).fill(1), NONE, [], NONE, KEY]), { code: 'HELLO_ENCODING' }],
  ])('%s', (_name, payload, error) => {
    expect(decodeHello(payload)).toMatchObject({ ok: false, error })
  })

  test('the identity of somebody else', () => {
    expect(checkHello(HELLO, KEY)).toEqual({ ok: true, value: HELLO })
    expect(checkHello(HELLO, new Uint8Array(64).fill(8))).toEqual({
      ok: false,
      error: { code: 'HELLO_IDENTITY_UNEXPECTED' },
    })
  })
  test('anything but Hello or Disconnect first', () => {
    expect(firstMessage(BaseCode.hello)).toEqual({ ok: true, value: 'hello' })
    expect(firstMessage(BaseCode.disconnect)).toEqual({ ok: true, value: 'disconnect' })
    for (const code of [BaseCode.ping, BaseCode.pong, 4, 0x10])
      expect(firstMessage(code)).toEqual({ ok: false, error: { code: 'HELLO_EXPECTED', messageCode: code } })
  })
})
