/**
 * Random histories of our trie beside `@ethereumjs/mpt`. A history has few keys, so that they meet often: prefixes of each
 * other (values in branches), hashed ones, or ones that part behind 32 bytes; its values are short, so that nodes are
 * embedded, or long, or do not fit into the kernel. The peer takes what changed between two comparisons at once, because
 * it takes a hundred times as long.
 */
import { MerklePatriciaTrie } from '@ethereumjs/mpt'
import { bytesEqual } from '../../../protocols/bytes.ts'
import { keccak256 } from '../../../protocols/keccak256.ts'
import { type SeededRandom, seededRandom } from '../../../runtime/simulation/random.ts'
import { verifyProof } from '../../../storage/trie/proof.ts'
import { createTrie, type Trie } from '../../../storage/trie/trie.ts'
import { plainRoot } from './plain-root.ts'

export type FuzzCounts = {
  operations: number
  inserts: number
  deletes: number
  reads: number
  comparisons: number
  commits: number
  reopenings: number
  proofs: number
  missingNodes: number
  /** Times that the peer was wrong. */
  peersMadeAnew: number
}

/** One of a history in so many; the others are short. */
const LONG_HISTORY = 8
const OPERATIONS_MAX = 400
const LONG_OPERATIONS_MAX = 8_000
const KEYS_MAX = 48
const LONG_KEYS_MAX = 400
const UNLOADING_BYTES = 3_000
/** More than the kernel takes. */
const HUGE_VALUE_BYTES = 70_000

/** `short` and `long` keys begin each other, so that branches have values; `dense` ones share many nibbles. */
type KeyKind = 'short' | 'long' | 'hashed' | 'dense'
const KINDS: readonly KeyKind[] = ['short', 'long', 'hashed', 'dense']

const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

/**
 * Runs histories until `operations` are done.
 * @param stretch how many times as long histories are, and the time between comparisons: the peer's part shrinks by it
 * Throws an error that names the history where something did not hold.
 */
export async function fuzzTrie(operations: number, seed: string, stretch = 1): Promise<FuzzCounts> {
  const counts: FuzzCounts = {
    operations: 0,
    inserts: 0,
    deletes: 0,
    reads: 0,
    comparisons: 0,
    commits: 0,
    reopenings: 0,
    proofs: 0,
    missingNodes: 0,
    peersMadeAnew: 0,
  }
  for (let history = 0; counts.operations < operations; history++) {
    const name = `${seed} ${history}`
    try {
      await runHistory(seededRandom(name), counts, operations - counts.operations, stretch)
    } catch (cause) {
      throw new Error(`trie history "${name}", operation ${counts.operations}: ${(cause as Error).message}`, { cause })
    }
  }
  return counts
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}

