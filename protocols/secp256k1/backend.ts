/** What an implementation of the curve has to do, and the one face that all of them show. */
import { compareBytes, isZero } from '../bytes.ts'
import { hexConstant } from '../hex.ts'

/** `native`: libsecp256k1 as an addon; `wasm`: the same compiled to WebAssembly; `noble`: JavaScript. */
export type BackendName = 'native' | 'wasm' | 'noble'

/**
 * An implementation. Lengths and ranges were checked before; what it still refuses (no such point) it throws.
 * `publicKey` and what is answered as one: 65 bytes, `04 ‖ x ‖ y`. `signature`: 64 bytes, `r ‖ s`.
 */
export type Backend = {
  readonly name: BackendName
  recover(hash: Uint8Array, signature: Uint8Array, recovery: 0 | 1 | 2 | 3): Uint8Array
  /** Of a signature whose `s` is in the lower half. */
  verify(hash: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean
  /** With the nonce of RFC 6979 and `s` in the lower half. */
  sign(hash: Uint8Array, secretKey: Uint8Array): { readonly signature: Uint8Array; readonly recovery: number }
  /** The x coordinate, 32 bytes. */
  ecdh(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array
  publicKey(secretKey: Uint8Array): Uint8Array
  /** @param compressed 33 bytes: `02` where y is even or `03`, `x` (SEC 1, 2.3.3) */
  decompress(compressed: Uint8Array): Uint8Array
  isPoint(publicKey: Uint8Array): boolean
}

/**
 * ECDSA and ECDH over secp256k1 (SEC 1, SEC 2) as Ethereum uses them. `hash` and `secretKey` have 32 bytes, `publicKey`
 * 64 (`x ‖ y`), a signature 65 (`r ‖ s ‖ recovery`, the last 0 to 3). What is answered is the caller's; undefined where
 * numbers are out of range or there is no such point. Other lengths are bugs, and thrown.
 */
export type Secp256k1 = {
  readonly backend: BackendName
  /** The key that made a signature; `s` may be in either half, as before EIP-2. */
  recover(hash: Uint8Array, signature: Uint8Array): Uint8Array | undefined
  /** Takes 64 or 65 bytes of signature. False also for `s` in the upper half: such are not relayed nor made (EIP-2). */
  verify(hash: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean
  /** Deterministic (RFC 6979), `s` in the lower half. */
  sign(hash: Uint8Array, secretKey: Uint8Array): Uint8Array | undefined
  /** The x coordinate of the common point, 32 bytes, not hashed: what ECIES of devp2p derives its keys from. */
  ecdh(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined
  publicKey(secretKey: Uint8Array): Uint8Array | undefined
  /** The point of 33 bytes. */
  decompress(compressed: Uint8Array): Uint8Array | undefined
  /** Whether 64 bytes are a point of the curve. */
  isPoint(publicKey: Uint8Array): boolean
}

export const HASH_BYTES = 32
export const SECRET_KEY_BYTES = 32
export const PUBLIC_KEY_BYTES = 64
export const COMPRESSED_KEY_BYTES = 33
export const SIGNATURE_BYTES = 65
/** `r ‖ s` */
const COMPACT_BYTES = 64
/** First byte of an uncompressed point (SEC 1, 2.3.3). */
const UNCOMPRESSED = 0x04
/** Order of the group, and half of it (SEC 2, 2.4.1). */
const ORDER = hexConstant('fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141')
const HALF_ORDER = hexConstant('7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0')
/** Field prime less group order: above it an `r` that has wrapped stands for no point. */
const WRAPPED_MAX = hexConstant('000000000000000000000000000000014551231950b75fc4402da1722fc9baee')

export function secp256k1Of(backend: Backend): Secp256k1 {
  return {
    backend: backend.name,
    recover(hash, signature) {
      needs(hash, HASH_BYTES)
      needs(signature, SIGNATURE_BYTES)
      const recovery = signature[COMPACT_BYTES]!
      if (!isSignatureInRange(signature) || !isRecovery(recovery)) return undefined
      if (recovery >= 2 && compareBytes(signature.subarray(0, 32), WRAPPED_MAX) >= 0) return undefined
      const point = orUndefined(() => backend.recover(hash, signature.subarray(0, COMPACT_BYTES), recovery))
      return point?.slice(1)
    },
    verify(hash, signature, publicKey) {
      needs(hash, HASH_BYTES)
      if (signature.length !== COMPACT_BYTES) needs(signature, SIGNATURE_BYTES)
      needs(publicKey, PUBLIC_KEY_BYTES)
      if (!isSignatureInRange(signature) || compareBytes(signature.subarray(32, 64), HALF_ORDER) > 0) return false
      const compact = signature.subarray(0, COMPACT_BYTES)
      return orUndefined(() => backend.verify(hash, compact, uncompressed(publicKey))) ?? false
    },
    sign(hash, secretKey) {
      needs(hash, HASH_BYTES)
      needs(secretKey, SECRET_KEY_BYTES)
      if (!isScalar(secretKey)) return undefined
      const { signature, recovery } = backend.sign(hash, secretKey)
      const out = new Uint8Array(SIGNATURE_BYTES)
      out.set(signature)
      out[COMPACT_BYTES] = recovery
      return out
    },
    ecdh(secretKey, publicKey) {
      needs(secretKey, SECRET_KEY_BYTES)
      needs(publicKey, PUBLIC_KEY_BYTES)
      if (!isScalar(secretKey)) return undefined
      return orUndefined(() => backend.ecdh(secretKey, uncompressed(publicKey)))
    },
    publicKey(secretKey) {
      needs(secretKey, SECRET_KEY_BYTES)
      return isScalar(secretKey) ? backend.publicKey(secretKey).slice(1) : undefined
    },
    decompress(compressed) {
      needs(compressed, COMPRESSED_KEY_BYTES)
      return orUndefined(() => backend.decompress(compressed))?.slice(1)
    },
    isPoint(publicKey) {
      needs(publicKey, PUBLIC_KEY_BYTES)
      return orUndefined(() => backend.isPoint(uncompressed(publicKey))) ?? false
    },
  }
}

/** Generated once with libsecp256k1: the self-test of a thread's start. */
const TEST_HASH = hexConstant('4747474747474747474747474747474747474747474747474747474747474747')
const TEST_SECRET_KEY = hexConstant('0909090909090909090909090909090909090909090909090909090909090909')
const TEST_PUBLIC_KEY = hexConstant(
  '56b328b30c8bf5839e24058747879408bdb36241dc9c2e7c619faa12b2920967ab7cd9ff8ea7fd4f421b1e19f52e955d497a2c83285a6a8ff72c577d6c2fd490',
)
const TEST_SIGNATURE = hexConstant(
  'fcdeeb3bf922c19f72f404a936161034a025db91390fc2da20dc7890d44c67196215c4d877afde900ad58e4f503aaa08866ae902bd45225f89a062325323a16b00',
)
/** Its y is even. */
const TEST_COMPRESSED = hexConstant('0256b328b30c8bf5839e24058747879408bdb36241dc9c2e7c619faa12b2920967')
const TEST_COMMON = hexConstant('2d161ec93bafb8db0fd244f1fc5e324141479b6ecb5fa1c510eed62e77d1d8d3')

/** Whether an implementation signs, recovers, verifies and refuses as it should, for one key. */
export function backendPasses(backend: Backend): boolean {
  const curve = secp256k1Of(backend)
  const publicKey = curve.publicKey(TEST_SECRET_KEY)
  const signature = curve.sign(TEST_HASH, TEST_SECRET_KEY)
  if (publicKey === undefined || signature === undefined) return false
  const recovered = curve.recover(TEST_HASH, signature)
  const decompressed = curve.decompress(TEST_COMPRESSED)
  const common = curve.ecdh(TEST_SECRET_KEY, publicKey)
  return (
    compareBytes(publicKey, TEST_PUBLIC_KEY) === 0 &&
    compareBytes(signature, TEST_SIGNATURE) === 0 &&
    recovered !== undefined &&
    compareBytes(recovered, publicKey) === 0 &&
    decompressed !== undefined &&
    compareBytes(decompressed, publicKey) === 0 &&
    curve.isPoint(publicKey) &&
    !curve.isPoint(new Uint8Array(PUBLIC_KEY_BYTES)) &&
    common !== undefined &&
    compareBytes(common, TEST_COMMON) === 0 &&
    curve.verify(TEST_HASH, signature, publicKey) &&
    !curve.verify(TEST_SECRET_KEY, signature, publicKey)
  )
}

function needs(bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) throw new RangeError(`${bytes.length} bytes where ${length} are needed`)
}

const isRecovery = (recovery: number): recovery is 0 | 1 | 2 | 3 => recovery <= 3

/** Above zero and below the order of the group. */
const isScalar = (bytes: Uint8Array): boolean => compareBytes(bytes, ORDER) < 0 && !isZero(bytes)

const isSignatureInRange = (signature: Uint8Array): boolean =>
  isScalar(signature.subarray(0, 32)) && isScalar(signature.subarray(32, COMPACT_BYTES))

function uncompressed(publicKey: Uint8Array): Uint8Array {
  const out = new Uint8Array(1 + PUBLIC_KEY_BYTES)
  out[0] = UNCOMPRESSED
  out.set(publicKey, 1)
  return out
}

/** What an implementation refuses it throws, and each its own kind of error. */
function orUndefined<T>(run: () => T): T | undefined {
  try {
    return run()
  } catch {
    return undefined
  }
}
