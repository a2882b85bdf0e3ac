/** Points of the curve as bytes: 64 (`x ‖ y`) as devp2p carries them, 33 (parity, `x`) as node records do (SEC 1, 2.3.3). */
import { COMPRESSED_KEY_BYTES, PUBLIC_KEY_BYTES } from './backend.ts'
import { secp256k1 } from './secp256k1.ts'

/** First byte of a compressed point whose y is even. */
const EVEN = 0x02

/** Of a point's 64 bytes; whether it is one is not checked. */
export function compressKey(publicKey: Uint8Array): Uint8Array {
  needs(publicKey)
  const out = new Uint8Array(COMPRESSED_KEY_BYTES)
  out[0] = EVEN + (publicKey[PUBLIC_KEY_BYTES - 1]! & 1)
  out.set(publicKey.subarray(0, PUBLIC_KEY_BYTES / 2), 1)
  return out
}

/** The 64 bytes of a compressed point; undefined where there is no such point, or another number of bytes. */
export function decompressKey(compressed: Uint8Array): Uint8Array | undefined {
  return compressed.length === COMPRESSED_KEY_BYTES ? secp256k1.decompress(compressed) : undefined
}

/** Whether 64 bytes are a point of the curve. */
export const isPoint = (publicKey: Uint8Array): boolean => secp256k1.isPoint(publicKey)

function needs(publicKey: Uint8Array): void {
  if (publicKey.length !== PUBLIC_KEY_BYTES)
    throw new RangeError(`${publicKey.length} bytes where a public key of ${PUBLIC_KEY_BYTES} is needed`)
}
