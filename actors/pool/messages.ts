import type { DownReason } from '../../runtime/actor.ts'
import type { AnyRef, Ask, Tell } from '../../runtime/messages.ts'
import type { JobFailure, JobPriority } from '../../runtime/pool.ts'

/**
 * Work in rows of one length, as `protocols/secp256k1/batch.ts` and `protocols/keccak-batch.ts` lay them out. Transfer the
 * buffer of `rows`. The deadline is that of the ask; when it passes, or `owner` ends, the work is dropped.
 */
export type Batch = {
  readonly rows: Uint8Array
  /** The actor that waits for the answer. */
  readonly owner: AnyRef
  readonly priority: JobPriority
}
export type BatchAnswer =
  | { readonly ok: true; readonly rows: Uint8Array }
  /** `BATCH_LENGTH`: the bytes are no whole rows. `SEAL_EPOCH`: a block number beyond all epochs. */
  | { readonly ok: false; readonly code: JobFailure['code'] | 'BATCH_LENGTH' | 'SEAL_EPOCH'; readonly detail: string }

/** Where caches of ethash are kept between runs. */
export type EthashCacheSettings = {
  /** Made where it is not yet. */
  readonly directory: string
  /** Caches in it; the oldest go. */
  readonly keptMax: number
}

export type PoolInfo = {
  /** `native`, `wasm` or `noble`; undefined until a thread has loaded it, which one does at the start. */
  readonly secp256k1: string | undefined
  /** 0: none, the work is done on the thread of the actor. */
  readonly threads: number
  readonly running: number
  readonly waiting: number
  readonly completed: number
  /** Jobs that were ended with their thread. */
  readonly aborted: number
}

/** Batches of work that keeps a processor busy, on threads of its own: stateless, so that any thread may take any. */
export type PoolMessages = {
  /** Hash and signature, 97 bytes → public key, 64. */
  recoverKeys: Ask<Batch, BatchAnswer>
  /** Hash and signature, 97 bytes → address of the signer, 20. */
  recoverAddresses: Ask<Batch, BatchAnswer>
  /** Hash, signature without recovery, public key, 160 bytes → 1 where it holds. */
  verify: Ask<Batch, BatchAnswer>
  /** Hash and secret key, 64 bytes → signature, 65. */
  sign: Ask<Batch, BatchAnswer>
  /** Secret and public key, 96 bytes → x of the common point, 32. */
  ecdh: Ask<Batch, BatchAnswer>
  /** Messages as `encodeMessages` lays them out → keccak256 of each, 32 bytes. */
  keccak: Ask<Batch, BatchAnswer>
  /**
   * Seals as `protocols/ethash/seal-rows.ts` lays them out, 112 bytes → verdicts, 33. Makes the caches that it needs, and
   * late in an epoch the next one's ahead. Owner and deadline are those of the checks; the caches are everybody's.
   */
  verifySeals: Ask<Batch, BatchAnswer>
  info: Ask<void, PoolInfo>
  /** From the runtime: an owner of work has ended. */
  ownerDown: Tell<{ readonly path: string; readonly reason: DownReason }>
}
export type PoolDeps = {
  /** 0: none, the work is done on the thread of the actor. */
  readonly threads: number
  /** Undefined: caches are made anew by each run. */
  readonly ethash: EthashCacheSettings | undefined
}
