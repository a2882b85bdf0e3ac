/**
 * Keccak-256 of many messages: two at a time where the processor has vectors of two lanes. Each message begins where the
 * blocks of the one before end. A message whose length has the bit `PASSED_OVER` keeps its place and is not hashed.
 */
import { absorb, DIGEST_BYTES, pad, RATE } from './keccak256.as'
import { LANES_ROOM, permute } from './permutation.as'

export const PASSED_OVER: u32 = 0x8000_0000

const STATE: usize = memory.data(LANES_ROOM * 8, 16)
/** Two states side by side. */
const PAIR: usize = memory.data(LANES_ROOM * 16, 16)

/** Hashes `count` messages at `input`, of `lengths` (u32 each), into `digests`. */
export function hashMessages(input: usize, lengths: usize, digests: usize, count: u32): void {
  if (ASC_FEATURE_SIMD) hashOnTwoLanes(input, lengths, digests, count)
  else hashInTurn(input, lengths, digests, count)
}

function hashInTurn(at: usize, lengths: usize, digests: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const length = load<u32>(lengths + 4 * (i as usize))
    if ((length & PASSED_OVER) != 0) {
      at += roomOf(length & ~PASSED_OVER)
      continue
    }
    const blocks = pad(at, length)
    memory.fill(STATE, 0, 200)
    absorb(STATE, at, blocks)
    memory.copy(digests + DIGEST_BYTES * (i as usize), STATE, DIGEST_BYTES)
    at += blocks * RATE
  }
}

/** A lane whose message ends takes the next one, so both are busy whatever the lengths are. */
function hashOnTwoLanes(input: usize, lengths: usize, digests: usize, count: u32): void {
  let next: u32 = 0
  let nextAt = input
  let at0: usize = 0
  let at1: usize = 0
  let blocks0: usize = 0
  let blocks1: usize = 0
  let digest0: usize = 0
  let digest1: usize = 0
  while (true) {
    if (blocks0 == 0 || blocks1 == 0) {
      while (next < count) {
        const length = load<u32>(lengths + 4 * (next as usize))
        if ((length & PASSED_OVER) == 0) break
        nextAt += roomOf(length & ~PASSED_OVER)
        next++
      }
      if (next == count) break
      const length = load<u32>(lengths + 4 * (next as usize))
      const digest = digests + DIGEST_BYTES * (next as usize)
      const blocks = pad(nextAt, length)
      next++
      if (blocks0 == 0) {
        at0 = nextAt
        blocks0 = blocks
        digest0 = digest
        clearLane(PAIR)
      } else {
        at1 = nextAt
        blocks1 = blocks
        digest1 = digest
        clearLane(PAIR + 8)
      }
      nextAt += blocks * RATE
      continue
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

// @ts-ignore: decorator
@inline function roomOf(length: usize): usize {
  return (length / RATE + 1) * RATE
}
