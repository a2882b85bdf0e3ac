import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keccak256 } from '../../../protocols/keccak256.ts'
import { encodeRlpString } from '../../../protocols/rlp.ts'
import { accountNodeKey, storageNodeKey } from '../../../storage/schema.ts'
import { encodeAccount, encodeSlimAccount, NEW_ACCOUNT } from '../../../storage/state/account.ts'
import { joinParts } from '../../../storage/state/joined-parts.ts'
import {
  type AccountLeaf,
  type BlockLeaves,
  decodeLeafBatch,
  encodeLeafBatch,
} from '../../../storage/state/leaf-batch.ts'
import { firstNibble, nibbleOwners } from '../../../storage/state/nibble-ranges.ts'
import { decodePartRoots, encodePartRoots } from '../../../storage/state/part-roots.ts'
import { createTriePart, type TriePart } from '../../../storage/state/trie-part.ts'
import { decodeNodeBatch, encodeNodeBatch, type StoredNode } from '../../../storage/trie/node-batch.ts'
import { type SubTops, splitRoot } from '../../../storage/trie/split-root.ts'
import { createTrie, EMPTY_ROOT } from '../../../storage/trie/trie.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

/** Nodes by the hex of their keys. */
type Store = Map<string, string>

/** What one trie over the values stores, and its root. */
function whole(
  values: ReadonlyMap<string, Uint8Array>,
  keyOf: (path: Uint8Array) => Uint8Array,
): { readonly root: Uint8Array; readonly nodes: readonly (readonly [string, string])[] } {
  const trie = createTrie({ read: () => undefined, memoryBytesMax: Number.POSITIVE_INFINITY })
  for (const [key, value] of values) expect(trie.insert(bytes(key), value).ok).toBe(true)
  const { root, changed } = trie.commit()
  return { root, nodes: changed.map(([path, encoded]) => [hex(keyOf(path)), hex(encoded as Uint8Array)] as const) }
}

/** `count` owners over a store, as the chain uses them. */
function session(store: Store, root: Uint8Array, count: number, memoryBytes: number) {
  const get = (key: Uint8Array): Uint8Array | undefined => {
    const found = store.get(hex(key))
    return found === undefined ? undefined : bytes(found)
  }
  const split = splitRoot((path) => get(accountNodeKey(path)), root)
  if (!split.ok) throw new Error(split.error.reason)
  let tops: SubTops = split.value
  const owners = nibbleOwners(count)
  const parts: TriePart[] = Array.from({ length: count }, (_, i) =>
    createTriePart({ get, tops, first: firstNibble(i, count), end: firstNibble(i + 1, count), memoryBytes }),
  )
  let batch = 0
  return {
    apply(blocks: readonly BlockLeaves[]) {
      batch++
      return parts.map((part, i) => {
        const mine = blocks.map((leaves) => leaves.filter(({ key }) => owners[key[0]! >> 4] === i))
        const applied = part.apply(batch, mine)
        if (!applied.ok) throw new Error(`${applied.error.reason} at ${hex(applied.error.path)}`)
        return {
          roots: decodePartRoots(encodePartRoots(applied.value.blocks)),
          nodes: decodeNodeBatch(encodeNodeBatch(applied.value.nodes)),
        }
      })
    },
    join(
      answers: readonly { roots: ReturnType<typeof decodePartRoots>; nodes: readonly StoredNode[] }[],
      claimed: readonly Uint8Array[],
    ) {
      const joined = joinParts(
        tops,
        answers.map(({ roots }) => roots),
        claimed,
      )
      if (!joined.ok) return joined
      for (const [key, encoded] of [...answers.flatMap(({ nodes }) => nodes), ...joined.value.nodes]) {
        if (encoded === undefined) store.delete(hex(key))
        else store.set(hex(key), hex(encoded))
      }
      tops = joined.value.tops
      return joined
    },
    written: (number = batch) => {
      for (const part of parts) part.written(number)
    },
    revert: (number: number) => {
      for (const part of parts) part.revert(number)
    },
    batch: () => batch,
  }
}

const known = (key: Uint8Array, value: Uint8Array | undefined): AccountLeaf => ({ key, value, storage: undefined })

/** Keys that crowd below few nibbles, and values that make nodes of fewer than 32 bytes as well. */
const leafArbitrary = (nibbles: readonly number[]) =>
  fc.tuple(
    fc.constantFrom(...nibbles),
    fc.integer({ min: 0, max: 15 }),
    fc.constantFrom(0, 1, 2, 255),
    fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined, freq: 3 }),
  )

