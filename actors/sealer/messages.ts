import type { AskFailure } from '../../runtime/actor.ts'
import type { Ask, Ref, Tell } from '../../runtime/messages.ts'
import type { Result } from '../../runtime/result.ts'
import type { ChainHead, ChainMessages, SealFault } from '../chain/messages.ts'

export type SealerFault =
  | SealFault
  /** The chain did not answer in time. */
  | { readonly code: 'SEAL_CHAIN'; readonly cause: AskFailure['code'] }

/** Decides when the chain makes a block, and what is in its header: on a chain that its node seals itself. */
export type SealerMessages = {
  /** Makes blocks, one on another, and answers the last; those before a fault stay. @param count at least 1 */
  seal: Ask<{ readonly count: number }, Result<ChainHead, SealerFault>>
  /** To self: a period is over. */
  tick: Tell
}

export type SealingSettings = {
  /** Milliseconds from block to block; 0: only when asked. */
  readonly periodMs: number
  /** 20 bytes. */
  readonly feeRecipient: Uint8Array
  /** Gas limit to move to. */
  readonly gasLimit: bigint
  /** At most 32 bytes. */
  readonly extraData: Uint8Array
}
export type SealerDeps = SealingSettings & { readonly chain: Ref<Pick<ChainMessages, 'head' | 'sealBlock'>> }
