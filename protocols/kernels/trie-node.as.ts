/**
 * References to trie nodes (Yellow Paper, appendix D): a batch of nodes is encoded where it is not yet, and hashed on two
 * lanes. A node that is shorter than a hash is its own reference.
 *
 * A branch without a value comes as its table: the lengths of its 16 references, one byte each (0: empty, 32: a hash,
 * less: an embedded node), then 32 bytes for each that is not empty. Every other node comes encoded.
 */
import { hashMessages, PASSED_OVER } from './sponge/batch.as'
import { DIGEST_BYTES, RATE } from './sponge/keccak256.as'

const SLOTS: usize = 16
/** Payloads up to this many bytes have their length in the first byte (Yellow Paper, appendix B). */
const SHORT_MAX: usize = 55

/** Nodes of one batch: the shortest fill one block each. */
export const BATCH_MAX: i32 = 482
export const INPUT_BYTES: i32 = 482 * 136
/** Encoded nodes, each with room up to the next multiple of 136 bytes. */
export const INPUT: usize = memory.data(INPUT_BYTES, 16)
/** Tables one after the other. A table is shorter than the encoding that is made of it. */
export const TABLES: usize = memory.data(INPUT_BYTES, 16)
/** Length of each node's encoding, u32, with the bits below. */
export const LENGTHS: usize = memory.data(BATCH_MAX * 4, 16)
/** The node is to be encoded from the next table. */
export const FROM_TABLE: u32 = 0x4000_0000
/** The node's reference is known: it is encoded only. */
export const ENCODED_ONLY: u32 = PASSED_OVER
/** 32 bytes for each node: its hash, or its encoding where that is shorter. */
export const REFERENCES: usize = memory.data(BATCH_MAX * 32, 16)

/** Encodes and hashes `count` nodes as LENGTHS says. */
export function referTo(count: u32): void {
  let at = INPUT
  let table = TABLES
  for (let i: usize = 0; i < (count as usize); i++) {
    const order = load<u32>(LENGTHS + 4 * i)
    const length = (order & ~(FROM_TABLE | ENCODED_ONLY)) as usize
    if ((order & FROM_TABLE) != 0) table = encode(table, at, length)
    if (length < DIGEST_BYTES) {
      memory.copy(REFERENCES + DIGEST_BYTES * i, at, length)
      store<u32>(LENGTHS + 4 * i, (length as u32) | ENCODED_ONLY)
    } else store<u32>(LENGTHS + 4 * i, order & ~FROM_TABLE)
    at += (length / RATE + 1) * RATE
  }
  hashMessages(INPUT, LENGTHS, REFERENCES, count)
}

/** Writes the branch of `table`, `length` bytes, to `at`. @returns where the next table begins */
function encode(table: usize, at: usize, length: usize): usize {
  if (length <= SHORT_MAX + 1) {
    store<u8>(at, (0xc0 + length - 1) as u8)
    at += 1
  } else if (length - 2 < 0x100) {
    store<u8>(at, 0xf8)
    store<u8>(at + 1, (length - 2) as u8)
    at += 2
  } else {
    store<u8>(at, 0xf9)
    store<u8>(at + 1, ((length - 3) >> 8) as u8)
    store<u8>(at + 2, (length - 3) as u8)
    at += 3
  }
  let from = table + SLOTS
  for (let slot: usize = 0; slot < SLOTS; slot++) {
    const bytes = load<u8>(table + slot) as usize
    if (bytes == 0) {
      store<u8>(at, 0x80)
      at += 1
      continue
    }
    if (bytes == DIGEST_BYTES) {
      store<u8>(at, 0xa0)
      store<u64>(at + 1, load<u64>(from))
      store<u64>(at + 1, load<u64>(from, 8), 8)
      store<u64>(at + 1, load<u64>(from, 16), 16)
      store<u64>(at + 1, load<u64>(from, 24), 24)
      at += 1 + DIGEST_BYTES
    } else {
      memory.copy(at, from, bytes)
      at += bytes
    }
    from += DIGEST_BYTES
  }
  store<u8>(at, 0x80)
  return from
}
