import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes } from '../../../protocols/bytes.ts'
import {
  acceptAuth,
  completeHandshake,
  drawHandshake,
  drawKeyPair,
  type Initiation,
  initiate,
} from '../../../protocols/rlpx/handshake.ts'
import { type Auth, encodeAck, encodeAuth } from '../../../protocols/rlpx/handshake-body.ts'
import {
  ackReader,
  authReader,
  type Opened,
  PACKET_BYTES_MAX,
  type PacketForm,
  type PacketReader,
  sealPacket,
} from '../../../protocols/rlpx/handshake-packet.ts'
import { realCiphers } from '../../../runtime/real/ciphers.ts'
import { seededRandom } from '../../../runtime/simulation/random.ts'
import { seededDraw } from './seeded-draw.ts'

const random = seededRandom('handshake')
const take = (count: number): Uint8Array => random.bytes(count)
const initiator = drawKeyPair(take)
const recipient = drawKeyPair(take)
const FORMS: readonly PacketForm[] = ['eip8', 'plain']

function granted<T, E>(result: { ok: true; value: T } | { ok: false; error: E }): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}
const begin = (form: PacketForm, seed = 'initiator'): Initiation =>
  granted(initiate(realCiphers, initiator, recipient.publicKey, seededDraw(seed), form))

/** Feeds what is cut at `cuts`. @returns the answer, and how many pieces it took */
function feedCut<B>(reader: PacketReader<B>, bytes: Uint8Array, cuts: readonly number[]) {
  const ends = [...new Set(cuts.map((cut) => cut % bytes.length))].filter((cut) => cut > 0).sort((a, b) => a - b)
  let from = 0
  const rests: Uint8Array[] = []
  let opened: Opened<B> | undefined
  for (const end of [...ends, bytes.length]) {
    const piece = bytes.subarray(from, end)
    from = end
    if (opened !== undefined) {
      rests.push(piece)
      continue
    }
    const fed = granted(reader.feed(piece))
    if (fed === undefined) continue
    opened = fed
    rests.push(fed.rest)
  }
  return { opened, rest: concatBytes(...rests) }
}

test.each(FORMS)('both ends derive the same secrets, wherever the stream is cut: %s', (form) => {
  const cuts = fc.array(fc.nat(5_000), { maxLength: 12 })
  const surplus = fc.uint8Array({ maxLength: 3_000 })
  fc.assert(
    fc.property(fc.string(), cuts, cuts, surplus, (seed, authCuts, ackCuts, behind) => {
      const initiation = begin(form, `initiator ${seed}`)
      const auth = feedCut(authReader(realCiphers, recipient.secretKey), concatBytes(initiation.auth, behind), authCuts)
      expect(auth.rest).toEqual(behind)
      expect(auth.opened).toMatchObject({ form, packet: initiation.auth })
      const accepted = granted(acceptAuth(realCiphers, recipient, auth.opened!, seededDraw(`recipient ${seed}`)))
      expect(accepted.remote).toEqual(initiator.publicKey)

      const ack = feedCut(ackReader(realCiphers, initiator.secretKey), concatBytes(accepted.ack, behind), ackCuts)
      expect(ack.rest).toEqual(behind)
      const completed = granted(completeHandshake(initiation, ack.opened!))
      expect(completed.remote).toEqual(recipient.publicKey)
      const { aes, mac, egressSeed, ingressSeed } = completed.secrets
      expect(accepted.secrets).toEqual({ aes, mac, egressSeed: ingressSeed, ingressSeed: egressSeed })
    }),
    { numRuns: 40 },
  )
})

test('the same randomness gives the same bytes, other randomness another length too', () => {
  const draw = (seed: string) => {
    const source = seededRandom(seed)
    return drawHandshake((count) => source.bytes(count))
  }
  expect(draw('one')).toEqual(draw('one'))
  const lengths = new Set(Array.from({ length: 50 }, (_, i) => draw(`${i}`).padding.length))
  expect(lengths.size).toBeGreaterThan(20)
  for (const length of lengths) expect(length).toBeGreaterThanOrEqual(100)
  for (const length of lengths) expect(length).toBeLessThan(200)
})

test('randomness that gives no key is a bug', () => {
  expect(() => drawKeyPair((count) => new Uint8Array(count))).toThrow('no secret key')
})

