import fc from 'fast-check'
import { expect, test } from 'vitest'
import { initiatorExchange, type KeyExchange, recipientExchange } from '../../../actors/session/key-exchange.ts'
import { realCiphers } from '../../../runtime/real/ciphers.ts'
import { seededRandom } from '../../../runtime/simulation/random.ts'
import { keyOf } from '../p2p/rig.ts'

const [A, B] = [keyOf(1), keyOf(2)]

/** Feeds what came in pieces of the sizes given, over and over. */
function fed(exchange: KeyExchange, bytes: Uint8Array, sizes: readonly number[]) {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const end = Math.min(bytes.length, at + sizes[turn % sizes.length]!)
    const exchanged = exchange(bytes.slice(at, end))
    if (!exchanged.ok) throw new Error(exchanged.error.code)
    at = end
    if (exchanged.value !== undefined) {
      const { rest } = exchanged.value
      return { ...exchanged.value, rest: Uint8Array.from([...rest, ...bytes.subarray(at)]) }
    }
  }
  throw new Error('not done')
}

test('both ends agree whatever pieces the network makes, and keep what came behind for the frames', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 600 }), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(sizes, sizes, fc.uint8Array({ maxLength: 100 }), fc.string(), (toB, toA, behind, seed) => {
      const begun = initiatorExchange(realCiphers, A, B.publicKey, seededRandom(seed).bytes)
      if (!begun.ok) throw new Error(begun.error.code)
      const recipient = recipientExchange(realCiphers, B, seededRandom(`${seed} b`).bytes)
      const atB = fed(recipient, begun.value.auth, toB)
      const atA = fed(begun.value.exchange, Uint8Array.from([...atB.answer!, ...behind]), toA)
      expect(atB.remote).toEqual(A.publicKey)
      expect(atA.rest).toEqual(behind)
      expect(atA.secrets.aes).toEqual(atB.secrets.aes)
      expect(atA.secrets.egressSeed).toEqual(atB.secrets.ingressSeed)
    }),
    { numRuns: 40 },
  )
})

test('a node that is not who was dialled cannot answer', () => {
  const begun = initiatorExchange(realCiphers, A, B.publicKey, seededRandom('x').bytes)
  if (!begun.ok) throw new Error(begun.error.code)
  const other = recipientExchange(realCiphers, keyOf(3), seededRandom('y').bytes)
  expect(other(begun.value.auth)).toMatchObject({ ok: false, error: { code: 'HANDSHAKE_ECIES' } })
})
