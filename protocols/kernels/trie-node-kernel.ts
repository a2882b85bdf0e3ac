/** References to trie nodes in WebAssembly: one instance, whose memory its callers write into. */
import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesEqual } from '../bytes.ts'
import { encodeRlpList, encodeRlpString } from '../rlp.ts'

/**
 * A batch is laid out by its caller. Node `i` has its encoding in `input` where the room of the one before ends (`nodeRoom`),
 * or is a branch without a value in `tables`: 16 lengths of one byte (0: empty, 32: a hash, less: an embedded node), then
 * 32 bytes for each that is not 0. `lengths[i]` is the length of the encoding, with the bits `fromTable` and `encodedOnly`.
 */
export type TrieNodeKernel = {
  /** Nodes that one batch takes at most, of a total room of `input.length` at most. */
  readonly batchMax: number
  readonly input: Uint8Array
  /** Tables one after the other, as bytes and as the same memory in words. */
  readonly tables: Uint8Array
  readonly tableWords: Int32Array
  readonly lengths: Int32Array
  /** The node is encoded from the next table, into `input`. */
  readonly fromTable: number
  /** The node is not hashed. */
  readonly encodedOnly: number
  /** Those of `lengths` that are a length. */
  readonly lengthBits: number
  /** Eight words a node: its hash, or its encoding where that is shorter than 32 bytes. */
  readonly references: Int32Array
  /** Encodes and hashes `count` nodes; `lengths` keep theirs, without the bit `fromTable`. */
  readonly referTo: (count: number) => void
}

const HASH_BYTES = 32
const HASH_WORDS = 8
const SLOTS = 16
/** Bytes of a block of Keccak-256. */
const RATE = 136

/** What a node of `length` bytes takes of `input`: whole blocks, with the padding. */
export const nodeRoom = (length: number): number => length - (length % RATE) + RATE

type TrieNodeExports = {
  readonly memory: WebAssembly.Memory
  readonly BATCH_MAX: WebAssembly.Global
  readonly INPUT_BYTES: WebAssembly.Global
  readonly INPUT: WebAssembly.Global
  readonly TABLES: WebAssembly.Global
  readonly LENGTHS: WebAssembly.Global
  readonly FROM_TABLE: WebAssembly.Global
  readonly ENCODED_ONLY: WebAssembly.Global
  readonly REFERENCES: WebAssembly.Global
  referTo(count: number): void
}

export function trieNodeKernel(module: WebAssembly.Module): TrieNodeKernel {
  const kernel = new WebAssembly.Instance(module).exports as TrieNodeExports
  const { buffer } = kernel.memory
  const inputBytes = kernel.INPUT_BYTES.value
  const batchMax = kernel.BATCH_MAX.value
  return {
    batchMax,
    input: new Uint8Array(buffer, kernel.INPUT.value, inputBytes),
    tables: new Uint8Array(buffer, kernel.TABLES.value, inputBytes),
    tableWords: new Int32Array(buffer, kernel.TABLES.value, inputBytes / 4),
    lengths: new Int32Array(buffer, kernel.LENGTHS.value, batchMax),
    fromTable: kernel.FROM_TABLE.value,
    encodedOnly: kernel.ENCODED_ONLY.value,
    lengthBits: ~(kernel.FROM_TABLE.value | kernel.ENCODED_ONLY.value),
    references: new Int32Array(buffer, kernel.REFERENCES.value, batchMax * HASH_WORDS),
    referTo: kernel.referTo,
  }
}

/** Lengths of the references of the self-test's branches: empty, embedded and hashed ones, around each form of header. */
const TESTED_BRANCHES: readonly (readonly number[])[] = [
  [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  [0, 6, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  [0, 8, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1],
  [31, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11],
  [31, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12],
  [0, 32, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0, 0, 0, 0, 0],
  [0, 32, 0, 32, 0, 32, 0, 32, 31, 32, 0, 32, 0, 32, 0, 0],
  [32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32],
]

/** The self-test of a thread's start: every form of branch, and encoded nodes between them, against the plain encoder. */
export function trieNodeKernelPasses(kernel: TrieNodeKernel): boolean {
  const { input, tables, lengths, references } = kernel
  // What an earlier test left behind would pass again.
  input.fill(0)
  references.fill(0)
  const expected: Uint8Array[] = []
  let room = 0
  let table = 0
  for (const referenceLengths of TESTED_BRANCHES) {
    const contents = referenceLengths.map((length, slot) =>
      Uint8Array.from({ length }, (_, i) => 7 * slot + i + length),
    )
    const branch = encodeRlpList([...contents.map(slotOf), Uint8Array.of(0x80)])
    // The same once as a table, once encoded.
    tables.set(referenceLengths, table)
    table += SLOTS
    for (const content of contents) {
      tables.set(content, table)
      if (content.length > 0) table += HASH_BYTES
    }
    lengths[expected.length] = branch.length | kernel.fromTable
    expected.push(branch)
    room += nodeRoom(branch.length)
    input.set(branch, room)
    lengths[expected.length] = branch.length
    expected.push(branch)
    room += nodeRoom(branch.length)
  }
  kernel.referTo(expected.length)
  const words = new Uint8Array(references.buffer, references.byteOffset, references.byteLength)
  let at = 0
  return expected.every((branch, i) => {
    const encoded = input.slice(at, at + branch.length)
    at += nodeRoom(branch.length)
    const reference = branch.length < HASH_BYTES ? branch : keccak_256(branch)
    return bytesEqual(encoded, branch) && bytesEqual(words.slice(32 * i, 32 * i + reference.length), reference)
  })
}

const slotOf = (content: Uint8Array): Uint8Array =>
  content.length === 0 || content.length === HASH_BYTES ? encodeRlpString(content) : content
