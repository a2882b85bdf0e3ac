/**
 * Keys and signatures that cost a hash each, for simulations and fuzzing: they say who signed what, and anybody can
 * forge them. Public key: `x ‖ keccak(x)`, with x the hash of the seed.
 */
import { bytesEqual, concatBytes } from '../../protocols/bytes.ts'
import type { Identities, NodeKey } from '../../protocols/enr/identity.ts'
import { keccak256 } from '../../protocols/keccak256.ts'

const keyOfX = (x: Uint8Array): Uint8Array => concatBytes(x, keccak256(x))
/** `r`, of which the key is a part, and in the place of `s` the key's x. */
const signatureBy = (x: Uint8Array, hash: Uint8Array): Uint8Array =>
  concatBytes(keccak256(concatBytes(x, hash)), x, Uint8Array.of(0))

export const SIMULATED_IDENTITIES: Identities = {
  recover(hash, signature) {
    const x = signature.slice(32, 64)
    return bytesEqual(signature, signatureBy(x, hash)) ? keyOfX(x) : undefined
  },
  verify: (hash, signature, publicKey) =>
    bytesEqual(signature.subarray(0, 64), signatureBy(publicKey.slice(0, 32), hash).subarray(0, 64)),
  compress: (publicKey) => concatBytes(Uint8Array.of(2), publicKey.subarray(0, 32)),
  decompress: (compressed) => (compressed[0] === 2 ? keyOfX(compressed.slice(1)) : undefined),
  isKey: (publicKey) => bytesEqual(publicKey, keyOfX(publicKey.slice(0, 32))),
}

export function simulatedNodeKey(seed: Uint8Array): NodeKey {
  const x = keccak256(seed)
  return { publicKey: keyOfX(x), sign: (hash) => signatureBy(x, hash) }
}
