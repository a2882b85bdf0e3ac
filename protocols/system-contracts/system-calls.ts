/**
 * What the calls that the protocol itself makes in every block write (EIP-4788, EIP-2935, EIP-7002, EIP-7251). They are carried
 * out here and not by running code, so only for contracts whose code is the canonical one.
 */
import { bytesEqual, leftPad } from '../bytes.ts'
import {
  BEACON_ROOTS,
  CONSOLIDATION_REQUESTS,
  HISTORY_STORAGE,
  WITHDRAWAL_REQUESTS,
} from '../chain-spec/system-contracts.ts'
import type { Header } from '../header.ts'
import { keccak256 } from '../keccak256.ts'
import { err, ok, type Result } from '../result.ts'
import { bytesToUint, uintToBytes } from '../rlp.ts'

/** What the calls need of a state. Addresses are 20 bytes; slots and values 32, a slot without a value is all zeros. */
export type SystemState = {
  getAccount(address: Uint8Array): { readonly codeHash: Uint8Array } | undefined
  getSlot(address: Uint8Array, slot: Uint8Array): Uint8Array
  setSlot(address: Uint8Array, slot: Uint8Array, value: Uint8Array): void
}

export type SystemCallError =
  /** No code where the fork demands some: no block of this fork is valid on such a state. */
  | { readonly code: 'SYSTEM_CONTRACT_MISSING'; readonly address: Uint8Array }
  /** Other code than the canonical one. */
  | { readonly code: 'SYSTEM_CONTRACT_CODE'; readonly address: Uint8Array }
  /** Requests wait, which only transactions can have put there. */
  | { readonly code: 'SYSTEM_CONTRACT_QUEUE'; readonly address: Uint8Array }

/** Forks whose calls are made. */
export type SystemRules = { readonly cancun: boolean; readonly prague: boolean }

type Contract = { readonly address: Uint8Array; readonly codeHash: Uint8Array }
type RequestContract = Contract & { readonly target: bigint }

const contract = ({ address, code }: { readonly address: Uint8Array; readonly code: Uint8Array }): Contract => ({
  address,
  codeHash: keccak256(code),
})
const ROOTS = contract(BEACON_ROOTS)
const HISTORY = contract(HISTORY_STORAGE)
/** `target`: requests per block above which the fee rises. */
const REQUESTS: readonly RequestContract[] = [
  { ...contract(WITHDRAWAL_REQUESTS), target: 2n },
  { ...contract(CONSOLIDATION_REQUESTS), target: 1n },
]

/** Entries of the ring buffers of EIP-4788 and EIP-2935. */
export const RING_ENTRIES = 8_191n

/** Slots of both request contracts (EIP-7002, EIP-7251). */
const EXCESS_SLOT = 0n
const COUNT_SLOT = 1n
const QUEUE_HEAD_SLOT = 2n
const QUEUE_TAIL_SLOT = 3n
/** The excess of a contract that was never called: it counts as 0 (2^256 − 1). */
const EXCESS_INHIBITOR = (1n << 256n) - 1n

/** The calls before the transactions. A state without the contracts stays as it is: both EIPs let the call fail silently. */
export function callBeforeTransactions(
  rules: SystemRules,
  header: Pick<Header, 'number' | 'timestamp' | 'parentHash' | 'parentBeaconBlockRoot'>,
  state: SystemState,
): Result<void, SystemCallError> {
  if (rules.cancun && header.parentBeaconBlockRoot !== undefined) {
    const isThere = find(state, ROOTS)
    if (!isThere.ok) return isThere
    if (isThere.value) {
      const entry = header.timestamp % RING_ENTRIES
      state.setSlot(ROOTS.address, word(entry), word(header.timestamp))
      state.setSlot(ROOTS.address, word(entry + RING_ENTRIES), header.parentBeaconBlockRoot)
    }
  }
  if (rules.prague) {
    const isThere = find(state, HISTORY)
    if (!isThere.ok) return isThere
    if (isThere.value) state.setSlot(HISTORY.address, word((header.number - 1n) % RING_ENTRIES), header.parentHash)
  }
  return ok(undefined)
}

/** The calls after the transactions, of a block in which no request is handed over: the queues must be empty. */
export function callAfterTransactions(rules: SystemRules, state: SystemState): Result<void, SystemCallError> {
  if (!rules.prague) return ok(undefined)
  for (const requests of REQUESTS) {
    const { address, target } = requests
    const isThere = find(state, requests)
    if (!isThere.ok) return isThere
    if (!isThere.value) return err({ code: 'SYSTEM_CONTRACT_MISSING', address })
    const read = (slot: bigint): bigint => bytesToUint(state.getSlot(address, word(slot)))
    if (read(QUEUE_HEAD_SLOT) !== read(QUEUE_TAIL_SLOT)) return err({ code: 'SYSTEM_CONTRACT_QUEUE', address })
    const excess = read(EXCESS_SLOT)
    const sum = BigInt.asUintN(256, (excess === EXCESS_INHIBITOR ? 0n : excess) + read(COUNT_SLOT))
    state.setSlot(address, word(EXCESS_SLOT), word(sum > target ? sum - target : 0n))
    for (const slot of [COUNT_SLOT, QUEUE_HEAD_SLOT, QUEUE_TAIL_SLOT]) state.setSlot(address, word(slot), word(0n))
  }
  return ok(undefined)
}

/** @returns whether there is code. */
function find(state: SystemState, { address, codeHash }: Contract): Result<boolean, SystemCallError> {
  const account = state.getAccount(address)
  if (account === undefined || bytesEqual(account.codeHash, EMPTY_CODE_HASH)) return ok(false)
  return bytesEqual(account.codeHash, codeHash) ? ok(true) : err({ code: 'SYSTEM_CONTRACT_CODE', address })
}

const EMPTY_CODE_HASH = keccak256(new Uint8Array(0))

const word = (value: bigint): Uint8Array => leftPad(uintToBytes(value), 32)