describe('a reader refuses', () => {
  const codeOf = <B>(reader: PacketReader<B>, bytes: Uint8Array): unknown => {
    const fed = reader.feed(bytes)
    return fed.ok ? fed.value : fed.error
  }
  const reader = () => authReader(realCiphers, recipient.secretKey)

  test('a size out of bounds as soon as it is there', () => {
    expect(codeOf(reader(), Uint8Array.of(0, 112))).toEqual({ code: 'HANDSHAKE_SIZE', bytes: 112 })
    expect(codeOf(reader(), Uint8Array.of(0x08, 0x01))).toEqual({ code: 'HANDSHAKE_SIZE', bytes: PACKET_BYTES_MAX + 1 })
    expect(codeOf(reader(), Uint8Array.of(0xff, 0xff))).toEqual({ code: 'HANDSHAKE_SIZE', bytes: 65_535 })
    expect(codeOf(reader(), Uint8Array.of(0x08, 0x00))).toBeUndefined()
    expect(codeOf(reader(), Uint8Array.of(0, 113))).toBeUndefined()
  })
  test('garbage of the right size', () => {
    const garbage = concatBytes(Uint8Array.of(0x01, 0x80), take(0x180))
    expect(codeOf(reader(), garbage)).toMatchObject({ code: 'HANDSHAKE_ECIES' })
  })
  test('a packet for another key', () => {
    const other = authReader(realCiphers, drawKeyPair(take).secretKey)
    expect(codeOf(other, begin('eip8').auth)).toEqual({ code: 'HANDSHAKE_ECIES', cause: { code: 'ECIES_TAG' } })
  })
  test('a packet with another size in front, which is authenticated', () => {
    const packet = begin('eip8').auth.slice()
    const longer = concatBytes(packet, new Uint8Array(1))
    longer[1] = longer[1]! + 1
    expect(codeOf(reader(), longer)).toMatchObject({ code: 'HANDSHAKE_ECIES' })
  })
  test('an ack where an auth is due', () => {
    const body = encodeAck({ ephemeralKey: initiator.publicKey, nonce: take(32), version: 4n })
    const ecies = { secretKey: drawKeyPair(take).secretKey, counter: take(16) }
    const packet = granted(sealPacket(realCiphers, recipient.publicKey, body, take(100), ecies))
    expect(codeOf(reader(), packet)).toMatchObject({ code: 'HANDSHAKE_BODY', cause: { code: 'RLP_WRONG_LENGTH' } })
  })
})

test('an EIP-8 packet whose size begins like a point is read all the same', () => {
  const body = encodeAuth({ signature: take(65), publicKey: initiator.publicKey, nonce: take(32), version: 4n })
  const ecies = { secretKey: drawKeyPair(take).secretKey, counter: take(16) }
  const packet = granted(sealPacket(realCiphers, recipient.publicKey, body, take(0x480 - 113 - body.length), ecies))
  expect(packet[0]).toBe(0x04)
  const reader = authReader(realCiphers, recipient.secretKey)
  for (const byte of packet.subarray(0, -1)) expect(granted(reader.feed(Uint8Array.of(byte)))).toBeUndefined()
  expect(granted(reader.feed(packet.subarray(-1)))).toMatchObject({ form: 'eip8', packet })
})

describe('the recipient refuses', () => {
  const opened = (form: PacketForm): Opened<Auth> =>
    granted(authReader(realCiphers, recipient.secretKey).feed(begin(form).auth))!
  const errorOf = (auth: Opened<Auth>): unknown => {
    const accepted = acceptAuth(realCiphers, recipient, auth, seededDraw('recipient'))
    return accepted.ok ? 'accepted' : accepted.error
  }
  const changed = (form: PacketForm, body: Partial<Auth>): Opened<Auth> => {
    const auth = opened(form)
    return { ...auth, body: { ...auth.body, ...body } }
  }

  test('nothing of an honest auth', () => {
    for (const form of FORMS) expect(errorOf(opened(form))).toBe('accepted')
  })
  test('an identity that is no point', () => {
    expect(errorOf(changed('eip8', { publicKey: new Uint8Array(64).fill(1) }))).toEqual({
      code: 'HANDSHAKE_KEY',
      which: 'static',
    })
  })
  test('a signature that nobody can have made', () => {
    for (const signature of [new Uint8Array(65), new Uint8Array(65).fill(0xff)])
      expect(errorOf(changed('eip8', { signature }))).toEqual({ code: 'HANDSHAKE_SIGNATURE' })
  })
  test('the hash of another ephemeral key', () => {
    expect(errorOf(changed('plain', { ephemeralKeyHash: take(32) }))).toEqual({ code: 'HANDSHAKE_EPHEMERAL_HASH' })
  })
})

test('an auth that is replayed has the same trace', () => {
  const { auth } = begin('eip8')
  const [first, second] = ['one', 'two'].map((seed) => {
    const opened = granted(authReader(realCiphers, recipient.secretKey).feed(auth))!
    return granted(acceptAuth(realCiphers, recipient, opened, seededDraw(seed)))
  })
  expect(first!.trace).toEqual(second!.trace)
  expect(first!.ack).not.toEqual(second!.ack)
  expect(first!.secrets.aes).not.toEqual(second!.secrets.aes)
})

test('the initiator refuses keys that are no points', () => {
  const notThere = new Uint8Array(64).fill(3)
  expect(initiate(realCiphers, initiator, notThere, seededDraw('initiator'))).toEqual({
    ok: false,
    error: { code: 'HANDSHAKE_KEY', which: 'static' },
  })
  const ack = { ephemeralKey: notThere, nonce: take(32), version: 4n }
  expect(completeHandshake(begin('eip8'), { form: 'eip8', packet: new Uint8Array(0), body: ack })).toEqual({
    ok: false,
    error: { code: 'HANDSHAKE_KEY', which: 'ephemeral' },
  })
})
