import { bytesEqual } from '../../protocols/bytes.ts'
import type { BlockSelector } from '../../protocols/json-rpc/block-selector.ts'
import { type JsonRpcError, serverError } from '../../protocols/json-rpc/error.ts'
import { err, ok, type Result } from '../../protocols/result.ts'
import type { ChainReader } from './chain-reader.ts'

export type BlockId = { readonly number: bigint; readonly hash: Uint8Array }

/** The block that is named; undefined when there is none: for getters, which answer null then (geth eth/api_backend.go). */
export function findBlock(chain: ChainReader, selector: BlockSelector): Result<BlockId | undefined, JsonRpcError> {
  switch (selector.by) {
    case 'tag':
      return findTag(chain, selector.tag)
    case 'number':
      return ok(atNumber(chain, selector.number))
    case 'hash': {
      const number = chain.numberOf(selector.hash)
      if (number === undefined) return ok(undefined)
      const block = { number, hash: selector.hash }
      return selector.requireCanonical && !isCanonical(chain, block) ? err(notCanonical()) : ok(block)
    }
  }
}

/** The canonical block whose state is named: there, an unknown block is an error. */
export function findState(chain: ChainReader, selector: BlockSelector): Result<BlockId, JsonRpcError> {
  const block = findBlock(chain, selector)
  if (!block.ok) return block
  if (block.value === undefined) {
    return err(serverError(selector.by === 'hash' ? 'header for hash not found' : 'header not found'))
  }
  // The head is canonical, and what most calls name: not to be looked up.
  const isHead = selector.by === 'tag' && block.value === chain.head()
  // Only the canonical chain was executed; blocks beside it have no state here.
  if (!isHead && !isCanonical(chain, block.value)) return err(notCanonical())
  return ok(block.value)
}

function findTag(
  chain: ChainReader,
  tag: Extract<BlockSelector, { by: 'tag' }>['tag'],
): Result<BlockId | undefined, JsonRpcError> {
  switch (tag) {
    case 'latest':
      return ok(chain.head())
    // Nobody builds a block yet: what is pending is the head.
    case 'pending':
      return ok(chain.head())
    case 'earliest':
      return ok(atNumber(chain, 0n))
    // Set by a consensus client only.
    case 'safe':
    case 'finalized':
      return err(serverError(`${tag} block not found`))
  }
}

function atNumber(chain: ChainReader, number: bigint): BlockId | undefined {
  const head = chain.head()
  if (head === undefined || number > head.number) return undefined
  const hash = chain.canonicalHash(number)
  return hash === undefined ? undefined : { number, hash }
}

function isCanonical(chain: ChainReader, block: BlockId): boolean {
  const hash = atNumber(chain, block.number)?.hash
  return hash !== undefined && bytesEqual(hash, block.hash)
}

const notCanonical = (): JsonRpcError => serverError('hash is not currently canonical')
