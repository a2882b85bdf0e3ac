/** Rules for ommers (Yellow Paper 11.1). */

import type { ChainSpec } from '../chain-spec/chain-spec.ts'
import type { Header, HeaderEncodingError } from '../header.ts'
import { decodeHeader, headerHash } from '../header.ts'
import { bytesToHex } from '../hex.ts'
import type { Result } from '../result.ts'
import { err, ok } from '../result.ts'
import type { HeaderError } from './header-rules.ts'
import { checkHeader } from './header-rules.ts'

/** Ommers of one block. */
export const OMMERS_MAX = 2
/** Generations among which an ommer's parent and earlier ommers are looked for. */
export const OMMER_GENERATIONS = 7

/** One of the block's ancestors, with the encoded ommers of its body. */
export type OmmerAncestor = {
  readonly hash: Uint8Array
  readonly header: Header
  readonly ommers: readonly Uint8Array[]
}
export type OmmerError =
  | { readonly code: 'OMMER_COUNT'; readonly count: number }
  | { readonly code: 'OMMER_ENCODING'; readonly index: number; readonly cause: HeaderEncodingError }
  | { readonly code: 'OMMER_REPEATED'; readonly index: number } // in this block or in one of the ancestors
  | { readonly code: 'OMMER_IS_ANCESTOR'; readonly index: number } // or the block itself
  | { readonly code: 'OMMER_PARENT'; readonly index: number } // not among the ancestors, or the block's own
  | { readonly code: 'OMMER_HEADER'; readonly index: number; readonly cause: HeaderError }

/**
 * The ommers of a block with hash `blockHash`, decoded and checked but for their seals. `ancestors` are the block's
 * parent and its up to six forefathers, newest first; near genesis there are fewer.
 */
export function checkOmmers(
  spec: ChainSpec,
  ommers: readonly Uint8Array[],
  blockHash: Uint8Array,
  ancestors: readonly OmmerAncestor[],
): Result<readonly Header[], OmmerError> {
  if (ommers.length === 0) return ok([])
  if (ommers.length > OMMERS_MAX) return err({ code: 'OMMER_COUNT', count: ommers.length })
  const generations = ancestors.slice(0, OMMER_GENERATIONS)
  const byHash = new Map(generations.map((ancestor) => [bytesToHex(ancestor.hash), ancestor.header]))
  const parent = generations[0] && bytesToHex(generations[0].hash)
  const included = new Set<string>()
  for (const ancestor of generations) for (const ommer of ancestor.ommers) included.add(bytesToHex(headerHash(ommer)))
  const headers: Header[] = []
  for (const [index, encoded] of ommers.entries()) {
    const hash = bytesToHex(headerHash(encoded))
    if (included.has(hash)) return err({ code: 'OMMER_REPEATED', index })
    included.add(hash)
    if (byHash.has(hash) || hash === bytesToHex(blockHash)) return err({ code: 'OMMER_IS_ANCESTOR', index })
    const header = decodeHeader(encoded)
    if (!header.ok) return err({ code: 'OMMER_ENCODING', index, cause: header.error })
    const ommerParentHash = bytesToHex(header.value.parentHash)
    const ommerParent = byHash.get(ommerParentHash)
    if (ommerParent === undefined || ommerParentHash === parent) return err({ code: 'OMMER_PARENT', index })
    const checked = checkHeader(spec, header.value, ommerParent, { ommer: true })
    if (!checked.ok) return err({ code: 'OMMER_HEADER', index, cause: checked.error })
    headers.push(header.value)
  }
  return ok(headers)
}
