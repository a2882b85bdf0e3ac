import { Common, Hardfork, Mainnet } from '@ethereumjs/common'
import { createAccount, createAddressFromString, hexToBytes as hex } from '@ethereumjs/util'
import { createVM } from '@ethereumjs/vm'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { leftPad } from '../../../protocols/bytes.ts'
import {
  BEACON_ROOTS,
  CONSOLIDATION_REQUESTS,
  HISTORY_STORAGE,
  WITHDRAWAL_REQUESTS,
} from '../../../protocols/chain-spec/system-contracts.ts'
import { bytesToHex } from '../../../protocols/hex.ts'
import { keccak256 } from '../../../protocols/keccak256.ts'
import { uintToBytes } from '../../../protocols/rlp.ts'
import {
  callAfterTransactions,
  callBeforeTransactions,
  RING_ENTRIES,
  type SystemState,
} from '../../../protocols/system-contracts/system-calls.ts'
import '../../fixed-seed.ts'

const PRAGUE = { cancun: true, prague: true }
const HEADER = {
  number: 1n,
  timestamp: 1_700_000_000n,
  parentHash: new Uint8Array(32).fill(7),
  parentBeaconBlockRoot: new Uint8Array(32).fill(9),
}
const CONTRACTS = [BEACON_ROOTS, HISTORY_STORAGE, WITHDRAWAL_REQUESTS, CONSOLIDATION_REQUESTS]
const word = (value: bigint): Uint8Array => leftPad(uintToBytes(value), 32)
const ZERO = bytesToHex(new Uint8Array(32))

type Contracts = readonly { readonly address: Uint8Array; readonly code: Uint8Array }[]
type Slots = { readonly [slot: string]: string }

/** `slots` are those that every contract begins with; `storageOf` answers what is not zero. */
function stateOf(contracts: Contracts = CONTRACTS, slots: Slots = {}) {
  const hashes = new Map(contracts.map(({ address, code }) => [bytesToHex(address), keccak256(code)]))
  const storage = new Map([...hashes.keys()].map((address) => [address, new Map(Object.entries(slots))]))
  const state: SystemState = {
    getAccount(address) {
      const codeHash = hashes.get(bytesToHex(address))
      return codeHash && { codeHash }
    },
    getSlot: (address, slot) => hex((storage.get(bytesToHex(address))?.get(bytesToHex(slot)) ?? ZERO) as `0x${string}`),
    setSlot(address, slot, value) {
      const of = storage.get(bytesToHex(address))
      if (of === undefined) throw new Error('a slot of no contract')
      of.set(bytesToHex(slot), bytesToHex(value))
    },
  }
  const storageOf = ({ address }: { readonly address: Uint8Array }): Slots =>
    Object.fromEntries(
      [...(storage.get(bytesToHex(address)) ?? [])]
        .filter(([, value]) => value !== ZERO)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    )
  return { state, storageOf }
}

/** Runs the contract's own code, as the system address calls it. @returns its storage afterwards. */
type Machine = (
  contract: { readonly address: Uint8Array; readonly code: Uint8Array },
  block: { readonly number: bigint; readonly timestamp: bigint },
  data: Uint8Array,
  slots: Slots,
  looked: readonly bigint[],
) => Promise<{ readonly storage: Slots; readonly returned: Uint8Array }>
let machine: Machine
beforeAll(async () => {
  const vm = await createVM({ common: new Common({ chain: Mainnet, hardfork: Hardfork.Osaka }) })
  machine = async ({ address, code }, block, data, slots, looked) => {
    const to = createAddressFromString(bytesToHex(address))
    await vm.stateManager.deleteAccount(to)
    await vm.stateManager.putAccount(to, createAccount({ nonce: 1n }))
    await vm.stateManager.putCode(to, code)
    await vm.stateManager.clearStorage(to)
    for (const [slot, value] of Object.entries(slots))
      await vm.stateManager.putStorage(to, hex(slot as `0x${string}`), hex(value as `0x${string}`))
    const result = await vm.evm.runCall({
      caller: createAddressFromString('0xfffffffffffffffffffffffffffffffffffffffe'),
      to,
      data,
      gasLimit: 30_000_000n,
      block: {
        header: {
          ...HEADER,
          ...block,
          coinbase: to,
          gasLimit: 30_000_000n,
          difficulty: 0n,
          prevRandao: new Uint8Array(32),
        },
      } as never,
    })
    if (result.execResult.exceptionError !== undefined) throw new Error(String(result.execResult.exceptionError.error))
    await vm.evm.journal.cleanup()
    const storage: { [slot: string]: string } = {}
    for (const slot of looked) {
      const value = bytesToHex(leftPad(await vm.stateManager.getStorage(to, word(slot)), 32))
      if (value !== ZERO) storage[bytesToHex(word(slot))] = value
    }
    return {
      storage: Object.fromEntries(Object.entries(storage).sort(([a], [b]) => (a < b ? -1 : 1))),
      returned: result.execResult.returnValue,
    }
  }
})

