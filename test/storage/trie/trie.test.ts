import { MerklePatriciaTrie } from '@ethereumjs/mpt'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keccak256 } from '../../../protocols/keccak256.ts'
import { createNodeBuffer } from '../../../storage/trie/node-buffer.ts'
import { verifyProof } from '../../../storage/trie/proof.ts'
import { createTrie, EMPTY_ROOT, type Trie, type TrieCommit } from '../../../storage/trie/trie.ts'
import { walkTrie } from '../../../storage/trie/walk.ts'
import { describeShared, readSharedJson, testShared } from '../../shared-data.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytes = (text: string): Uint8Array =>
  Uint8Array.from(text.startsWith('0x') ? Buffer.from(text.slice(2), 'hex') : Buffer.from(text, 'latin1'))

/** Committed nodes by path, as a store would hold them. */
function createNodes() {
  const byPath = new Map<string, Uint8Array>()
  return {
    byPath,
    read: (path: Uint8Array) => byPath.get(hex(path)),
    apply({ changed }: TrieCommit) {
      expect(new Set(changed.map(([path]) => hex(path))).size).toBe(changed.length)
      for (const [path, encoded] of changed) {
        if (encoded === undefined) expect(byPath.delete(hex(path))).toBe(true)
        else byPath.set(hex(path), encoded)
      }
    },
  }
}

const emptyTrie = (): Trie => createTrie({ read: () => undefined })
function put(trie: Trie, key: Uint8Array, value: Uint8Array): void {
  const done = trie.insert(key, value)
  if (!done.ok) throw new Error(`${done.error.reason} at ${hex(done.error.path)}`)
}
function readValue(trie: Trie, key: Uint8Array): Uint8Array | undefined {
  const value = trie.get(key)
  if (!value.ok) throw new Error(`${value.error.reason} at ${hex(value.error.path)}`)
  return value.value
}

type Pairs = [string, string | null][]
const trieTests = (name: string) => ['data', 'ethereum-tests', 'TrieTests', `${name}.json`]
const vectors = (name: string): [string, { in: unknown; root: string }][] =>
  Object.entries(readSharedJson(...trieTests(name)))
const pairsOf = (input: unknown): Pairs => (Array.isArray(input) ? input : Object.entries(input as object)) as Pairs

for (const [name, isSecure, count] of [
  ['trieanyorder', false, 7],
  ['trietest', false, 5],
  ['trieanyorder_secureTrie', true, 7],
  ['trietest_secureTrie', true, 3],
  ['hex_encoded_securetrie_test', true, 3],
] as const)
  describeShared(`TrieTests/${name}`, trieTests(name), () => {
    const rows = vectors(name)
    test(`all ${count} are here`, () => expect(rows).toHaveLength(count))
    test.each(rows)('%s', (_name, vector) => {
      const pairs = pairsOf(vector.in)
      const orders = Array.isArray(vector.in) ? [pairs] : [pairs, pairs.toReversed(), pairs.toSorted()]
      for (const order of orders) {
        const trie = emptyTrie()
        for (const [key, value] of order) {
          const path = isSecure ? keccak256(bytes(key)) : bytes(key)
          if (value === null) expect(trie.delete(path).ok).toBe(true)
          else put(trie, path, bytes(value))
        }
        expect(`0x${hex(trie.root())}`).toBe(vector.root.startsWith('0x') ? vector.root : `0x${vector.root}`)
        expect(trie.commit().root).toEqual(trie.root())
      }
    })
  })

test('the top node is told by its encoding, and a trie below some nibbles of its keys is the branch that one trie has there', () => {
  const whole = emptyTrie()
  const below = createTrie({ read: () => undefined, nibblesAbove: 1 })
  expect(below.top()).toEqual({ ok: true, value: undefined })
  for (let i = 0; i < 300; i++) {
    const key = keccak256(Uint8Array.of(i >> 8, i))
    put(whole, key, key)
    if (key[0]! >> 4 === 11) put(below, key, key)
  }
  const inWhole = whole.commit().changed.find(([path]) => hex(path) === '0b')
  expect(below.top()).toEqual({ ok: true, value: inWhole![1] })
  expect(below.root()).toEqual(keccak256(inWhole![1]!))
})

