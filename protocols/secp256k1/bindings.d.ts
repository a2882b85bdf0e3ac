/** The native addon alone: the package's own entry falls back to `elliptic` without a word. */
declare module 'secp256k1/bindings.js' {
  /** The coordinates of the common point; answers as many bytes as `output` has. */
  type Hash = (x: Uint8Array, y: Uint8Array) => Uint8Array
  const bindings: {
    /** All of them throw what they refuse. */
    publicKeyCreate(secretKey: Uint8Array, compressed: boolean): Uint8Array
    /** The only one that answers false for what is no point. */
    publicKeyVerify(publicKey: Uint8Array): boolean
    publicKeyConvert(publicKey: Uint8Array, compressed: boolean): Uint8Array
    ecdsaSign(hash: Uint8Array, secretKey: Uint8Array): { readonly signature: Uint8Array; readonly recid: number }
    ecdsaVerify(signature: Uint8Array, hash: Uint8Array, publicKey: Uint8Array): boolean
    ecdsaRecover(signature: Uint8Array, recid: number, hash: Uint8Array, compressed: boolean): Uint8Array
    ecdh(
      publicKey: Uint8Array,
      secretKey: Uint8Array,
      options: { readonly hashfn: Hash },
      output: Uint8Array,
    ): Uint8Array
  }
  export default bindings
}