describe.each([
  ['keys all over', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]],
  ['keys below two nibbles', [3, 12]],
  ['keys below one nibble', [7]],
])('the parts of a trie, %s', (_name, nibbles) => {
  test.each([0, 1_000_000])(
    'in %i bytes store byte for byte what one trie stores, whoever owns them',
    (memoryBytes) => {
      const blockArbitrary = fc.array(leafArbitrary(nibbles), { minLength: 0, maxLength: 6 })
      const sessionArbitrary = fc.tuple(
        fc.constantFrom(1, 2, 3, 16),
        fc.array(fc.tuple(fc.array(blockArbitrary, { minLength: 1, maxLength: 3 }), fc.boolean()), { maxLength: 5 }),
      )
      fc.assert(
        fc.property(fc.array(sessionArbitrary, { minLength: 1, maxLength: 4 }), (sessions) => {
          const store: Store = new Map()
          const values = new Map<string, Uint8Array>()
          let root: Uint8Array = EMPTY_ROOT
          for (const [count, batches] of sessions) {
            const owners = session(store, root, count, memoryBytes)
            for (const [blocks, isRefused] of batches) {
              const before = new Map(values)
              const claimed: Uint8Array[] = []
              const leaves = blocks.map((block) => {
                const changed = new Map<string, Uint8Array | undefined>()
                for (const [nibble, low, second, length] of block) {
                  const key = hex(Uint8Array.of(nibble * 16 + low, second))
                  const value = length === undefined ? undefined : new Uint8Array(length).fill(length)
                  changed.set(key, value)
                  if (value === undefined) values.delete(key)
                  else values.set(key, value)
                }
                claimed.push(whole(values, accountNodeKey).root)
                return [...changed].map(([key, value]) => known(bytes(key), value))
              })
              const answers = owners.apply(leaves)
              if (isRefused) {
                const wrong = claimed.map((claim, i) => (i === claimed.length - 1 ? new Uint8Array(32) : claim))
                expect(owners.join(answers, wrong)).toMatchObject({ ok: false, error: { computed: claimed.at(-1) } })
                owners.apply(leaves)
                owners.revert(owners.batch() - 1)
                values.clear()
                for (const [key, value] of before) values.set(key, value)
                continue
              }
              expect(owners.join(answers, claimed).ok).toBe(true)
              owners.written()
              root = claimed.at(-1)!
              const expected = whole(values, accountNodeKey)
              expect(told(store)).toBe(told(expected.nodes))
            }
          }
        }),
        { numRuns: 25 },
      )
    },
  )
})

/** In one text: comparing thousands of pairs one by one takes long. */
const told = (nodes: Iterable<readonly [string, string]>): string =>
  [...nodes]
    .map(([key, encoded]) => `${key} ${encoded}`)
    .sort()
    .join('\n')

type Model = Map<string, { balance: bigint; slots: Map<string, Uint8Array> }>

function modelStore(model: Model): { readonly root: Uint8Array; readonly store: Store } {
  const store: Store = new Map()
  const leaves = new Map<string, Uint8Array>()
  for (const [key, { balance, slots }] of model) {
    const storage = whole(slots, (path) => storageNodeKey(bytes(key), path))
    for (const [at, encoded] of storage.nodes) store.set(at, encoded)
    leaves.set(key, encodeAccount({ ...NEW_ACCOUNT, balance, storageRoot: storage.root }))
  }
  const accounts = whole(leaves, accountNodeKey)
  for (const [at, encoded] of accounts.nodes) store.set(at, encoded)
  return { root: accounts.root, store }
}

const copyOf = (model: Model): Model =>
  new Map([...model].map(([key, { balance, slots }]) => [key, { balance, slots: new Map(slots) }]))