async function runHistory(
  random: SeededRandom,
  counts: FuzzCounts,
  operationsLeft: number,
  stretch: number,
): Promise<void> {
  const isLong = random.integer(LONG_HISTORY) === 0
  const kind = KINDS[random.integer(KINDS.length)] as KeyKind
  const keys = makeKeys(random, kind, 1 + random.integer(isLong ? LONG_KEYS_MAX : KEYS_MAX))
  const nextValue = valuesOf(random)
  const memoryBytesMax = random.integer(3) === 0 ? UNLOADING_BYTES : Number.POSITIVE_INFINITY
  const deleteShare = 1 + random.integer(5)
  const compareEvery = 1 + random.integer((isLong ? 1_000 : 150) * stretch)
  const nodes = new Map<string, Uint8Array>()
  const read = (path: Uint8Array): Uint8Array | undefined => nodes.get(text(path))
  const model = new Map<string, Uint8Array>()
  /** Keys as the peer has them yet to learn. */
  const unknown = new Map<string, Uint8Array>()
  let peer = new MerklePatriciaTrie({ useKeyHashingFunction: keccak256 })
  let trie = createTrie({ read, memoryBytesMax })

  const commit = (): Uint8Array => {
    const { root, changed } = trie.commit()
    const paths = new Set<string>()
    for (const [path, encoded] of changed) {
      const at = text(path)
      check(!paths.has(at), 'one path changed twice in a commit')
      paths.add(at)
      if (encoded !== undefined) nodes.set(at, encoded)
      else check(nodes.delete(at), 'a node was taken away that is not stored')
    }
    counts.commits++
    return root
  }
  const reopen = (): void => {
    const root = commit()
    trie = createTrie({ read, root, memoryBytesMax })
    counts.reopenings++
  }
  const compare = async (): Promise<void> => {
    for (const [name, key] of unknown) {
      const value = model.get(name)
      if (value === undefined) await peer.del(key)
      else await peer.put(key, value)
    }
    unknown.clear()
    if (!bytesEqual(trie.root(), peer.root())) {
      // The peer errs where one key begins another. Then the definition decides, and the peer starts from what is there.
      check(kind === 'short' || kind === 'long', 'the roots differ')
      const pairs = keys.flatMap((key) => {
        const value = model.get(text(key))
        return value === undefined ? [] : [[key, value] as const]
      })
      check(
        bytesEqual(trie.root(), plainRoot(pairs)),
        'the root is neither that of the peer nor that of the definition',
      )
      peer = new MerklePatriciaTrie({ useKeyHashingFunction: keccak256 })
      for (const [key, value] of pairs) await peer.put(key, value)
      counts.peersMadeAnew++
    }
    counts.comparisons++
  }

  const count = Math.min(operationsLeft, 1 + random.integer((isLong ? LONG_OPERATIONS_MAX : OPERATIONS_MAX) * stretch))
  for (let i = 0; i < count; i++) {
    counts.operations++
    const key = keys[random.integer(keys.length)] as Uint8Array
    const name = text(key)
    const dice = random.integer(16)
    if (dice < 8) {
      const value = nextValue()
      check(trie.insert(key, value).ok, 'an insertion was refused')
      model.set(name, value)
      unknown.set(name, key)
      counts.inserts++
    } else if (dice < 8 + deleteShare) {
      check(trie.delete(key).ok, 'a deletion was refused')
      model.delete(name)
      unknown.set(name, key)
      counts.deletes++
    } else if (dice < 15) {
      const found = trie.get(key)
      check(found.ok && isSame(found.value, model.get(name)), 'another value was read')
      counts.reads++
    } else rarely(random.integer(8), key)
    if (i % compareEvery === compareEvery - 1) await compare()
  }
  await compare()
  // What is stored is the one trie, whatever was there before.
  commit()
  const fresh = createTrie({ read: () => undefined })
  for (const key of keys) {
    const value = model.get(text(key))
    if (value !== undefined) fresh.insert(key, value)
  }
  const { changed } = fresh.commit()
  check(changed.length === nodes.size, 'more or less is stored than the trie has')
  for (const [path, encoded] of changed) check(isSame(encoded, nodes.get(text(path))), 'another node is stored')

  function rarely(which: number, key: Uint8Array): void {
    if (which < 2) commit()
    else if (which < 3) trie.root()
    else if (which < 4) trie.unload(random.integer(2) === 0 ? 0 : UNLOADING_BYTES)
    else if (which < 6) reopen()
    else if (which < 7) {
      const root = trie.root()
      const proof = trie.prove(key)
      const proved = proof.ok ? verifyProof(root, key, proof.value) : proof
      check(proved.ok && isSame(proved.value, model.get(text(key))), 'a proof proves something else')
      counts.proofs++
    } else missing(key)
  }

  /** A node is gone: whatever needs it is refused, and changes nothing. */
  function missing(key: Uint8Array): void {
    reopen()
    const paths = [...nodes.keys()]
    if (paths.length === 0) return
    const path = paths[random.integer(paths.length)] as string
    const root = trie.root()
    const node = nodes.get(path) as Uint8Array
    nodes.delete(path)
    const hurt = createTrie({ read, root, memoryBytesMax })
    const answers = [attempt(hurt, key), attempt(hurt, key)]
    for (const answer of answers)
      if (!answer.ok)
        check(text(answer.error.path) === path && answer.error.reason === 'absent', 'another node is missing')
    const isHurt = !answers[0]!.ok
    if (isHurt) {
      check(bytesEqual(hurt.root(), root), 'a refused change changed the root')
      check(hurt.commit().changed.length === 0, 'a refused change is committed')
      counts.missingNodes++
    }
    nodes.set(path, node)
    if (isHurt) check(attempt(hurt, key).ok, 'what came back is still missing')
  }

  function attempt(on: Trie, key: Uint8Array) {
    return model.has(text(key)) ? on.delete(key) : on.insert(key, Uint8Array.of(1))
  }
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : bytesEqual(a, b)
}

function makeKeys(random: SeededRandom, kind: KeyKind, count: number): Uint8Array[] {
  const few = [0x00, 0x01, 0x10, 0x11, 0x12, 0x21]
  const short = (): Uint8Array =>
    Uint8Array.from({ length: 1 + random.integer(4) }, () => few[random.integer(few.length)] as number)
  const key = (): Uint8Array => {
    if (kind === 'short') return short()
    if (kind === 'hashed') return random.bytes(32)
    if (kind === 'long') return Uint8Array.of(...new Uint8Array(29 + random.integer(2)).fill(7), ...short())
    return Uint8Array.of(random.integer(16), random.integer(4) * 16, ...random.bytes(2))
  }
  const keys = new Map<string, Uint8Array>()
  for (let i = 0; i < count; i++) {
    const one = key()
    keys.set(text(one), one)
  }
  return [...keys.values()]
}

function valuesOf(random: SeededRandom): () => Uint8Array {
  const kind = random.integer(4)
  const bytes = random.bytes
  return () => {
    if (kind === 0) return bytes(1 + random.integer(3))
    if (kind === 1) return bytes(1 + random.integer(120))
    if (kind === 2) return random.integer(2) === 0 ? bytes(1 + random.integer(3)) : bytes(28 + random.integer(80))
    if (random.integer(4_000) === 0) return bytes(HUGE_VALUE_BYTES)
    return bytes(100 + random.integer(300))
  }
}
