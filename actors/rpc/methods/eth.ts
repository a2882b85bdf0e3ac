import { bytesToHex, encodeQuantity } from '../../../protocols/hex.ts'
import { type BlockSelector, blockNumber, blockSelector, LATEST } from '../../../protocols/json-rpc/block-selector.ts'
import { type JsonRpcError, serverError } from '../../../protocols/json-rpc/error.ts'
import type { JsonObject, JsonValue } from '../../../protocols/json-rpc/json.ts'
import { address, bool, hash, optional, quantity } from '../../../protocols/json-rpc/parameters.ts'
import { storageKey } from '../../../protocols/json-rpc/storage-key.ts'
import { keccak256 } from '../../../protocols/keccak256.ts'
import { err, ok, type Result } from '../../../protocols/result.ts'
import { findBlock, findState } from '../block-lookup.ts'
import { blockObject, ommerObject, type StoredBlock } from '../block-object.ts'
import type { AccountFields, MaybeLater } from '../chain-reader.ts'
import type { ImportProgress } from '../messages.ts'
import { stateUnavailable } from '../state-refusal.ts'
import { readStoredBlock } from '../stored-block.ts'
import { type MethodTable, method, type Surroundings } from './method.ts'

const state = [address, optional(blockSelector)] as const

export const ETH_METHODS: MethodTable = {
  eth_chainId: method([], ({ info }) => ok(encodeQuantity(info.chainId))),
  eth_blockNumber: method([], ({ chain }) => {
    const head = chain().head()
    return head === undefined ? err(serverError('header not found')) : ok(encodeQuantity(head.number))
  }),
  eth_syncing: method([], ({ importing }) => ok(importing === undefined ? false : syncingObject(importing))),
  eth_getBlockByNumber: method([blockNumber, bool], (around, [selector, full]) =>
    show(around, selector, (block) => blockObject(block, full)),
  ),
  eth_getBlockByHash: method([hash, bool], (around, [wanted, full]) =>
    show(around, byHash(wanted), (block) => blockObject(block, full)),
  ),
  eth_getBlockTransactionCountByNumber: method([blockNumber], (around, [selector]) =>
    show(around, selector, transactionCount),
  ),
  eth_getBlockTransactionCountByHash: method([hash], (around, [wanted]) =>
    show(around, byHash(wanted), transactionCount),
  ),
  eth_getUncleCountByBlockNumber: method([blockNumber], (around, [selector]) => show(around, selector, ommerCount)),
  eth_getUncleCountByBlockHash: method([hash], (around, [wanted]) => show(around, byHash(wanted), ommerCount)),
  eth_getUncleByBlockNumberAndIndex: method([blockNumber, quantity], (around, [selector, index]) =>
    show(around, selector, (block) => ommerAt(block, index)),
  ),
  eth_getUncleByBlockHashAndIndex: method([hash, quantity], (around, [wanted, index]) =>
    show(around, byHash(wanted), (block) => ommerAt(block, index)),
  ),
  eth_getBalance: method(state, (around, [of, at]) =>
    readAccount(around, of, at, (account) => encodeQuantity(account?.balance ?? 0n)),
  ),
  eth_getTransactionCount: method(state, (around, [of, at]) =>
    readAccount(around, of, at, (account) => encodeQuantity(account?.nonce ?? 0n)),
  ),
  eth_getCode: method(state, (around, [of, at]) => {
    const chain = around.chain()
    return readAccount(around, of, at, (account) => {
      const code = account === undefined ? undefined : chain.code(account.codeHash)
      return code === undefined ? '0x' : bytesToHex(code)
    })
  }),
  eth_getStorageAt: method([address, storageKey, optional(blockSelector)], (around, [of, { slot }, at]) => {
    const chain = around.chain()
    const block = findState(chain, at ?? LATEST, around.info.spec)
    if (!block.ok) return block
    const { number } = block.value
    return when(chain.storageAt(keccak256(of), keccak256(slot), number), (value) =>
      value.ok ? ok(bytesToHex(value.value)) : err(stateUnavailable(number, value.error)),
    )
  }),
}

export const syncingObject = (importing: ImportProgress): JsonObject => ({
  startingBlock: encodeQuantity(importing.startingBlock),
  currentBlock: encodeQuantity(importing.currentBlock),
  highestBlock: encodeQuantity(importing.highestBlock),
})

const byHash = (wanted: Uint8Array): BlockSelector => ({ by: 'hash', hash: wanted, requireCanonical: false })
const transactionCount = ({ body }: StoredBlock): JsonValue => encodeQuantity(body.transactions.length)
const ommerCount = ({ body }: StoredBlock): JsonValue => encodeQuantity(body.ommers.length)

function ommerAt({ body }: StoredBlock, index: bigint): JsonValue {
  const bytes = index < BigInt(body.ommers.length) ? body.ommers[Number(index)] : undefined
  return bytes === undefined ? null : ommerObject(bytes)
}

/** Null for a block that is not there. */
function show(
  around: Surroundings,
  selector: BlockSelector,
  view: (block: StoredBlock) => JsonValue,
): Result<JsonValue, JsonRpcError> {
  // No block is being built, so there is none to show; state readers take the head for it.
  if (selector.by === 'tag' && selector.tag === 'pending') return ok(null)
  const chain = around.chain()
  const found = findBlock(chain, selector, around.info.spec)
  if (!found.ok) return found
  const block = found.value === undefined ? undefined : readStoredBlock(chain, found.value)
  return ok(block === undefined ? null : view(block))
}

function readAccount(
  around: Surroundings,
  of: Uint8Array,
  at: BlockSelector | undefined,
  view: (account: AccountFields | undefined) => string,
): MaybeLater<Result<JsonValue, JsonRpcError>> {
  const chain = around.chain()
  const block = findState(chain, at ?? LATEST, around.info.spec)
  if (!block.ok) return block
  const { number } = block.value
  return when(chain.accountAt(keccak256(of), number), (account) =>
    account.ok ? ok(view(account.value)) : err(stateUnavailable(number, account.error)),
  )
}

const when = <T, R>(value: MaybeLater<T>, use: (value: T) => R): MaybeLater<R> =>
  value instanceof Promise ? value.then(use) : use(value)