testShared(
  'TrieTests/trietestnextprev: every key inserted is found, no other, and they are walked in order',
  trieTests('trietestnextprev'),
  () => {
    const rows = Object.entries(
      readSharedJson(...trieTests('trietestnextprev')) as Record<
        string,
        { in: string[]; tests: [string, string, string][] }
      >,
    )
    expect(rows).toHaveLength(1)
    for (const [, { in: keys, tests }] of rows) {
      const trie = emptyTrie()
      for (const key of keys) put(trie, bytes(key), bytes(key))
      for (const key of keys) expect(readValue(trie, bytes(key))).toEqual(bytes(key))
      for (const [key] of tests) expect(readValue(trie, bytes(key)) !== undefined).toBe(keys.includes(key))
      const nodes = createNodes()
      const committed = trie.commit()
      nodes.apply(committed)
      const inOrder: string[] = []
      const visitor = {
        node: () => {},
        leaf: (key: Uint8Array) => void inOrder.push(Buffer.from(key).toString('latin1')),
      }
      expect(walkTrie(nodes.read, committed.root, visitor)).toBeUndefined()
      expect(tests).toHaveLength(12)
      for (const [key, previous, next] of tests) {
        expect(inOrder.findLast((other) => other < key) ?? '').toBe(previous)
        expect(inOrder.find((other) => other > key) ?? '').toBe(next)
      }
    }
  },
)

describe('known encodings', () => {
  const nodesOf = (pairs: [string, string][]) => {
    const trie = emptyTrie()
    for (const [key, value] of pairs) put(trie, bytes(key), bytes(value))
    const { root, changed } = trie.commit()
    return { root: hex(root), nodes: new Map(changed.map(([path, encoded]) => [hex(path), hex(encoded!)])) }
  }

  test('an empty trie', () => {
    expect(hex(emptyTrie().root())).toBe('56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421')
    expect(emptyTrie().commit().changed).toEqual([])
  })

  test('do, dog, doge, horse: embedded nodes stay inside their parent', () => {
    const { root, nodes } = nodesOf([
      ['do', 'verb'],
      ['dog', 'puppy'],
      ['doge', 'coin'],
      ['horse', 'stallion'],
    ])
    expect(root).toBe('5991bb8c6514148a29db676a14ac506cd2cd5775ace63c30a4fe457715e9ac84')
    expect(nodes.get('')).toMatch(/^e216a0bd3ee507/)
    expect(nodes.get('06')).toContain('cf85206f727365887374616c6c696f6e')
    expect([...nodes.values()]).toContain(
      'f3808080808080de17dc808080808080c63584636f696e8080808080808080808570757070798080808080808080808476657262',
    )
    expect(nodes.size).toBe(4)
  })

  test('foo, food; and a root of short values', () => {
    expect(
      nodesOf([
        ['foo', 'bar'],
        ['food', 'bass'],
      ]).nodes,
    ).toEqual(new Map([['', 'e08400666f6fda808080808080c634846261737380808080808080808083626172']]))
    expect(
      nodesOf([
        ['0x0045', '0x0123456789'],
        ['0x4500', '0x9876543210'],
      ]).nodes,
    ).toEqual(new Map([['', 'e3c9823045850123456789808080c9823500859876543210808080808080808080808080']]))
  })

  test('a root shorter than a hash is stored and comes back', () => {
    const nodes = createNodes()
    const trie = createTrie({ read: nodes.read })
    put(trie, bytes('a'), bytes('b'))
    const committed = trie.commit()
    nodes.apply(committed)
    expect(nodes.byPath.get('')!.length).toBeLessThan(32)
    expect(readValue(createTrie({ read: nodes.read, root: committed.root }), bytes('a'))).toEqual(bytes('b'))
  })
})

