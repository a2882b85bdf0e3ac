import { type BlockSelector, blockSelector, LATEST } from '../../../protocols/json-rpc/block-selector.ts'
import { type JsonRpcError, serverError } from '../../../protocols/json-rpc/error.ts'
import type { JsonObject } from '../../../protocols/json-rpc/json.ts'
import { address, listOf, optional } from '../../../protocols/json-rpc/parameters.ts'
import { type StorageKey, storageKey } from '../../../protocols/json-rpc/storage-key.ts'
import { keccak256 } from '../../../protocols/keccak256.ts'
import { err, ok, type Result } from '../../../protocols/result.ts'
import { accountProof } from '../account-proof.ts'
import { findState } from '../block-lookup.ts'
import { stateUnavailable } from '../state-refusal.ts'
import { readStoredHeader } from '../stored-block.ts'
import { type MethodTable, method, type Surroundings } from './method.ts'

/** Slots of one call (geth internal/ethapi `maxGetStorageSlots`). */
const SLOTS_MAX = 1024

export const PROOF_METHODS: MethodTable = {
  eth_getProof: method([address, listOf(storageKey, SLOTS_MAX), optional(blockSelector)], (around, [of, keys, at]) =>
    prove(around, of, keys, at ?? LATEST),
  ),
}

async function prove(
  around: Surroundings,
  of: Uint8Array,
  keys: readonly StorageKey[],
  at: BlockSelector,
): Promise<Result<JsonObject, JsonRpcError>> {
  const chain = around.chain()
  const block = findState(chain, at, around.info.spec)
  if (!block.ok) return block
  const { number } = block.value
  const head = chain.head()
  // One trie is kept, that after the head; older values are known, but not the nodes above them.
  if (head === undefined || number !== head.number) {
    return err(
      serverError(
        `proof of block ${number} is not available: proofs are kept for the head only (block ${head?.number})`,
      ),
    )
  }
  const header = readStoredHeader(chain, block.value)
  if (header === undefined) return err(serverError('header not found'))
  const addressHash = keccak256(of)
  const account = await chain.accountAt(addressHash, number)
  if (!account.ok) return err(stateUnavailable(number, account.error))
  const slots = []
  for (const key of keys) {
    const value = await chain.storageAt(addressHash, keccak256(key.slot), number)
    if (!value.ok) return err(stateUnavailable(number, value.error))
    slots.push({ key, value: value.value })
  }
  const proof = accountProof(chain, header.stateRoot, of, account.value, slots)
  if (proof.ok) return ok(proof.value)
  throw new Error(`the stored trie of block ${number} lacks a node: ${proof.error.reason}`)
}
