import { describe, expect, test } from 'vitest'
import { concatBytes } from '../../../protocols/bytes.ts'
import { decodeHello } from '../../../protocols/devp2p/hello.ts'
import { hexConstant } from '../../../protocols/hex.ts'
import { keccak256, keccak256Stream } from '../../../protocols/keccak256.ts'
import { rlpxChannel } from '../../../protocols/rlpx/channel.ts'
import { frameReader, frameWriter } from '../../../protocols/rlpx/frame.ts'
import { frameMac } from '../../../protocols/rlpx/frame-mac.ts'
import { acceptAuth, completeHandshake } from '../../../protocols/rlpx/handshake.ts'
import { encodePlainAck, encodePlainAuth } from '../../../protocols/rlpx/handshake-body.ts'
import { ackReader, authReader } from '../../../protocols/rlpx/handshake-packet.ts'
import { deriveSecrets } from '../../../protocols/rlpx/secrets.ts'
import { secp256k1 } from '../../../protocols/secp256k1/secp256k1.ts'
import { realCiphers } from '../../../runtime/real/ciphers.ts'
import * as eip8 from './eip8-vectors.ts'
import * as plain from './plain-vectors.ts'
import { seededDraw } from './seeded-draw.ts'

const keyPair = (secretKey: Uint8Array) => ({ secretKey, publicKey: secp256k1.publicKey(secretKey)! })
const A = keyPair(eip8.SECRET_KEY_A)
const B = keyPair(eip8.SECRET_KEY_B)
const NOTHING = new Uint8Array(0)

/** B's secrets after Auth2, to which it has answered Ack2. */
function secretsOfB() {
  const opened = granted(authReader(realCiphers, B.secretKey).feed(eip8.AUTHS[1].packet))
  const ephemeralKey = secp256k1.recover(
    eip8.COMMON_SECRET.map((byte, i) => byte ^ eip8.NONCE_A[i]!),
    opened.body.signature,
  )!
  return deriveSecrets('recipient', {
    ephemeralCommon: secp256k1.ecdh(eip8.EPHEMERAL_SECRET_KEY_B, ephemeralKey)!,
    initiatorNonce: opened.body.nonce,
    recipientNonce: eip8.NONCE_B,
    auth: opened.packet,
    ack: eip8.ACKS[1].packet,
  })
}

/** A's secrets after Auth2 and Ack2. */
function secretsOfA() {
  const initiation = {
    auth: eip8.AUTHS[1].packet,
    remote: B.publicKey,
    ephemeralSecretKey: eip8.EPHEMERAL_SECRET_KEY_A,
    nonce: eip8.NONCE_A,
  }
  const opened = granted(ackReader(realCiphers, A.secretKey).feed(eip8.ACKS[1].packet))
  return granted(completeHandshake(initiation, opened)).secrets
}

function granted<T>(result: { ok: true; value: T | undefined } | { ok: false; error: unknown }): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  if (result.value === undefined) throw new Error('more was waited for')
  return result.value
}

describe('EIP-8', () => {
  test('all of its packets are here', () => {
    expect(eip8.AUTHS.map(({ packet }) => packet.length)).toEqual([307, 437, 442])
    expect(eip8.ACKS.map(({ packet }) => packet.length)).toEqual([210, 492, 498])
  })

  test.each(eip8.AUTHS)('B reads $name', ({ form, version, packet }) => {
    const opened = granted(authReader(realCiphers, B.secretKey).feed(packet))
    expect(opened).toMatchObject({ form, packet, rest: NOTHING })
    expect(opened.body).toMatchObject({
      signature: eip8.SIGNATURE,
      publicKey: A.publicKey,
      nonce: eip8.NONCE_A,
      version,
    })
  })

  test.each(eip8.AUTHS)('B accepts $name and recovers the ephemeral key', ({ form, packet }) => {
    const opened = granted(authReader(realCiphers, B.secretKey).feed(packet))
    const accepted = granted(acceptAuth(realCiphers, B, opened, seededDraw('B')))
    expect(accepted.remote).toEqual(A.publicKey)
    expect(accepted.trace).toEqual({ nonce: eip8.NONCE_A, ephemeralKey: eip8.EPHEMERAL_KEY_A })
    expect(granted(ackReader(realCiphers, A.secretKey).feed(accepted.ack)).form).toBe(form)
  })

  test.each(eip8.ACKS)('A reads $name', ({ form, version, packet }) => {
    const opened = granted(ackReader(realCiphers, A.secretKey).feed(packet))
    expect(opened).toMatchObject({ form, packet, rest: NOTHING })
    expect(opened.body).toEqual({ ephemeralKey: eip8.EPHEMERAL_KEY_B, nonce: eip8.NONCE_B, version })
  })

  test('the common secret of the static keys', () => {
    expect(secp256k1.ecdh(A.secretKey, B.publicKey)).toEqual(eip8.COMMON_SECRET)
    expect(secp256k1.publicKey(eip8.EPHEMERAL_SECRET_KEY_B)).toEqual(eip8.EPHEMERAL_KEY_B)
  })

  test('B derives the secrets', () => {
    const { aes, mac, ingressSeed, egressSeed } = secretsOfB()
    expect(aes).toEqual(eip8.AES_SECRET)
    expect(mac).toEqual(eip8.MAC_SECRET)
    const ingress = keccak256Stream().update(ingressSeed)
    expect(ingress.digest()).toEqual(eip8.INGRESS_OF_B)
    expect(keccak256(egressSeed)).toEqual(eip8.EGRESS_OF_B)
    expect(ingress.update(new TextEncoder().encode('foo')).digest()).toEqual(eip8.INGRESS_MAC_FOO)
  })

  test('A derives the same, the other way around', () => {
    const { aes, mac, ingressSeed, egressSeed } = secretsOfB()
    expect(secretsOfA()).toEqual({ aes, mac, ingressSeed: egressSeed, egressSeed: ingressSeed })
  })

  test('the Hello with a version of the future and further items', () => {
    expect(granted(decodeHello(eip8.HELLO))).toEqual({
      version: 55,
      clientId: 'kneth/v0.91/plan9',
      capabilities: [
        { name: 'eth', version: 61 },
        { name: 'mork', version: 22 },
      ],
      listenPort: 9999,
      publicKey: A.publicKey,
    })
  })
})

