/**
 * The trie beside `@ethereumjs/mpt` as it comes: keys put into an empty one, blocks of changes on a full one, reads. The
 * peer would take minutes, so it puts fewer keys, reads less often and makes fewer blocks: what it does per key is the
 * same then, or less, as its trie is lower.
 */
import { isDeepStrictEqual } from 'node:util'
import { MerklePatriciaTrie } from '@ethereumjs/mpt'
import { keccak256 } from '../../protocols/keccak256.ts'
import { seededRandom } from '../../runtime/simulation/random.ts'
import { createTrie, type Trie } from '../../storage/trie/trie.ts'
import type { BenchCase, Contender, Outcome } from './harness.ts'

/** Factors of the issue. */
const INSERT_FACTOR = 60
const BLOCK_FACTOR = 25
const READ_FACTOR = 20

const KEYS = 100_000
const BLOCK_KEYS = 200
const BLOCKS = 20
const READS = 100_000
/** What the peer is given of it. */
const PEER_KEYS = 10_000
const PEER_BLOCKS = 4
const PEER_READS = 5_000
const SMALL_SHARE = 0.02
/** An account without code: nonce, balance, two hashes. */
const VALUE_BYTES = 72

type Pair = { readonly key: Uint8Array; readonly value: Uint8Array }

function pairs(count: number, seed: string): Pair[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => ({ key: random.bytes(32), value: random.bytes(VALUE_BYTES) }))
}

const newTrie = (): Trie => createTrie({ read: () => undefined, memoryBytesMax: Number.POSITIVE_INFINITY })

/** Our trie and the peer with the same keys in both, made once. */
type Full = { readonly all: readonly Pair[]; readonly trie: Trie; readonly peer: MerklePatriciaTrie }
const made = new Map<boolean, Promise<Full>>()
function full(small: boolean): Promise<Full> {
  const one = made.get(small) ?? makeFull(small)
  made.set(small, one)
  return one
}
async function makeFull(small: boolean): Promise<Full> {
  const all = pairs(sized(KEYS, small), 'full')
  const trie = newTrie()
  put(trie, all)
  const peer = new MerklePatriciaTrie()
  await putPeer(peer, all)
  if (!isDeepStrictEqual(trie.commit().root, peer.root())) throw new Error('the full tries differ')
  return { all, trie, peer }
}

function put(trie: Trie, changes: readonly Pair[]): void {
  for (const { key, value } of changes) {
    const done = trie.insert(key, value)
    if (!done.ok) throw new Error(done.error.code)
  }
}

async function putPeer(trie: MerklePatriciaTrie, changes: readonly Pair[]): Promise<void> {
  for (const { key, value } of changes) await trie.put(key, value)
}

const perSecond = (count: number, began: number): number => (count / (performance.now() - began)) * 1000
const sized = (count: number, small: boolean): number => (small ? Math.ceil(count * SMALL_SHARE) : count)

export const trieInserts: BenchCase = {
  name: 'trie, 100,000 keys put and the root',
  unit: 'keys/s',
  better: 'higher',
  rounds: 5,
  goals: [{ of: 'ours', over: '@ethereumjs/mpt', factor: INSERT_FACTOR }],
  async open(small) {
    const all = pairs(sized(KEYS, small), 'inserts')
    const few = all.slice(0, sized(PEER_KEYS, small))
    const ours: Contender = {
      name: 'ours',
      async run() {
        const sample = newTrie()
        put(sample, few)
        const trie = newTrie()
        const began = performance.now()
        put(trie, all)
        trie.root()
        const measured = perSecond(all.length, began)
        return { answer: sample.root(), measured }
      },
    }
    const peer: Contender = {
      name: '@ethereumjs/mpt',
      async run() {
        const trie = new MerklePatriciaTrie()
        const began = performance.now()
        await putPeer(trie, few)
        return { answer: trie.root(), measured: perSecond(few.length, began) }
      },
    }
    const swifter: Contender = {
      name: '@ethereumjs/mpt, our keccak',
      async run() {
        const trie = new MerklePatriciaTrie({ useKeyHashingFunction: keccak256 })
        const began = performance.now()
        await putPeer(trie, few)
        return { answer: trie.root(), measured: perSecond(few.length, began) }
      },
    }
    return { contenders: [ours, peer, swifter], async close() {} }
  },
}

