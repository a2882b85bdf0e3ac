/** Whether a header's proof of work holds (Yellow Paper 4.4.4, appendix J). */
import { bytesEqual } from '../bytes.ts'
import type { Header } from '../header.ts'
import { sealHash } from '../header.ts'
import type { Result } from '../result.ts'
import { err, ok } from '../result.ts'
import { bytesToUint } from '../rlp.ts'
import type { EthashCache } from './cache.ts'
import { hashimotoLight } from './cache.ts'
import { epochOf } from './epoch.ts'

export type SealError =
  | { readonly code: 'SEAL_DIFFICULTY' } // zero: there is no target
  | { readonly code: 'SEAL_MIX_HASH'; readonly mixHash: Uint8Array; readonly expected: Uint8Array }
  | { readonly code: 'SEAL_RESULT'; readonly result: bigint; readonly target: bigint } // too little work

const HASHES = 1n << 256n

/** What the check of a seal looks at. */
export type Seal = Pick<Header, 'number' | 'difficulty' | 'mixHash' | 'nonce'> & {
  /** keccak256 of the header without mixHash and nonce, 32 bytes. */
  readonly sealHash: Uint8Array
}

/** Checks a header with the cache of its epoch (`epochOf`); throws when given that of another one. */
export const verifySeal = (header: Header, cache: EthashCache): Result<undefined, SealError> =>
  checkSeal({ ...header, sealHash: sealHash(header) }, cache)

/** As `verifySeal`, for what was taken from a header before. */
export function checkSeal(seal: Seal, cache: EthashCache): Result<undefined, SealError> {
  if (epochOf(seal.number) !== cache.epoch)
    throw new Error(`block ${seal.number} checked with the cache of epoch ${cache.epoch}`)
  if (seal.difficulty === 0n) return err({ code: 'SEAL_DIFFICULTY' })
  const { mixHash, result } = hashimotoLight(cache, seal.sealHash, seal.nonce)
  if (!bytesEqual(mixHash, seal.mixHash))
    return err({ code: 'SEAL_MIX_HASH', mixHash: seal.mixHash, expected: mixHash })
  const target = HASHES / seal.difficulty
  const reached = bytesToUint(result)
  return reached > target ? err({ code: 'SEAL_RESULT', result: reached, target }) : ok(undefined)
}
