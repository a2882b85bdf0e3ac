import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes } from '../../../protocols/bytes.ts'
import { BASE_PROTOCOL_VERSION, BaseCode, EMPTY_PAYLOAD } from '../../../protocols/devp2p/base-protocol.ts'
import { ETH_68, matchCapabilities, ownerOfCode, SNAP_1, wireCode } from '../../../protocols/devp2p/capability.ts'
import { checkHello, decodeHello, encodeHello, type Hello } from '../../../protocols/devp2p/hello.ts'
import { HELLO_FRAME_BYTES_MAX, MESSAGE_BYTES_MAX, type Message } from '../../../protocols/rlpx/channel.ts'
import { deflateSnappy } from '../../../protocols/snappy.ts'
import { deliver, type End, granted, sessionPair } from './session-pair.ts'

const helloOf = ({ key }: End, version: number): Hello => ({
  version,
  clientId: 'Troupe/test',
  capabilities: [ETH_68, SNAP_1].map(({ name, version: of }) => ({ name, version: of })),
  listenPort: 0,
  publicKey: key.publicKey,
})

/** What an end does with what it receives: a Hello must be of the other end, and ends the plain part. */
const listens =
  (end: End) =>
  (message: Message): void => {
    if (message.code !== BaseCode.hello) return
    const hello = granted(checkHello(granted(decodeHello(message.payload)), end.remote))
    end.channel.helloReceived(hello.version)
  }
/** Texts are compared a hundred times as fast as arrays. */
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
const wireOf = (from: End, sent: readonly (readonly [number, Uint8Array])[]): Uint8Array =>
  concatBytes(...sent.map(([code, payload]) => granted(from.channel.write(code, payload))))

const messages = fc.array(
  fc.tuple(fc.integer({ min: 0x10, max: 0x28 }), fc.oneof(fc.uint8Array({ maxLength: 300 }), repetitive())),
  { maxLength: 8 },
)
function repetitive(): fc.Arbitrary<Uint8Array> {
  return fc.tuple(fc.nat(255), fc.nat(20_000)).map(([fill, length]) => new Uint8Array(length).fill(fill))
}

describe.each([
  { form: 'eip8', version: BASE_PROTOCOL_VERSION },
  { form: 'eip8', version: 4 },
  { form: 'plain', version: BASE_PROTOCOL_VERSION },
] as const)('a session of version $version after a handshake in the form $form', ({ form, version }) => {
  test('says Hello and everything else, wherever the stream is cut', () => {
    fc.assert(
      fc.property(fc.string(), messages, messages, (seed, fromDialer, fromListener) => {
        const { random, dialer, listener } = sessionPair(seed, form)
        const [helloOfDialer, helloOfListener] = [dialer, listener].map((end) =>
          wireOf(end, [[BaseCode.hello, encodeHello(helloOf(end, version))]]),
        ) as [Uint8Array, Uint8Array]
        expect(deliver(dialer.channel, helloOfListener, random, listens(dialer)).messages).toHaveLength(1)
        // The Hello of the dialer and all it says after it come as one stream.
        const wire = concatBytes(helloOfDialer, wireOf(dialer, fromDialer))
        const atListener = deliver(listener.channel, wire, random, listens(listener))
        const atDialer = deliver(dialer.channel, wireOf(listener, fromListener), random, listens(dialer))
        for (const [got, sent] of [
          [{ ...atListener, messages: atListener.messages.slice(1) }, fromDialer],
          [atDialer, fromListener],
        ] as const) {
          expect(got.refusal).toBeUndefined()
          expect(got.messages.map((message) => ({ ...message, payload: textOf(message.payload) }))).toEqual(
            sent.map(([code, payload]) => ({
              code,
              payload: textOf(payload),
              wireBytes: (version >= 5 ? deflateSnappy(payload) : payload).length,
            })),
          )
        }
      }),
      { numRuns: 30 },
    )
  })
})

/** Both ends after their Hellos. */
function running(seed: string) {
  const pair = sessionPair(seed)
  for (const [from, to] of [
    [pair.dialer, pair.listener],
    [pair.listener, pair.dialer],
  ] as const)
    deliver(to.channel, wireOf(from, [[BaseCode.hello, encodeHello(helloOf(from, 5))]]), pair.random, listens(to))
  return pair
}

