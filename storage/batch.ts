/** One write of an atomic batch. Keys and values are not to be changed until the batch is settled. */
export type BatchOperation =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array }

/** Collects the operations of one atomic batch, in order: of two writes of one key the later wins. */
export type Batch = {
  readonly operations: BatchOperation[]
  /** Bytes of all keys and values so far. */
  bytes(): number
  put(key: Uint8Array, value: Uint8Array): void
  delete(key: Uint8Array): void
}

export function createBatch(): Batch {
  const operations: BatchOperation[] = []
  let bytes = 0
  return {
    operations,
    bytes: () => bytes,
    put(key, value) {
      operations.push({ type: 'put', key, value })
      bytes += key.length + value.length
    },
    delete(key) {
      operations.push({ type: 'del', key })
      bytes += key.length
    },
  }
}
