/** References to branch nodes: encoded by the kernel, or by TypeScript into the kernel's memory, or one by one. */
import { keccak256 } from '../../protocols/keccak256.ts'
import { nodeRoom } from '../../protocols/kernels/trie-node-kernel.ts'
import { encodeRlpList, encodeRlpString } from '../../protocols/rlp.ts'
import { trieNodes } from '../../protocols/trie-node.ts'
import { seededRandom } from '../../runtime/simulation/random.ts'
import type { BenchCase, Contender } from './harness.ts'

const BRANCHES = 20_000
const BRANCHES_SMALL = 400
/** Full tables that the kernel's memory has room for at least. */
const BATCH = 100
const HASH_BYTES = 32
const HASH_WORDS = 8
const SLOTS = 16
const EMPTY = Uint8Array.of(0x80)

const { input, tables, tableWords, lengths, fromTable, references, referTo } = trieNodes

/** The words of a branch's children, as an arena holds them; all branches have as many. */
function branches(count: number, children: number): Int32Array[] {
  const random = seededRandom(`branches ${children}`)
  return Array.from({ length: count }, () =>
    Int32Array.from({ length: children * HASH_WORDS }, () => random.word() | 0),
  )
}

const encodedLength = (children: number): number => {
  const payload = children * HASH_BYTES + SLOTS + 1
  return payload < 56 ? payload + 1 : payload < 256 ? payload + 2 : payload + 3
}

function byKernel(all: readonly Int32Array[], children: number): Int32Array {
  const out = new Int32Array(all.length * HASH_WORDS)
  const length = encodedLength(children)
  for (let first = 0; first < all.length; first += BATCH) {
    const end = Math.min(all.length, first + BATCH)
    let table = 0
    for (let i = first; i < end; i++) {
      lengths[i - first] = length | fromTable
      for (let slot = 0; slot < SLOTS; slot++) tables[table + slot] = slot < children ? HASH_BYTES : 0
      const words = all[i]!
      const to = (table + SLOTS) >> 2
      for (let word = 0; word < words.length; word++) tableWords[to + word] = words[word]!
      table += SLOTS + children * HASH_BYTES
    }
    referTo(end - first)
    out.set(references.subarray(0, (end - first) * HASH_WORDS), first * HASH_WORDS)
  }
  return out
}

function byTypeScript(all: readonly Int32Array[], children: number): Int32Array {
  const out = new Int32Array(all.length * HASH_WORDS)
  const length = encodedLength(children)
  for (let first = 0; first < all.length; first += BATCH) {
    const end = Math.min(all.length, first + BATCH)
    let room = 0
    for (let i = first; i < end; i++) {
      lengths[i - first] = length
      write(new Uint8Array(all[i]!.buffer), length, room)
      room += nodeRoom(length)
    }
    referTo(end - first)
    out.set(references.subarray(0, (end - first) * HASH_WORDS), first * HASH_WORDS)
  }
  return out
}

function write(hashes: Uint8Array, length: number, at: number): void {
  const end = at + length
  if (length < 58) input[at++] = 0xc0 + length - 1
  else if (length < 258) {
    input[at++] = 0xf8
    input[at++] = length - 2
  } else {
    input[at++] = 0xf9
    input[at++] = (length - 3) >> 8
    input[at++] = length - 3
  }
  for (let from = 0; from < hashes.length; from += HASH_BYTES) {
    input[at++] = 0x80 + HASH_BYTES
    for (let i = 0; i < HASH_BYTES; i++) input[at + i] = hashes[from + i]!
    at += HASH_BYTES
  }
  while (at < end) input[at++] = 0x80
}

function oneByOne(all: readonly Int32Array[], children: number): Int32Array {
  const out = new Int32Array(all.length * HASH_WORDS)
  for (const [i, words] of all.entries()) {
    const hashes = new Uint8Array(words.buffer)
    const slots = Array.from({ length: SLOTS + 1 }, (_, slot) =>
      slot < children ? encodeRlpString(hashes.subarray(slot * HASH_BYTES, (slot + 1) * HASH_BYTES)) : EMPTY,
    )
    out.set(new Int32Array(keccak256(encodeRlpList(slots)).buffer), i * HASH_WORDS)
  }
  return out
}

export const trieNodeBenches: readonly BenchCase[] = [2, 16].map((children) => ({
  name: `trie nodes, references to branches of ${children}`,
  unit: 'branches/s',
  better: 'higher',
  rounds: 11,
  goals: [],
  async open(small) {
    const all = branches(small ? BRANCHES_SMALL : BRANCHES, children)
    const contender = (name: string, run: (all: readonly Int32Array[], children: number) => Int32Array): Contender => ({
      name,
      async run() {
        const began = performance.now()
        const answer = run(all, children)
        return { answer, measured: (all.length / (performance.now() - began)) * 1000 }
      },
    })
    return {
      contenders: [
        contender('the kernel', byKernel),
        contender('TypeScript, then the kernel', byTypeScript),
        contender('one by one', oneByOne),
      ],
      async close() {},
    }
  },
}))
