import { decodeSplitBlock } from '../../protocols/block.ts'
import { decodeHeader, type Header } from '../../protocols/header.ts'
import type { BlockId } from './block-lookup.ts'
import type { StoredBlock } from './block-object.ts'
import type { ChainReader } from './chain-reader.ts'

/** Undefined when header or body is not kept. What was stored was checked: a store that answers other bytes is damaged, and throws. */
export function readStoredBlock(chain: ChainReader, { number, hash }: BlockId): StoredBlock | undefined {
  const headerBytes = chain.header(number, hash)
  const bodyBytes = chain.body(number, hash)
  if (headerBytes === undefined || bodyBytes === undefined) return undefined
  const block = decodeSplitBlock(headerBytes, bodyBytes)
  if (!block.ok) throw new Error(`stored block ${number} is unreadable: ${block.error.code}`)
  return { ...block.value, hash }
}

export function readStoredHeader(chain: ChainReader, { number, hash }: BlockId): Header | undefined {
  const bytes = chain.header(number, hash)
  if (bytes === undefined) return undefined
  const header = decodeHeader(bytes)
  if (!header.ok) throw new Error(`stored header ${number} is unreadable: ${header.error.code}`)
  return header.value
}
