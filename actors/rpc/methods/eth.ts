import { decodeSplitBlock } from '../../../protocols/block.ts'
import { bytesToHex, encodeQuantity } from '../../../protocols/hex.ts'
import { type BlockSelector, blockNumber, blockSelector, LATEST } from '../../../protocols/json-rpc/block-selector.ts'
import { type JsonRpcError, serverError } from '../../../protocols/json-rpc/error.ts'
import type { JsonValue } from '../../../protocols/json-rpc/json.ts'
import { address, bool, hash, optional } from '../../../protocols/json-rpc/parameters.ts'
import { keccak256 } from '../../../protocols/keccak256.ts'
import { err, ok, type Result } from '../../../protocols/result.ts'
import { type BlockId, findBlock, findState } from '../block-lookup.ts'
import { blockObject } from '../block-object.ts'
import type { AccountFields, ChainReader } from '../chain-reader.ts'
import { type MethodTable, method, type Surroundings } from './method.ts'

const state = [address, optional(blockSelector)] as const

export const ETH_METHODS: MethodTable = {
  eth_chainId: method([], ({ info }) => ok(encodeQuantity(info.chainId))),
  eth_blockNumber: method([], ({ chain }) => {
    const head = chain().head()
    return head === undefined ? err(serverError('header not found')) : ok(encodeQuantity(head.number))
  }),
  eth_syncing: method([], ({ importing }) =>
    ok(
      importing === undefined
        ? false
        : {
            startingBlock: encodeQuantity(importing.startingBlock),
            currentBlock: encodeQuantity(importing.currentBlock),
            highestBlock: encodeQuantity(importing.highestBlock),
          },
    ),
  ),
  eth_getBlockByNumber: method([blockNumber, bool], (around, [selector, full]) => {
    // No block is being built, so there is none to show; state readers take the head for it.
    if (selector.by === 'tag' && selector.tag === 'pending') return ok(null)
    return showBlock(around, selector, full)
  }),
  eth_getBlockByHash: method([hash, bool], (around, [wanted, full]) =>
    showBlock(around, { by: 'hash', hash: wanted, requireCanonical: false }, full),
  ),
  eth_getBalance: method(state, (around, [of, at]) =>
    readAccount(around.chain(), of, at, (account) => encodeQuantity(account?.balance ?? 0n)),
  ),
  eth_getTransactionCount: method(state, (around, [of, at]) =>
    readAccount(around.chain(), of, at, (account) => encodeQuantity(account?.nonce ?? 0n)),
  ),
  eth_getCode: method(state, (around, [of, at]) => {
    const chain = around.chain()
    return readAccount(chain, of, at, (account) => {
      const code = account === undefined ? undefined : chain.code(account.codeHash)
      return code === undefined ? '0x' : bytesToHex(code)
    })
  }),
}

function showBlock(around: Surroundings, selector: BlockSelector, full: boolean): Result<JsonValue, JsonRpcError> {
  const chain = around.chain()
  const found = findBlock(chain, selector)
  if (!found.ok) return found
  if (found.value === undefined) return ok(null)
  return readBlock(chain, found.value, full)
}

function readBlock(chain: ChainReader, { number, hash }: BlockId, full: boolean): Result<JsonValue, JsonRpcError> {
  const headerBytes = chain.header(number, hash)
  const bodyBytes = chain.body(number, hash)
  if (headerBytes === undefined || bodyBytes === undefined) return ok(null)
  const block = decodeSplitBlock(headerBytes, bodyBytes)
  // What was stored was checked: this store is damaged.
  if (!block.ok) throw new Error(`stored block ${number} is unreadable: ${block.error.code}`)
  return ok(blockObject({ ...block.value, hash }, full))
}

async function readAccount(
  chain: ChainReader,
  of: Uint8Array,
  at: BlockSelector | undefined,
  show: (account: AccountFields | undefined) => string,
): Promise<Result<JsonValue, JsonRpcError>> {
  const block = findState(chain, at ?? LATEST)
  if (!block.ok) return block
  const account = await chain.accountAt(keccak256(of), block.value.number)
  if (!account.ok) {
    const { code, oldest } = account.error
    const why = oldest === undefined ? code : `the oldest kept is of block ${oldest}`
    return err(serverError(`state of block ${block.value.number} is not available: ${why}`))
  }
  return ok(show(account.value))
}
