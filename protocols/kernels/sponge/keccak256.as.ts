/** The sponge of Keccak-256 over whole blocks, with the original 0x01 padding. */
import { permute } from './permutation.as'

/** Bytes absorbed between two permutations: (1600 − 2 · 256) / 8. */
export const RATE: usize = 136
export const DIGEST_BYTES: usize = 32

/** Absorbs `blocks` blocks at `at` into the state of 25 `u64`. */
export function absorb(state: usize, at: usize, blocks: usize): void {
  for (const end = at + blocks * RATE; at < end; at += RATE) {
    for (let i: usize = 0; i < RATE; i += 8) store<u64>(state + i, load<u64>(state + i) ^ load<u64>(at + i))
    permute<u64>(state)
  }
}

/** Writes the padding behind a message, which begins at a multiple of 8. @returns how many blocks it fills */
export function pad(at: usize, length: usize): usize {
  const blocks = length / RATE + 1
  const end = at + blocks * RATE
  const last = at + (length & ~7)
  const bits = ((length & 7) << 3) as u64
  store<u64>(last, (load<u64>(last) & ((1 << bits) - 1)) | (1 << bits))
  for (let word = last + 8; word < end; word += 8) store<u64>(word, 0)
  store<u8>(end - 1, load<u8>(end - 1) | 0x80)
  return blocks
}
