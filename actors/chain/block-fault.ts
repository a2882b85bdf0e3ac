/** Why a block is not taken into the chain. */
import type { BlockEncodingError } from '../../protocols/block.ts'
import type { HeaderError } from '../../protocols/consensus/header-rules.ts'
import type { OmmerError } from '../../protocols/consensus/ommers.ts'

export type BlockFault =
  | { readonly code: 'BLOCK_ENCODING'; readonly cause: BlockEncodingError }
  | { readonly code: 'BLOCK_HEADER'; readonly cause: HeaderError }
  | { readonly code: 'BLOCK_PARENT_UNKNOWN'; readonly parentHash: Uint8Array }
  /** Block 0 is another than that of the data directory. */
  | { readonly code: 'BLOCK_OTHER_GENESIS'; readonly ours: Uint8Array }
  | { readonly code: 'BLOCK_BODY'; readonly field: 'transactionsRoot' | 'ommersHash' | 'withdrawalsRoot' }
  | { readonly code: 'BLOCK_OMMERS'; readonly cause: OmmerError }
  | { readonly code: 'BLOCK_RESULT'; readonly field: 'gasUsed' | 'receiptsRoot' | 'logsBloom' }
  | { readonly code: 'BLOCK_STATE_ROOT'; readonly computed: Uint8Array; readonly claimed: Uint8Array }
  /** The source's total difficulty is not the sum of difficulties. */
  | { readonly code: 'BLOCK_TOTAL_DIFFICULTY'; readonly computed: bigint; readonly claimed: bigint }
  /** What this version does not execute yet. */
  | { readonly code: 'BLOCK_UNSUPPORTED'; readonly what: 'transactions' | 'system calls' | 'the DAO fork' | 'clique' }
  /** Known to be invalid, or built on such a block. */
  | { readonly code: 'BLOCK_BAD' }
  /** The store refused the write: nothing of it is in the chain. */
  | { readonly code: 'BLOCK_NOT_WRITTEN'; readonly cause: string }

/** A sentence for people. */
export function describeFault(fault: BlockFault): string {
  switch (fault.code) {
    case 'BLOCK_ENCODING':
      return `it cannot be decoded (${fault.cause.code})`
    case 'BLOCK_HEADER':
      return `its header breaks a rule (${fault.cause.code})`
    case 'BLOCK_PARENT_UNKNOWN':
      return 'its parent is not known: does the file begin above the head, or belong to another network?'
    case 'BLOCK_OTHER_GENESIS':
      return 'it is the genesis of another network than that of the data directory'
    case 'BLOCK_BODY':
      return `its body does not match the header's ${fault.field}`
    case 'BLOCK_OMMERS':
      return `its ommers break a rule (${fault.cause.code})`
    case 'BLOCK_RESULT':
      return `executing it gives another ${fault.field}`
    case 'BLOCK_STATE_ROOT':
      return 'executing it gives another state root'
    case 'BLOCK_TOTAL_DIFFICULTY':
      return `the file says total difficulty ${fault.claimed}, the sum is ${fault.computed}`
    case 'BLOCK_UNSUPPORTED':
      return `this version does not execute ${fault.what} yet`
    case 'BLOCK_BAD':
      return 'it, or a block below it, is known to be invalid'
    case 'BLOCK_NOT_WRITTEN':
      return `the store refused it: ${fault.cause}`
  }
}
