/**
 * Blocks that change accounts and slots, from the state view over several committers to the store, two batches deep, with
 * refused batches, rolled back blocks and new starts: what is stored must always be what a genesis of that state would be.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unwind } from '../../../actors/chain/branch.ts'
import { type Applied, type Committer, createCommitters } from '../../../actors/chain/committers.ts'
import type { Ancestor, ExecutedBlock } from '../../../actors/chain/execute.ts'
import { addExecuted } from '../../../actors/chain/persist.ts'
import type { ApplyAnswer } from '../../../actors/trie-committer/messages.ts'
import { keccak256 } from '../../../protocols/keccak256.ts'
import { ok } from '../../../protocols/result.ts'
import type { Head } from '../../../storage/chain-store.ts'
import type { Database } from '../../../storage/database.ts'
import { accountKey, accountNodeKey, slotKey, storageNodeKey } from '../../../storage/schema.ts'
import { accountAfter } from '../../../storage/state/change-set.ts'
import { flatState } from '../../../storage/state/flat-state.ts'
import { genesisState } from '../../../storage/state/genesis-state.ts'
import { decodeLeafBatch } from '../../../storage/state/leaf-batch.ts'
import { firstNibble } from '../../../storage/state/nibble-ranges.ts'
import { encodePartRoots } from '../../../storage/state/part-roots.ts'
import { settleChanges } from '../../../storage/state/settled-changes.ts'
import { createStateView } from '../../../storage/state/state-view.ts'
import { createTriePart } from '../../../storage/state/trie-part.ts'
import { verifyState } from '../../../storage/state/verify-state.ts'
import { encodeNodeBatch } from '../../../storage/trie/node-batch.ts'
import { splitRoot } from '../../../storage/trie/split-root.ts'
import { contents, memoryDatabase, write } from '../../storage/memory-database.ts'

type Model = ReadonlyMap<number, { readonly balance: bigint; readonly slots: ReadonlyMap<number, number> }>
type Op = { readonly account: number; readonly balance: number; readonly slots: readonly (readonly [number, number])[] }
type Step =
  | { readonly type: 'batch'; readonly blocks: readonly (readonly Op[])[]; readonly isRefused: boolean }
  | { readonly type: 'settle' }
  | { readonly type: 'rewind'; readonly depth: number }
  | { readonly type: 'restart'; readonly count: number }

const address = (n: number): Uint8Array => new Uint8Array(20).fill(n + 1)
const word = (n: number): Uint8Array => new Uint8Array(32).fill(n, 31 - (n % 3))
const hashOf = (number: bigint): Uint8Array => new Uint8Array(32).fill(Number(number))

/** As EIP-158 has it: an account that is touched and has nothing but slots goes with them. */
function after(model: Model, ops: readonly Op[]): Model {
  const next = new Map(model)
  for (const { account, balance, slots } of ops) {
    const old = next.get(account)
    const changed = new Map(old?.slots)
    for (const [slot, value] of slots) {
      if (value === 0) changed.delete(slot)
      else changed.set(slot, value)
    }
    if (balance === 0) next.delete(account)
    else next.set(account, { balance: BigInt(balance), slots: changed })
  }
  return next
}

const stateOf = (model: Model) =>
  genesisState(
    [...model].map(([account, { balance, slots }]) => ({
      address: address(account),
      balance,
      nonce: 0n,
      code: new Uint8Array(0),
      storage: [...slots].map(([slot, value]) => ({ slot: word(slot), value: word(value) })),
    })),
  )

/** First bytes of keys that belong to the state. */
const KINDS = [accountKey, accountNodeKey].map((keyOf) => keyOf(new Uint8Array(32))[0])
KINDS.push(slotKey(new Uint8Array(32), new Uint8Array(32))[0], storageNodeKey(new Uint8Array(32), new Uint8Array(0))[0])

const isState = ([key]: readonly [string, string]): boolean => KINDS.includes(Number.parseInt(key.slice(0, 2), 16))
const told = (entries: readonly (readonly [string, string])[]): string =>
  entries
    .map(([key, value]) => `${key} ${value}`)
    .sort()
    .join('\n')

