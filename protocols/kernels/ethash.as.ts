/**
 * Ethash (Yellow Paper, appendix J): the cache, dataset items computed from it, and hashimoto over them. One instance
 * holds one cache, behind everything else in its memory.
 */
import { LANES_ROOM, permute } from './sponge/permutation.as'

/** A row of the cache, and an item of the dataset: HASH_BYTES. */
const ROW_BYTES: usize = 64
const MIX_BYTES: usize = 128
const MIX_WORDS: u32 = 32
const CACHE_ROUNDS = 3
const DATASET_PARENTS: u32 = 256
const ACCESSES: u32 = 64
const FNV_PRIME: u32 = 0x01000193
/** Bytes that Keccak-512 absorbs between two permutations: (1600 − 2 · 512) / 8. */
const RATE_512: usize = 72
const RATE_256: usize = 136
const PAGE_BYTES: usize = 65_536

/** 32 bytes: of the cache, its seed; of a seal, the seal hash, followed by the nonce, 8 bytes little-endian. */
export const INPUT: usize = memory.data(40, 16)
/** 32 bytes each: what hashimoto answers. */
export const MIX_DIGEST: usize = memory.data(32, 16)
export const RESULT: usize = memory.data(32, 16)
/** Two dataset items, one behind the other. */
export const ITEMS: usize = memory.data(128, 64)
const STATE: usize = memory.data(LANES_ROOM * 8, 16)
const PAIR: usize = memory.data(LANES_ROOM * 16, 16)
const SEED: usize = memory.data(64, 16)
const MIX: usize = memory.data(128, 64)

let cacheAt: usize = 0
let rows: u32 = 0
/** ⌊2^32 / rows⌋ */
let reciprocal: u64 = 0

/** Makes room for a cache. @returns its address, 0 if there is not so much memory */
export function allocate(cacheRows: u32): usize {
  rows = cacheRows
  reciprocal = 0x1_0000_0000 / (cacheRows as u64)
  cacheAt = (__heap_base + ROW_BYTES - 1) & ~(ROW_BYTES - 1)
  const end = cacheAt + (cacheRows as usize) * ROW_BYTES
  const pages = ((end + PAGE_BYTES - 1) / PAGE_BYTES) as i32
  if (pages > memory.size() && memory.grow(pages - memory.size()) < 0) return 0
  return cacheAt
}

/** Fills the cache from the seed at INPUT: strict memory-hard hashing, RandMemoHash. */
export function fillCache(): void {
  const cache = cacheAt
  const end = cache + (rows as usize) * ROW_BYTES
  absorbWords(INPUT, 4)
  keccak512(4, cache)
  for (let row = cache + ROW_BYTES; row < end; row += ROW_BYTES) {
    absorbWords(row - ROW_BYTES, 8)
    keccak512(8, row)
  }
  for (let round = 0; round < CACHE_ROUNDS; round++) {
    let before = end - ROW_BYTES
    for (let row = cache; row < end; row += ROW_BYTES) {
      const other = cache + ((load<u32>(row) % rows) as usize) * ROW_BYTES
      for (let i: usize = 0; i < ROW_BYTES; i += 8) store<u64>(STATE + i, load<u64>(before + i) ^ load<u64>(other + i))
      keccak512(8, row)
      before = row
    }
  }
}

/** Computes the items 2 · `pair` and 2 · `pair` + 1 of the dataset into ITEMS, both at once: most of it waits for memory. */
export function computeItems(pair: u32): void {
  const first = pair * 2
  const second = first + 1
  memory.copy(ITEMS, rowAt(remainder(first)), ROW_BYTES)
  memory.copy(ITEMS + ROW_BYTES, rowAt(remainder(second)), ROW_BYTES)
  store<u32>(ITEMS, load<u32>(ITEMS) ^ first)
  store<u32>(ITEMS + ROW_BYTES, load<u32>(ITEMS + ROW_BYTES) ^ second)
  hashItems()
  for (let k: u32 = 0; k < DATASET_PARENTS; k++) {
    const word = ((k & 15) << 2) as usize
    const parent0 = rowAt(remainder(fnv(first ^ k, load<u32>(ITEMS + word))))
    const parent1 = rowAt(remainder(fnv(second ^ k, load<u32>(ITEMS + ROW_BYTES + word))))
    mixIn(ITEMS, parent0)
    mixIn(ITEMS + ROW_BYTES, parent1)
  }
  hashItems()
}