describe('a node that cannot be had is an error, never an absent key', () => {
  function stored() {
    const nodes = createNodes()
    const trie = createTrie({ read: nodes.read })
    for (let i = 0; i < 200; i++) put(trie, keccak256(Uint8Array.of(i)), new Uint8Array(40).fill(i + 1))
    const root = trie.root()
    nodes.apply(trie.commit())
    return { nodes, root }
  }
  const key = keccak256(Uint8Array.of(7))
  const child = hex(Uint8Array.of(key[0]! >> 4))

  test.each([
    ['absent', undefined],
    ['mismatch', Uint8Array.of(0xc0)],
  ] as const)('%s', (reason, encoded) => {
    const { nodes, root } = stored()
    if (encoded === undefined) nodes.byPath.delete(child)
    else nodes.byPath.set(child, encoded)
    const trie = createTrie({ read: nodes.read, root })
    for (const answer of [trie.get(key), trie.insert(key, key), trie.delete(key), trie.prove(key)]) {
      expect(answer).toMatchObject({ ok: false, error: { code: 'MISSING_NODE', reason } })
    }
    expect(trie.root()).toEqual(root)
    expect(trie.commit().changed).toEqual([])
  })

  test('a root that nothing is stored for', () => {
    const trie = createTrie({ read: () => undefined, root: key })
    expect(trie.get(key)).toMatchObject({ ok: false, error: { code: 'MISSING_NODE', reason: 'absent' } })
  })

  test('a deletion whose lone sibling is missing changes nothing', () => {
    const nodes = createNodes()
    const build = createTrie({ read: nodes.read })
    const [one, other] = [Uint8Array.of(0x11, 0x22), Uint8Array.of(0x21, 0x22)]
    const value = new Uint8Array(40).fill(9)
    put(build, one, value)
    put(build, other, value)
    const committed = build.commit()
    nodes.apply(committed)
    const sibling = nodes.byPath.get('02')!
    nodes.byPath.delete('02')
    const trie = createTrie({ read: nodes.read, root: committed.root })
    expect(trie.delete(one)).toMatchObject({ ok: false, error: { code: 'MISSING_NODE', path: Uint8Array.of(2) } })
    expect(trie.root()).toEqual(committed.root)
    expect(readValue(trie, one)).toEqual(value)
    nodes.byPath.set('02', sibling)
    expect(trie.delete(one).ok).toBe(true)
    const after = trie.commit()
    nodes.apply(after)
    expect([...nodes.byPath.keys()]).toEqual([''])
  })
})

/** Keys of one to four bytes over few nibbles: prefixes of each other, deep forks and merges are common. */
const nibbleByte = fc.constantFrom(0x00, 0x01, 0x10, 0x11, 0x12, 0x21)
const keys = fc
  .uint8Array({ minLength: 1, maxLength: 4 })
  .chain((a) => fc.array(nibbleByte, { minLength: a.length, maxLength: a.length }).map((list) => Uint8Array.from(list)))
const values = fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 3 }), fc.uint8Array({ minLength: 30, maxLength: 70 }))
const steps = (key: fc.Arbitrary<Uint8Array>) =>
  fc.array(
    fc.oneof(
      { weight: 5, arbitrary: fc.record({ do: fc.constant('put' as const), key, value: values }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constant('delete' as const), key }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('commit', 'unload', 'reopen', 'root', 'get'), key }) },
    ),
    { maxLength: 60 },
  )

describe('any history of changes, commits, unloading and reopening', () => {
  const agrees = (key: fc.Arbitrary<Uint8Array>, numRuns: number) =>
    fc.assert(
      fc.property(steps(key), (history) => {
        const nodes = createNodes()
        const model = new Map<string, Uint8Array>()
        let trie = createTrie({ read: nodes.read })
        for (const step of history) {
          if (step.do === 'put') {
            put(trie, step.key, step.value)
            model.set(hex(step.key), step.value)
          } else if (step.do === 'delete') {
            expect(trie.delete(step.key).ok).toBe(true)
            model.delete(hex(step.key))
          } else if (step.do === 'commit') nodes.apply(trie.commit())
          else if (step.do === 'unload') trie.unload(0)
          else if (step.do === 'root') trie.root()
          else if (step.do === 'get') expect(readValue(trie, step.key)).toEqual(model.get(hex(step.key)))
          else {
            const committed = trie.commit()
            nodes.apply(committed)
            trie = createTrie({ read: nodes.read, root: committed.root, memoryBytesMax: 2000 })
          }
        }
        const committed = trie.commit()
        nodes.apply(committed)
        const fresh = emptyTrie()
        for (const [k, v] of model) put(fresh, bytes(`0x${k}`), v)
        const rebuilt = fresh.commit()
        expect(hex(committed.root)).toBe(hex(rebuilt.root))
        // What is stored is exactly the one trie: nothing of the past is left behind.
        expect(new Map([...nodes.byPath].toSorted())).toEqual(
          new Map(rebuilt.changed.map(([p, e]) => [hex(p), e!] as const).toSorted()),
        )
        const again = createTrie({ read: nodes.read, root: committed.root })
        for (const [k, v] of model) {
          const at = bytes(`0x${k}`)
          expect(readValue(again, at)).toEqual(v)
          const proof = again.prove(at)
          expect(proof.ok && verifyProof(committed.root, at, proof.value)).toEqual({ ok: true, value: v })
        }
      }),
      { numRuns },
    )

  test('leaves the same root and stored nodes as a trie built anew: short keys', () => agrees(keys, 600))
  test('leaves the same root and stored nodes as a trie built anew: keys that part behind 32 bytes', () =>
    agrees(
      fc.tuple(fc.nat(2), keys).map(([ahead, key]) => Uint8Array.of(...new Uint8Array(30 + ahead).fill(7), ...key)),
      200,
    ))
  test('leaves the same root and stored nodes as a trie built anew: hashed keys', () =>
    agrees(
      fc.integer({ min: 0, max: 40 }).map((n) => keccak256(Uint8Array.of(n))),
      200,
    ))
})