async function expectStored(database: Database, model: Model): Promise<void> {
  const { stateRoot, addTo } = stateOf(model)
  const fresh = await memoryDatabase()
  await write(fresh, addTo)
  expect(told((await contents(database)).filter(isState))).toBe(told((await contents(fresh)).filter(isState)))
  const verified = await verifyState(database, { stateRoot, progress: () => true })
  expect(verified.ok).toBe(true)
}

function committersOver(database: Database, stateRoot: Uint8Array, count: number, memoryBytes: number) {
  const split = splitRoot((path) => database.get(accountNodeKey(path)), stateRoot)
  if (!split.ok) throw new Error(split.error.reason)
  const list = Array.from({ length: count }, (_, i): Committer => {
    const part = createTriePart({
      get: (key) => database.get(key),
      tops: split.value,
      first: firstNibble(i, count),
      end: firstNibble(i + 1, count),
      memoryBytes,
    })
    return {
      async apply(batch, last, leaves) {
        expect(part.last()).toBe(last)
        const applied = part.apply(batch, decodeLeafBatch(leaves))
        if (!applied.ok) throw new Error(`${applied.error.reason} at ${applied.error.path}`)
        const { blocks, nodes } = applied.value
        const answer: ApplyAnswer = { ok: true, roots: encodePartRoots(blocks), nodes: encodeNodeBatch(nodes) }
        return ok(answer)
      },
      written: (batch) => part.written(batch),
      revert: (batch) => part.revert(batch),
    }
  })
  return createCommitters(list, split.value)
}

