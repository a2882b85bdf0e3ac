/** What methods read of the chain: one snapshot of the store, so that all answers of a call agree. */
export type AccountFields = {
  readonly nonce: bigint
  readonly balance: bigint
  /** 32 bytes each. */
  readonly storageRoot: Uint8Array
  readonly codeHash: Uint8Array
}

/** Known at once, or after a wait. */
export type MaybeLater<T> = T | Promise<T>

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
  /** State after the canonical block `number`, of the head at once; `ok` with undefined: there is no such account. */
  accountAt(
    addressHash: Uint8Array,
    number: bigint,
  ): MaybeLater<
    | { readonly ok: true; readonly value: AccountFields | undefined }
    | { readonly ok: false; readonly error: StateError }
  >
  code(hash: Uint8Array): Uint8Array | undefined
  /** The block's list of receipts, encoded; undefined for a block that was not executed. */
  receipts(number: bigint, hash: Uint8Array): Uint8Array | undefined
  /** 32 bytes after the canonical block `number`, by keccak256 of address and slot; zero when there is none. */
  storageAt(
    addressHash: Uint8Array,
    slotHash: Uint8Array,
    number: bigint,
  ): MaybeLater<{ readonly ok: true; readonly value: Uint8Array } | { readonly ok: false; readonly error: StateError }>
  /** Stored node of the account trie after the head. @param path nibbles, one per byte. */
  accountNode(path: Uint8Array): Uint8Array | undefined
  /** Stored node of an account's storage trie after the head. */
  storageNode(addressHash: Uint8Array, path: Uint8Array): Uint8Array | undefined
}
