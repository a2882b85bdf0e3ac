/** libsecp256k1 as a native addon, where a prebuild fits this machine. */
import bindings from 'secp256k1/bindings.js'
import type { Backend } from './backend.ts'

export const nativeBackend: Backend = {
  name: 'native',
  recover: (hash, signature, recovery) => bindings.ecdsaRecover(signature, recovery, hash, false),
  verify: (hash, signature, publicKey) => bindings.ecdsaVerify(signature, hash, publicKey),
  sign(hash, secretKey) {
    const { signature, recid } = bindings.ecdsaSign(hash, secretKey)
    return { signature, recovery: recid }
  },
  ecdh: (secretKey, publicKey) => bindings.ecdh(publicKey, secretKey, { hashfn: takeX }, new Uint8Array(32)),
  publicKey: (secretKey) => bindings.publicKeyCreate(secretKey, false),
  decompress: (compressed) => bindings.publicKeyConvert(compressed, false),
  isPoint: (publicKey) => bindings.publicKeyVerify(publicKey),
}

/** What the addon would hash, it is given back. */
const takeX = (x: Uint8Array): Uint8Array => x
