/**
 * Keccak-256 with the original 0x01 padding, for one message, for a stream, and for batches on two lanes. A message is
 * laid at a multiple of 8 with room up to the next multiple of RATE, where its padding is written.
 */
import { LANES_ROOM, permute } from './sponge/permutation.as'

/** Bytes absorbed between two permutations: (1600 − 2 · 256) / 8. */
const RATE: usize = 136
const RATE_WORDS: usize = RATE / 8
const DIGEST_BYTES: usize = 32

/** A multiple of RATE near 64 KiB, so that long messages pass in whole blocks. */
export const INPUT_BYTES: i32 = 482 * 136
export const INPUT: usize = memory.data(INPUT_BYTES, 16)
/** State of one message; its first 32 bytes are the digest. */
export const STATE: usize = memory.data(LANES_ROOM * 8, 16)
/** State of the stream at hand, in the form that survives from call to call: 200 bytes. */
export const STREAM: usize = memory.data(LANES_ROOM * 8, 16)
/** Messages in one batch: the shortest ones fill one block each. */
export const BATCH_MAX: i32 = 482
/** Length of each message of the batch, u32; each message begins where the blocks of the one before end. */
export const LENGTHS: usize = memory.data(BATCH_MAX * 4, 16)
export const DIGESTS: usize = memory.data(BATCH_MAX * 32, 16)
/** Two states side by side. */
const PAIR: usize = memory.data(LANES_ROOM * 16, 16)

/** Hashes a message of `length` < INPUT_BYTES at INPUT. */
export function hash(length: u32): void {
  start()
  finish(length)
}

/** Begins a message that is longer than INPUT. */
export function start(): void {
  memory.fill(STATE, 0, 200)
}

/** Absorbs all of INPUT. */
export function absorbInput(): void {
  absorb(STATE, INPUT, (INPUT_BYTES as usize) / RATE)
}

/** Absorbs the last `length` < INPUT_BYTES bytes at INPUT and closes the message. */
export function finish(length: u32): void {
  absorb(STATE, INPUT, pad(INPUT, length))
}

/**
 * Takes `length` bytes at INPUT, at most INPUT_BYTES, into STREAM, whose open block holds `position` bytes.
 * @returns the new position, below RATE
 */
export function streamUpdate(position: u32, length: u32): u32 {
  let at = INPUT
  const end = INPUT + length
  let open: usize = position
  while (at < end) {
    if (open == 0 && end - at >= RATE) {
      const blocks = (end - at) / RATE
      absorb(STREAM, at, blocks)
      at += blocks * RATE
    } else {
      store<u8>(STREAM + open, load<u8>(STREAM + open) ^ load<u8>(at))
      at++
      if (++open == RATE) {
        permute<u64>(STREAM)
        open = 0
      }
    }
  }
  return open as u32
}

/** Puts the digest of what STREAM has taken into STATE, and leaves STREAM open. */
export function streamDigest(position: u32): void {
  memory.copy(STATE, STREAM, 200)
  store<u8>(STATE + position, load<u8>(STATE + position) ^ 0x01)
  store<u8>(STATE + RATE - 1, load<u8>(STATE + RATE - 1) ^ 0x80)
  permute<u64>(STATE)
}

/** Hashes `count` messages, laid out as LENGTHS says, into DIGESTS. */
export function hashBatch(count: u32): void {
  if (ASC_FEATURE_SIMD) hashOnTwoLanes(count)
  else hashInTurn(count)
}

function hashInTurn(count: u32): void {
  let at = INPUT
  for (let i: u32 = 0; i < count; i++) {
    const blocks = pad(at, lengthOf(i))
    start()
    absorb(STATE, at, blocks)
    memory.copy(digestOf(i), STATE, DIGEST_BYTES)
    at += blocks * RATE
  }
}

/** A lane whose message ends takes the next one, so both are busy whatever the lengths are. */
function hashOnTwoLanes(count: u32): void {
  let next: u32 = 0
  let nextAt = INPUT
  let at0: usize = 0
  let at1: usize = 0
  let blocks0: usize = 0
  let blocks1: usize = 0
  let digest0: usize = 0
  let digest1: usize = 0
  while (true) {
    if (blocks0 == 0) {
      if (next == count) break
      at0 = nextAt
      blocks0 = pad(at0, lengthOf(next))
      digest0 = digestOf(next++)
      nextAt = at0 + blocks0 * RATE
      clearLane(PAIR)
    }
    if (blocks1 == 0) {
      if (next == count) break
      at1 = nextAt
      blocks1 = pad(at1, lengthOf(next))
      digest1 = digestOf(next++)
      nextAt = at1 + blocks1 * RATE
      clearLane(PAIR + 8)
    }
    for (let i: usize = 0; i < RATE; i += 8) {
      const words = i64x2.replace_lane(v128.load64_zero(at0 + i), 1, load<i64>(at1 + i))
      v128.store(PAIR + 2 * i, v128.xor(v128.load(PAIR + 2 * i), words))
    }
    permute<v128>(PAIR)
    at0 += RATE
    at1 += RATE
    if (--blocks0 == 0) takeLane(digest0, PAIR, DIGEST_BYTES / 8)
    if (--blocks1 == 0) takeLane(digest1, PAIR + 8, DIGEST_BYTES / 8)
  }
  if (blocks0 > 0) finishAlone(PAIR, at0, blocks0, digest0)
  if (blocks1 > 0) finishAlone(PAIR + 8, at1, blocks1, digest1)
}

function finishAlone(lane: usize, at: usize, blocks: usize, digest: usize): void {
  takeLane(STATE, lane, 25)
  absorb(STATE, at, blocks)
  memory.copy(digest, STATE, DIGEST_BYTES)
}

function clearLane(lane: usize): void {
  for (let i: usize = 0; i < 25 * 16; i += 16) store<u64>(lane + i, 0)
}

function takeLane(to: usize, lane: usize, words: usize): void {
  for (let i: usize = 0; i < words; i++) store<u64>(to + 8 * i, load<u64>(lane + 16 * i))
}

function absorb(state: usize, at: usize, blocks: usize): void {
  for (const end = at + blocks * RATE; at < end; at += RATE) {
    for (let i: usize = 0; i < RATE_WORDS * 8; i += 8) store<u64>(state + i, load<u64>(state + i) ^ load<u64>(at + i))
    permute<u64>(state)
  }
}

/** Writes the padding behind a message. @returns how many blocks it fills */
function pad(at: usize, length: usize): usize {
  const blocks = length / RATE + 1
  const end = at + blocks * RATE
  const last = at + (length & ~7)
  const bits = ((length & 7) << 3) as u64
  store<u64>(last, (load<u64>(last) & ((1 << bits) - 1)) | (1 << bits))
  for (let word = last + 8; word < end; word += 8) store<u64>(word, 0)
  store<u8>(end - 1, load<u8>(end - 1) | 0x80)
  return blocks
}

// @ts-ignore: decorator
@inline function lengthOf(message: u32): usize {
  return load<u32>(LENGTHS + 4 * (message as usize))
}

// @ts-ignore: decorator
@inline function digestOf(message: u32): usize {
  return DIGESTS + DIGEST_BYTES * (message as usize)
}