test('agrees with @ethereumjs/mpt over random histories', async () => {
  await fc.assert(
    fc.asyncProperty(steps(keys), async (history) => {
      const trie = emptyTrie()
      const oracle = new MerklePatriciaTrie()
      for (const step of history) {
        if (step.do === 'put') {
          put(trie, step.key, step.value)
          await oracle.put(step.key, step.value)
        } else if (step.do === 'delete') {
          trie.delete(step.key)
          await oracle.del(step.key)
        }
        expect(hex(trie.root())).toBe(hex(oracle.root()))
      }
    }),
    { numRuns: 60 },
  )
})

describe('proofs', () => {
  const trie = emptyTrie()
  for (let i = 0; i < 100; i++) put(trie, keccak256(Uint8Array.of(i)), Uint8Array.of(1, i))
  const root = trie.root()

  test('an absent key is proved absent', () => {
    const key = keccak256(Uint8Array.of(200))
    const proof = trie.prove(key)
    expect(proof.ok && verifyProof(root, key, proof.value)).toEqual({ ok: true, value: undefined })
  })
  test('a proof that lacks any of its nodes proves nothing', () => {
    const key = keccak256(Uint8Array.of(50))
    const proof = trie.prove(key)
    if (!proof.ok) throw new Error(proof.error.code)
    for (let i = 0; i < proof.value.length; i++) {
      expect(verifyProof(root, key, proof.value.toSpliced(i, 1))).toMatchObject({
        ok: false,
        error: { code: 'PROOF_NODE_MISSING' },
      })
    }
  })
  test('a changed node proves nothing', () => {
    const key = keccak256(Uint8Array.of(50))
    const proof = trie.prove(key)
    if (!proof.ok) throw new Error(proof.error.code)
    const forged = proof.value.map((node) => node.slice())
    forged.at(-1)![forged.at(-1)!.length - 1]! ^= 1
    expect(verifyProof(root, key, forged).ok).toBe(false)
  })
  test('an empty trie holds nothing and needs no nodes', () => {
    expect(verifyProof(EMPTY_ROOT, root, [])).toEqual({ ok: true, value: undefined })
  })
})

test('memory stays near the budget, and nothing is lost by it', () => {
  const nodes = createNodes()
  const trie = createTrie({ read: nodes.read, memoryBytesMax: 100_000 })
  for (let i = 0; i < 3000; i++) {
    put(trie, keccak256(Uint8Array.of(i >> 8, i)), new Uint8Array(70).fill(i | 1))
    if (i % 50 === 49) nodes.apply(trie.commit())
  }
  expect(trie.memoryBytes()).toBeLessThan(200_000)
  for (let i = 0; i < 3000; i++) {
    expect(readValue(trie, keccak256(Uint8Array.of(i >> 8, i)))).toEqual(new Uint8Array(70).fill(i | 1))
    expect(trie.memoryBytes()).toBeLessThan(200_000)
  }
})

test('a buffer keeps committed nodes readable until they are written', () => {
  const nodes = createNodes()
  const buffer = createNodeBuffer(nodes.read)
  const trie = createTrie({ read: buffer.read, memoryBytesMax: 0 })
  const key = (i: number): Uint8Array => keccak256(Uint8Array.of(i))
  for (let block = 0; block < 20; block++) {
    for (let i = 0; i < 5; i++) put(trie, key(block * 5 + i), new Uint8Array(40).fill(block + 1))
    expect(trie.delete(key(block * 4)).ok).toBe(true)
    buffer.add(trie.commit().changed)
    trie.unload(0)
    if (block % 7 === 6) {
      const taken = buffer.take()
      put(trie, key(250), new Uint8Array(40).fill(block + 1))
      buffer.add(trie.commit().changed)
      for (const [path, encoded] of taken) {
        if (encoded === undefined) nodes.byPath.delete(hex(path))
        else nodes.byPath.set(hex(path), encoded)
      }
      buffer.forget(taken)
    }
  }
  expect(buffer.bytes()).toBeGreaterThan(0)
  expect(readValue(trie, key(99))).toEqual(new Uint8Array(40).fill(20))
  const all = buffer.take()
  buffer.forget(all)
  expect(buffer.bytes()).toBe(0)
})
