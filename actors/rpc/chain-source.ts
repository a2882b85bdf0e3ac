import { err, type Result } from '../../protocols/result.ts'
import type { DatabaseLocation } from '../../storage/database.ts'
import type { ChainReader } from './chain-reader.ts'

/** A reader to be closed: until then the store keeps what it shows. */
export type ChainSnapshot = ChainReader & { close(): void }
export type ChainSource = {
  /** The chain as it is now. */
  snapshot(): ChainSnapshot
  close(): Promise<void>
}
export type OpenChain = (location: DatabaseLocation) => Promise<Result<ChainSource, { readonly code: string }>>

/** Until the chain store is there. */
export const openStoredChain: OpenChain = async () => err({ code: 'CHAIN_STORE_MISSING' })
