/**
 * Keccak-256 with the original 0x01 padding, for one message, for a stream, and for batches on two lanes. A message is
 * laid at a multiple of 8 with room up to the next multiple of RATE, where its padding is written.
 */
import { hashMessages } from './sponge/batch.as'
import { absorb, DIGEST_BYTES, pad, RATE } from './sponge/keccak256.as'
import { LANES_ROOM, permute } from './sponge/permutation.as'

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
  hashMessages(INPUT, LENGTHS, DIGESTS, count)
}