async function run(steps: readonly Step[], memoryBytes: number): Promise<void> {
  const database = await memoryDatabase()
  /** Model after each written block; the first is the genesis. */
  const written: Model[] = [after(new Map(), [{ account: 0, balance: 5, slots: [[1, 9]] }])]
  const genesis = stateOf(written[0]!)
  await write(database, genesis.addTo)
  const rootAt = (number: number): Uint8Array => stateOf(written[number]!).stateRoot
  let view = createStateView(flatState(database))
  let committers = committersOver(database, genesis.stateRoot, 2, memoryBytes)
  const pending: {
    readonly applied: Promise<Applied>
    readonly models: readonly Model[]
    readonly changes: ExecutedBlock['changes'][]
    readonly isRefused: boolean
  }[] = []
  const tip = (): Model => pending.at(-1)?.models.at(-1) ?? written.at(-1)!
  const headAt = (number: number): Head => ({
    number: BigInt(number),
    hash: hashOf(BigInt(number)),
    stateRoot: rootAt(number),
    totalDifficulty: 0n,
    epoch: 1n,
  })

  function execute(ops: readonly Op[]): ExecutedBlock['changes'] {
    for (const { account, balance, slots } of ops) {
      const at = address(account)
      for (const [slot, value] of slots) view.setSlot(at, word(slot), word(value))
      const now = view.getBalance(at)
      if (now < BigInt(balance)) view.addBalance(at, BigInt(balance) - now)
      else view.subtractBalance(at, now - BigInt(balance))
    }
    return view.endBlock({ deleteEmpty: true })
  }

  async function settle(): Promise<void> {
    const batch = pending.shift()
    if (batch === undefined) return
    const claimed = batch.models.map((model) => stateOf(model).stateRoot)
    const applied = await batch.applied
    if (batch.isRefused) {
      const wrong = committers.join(applied, [...claimed.slice(0, -1), new Uint8Array(32)])
      expect(wrong).toMatchObject({ ok: false, error: { code: 'STATE_ROOT', computed: claimed.at(-1) } })
      pending.length = 0
      committers.revert()
      view.discardBlock()
      view.release()
      return
    }
    const roots = committers.join(applied, claimed)
    if (!roots.ok) throw new Error(JSON.stringify(roots.error))
    const first = written.length
    const blocks = batch.models.map((_, i): ExecutedBlock => {
      const number = BigInt(first + i)
      const ancestor = { header: { number }, hash: hashOf(number), totalDifficulty: 0n } as Ancestor
      const bytes = Uint8Array.of(0xc0)
      return { ancestor, headerBytes: bytes, bodyBytes: bytes, changes: batch.changes[i]!, parentRoot: bytes }
    })
    written.push(...batch.models)
    const settled = settleChanges(database, batch.changes, roots.value.storage)
    await write(database, (changes) =>
      addExecuted(changes, database, blocks, settled, roots.value.nodes, headAt(written.length - 1), undefined),
    )
    for (const { addressHash, root } of roots.value.storage.flat()) view.settleStorage(addressHash, root)
    committers.written()
    await expectStored(database, written.at(-1)!)
  }

  async function settleAll(): Promise<void> {
    while (pending.length > 0) await settle()
  }

  for (const step of steps) {
    if (step.type === 'settle') await settle()
    if (step.type === 'batch') {
      const models: Model[] = []
      const changes = step.blocks.map((ops) => {
        models.push(after(models.at(-1) ?? tip(), ops))
        return execute(ops)
      })
      pending.push({ applied: committers.apply(changes), models, changes, isRefused: step.isRefused })
      if (pending.length > 2) await settle()
    }
    if (step.type === 'rewind') {
      await settleAll()
      const base = Math.max(0, written.length - 1 - step.depth)
      if (base === written.length - 1) continue
      const { number, hash, stateRoot, totalDifficulty } = headAt(base)
      const undone = unwind(database, headAt(written.length - 1), {
        hash,
        header: { number, stateRoot },
        totalDifficulty,
      } as Ancestor)
      if (!undone.ok) throw new Error(undone.error.code)
      const roots = committers.join(await committers.apply([undone.value.changes]), [stateRoot])
      if (!roots.ok) throw new Error(JSON.stringify(roots.error))
      expect((await database.batch(undone.value.complete(roots.value.nodes))).ok).toBe(true)
      committers.written()
      committers.revert()
      view.release()
      written.length = base + 1
      await expectStored(database, written[base]!)
    }
    if (step.type === 'restart') {
      await settleAll()
      view = createStateView(flatState(database))
      committers = committersOver(database, rootAt(written.length - 1), step.count, memoryBytes)
    }
  }
  await settleAll()
  const head = BigInt(written.length - 1)
  for (let number = 0; number < written.length; number++) {
    const { addTo } = stateOf(written[number]!)
    const then = await memoryDatabase()
    await write(then, addTo)
    for (let account = 0; account < ACCOUNTS; account++) {
      const { addressHash } = hashed(account)
      const found = await accountAfter(database, addressHash, BigInt(number), head)
      if (!found.ok) throw new Error(found.error.code)
      expect(found.value).toEqual(then.get(accountKey(addressHash)))
    }
  }
}

const ACCOUNTS = 5
const hashed = (account: number) => ({ addressHash: keccak256(address(account)) })

const ops: fc.Arbitrary<readonly Op[]> = fc.uniqueArray(
  fc.record({
    account: fc.integer({ min: 0, max: ACCOUNTS - 1 }),
    balance: fc.constantFrom(0, 1, 2, 3),
    slots: fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 4 })), {
      selector: ([slot]) => slot,
      maxLength: 4,
    }),
  }),
  { selector: ({ account }) => account, maxLength: 3 },
)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('batch' as const),
      blocks: fc.array(ops, { minLength: 1, maxLength: 3 }),
      isRefused: fc.integer({ min: 0, max: 7 }).map((n) => n === 0),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('settle' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('rewind' as const), depth: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('restart' as const), count: fc.constantFrom(1, 2, 16) }) },
)

test.each([0, 1_000_000])(
  'with %i bytes in memory the store always holds the state of its head',
  async (memoryBytes) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), (steps) => run(steps, memoryBytes)),
      { numRuns: 20 },
    )
  },
)