describe('before EIP-8', () => {
  test('auth and ack open to what they were made of', () => {
    const auth = granted(authReader(realCiphers, plain.RECIPIENT_SECRET_KEY).feed(plain.AUTH))
    const ack = granted(ackReader(realCiphers, plain.INITIATOR_SECRET_KEY).feed(plain.ACK))
    expect([auth.form, ack.form]).toEqual(['plain', 'plain'])
    const { ephemeralKeyHash } = auth.body
    if (ephemeralKeyHash === undefined) throw new Error('the plain form has it')
    expect(encodePlainAuth({ ...auth.body, ephemeralKeyHash })).toEqual(plain.AUTH_BODY)
    expect(encodePlainAck(ack.body)).toEqual(plain.ACK_BODY)
    expect(ack.body.nonce).toEqual(plain.RECIPIENT_NONCE)
    expect(ack.body.ephemeralKey).toEqual(secp256k1.publicKey(plain.RECIPIENT_EPHEMERAL_KEY))
  })

  test('the initiator derives the secrets and the states of the MACs', () => {
    const opened = granted(ackReader(realCiphers, plain.INITIATOR_SECRET_KEY).feed(plain.ACK))
    const initiation = {
      auth: plain.AUTH,
      remote: secp256k1.publicKey(plain.RECIPIENT_SECRET_KEY)!,
      ephemeralSecretKey: plain.INITIATOR_EPHEMERAL_KEY,
      nonce: plain.INITIATOR_NONCE,
    }
    const { aes, mac, egressSeed, ingressSeed } = granted(completeHandshake(initiation, opened)).secrets
    expect(aes).toEqual(plain.AES_SECRET)
    expect(mac).toEqual(plain.MAC_SECRET)
    expect(keccak256(egressSeed)).toEqual(plain.EGRESS)
    expect(keccak256(ingressSeed)).toEqual(plain.INGRESS)
  })
})

describe('frames', () => {
  test('the first two of A: Hello as it is, Ping compressed', () => {
    const channel = rlpxChannel(realCiphers, secretsOfA())
    expect(granted(channel.write(0, eip8.HELLO))).toEqual(eip8.HELLO_FRAME)
    channel.helloReceived(5)
    expect(granted(channel.write(2, Uint8Array.of(0xc0)))).toEqual(eip8.PING_FRAME)
  })

  test('and B reads them from one piece', () => {
    const channel = rlpxChannel(realCiphers, secretsOfB())
    channel.feed(concatBytes(eip8.HELLO_FRAME, eip8.PING_FRAME))
    expect(channel.next()).toEqual({ ok: true, value: { code: 0, payload: eip8.HELLO, wireBytes: 115 } })
    channel.helloReceived(5)
    expect(channel.next()).toEqual({ ok: true, value: { code: 2, payload: Uint8Array.of(0xc0), wireBytes: 3 } })
    expect(channel.next()).toEqual({ ok: true, value: undefined })
  })

  /** geth `p2p/rlpx/rlpx_test.go`, TestFrameReadWrite: every digest is ones, so the MACs are. */
  const ones = { update: () => {}, digest: () => new Uint8Array(32).fill(1) }
  const empty = keccak256(NOTHING)
  const ends = () => ({
    stream: realCiphers.counterMode(empty, new Uint8Array(16)),
    mac: frameMac(ones, realCiphers.block(empty)),
  })
  const GOLDEN = hexConstant(
    '00828ddae471818bb0bfa6b551d1cb4201010101010101010101010101010101ba628a4ba590cb43f7848f41c438288501010101010101010101010101010101',
  )
  const PAYLOAD = hexConstant('c401020304')

  test('is written as geth writes it', () => {
    const { stream, mac } = ends()
    expect(granted(frameWriter(stream, mac)(8, PAYLOAD))).toEqual(GOLDEN)
  })
  test('is read as geth reads it', () => {
    const { stream, mac } = ends()
    const reader = frameReader(stream, mac)
    reader.feed(GOLDEN)
    expect(reader.next()).toEqual({ ok: true, value: { code: 8, payload: PAYLOAD } })
  })
})
