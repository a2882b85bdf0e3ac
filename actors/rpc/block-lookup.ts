import { bytesEqual } from '../../protocols/bytes.ts'
import type { ChainSpec } from '../../protocols/chain-spec/chain-spec.ts'
import type { BlockSelector } from '../../protocols/json-rpc/block-selector.ts'
import { type JsonRpcError, serverError } from '../../protocols/json-rpc/error.ts'
import { err, ok, type Result } from '../../protocols/result.ts'
import type { ChainReader } from './chain-reader.ts'

export type BlockId = { readonly number: bigint; readonly hash: Uint8Array }
/** What decides which blocks are safe and final. */
type Finality = Pick<ChainSpec, 'simulatedBeacon'>

/** The block that is named; undefined when there is none: for getters, which answer null then (geth eth/api_backend.go). */
export function findBlock(
  chain: ChainReader,
  selector: BlockSelector,
  finality: Finality,
): Result<BlockId | undefined, JsonRpcError> {
  switch (selector.by) {
    case 'tag':
      return findTag(chain, selector.tag, finality)
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
export function findState(
  chain: ChainReader,
  selector: BlockSelector,
  finality: Finality,
): Result<BlockId, JsonRpcError> {
  const block = findBlock(chain, selector, finality)
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
  { simulatedBeacon }: Finality,
): Result<BlockId | undefined, JsonRpcError> {
  switch (tag) {
    case 'latest':
      return ok(chain.head())
    // Nobody builds a block yet: what is pending is the head.
    case 'pending':
      return ok(chain.head())
    case 'earliest':
      return ok(atNumber(chain, 0n))
    case 'safe':
      return simulatedBeacon === undefined ? err(notSet(tag)) : ok(chain.head())
    case 'finalized':
      return simulatedBeacon === undefined ? err(notSet(tag)) : ok(epochStart(chain, simulatedBeacon.epochBlocks))
  }
}

function epochStart(chain: ChainReader, epochBlocks: bigint): BlockId | undefined {
  const head = chain.head()
  return head && atNumber(chain, head.number - (head.number % epochBlocks))
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

/** No consensus client has said which it is. */
const notSet = (tag: 'safe' | 'finalized'): JsonRpcError => serverError(`${tag} block not found`)
const notCanonical = (): JsonRpcError => serverError('hash is not currently canonical')
