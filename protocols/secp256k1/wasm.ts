/**
 * libsecp256k1 in WebAssembly. What it is given as a point is checked first: it would refuse another by throwing through
 * its own frames, its stack is not unwound then, and after some 3,100 refusals it computes nothing more on this thread.
 */
import {
  isPoint,
  pointCompress,
  pointFromScalar,
  pointMultiply,
  recover,
  signRecoverable,
  verify,
} from 'tiny-secp256k1'
import type { Backend } from './backend.ts'
import { nobleBackend } from './noble.ts'

export const wasmBackend: Backend = {
  name: 'wasm',
  // It refuses an r that has wrapped around the order though its point exists; no transaction carries one.
  recover: (hash, signature, recovery) =>
    recovery >= 2
      ? nobleBackend.recover(hash, signature, recovery)
      : present(recover(hash, signature, recovery, false)),
  verify: (hash, signature, publicKey) => isPoint(publicKey) && verify(hash, publicKey, signature, true),
  sign(hash, secretKey) {
    const { signature, recoveryId } = signRecoverable(hash, secretKey)
    return { signature, recovery: recoveryId }
  },
  ecdh: (secretKey, publicKey) => present(pointMultiply(checked(publicKey), secretKey, false)).slice(1, 33),
  publicKey: (secretKey) => present(pointFromScalar(secretKey, false)),
  decompress: (compressed) => pointCompress(checked(compressed), false),
  isPoint,
}

function checked(point: Uint8Array): Uint8Array {
  if (!isPoint(point)) throw new RangeError('no such point')
  return point
}

function present(point: Uint8Array | null): Uint8Array {
  if (point === null) throw new RangeError('no such point')
  return point
}
