/** The curve in JavaScript: where neither the addon nor WebAssembly runs, and the oracle of both. */
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { getPublicKey, getSharedSecret, hashes, Point, recoverPublicKey, sign, verify } from '@noble/secp256k1'
import { concatBytes } from '../bytes.ts'
import type { Backend } from './backend.ts'

hashes.sha256 = sha256
hashes.hmacSha256 = (key, message) => hmac(sha256, key, message)

export const nobleBackend: Backend = {
  name: 'noble',
  recover: (hash, signature, recovery) =>
    recoverPublicKey(concatBytes(Uint8Array.of(recovery), signature), hash, { prehash: false, isCompressed: false }),
  verify: (hash, signature, publicKey) => verify(signature, hash, publicKey, { prehash: false }),
  sign(hash, secretKey) {
    const signed = sign(hash, secretKey, { prehash: false, format: 'recovered' })
    return { signature: signed.subarray(1), recovery: signed[0]! }
  },
  ecdh: (secretKey, publicKey) => getSharedSecret(secretKey, publicKey, false).slice(1, 33),
  publicKey: (secretKey) => getPublicKey(secretKey, false),
  decompress: (compressed) => Point.fromBytes(compressed).toBytes(false),
  // What is no point it throws.
  isPoint: (publicKey) => Point.fromBytes(publicKey) instanceof Point,
}
