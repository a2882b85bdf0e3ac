/** What methods read of the chain: one snapshot of the store, so that all answers of a call agree. */
export type AccountFields = { readonly nonce: bigint; readonly balance: bigint; readonly codeHash: Uint8Array }

/** Why the state of a block cannot be read. */
export type StateError = { readonly code: string; readonly oldest?: bigint }

export interface ChainReader {
  /** The persisted head; undefined in a store without a genesis block. */
  head(): { readonly number: bigint; readonly hash: Uint8Array } | undefined
  canonicalHash(number: bigint): Uint8Array | undefined
  /** Also of blocks beside the canonical chain. */
  numberOf(hash: Uint8Array): bigint | undefined
  /** Encoded. */
  header(number: bigint, hash: Uint8Array): Uint8Array | undefined
  /** Encoded. */
  body(number: bigint, hash: Uint8Array): Uint8Array | undefined
  /** State after the canonical block `number`; `ok` with undefined: there is no such account. */
  accountAt(
    addressHash: Uint8Array,
    number: bigint,
  ): Promise<
    | { readonly ok: true; readonly value: AccountFields | undefined }
    | { readonly ok: false; readonly error: StateError }
  >
  code(hash: Uint8Array): Uint8Array | undefined
}