describe('writes what the code of the contract writes', () => {
  const time = fc.bigInt(1n, 2n ** 40n)
  test('beacon roots (EIP-4788), also where the ring begins again', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          time,
          fc.bigInt(1n, 1_000n).map((turn) => turn * RING_ENTRIES),
        ),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        async (timestamp, root) => {
          const { state, storageOf } = stateOf()
          const header = { ...HEADER, timestamp, parentBeaconBlockRoot: root }
          expect(callBeforeTransactions({ cancun: true, prague: false }, header, state).ok).toBe(true)
          const entry = timestamp % RING_ENTRIES
          const { storage } = await machine(BEACON_ROOTS, header, root, {}, [entry, entry + RING_ENTRIES])
          expect(storageOf(BEACON_ROOTS)).toEqual(storage)
          expect(storageOf(HISTORY_STORAGE)).toEqual({})
        },
      ),
      { numRuns: 40 },
    )
  })
  test('block hashes (EIP-2935), also where the ring begins again', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          time,
          fc.bigInt(1n, 1_000n).map((turn) => turn * RING_ENTRIES + 1n),
        ),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        async (number, parentHash) => {
          const { state, storageOf } = stateOf()
          const header = { ...HEADER, number, parentHash }
          expect(callBeforeTransactions(PRAGUE, header, state).ok).toBe(true)
          const { storage } = await machine(HISTORY_STORAGE, header, parentHash, {}, [(number - 1n) % RING_ENTRIES])
          expect(storageOf(HISTORY_STORAGE)).toEqual(storage)
        },
      ),
      { numRuns: 40 },
    )
  })
  const amount = fc.oneof(
    fc.bigInt(0n, 20n),
    fc.constantFrom(2n ** 256n - 1n, 2n ** 256n - 2n, 2n ** 255n),
    fc.bigInt(0n, 2n ** 256n - 1n),
  )
  test.each([
    ['withdrawal requests (EIP-7002)', WITHDRAWAL_REQUESTS],
    ['consolidation requests (EIP-7251)', CONSOLIDATION_REQUESTS],
  ])('%s, with an empty queue', async (_name, contract) => {
    await fc.assert(
      fc.asyncProperty(amount, amount, amount, async (excess, count, queue) => {
        const slots: Slots = Object.fromEntries(
          [excess, count, queue, queue].map((value, slot) => [bytesToHex(word(BigInt(slot))), bytesToHex(word(value))]),
        )
        const { state, storageOf } = stateOf(CONTRACTS, slots)
        expect(callAfterTransactions(PRAGUE, state)).toEqual({ ok: true, value: undefined })
        const { storage, returned } = await machine(contract, HEADER, new Uint8Array(0), slots, [0n, 1n, 2n, 3n])
        expect(storageOf(contract)).toEqual(storage)
        expect(returned).toHaveLength(0)
      }),
      { numRuns: 60 },
    )
  })
})

describe('refuses', () => {
  const other = (contract: (typeof CONTRACTS)[number]) => [
    ...CONTRACTS.filter((one) => one !== contract),
    { address: contract.address, code: Uint8Array.of(0) },
  ]
  test.each([
    ['beacon roots', BEACON_ROOTS, 'before'],
    ['history storage', HISTORY_STORAGE, 'before'],
    ['withdrawal requests', WITHDRAWAL_REQUESTS, 'after'],
    ['consolidation requests', CONSOLIDATION_REQUESTS, 'after'],
  ])('other code than the canonical one: %s', (_name, contract, when) => {
    const { state } = stateOf(other(contract))
    const called =
      when === 'before' ? callBeforeTransactions(PRAGUE, HEADER, state) : callAfterTransactions(PRAGUE, state)
    expect(called).toEqual({ ok: false, error: { code: 'SYSTEM_CONTRACT_CODE', address: contract.address } })
  })
  test.each([
    ['withdrawal', WITHDRAWAL_REQUESTS],
    ['consolidation', CONSOLIDATION_REQUESTS],
  ])('a state without the contract of %s requests', (_name, contract) => {
    for (const codes of [
      CONTRACTS.filter((one) => one !== contract),
      [...CONTRACTS.filter((one) => one !== contract), { ...contract, code: new Uint8Array(0) }],
    ])
      expect(callAfterTransactions(PRAGUE, stateOf(codes).state)).toEqual({
        ok: false,
        error: { code: 'SYSTEM_CONTRACT_MISSING', address: contract.address },
      })
  })
  test('requests that wait', () => {
    const { state } = stateOf(CONTRACTS, { [bytesToHex(word(3n))]: bytesToHex(word(1n)) })
    expect(callAfterTransactions(PRAGUE, state)).toEqual({
      ok: false,
      error: { code: 'SYSTEM_CONTRACT_QUEUE', address: WITHDRAWAL_REQUESTS.address },
    })
  })
})

test('a state without the contracts of roots and hashes stays as it is', () => {
  expect(callBeforeTransactions(PRAGUE, HEADER, stateOf([]).state)).toEqual({ ok: true, value: undefined })
})

test('before their forks nothing is called', () => {
  const { state, storageOf } = stateOf()
  const rules = { cancun: false, prague: false }
  expect(callBeforeTransactions(rules, HEADER, state).ok && callAfterTransactions(rules, stateOf([]).state).ok).toBe(
    true,
  )
  for (const contract of CONTRACTS) expect(storageOf(contract)).toEqual({})
})
