/** Blocks that the chain makes itself. */
import type { BatchedBlock } from '../../protocols/block-batch.ts'
import { encodeBody } from '../../protocols/body.ts'
import { encodeHeader, type Header, headerHash } from '../../protocols/header.ts'

/** No state has this root: nobody knows what hashes to zeros. */
export const NO_STATE_ROOT = new Uint8Array(32)

/** The block of a header that names no transactions, no ommers and, from Shanghai on, no withdrawals. */
export function emptyBlock(header: Header): BatchedBlock {
  const headerBytes = encodeHeader(header)
  const withdrawals = header.withdrawalsRoot === undefined ? {} : { withdrawals: [] }
  const bodyBytes = encodeBody({ transactions: [], ommers: [], ...withdrawals })
  return { hash: headerHash(headerBytes), headerBytes, bodyBytes, totalDifficulty: undefined }
}
