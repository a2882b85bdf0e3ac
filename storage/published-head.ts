/**
 * The persisted head in shared memory: written by the one owner of the chain after the batch that moved it, read by any thread
 * without asking. A sequence lock: the first word is odd while a write is under way, and a reader that saw it odd or changed
 * reads again.
 */

const SEQUENCE = 0
const NUMBER = 1
const EPOCH = 3
const HASH = 5
const HASH_WORDS = 8
const WORDS = HASH + HASH_WORDS
/** A write takes well under a microsecond; a writer that died inside one is not waited for. */
const READ_ATTEMPTS = 10_000

export const PUBLISHED_HEAD_BYTES = WORDS * Int32Array.BYTES_PER_ELEMENT

/** `hash`: 32 bytes. `epoch` rises whenever the owner of the chain is replaced. */
export type PublishedHead = { readonly number: bigint; readonly hash: Uint8Array; readonly epoch: bigint }

export const createPublishedHeadMemory = (): SharedArrayBuffer => new SharedArrayBuffer(PUBLISHED_HEAD_BYTES)

/** For the one writer. A replacement of a writer that died in the middle of a write makes the memory whole with its first. */
export function publishHead(memory: SharedArrayBuffer, head: PublishedHead): void {
  const words = new Int32Array(memory)
  const before = Atomics.load(words, SEQUENCE)
  const writing = (before & 1) === 0 ? before + 1 : before
  Atomics.store(words, SEQUENCE, writing)
  writeU64(words, NUMBER, head.number)
  writeU64(words, EPOCH, head.epoch)
  const hash = new DataView(head.hash.buffer, head.hash.byteOffset, HASH_WORDS * 4)
  for (let i = 0; i < HASH_WORDS; i++) Atomics.store(words, HASH + i, hash.getInt32(i * 4))
  Atomics.store(words, SEQUENCE, (writing + 1) | 0)
}

/** Undefined before the first `publishHead`, or when its writer died in the middle: read the database then. */
export function readPublishedHead(memory: SharedArrayBuffer): PublishedHead | undefined {
  const words = new Int32Array(memory)
  for (let attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
    const before = Atomics.load(words, SEQUENCE)
    if (before === 0) return undefined
    if ((before & 1) !== 0) continue
    const number = readU64(words, NUMBER)
    const epoch = readU64(words, EPOCH)
    const hash = new Uint8Array(HASH_WORDS * 4)
    const view = new DataView(hash.buffer)
    for (let i = 0; i < HASH_WORDS; i++) view.setInt32(i * 4, Atomics.load(words, HASH + i))
    if (Atomics.load(words, SEQUENCE) === before) return { number, hash, epoch }
  }
  return undefined
}

/** A number that is another after each `publishHead`: whether the head has moved, for a hundredth of the time it takes to read it. */
export function publishedHeadSequence(memory: SharedArrayBuffer): () => number {
  const words = new Int32Array(memory)
  return () => Atomics.load(words, SEQUENCE)
}

function writeU64(words: Int32Array, at: number, value: bigint): void {
  Atomics.store(words, at, Number(BigInt.asIntN(32, value >> 32n)))
  Atomics.store(words, at + 1, Number(BigInt.asIntN(32, value)))
}

const readU64 = (words: Int32Array, at: number): bigint =>
  (BigInt.asUintN(32, BigInt(Atomics.load(words, at))) << 32n) | BigInt.asUintN(32, BigInt(Atomics.load(words, at + 1)))