describe('storage tries', () => {
  const account = (n: number): string => hex(keccak256(Uint8Array.of(n)))
  const slotHash = (n: number): string => hex(keccak256(Uint8Array.of(n, n)))
  const opArbitrary = fc.record({
    account: fc.integer({ min: 0, max: 5 }),
    kind: fc.constantFrom('slots', 'slots', 'slots', 'balance', 'delete', 'recreate'),
    slots: fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 40 })), { maxLength: 12 }),
  })
  const blockArbitrary = fc.uniqueArray(opArbitrary, { selector: (op) => op.account, maxLength: 4 })
  const batchArbitrary = fc.tuple(fc.array(blockArbitrary, { minLength: 1, maxLength: 3 }), fc.boolean())

  test.each([0, 1_000_000])('in %i bytes: roots, nodes and wiped slots are as if built anew', (memoryBytes) => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(1, 2, 16), fc.array(batchArbitrary, { maxLength: 6 })), { maxLength: 3 }),
        (sessions) => {
          const store: Store = new Map()
          let model: Model = new Map()
          let root: Uint8Array = EMPTY_ROOT
          for (const [count, batches] of sessions) {
            const owners = session(store, root, count, memoryBytes)
            for (const [blocks, isRefused] of batches) {
              const before = copyOf(model)
              const claimed: Uint8Array[] = []
              const expectedStorage: Map<string, { root: string; wiped: string[] }>[] = []
              const leaves = blocks.map((block) => {
                const expected = new Map<string, { root: string; wiped: string[] }>()
                const list: AccountLeaf[] = []
                for (const { account: n, kind, slots } of block) {
                  const key = account(n)
                  const old = model.get(key)
                  const wiped = kind === 'delete' || kind === 'recreate' ? [...(old?.slots.keys() ?? [])] : []
                  if (kind === 'delete') model.delete(key)
                  else {
                    const next = {
                      balance: (old?.balance ?? 0n) + 1n,
                      slots: new Map(kind === 'recreate' ? [] : old?.slots),
                    }
                    if (kind !== 'balance')
                      for (const [slot, value] of slots) {
                        if (value === 0) next.slots.delete(slotHash(slot))
                        else next.slots.set(slotHash(slot), encodeRlpString(new Uint8Array(value).fill(value)))
                      }
                    model.set(key, next)
                  }
                  const now = model.get(key)
                  const changed = kind === 'balance' || kind === 'delete' ? [] : slots
                  const storageRoot = now === undefined ? EMPTY_ROOT : whole(now.slots, (path) => path).root
                  expected.set(key, { root: hex(storageRoot), wiped: wiped.sort() })
                  const newest = new Map(changed.map(([slot]) => [slotHash(slot), now?.slots.get(slotHash(slot))]))
                  list.push({
                    key: bytes(key),
                    // Whatever storage root the chain believes in is replaced.
                    value:
                      now && encodeAccount({ ...NEW_ACCOUNT, balance: now.balance, storageRoot: new Uint8Array(32) }),
                    storage: {
                      isWiped: wiped.length > 0,
                      slots: [...newest].map(([slot, value]) => ({ key: bytes(slot), value })),
                    },
                  })
                }
                claimed.push(modelStore(model).root)
                expectedStorage.push(expected)
                return list
              })
              const answers = owners.apply(leaves)
              if (isRefused) {
                owners.revert(owners.batch())
                model = before
                continue
              }
              const joined = owners.join(answers, claimed)
              if (!joined.ok) throw new Error(`another root in block ${joined.error.index}`)
              const found = joined.value.storage.map(
                (roots) =>
                  new Map(
                    roots.map(({ addressHash, root: storageRoot, wiped }) => [
                      hex(addressHash),
                      { root: hex(storageRoot), wiped: wiped.map((slot) => hex(slot.slotHash)).sort() },
                    ]),
                  ),
              )
              expect(found).toEqual(expectedStorage)
              owners.written()
              root = claimed.at(-1)!
              expect(told(store)).toBe(told(modelStore(model).store))
            }
          }
        },
      ),
      { numRuns: 25 },
    )
  })
})

test('a batch of leaves goes to the owner of each account, and reads as it was written', () => {
  const first = { ...NEW_ACCOUNT, balance: 5n }
  const low = new Uint8Array(32).fill(1)
  const high = new Uint8Array(32).fill(0xf1)
  const slot = { addressHash: high, slotHash: low, current: Uint8Array.of(7), previous: undefined }
  const batches = encodeLeafBatch(
    [
      {
        accounts: [
          { addressHash: low, current: encodeSlimAccount(first), previous: undefined },
          { addressHash: high, current: undefined, previous: undefined, storage: 'wiped' },
        ],
        slots: [],
        codes: [],
      },
      {
        accounts: [{ addressHash: high, current: encodeSlimAccount(first), previous: undefined, storage: 'pending' }],
        slots: [slot, { ...slot, slotHash: high, current: undefined }],
        codes: [],
      },
    ],
    2,
    (addressHash) => nibbleOwners(2)[addressHash[0]! >> 4]!,
  )
  const value = encodeAccount(first)
  expect(batches.map((batch) => decodeLeafBatch(batch))).toEqual([
    [[known(low, value)], []],
    [
      [{ key: high, value: undefined, storage: { isWiped: true, slots: [] } }],
      [
        {
          key: high,
          value,
          storage: {
            isWiped: false,
            slots: [
              { key: low, value: Uint8Array.of(7) },
              { key: high, value: undefined },
            ],
          },
        },
      ],
    ],
  ])
})

test('a part refuses what the store lacks, and stands where it stood', () => {
  const store: Store = new Map()
  const key = keccak256(Uint8Array.of(1))
  const owners = session(store, EMPTY_ROOT, 1, 0)
  const leaves = Array.from({ length: 40 }, (_, n) => known(keccak256(Uint8Array.of(n)), key))
  const { root } = whole(new Map(leaves.map((leaf) => [hex(leaf.key), key])), accountNodeKey)
  expect(owners.join(owners.apply([leaves]), [root]).ok).toBe(true)
  const lacking = [...store].filter(([at]) => at.length <= 4)
  const split = splitRoot((path) => {
    const found = new Map(lacking).get(hex(accountNodeKey(path)))
    return found === undefined ? undefined : bytes(found)
  }, root)
  if (!split.ok) throw new Error(split.error.reason)
  const part = createTriePart({ get: () => undefined, tops: split.value, first: 0, end: 16, memoryBytes: 1_000 })
  expect(part.apply(1, [[known(key, undefined)]])).toMatchObject({ ok: false, error: { reason: 'absent' } })
  expect(part.last()).toBe(0)
  expect(splitRoot(() => undefined, root)).toMatchObject({ ok: false, error: { reason: 'absent' } })
  expect(splitRoot(() => Uint8Array.of(0xc0), root)).toMatchObject({ ok: false, error: { reason: 'mismatch' } })
})