test('our first message is never compressed, even if the other Hello came before it', () => {
  const { dialer, listener, random } = sessionPair('late hello')
  const hello = encodeHello(helloOf(dialer, 5))
  deliver(listener.channel, wireOf(dialer, [[BaseCode.hello, hello]]), random, listens(listener))
  const answer = encodeHello(helloOf(listener, 5))
  const wire = wireOf(listener, [
    [BaseCode.hello, answer],
    [BaseCode.ping, EMPTY_PAYLOAD],
  ])
  const got = deliver(dialer.channel, wire, random, listens(dialer))
  expect(got.messages.map(({ payload, wireBytes }) => [payload, wireBytes])).toEqual([
    [answer, answer.length],
    [EMPTY_PAYLOAD, 3],
  ])
})

test('codes go through the capabilities of both and come back', () => {
  const capabilities = matchCapabilities([ETH_68, SNAP_1], [SNAP_1, ETH_68])
  const { dialer, listener, random } = running('codes')
  for (const capability of capabilities)
    for (let code = 0; code < capability.length; code++) {
      const wire = wireOf(dialer, [[granted(wireCode(capability, code)), Uint8Array.of(0xc0)]])
      const [message] = deliver(listener.channel, wire, random).messages
      expect(ownerOfCode(capabilities, message!.code)).toEqual({
        ok: true,
        value: { of: 'capability', capability, code },
      })
    }
})

describe('refuses', () => {
  test('a frame before Hello that no Hello needs', () => {
    const { dialer, listener, random } = sessionPair('long hello')
    const fits = wireOf(dialer, [[BaseCode.hello, new Uint8Array(HELLO_FRAME_BYTES_MAX - 1)]])
    expect(deliver(listener.channel, fits, random).messages).toHaveLength(1)
    const tooLong = wireOf(dialer, [[BaseCode.hello, new Uint8Array(HELLO_FRAME_BYTES_MAX)]])
    expect(deliver(listener.channel, tooLong, random).refusal).toMatchObject({ code: 'FRAME_SIZE' })
  })
  test.each([
    ['no length', [], 'SNAPPY_LENGTH'],
    ['a length that does not end', [0xff, 0xff, 0xff, 0xff, 0xff, 0x01], 'SNAPPY_LENGTH'],
    ['16 MiB', [0x80, 0x80, 0x80, 0x08, 0x00], 'SNAPPY_TOO_LARGE'],
    ['4 GiB', [0xff, 0xff, 0xff, 0xff, 0x0f, 0x00], 'SNAPPY_TOO_LARGE'],
    ['one byte less than 16 MiB, of nothing', [0xff, 0xff, 0xff, 0x07, 0x00], 'SNAPPY_DAMAGED'],
    ['more than follows', [0x05, 0x00, 0x61], 'SNAPPY_DAMAGED'],
  ])('a compressed payload that announces %s', (_name, compressed, code) => {
    // The dialer says that it compresses, and does not: so its payloads arrive as they are written here.
    const { dialer, listener, random } = sessionPair('bomb')
    const hello = wireOf(dialer, [[BaseCode.hello, encodeHello(helloOf(dialer, 5))]])
    deliver(listener.channel, hello, random, listens(listener))
    const wire = wireOf(dialer, [[0x10, Uint8Array.from(compressed)]])
    const first = deliver(listener.channel, wire, random)
    expect(first.refusal).toMatchObject({ code })
    const after = deliver(listener.channel, wireOf(dialer, [[0x10, Uint8Array.of(1, 0, 0)]]), random)
    expect(after).toEqual({ messages: [], refusal: first.refusal })
  })
  test('to send more than 24 bits of length', () => {
    const { dialer } = running('large')
    expect(dialer.channel.write(0x10, new Uint8Array(MESSAGE_BYTES_MAX + 1))).toEqual({
      ok: false,
      error: { code: 'MESSAGE_SIZE', bytes: MESSAGE_BYTES_MAX + 1, bytesMax: MESSAGE_BYTES_MAX },
    })
  })
})

test('the largest message there is comes back', () => {
  const { dialer, listener, random } = running('largest')
  const payload = new Uint8Array(MESSAGE_BYTES_MAX).fill(7)
  const { messages: got } = deliver(listener.channel, wireOf(dialer, [[0x10, payload]]), random)
  expect(got).toHaveLength(1)
  expect(Buffer.compare(got[0]!.payload, payload)).toBe(0)
})
