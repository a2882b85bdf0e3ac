import type { Ask } from '../../../../../runtime/messages.ts'
import type { DatabaseLocation } from '../../../../../storage/database.ts'

/** What is known of a block before anybody imports it. */
export type KnownBlock = {
  readonly number: bigint
  readonly hash: Uint8Array
  readonly miner: Uint8Array
  /** wei of the miner after the block. */
  readonly balance: bigint
}
export type Reading = {
  readonly reads: number
  /** Numbers of the heads that were seen, each once. */
  readonly heads: readonly bigint[]
  /** What did not agree, in words. */
  readonly wrong: readonly string[]
}
/** Reads the chain as a request of a user does: one snapshot a read. */
export type HeadReaderMessages = {
  read: Ask<{ readonly times: number }, Reading>
}
export type HeadReaderDeps = { readonly database: DatabaseLocation; readonly known: readonly KnownBlock[] }
