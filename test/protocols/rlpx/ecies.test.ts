import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ECIES_OVERHEAD_BYTES, eciesDecrypt, eciesEncrypt } from '../../../protocols/rlpx/ecies.ts'
import { drawKeyPair } from '../../../protocols/rlpx/handshake.ts'
import { realCiphers } from '../../../runtime/real/ciphers.ts'
import { seededRandom } from '../../../runtime/simulation/random.ts'

const random = seededRandom('ecies')
const take = (count: number): Uint8Array => random.bytes(count)
const recipient = drawKeyPair(take)
const bytes = fc.uint8Array({ maxLength: 600 })

function seal(message: Uint8Array, macData: Uint8Array): Uint8Array {
  const draw = { secretKey: drawKeyPair(take).secretKey, counter: take(16) }
  const sealed = eciesEncrypt(realCiphers, recipient.publicKey, message, macData, draw)
  if (!sealed.ok) throw new Error(sealed.error.code)
  return sealed.value
}
const codeOf = (packet: Uint8Array, macData: Uint8Array, secretKey = recipient.secretKey): string => {
  const opened = eciesDecrypt(realCiphers, secretKey, packet, macData)
  return opened.ok ? 'opened' : opened.error.code
}

test('any message comes back, and only with its key and its MAC data', () => {
  fc.assert(
    fc.property(bytes, bytes, fc.uint8Array({ minLength: 1, maxLength: 3 }), (message, macData, more) => {
      const packet = seal(message, macData)
      expect(packet).toHaveLength(message.length + ECIES_OVERHEAD_BYTES)
      expect(eciesDecrypt(realCiphers, recipient.secretKey, packet, macData)).toEqual({ ok: true, value: message })
      expect(codeOf(packet, Uint8Array.of(...macData, ...more))).toBe('ECIES_TAG')
      expect(codeOf(packet, macData, drawKeyPair(take).secretKey)).toBe('ECIES_TAG')
    }),
  )
})

describe('refuses', () => {
  const macData = take(2)
  const packet = seal(take(50), macData)

  test('a packet with any byte changed', () => {
    for (let at = 0; at < packet.length; at++) {
      const damaged = packet.slice()
      damaged[at] = damaged[at]! ^ 0x40
      expect(codeOf(damaged, macData)).toBe(at < 65 ? 'ECIES_POINT' : 'ECIES_TAG')
    }
  })
  test('a packet cut short', () => {
    for (let length = 0; length < packet.length; length++)
      expect(codeOf(packet.subarray(0, length), macData)).toBe(
        length < ECIES_OVERHEAD_BYTES ? 'ECIES_LENGTH' : 'ECIES_TAG',
      )
  })
  test('a compressed point', () => {
    for (const first of [0x02, 0x03]) {
      const compressed = packet.slice()
      compressed[0] = first
      expect(codeOf(compressed, macData)).toBe('ECIES_POINT')
    }
  })
  test('to encrypt for what is no point', () => {
    const draw = { secretKey: drawKeyPair(take).secretKey, counter: take(16) }
    for (const fill of [0, 1, 0xff])
      expect(eciesEncrypt(realCiphers, new Uint8Array(64).fill(fill), macData, macData, draw)).toEqual({
        ok: false,
        error: { code: 'ECIES_POINT' },
      })
  })
})