/** Of the seal hash and nonce at INPUT, with a dataset of `pairs` · 128 bytes: fills MIX_DIGEST and RESULT. */
export function hashimoto(pairs: u32): void {
  absorbWords(INPUT, 5)
  keccak512(5, SEED)
  memory.copy(MIX, SEED, 64)
  memory.copy(MIX + 64, SEED, 64)
  const head = load<u32>(SEED)
  for (let k: u32 = 0; k < ACCESSES; k++) {
    computeItems(fnv(k ^ head, load<u32>(MIX + (((k % MIX_WORDS) << 2) as usize))) % pairs)
    mixIn(MIX, ITEMS)
    mixIn(MIX + ROW_BYTES, ITEMS + ROW_BYTES)
  }
  for (let i: usize = 0; i < MIX_BYTES; i += 16) {
    const two = fnv(load<u32>(MIX + i), load<u32>(MIX + i, 4))
    store<u32>(MIX_DIGEST + (i >> 2), fnv(fnv(two, load<u32>(MIX + i, 8)), load<u32>(MIX + i, 12)))
  }
  memory.fill(STATE, 0, 200)
  memory.copy(STATE, SEED, 64)
  memory.copy(STATE + 64, MIX_DIGEST, 32)
  store<u64>(STATE + 96, 0x01)
  store<u64>(STATE + RATE_256 - 8, 0x80 << 56)
  permute<u64>(STATE)
  memory.copy(RESULT, STATE, 32)
}

/** Replaces both ITEMS by their Keccak-512. */
function hashItems(): void {
  if (ASC_FEATURE_SIMD) {
    for (let i: usize = 0; i < ROW_BYTES; i += 8)
      v128.store(PAIR + 2 * i, i64x2.replace_lane(v128.load64_zero(ITEMS + i), 1, load<i64>(ITEMS + ROW_BYTES + i)))
    v128.store(PAIR + 2 * ROW_BYTES, i64x2.splat(0x8000000000000001))
    memory.fill(PAIR + 2 * RATE_512, 0, 2 * (200 - RATE_512))
    permute<v128>(PAIR)
    for (let i: usize = 0; i < ROW_BYTES; i += 8) {
      store<u64>(ITEMS + i, load<u64>(PAIR + 2 * i))
      store<u64>(ITEMS + ROW_BYTES + i, load<u64>(PAIR + 2 * i, 8))
    }
  } else {
    absorbWords(ITEMS, 8)
    keccak512(8, ITEMS)
    absorbWords(ITEMS + ROW_BYTES, 8)
    keccak512(8, ITEMS + ROW_BYTES)
  }
}

function absorbWords(from: usize, words: usize): void {
  for (let i: usize = 0; i < words; i++) store<u64>(STATE + 8 * i, load<u64>(from + 8 * i))
}

/** Pads a message of at most 8 words at STATE, hashes it, and copies the digest. */
function keccak512(words: usize, to: usize): void {
  for (let i = words; i < 25; i++) store<u64>(STATE + 8 * i, 0)
  store<u64>(STATE + 8 * words, 0x01)
  store<u64>(STATE + RATE_512 - 8, load<u64>(STATE + RATE_512 - 8) | (0x80 << 56))
  permute<u64>(STATE)
  for (let i: usize = 0; i < ROW_BYTES; i += 8) store<u64>(to + i, load<u64>(STATE + i))
}

/** fnv of each of 16 words with one of `row`. */
// @ts-ignore: decorator
@inline function mixIn(mix: usize, row: usize): void {
  if (ASC_FEATURE_SIMD) {
    const prime = i32x4.splat(FNV_PRIME)
    v128.store(mix, v128.xor(i32x4.mul(v128.load(mix), prime), v128.load(row)))
    v128.store(mix, v128.xor(i32x4.mul(v128.load(mix, 16), prime), v128.load(row, 16)), 16)
    v128.store(mix, v128.xor(i32x4.mul(v128.load(mix, 32), prime), v128.load(row, 32)), 32)
    v128.store(mix, v128.xor(i32x4.mul(v128.load(mix, 48), prime), v128.load(row, 48)), 48)
  } else {
    for (let i: usize = 0; i < ROW_BYTES; i += 4) store<u32>(mix + i, fnv(load<u32>(mix + i), load<u32>(row + i)))
  }
}

// @ts-ignore: decorator
@inline function fnv(a: u32, b: u32): u32 {
  return (a * FNV_PRIME) ^ b
}

// @ts-ignore: decorator
@inline function rowAt(row: u32): usize {
  return cacheAt + (row as usize) * ROW_BYTES
}

/** `a` mod rows without dividing: the quotient is estimated from the reciprocal, at most one too low. */
// @ts-ignore: decorator
@inline function remainder(a: u32): u32 {
  const rest = a - ((((a as u64) * reciprocal) >> 32) as u32) * rows
  return rest >= rows ? rest - rows : rest
}