export const trieBlocks: BenchCase = {
  name: 'trie, blocks of 200 keys with a root each',
  unit: 'keys/s',
  better: 'higher',
  rounds: 5,
  goals: [
    { of: 'ours', over: '@ethereumjs/mpt', factor: BLOCK_FACTOR },
    { of: 'ours, with what changed for the store', over: '@ethereumjs/mpt', factor: BLOCK_FACTOR },
  ],
  async open(small) {
    const { all, trie, peer } = await full(small)
    /** Half of a block's keys are there already, as of senders who have an account. */
    function block(seed: string): Pair[] {
      const fresh = pairs(BLOCK_KEYS, seed)
      return fresh.map(({ key, value }, i) => ({ key: i % 2 === 0 ? key : all[(i * 7919) % all.length]!.key, value }))
    }
    const blocks = Array.from({ length: sized(BLOCKS, small) }, (_, i) => block(`block ${i}`))
    const undo = (to: Trie): void => {
      for (const changes of blocks)
        for (const [i, { key }] of changes.entries())
          if (i % 2 === 0) to.delete(key)
          else to.insert(key, all[(i * 7919) % all.length]!.value)
      to.commit()
    }
    const few = blocks.slice(0, sized(PEER_BLOCKS, small))
    const run = (to: Trie, settle: (to: Trie) => Uint8Array) => async (): Promise<Outcome> => {
      undo(to)
      let answer: Uint8Array | undefined
      const began = performance.now()
      for (const [i, changes] of blocks.entries()) {
        put(to, changes)
        const root = settle(to)
        if (i === few.length - 1) answer = root
      }
      return { answer, measured: perSecond(blocks.length * BLOCK_KEYS, began) }
    }
    const start = peer.root()
    const peerRun = async (): Promise<Outcome> => {
      peer.root(start)
      const began = performance.now()
      for (const changes of few) await putPeer(peer, changes)
      return { answer: peer.root(), measured: perSecond(few.length * BLOCK_KEYS, began) }
    }
    return {
      contenders: [
        { name: 'ours', run: run(trie, (to) => to.root()) },
        { name: 'ours, with what changed for the store', run: run(trie, (to) => to.commit().root) },
        { name: '@ethereumjs/mpt', run: peerRun },
      ],
      async close() {
        peer.root(start)
        undo(trie)
      },
    }
  },
}

export const trieReads: BenchCase = {
  name: 'trie, reads among 100,000 keys',
  unit: 'reads/s',
  better: 'higher',
  rounds: 5,
  goals: [{ of: 'ours', over: '@ethereumjs/mpt', factor: READ_FACTOR }],
  async open(small) {
    const { all, trie, peer } = await full(small)
    const wanted = Array.from({ length: sized(READS, small) }, (_, i) => all[(i * 7919) % all.length]!.key)
    const few = wanted.slice(0, sized(PEER_READS, small))
    const sum = (total: number, value: Uint8Array | null | undefined): number =>
      (Math.imul(total, 31) + (value === undefined || value === null ? 1 : value[0]! + value.length)) | 0
    const ours: Contender = {
      name: 'ours',
      async run() {
        let answer = 0
        let total = 0
        const began = performance.now()
        for (let i = 0; i < wanted.length; i++) {
          const value = trie.get(wanted[i]!)
          if (!value.ok) throw new Error(value.error.code)
          total = sum(total, value.value)
          if (i === few.length - 1) answer = total
        }
        return { answer, measured: perSecond(wanted.length, began) }
      },
    }
    const peerRun: Contender = {
      name: '@ethereumjs/mpt',
      async run() {
        let answer = 0
        const began = performance.now()
        for (const key of few) answer = sum(answer, await peer.get(key))
        return { answer, measured: perSecond(few.length, began) }
      },
    }
    return { contenders: [ours, peerRun], async close() {} }
  },
}
