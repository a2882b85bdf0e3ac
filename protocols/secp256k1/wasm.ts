/** libsecp256k1 in WebAssembly. */
import { pointFromScalar, pointMultiply, recover, signRecoverable, verify } from 'tiny-secp256k1'
import type { Backend } from './backend.ts'
import { nobleBackend } from './noble.ts'

export const wasmBackend: Backend = {
  name: 'wasm',
  // It refuses an r that has wrapped around the order though its point exists; no transaction carries one.
  recover: (hash, signature, recovery) =>
    recovery >= 2
      ? nobleBackend.recover(hash, signature, recovery)
      : present(recover(hash, signature, recovery, false)),
  verify: (hash, signature, publicKey) => verify(hash, publicKey, signature, true),
  sign(hash, secretKey) {
    const { signature, recoveryId } = signRecoverable(hash, secretKey)
    return { signature, recovery: recoveryId }
  },
  ecdh: (secretKey, publicKey) => present(pointMultiply(publicKey, secretKey, false)).slice(1, 33),
  publicKey: (secretKey) => present(pointFromScalar(secretKey, false)),
}

function present(point: Uint8Array | null): Uint8Array {
  if (point === null) throw new RangeError('no such point')
  return point
}
