/**
 * Compressing in the block format of snappy (google/snappy, format_description.txt), a block of up to 64 KiB at a time:
 * greedy matching by a hash table of the last place of four bytes, with longer strides where nothing matches.
 */

/** Offsets within a block fit 16 bits. */
export const BLOCK_BYTES: i32 = 65_536
/** With room for the words that are read past the end. */
export const INPUT: usize = memory.data(65_536 + 16, 16)
/** Literals alone grow by a sixth at most (format_description.txt; snappy's MaxCompressedLength). */
export const OUTPUT: usize = memory.data(65_536 + 65_536 / 6 + 32, 16)
/** Last place of each hash, u16: 2^14 of them. */
const TABLE: usize = memory.data(2 << 14, 16)
const TABLE_BITS_MIN: u32 = 8
const TABLE_BITS_MAX: u32 = 14
/** From a prime near 2^32 / golden ratio, as snappy has it. */
const HASH_FACTOR: u32 = 0x1e35a7bd

/** Shorter blocks are literals: there is nothing to find in them. */
const MATCHED_BYTES_MIN: usize = 17
/** No match begins in the last bytes, so that words may be read there. */
const TAIL_BYTES: usize = 15
const LITERAL_INLINE_MAX: usize = 60
/** A copy stands for up to 64 bytes; one with a short offset for 4 to 11. */
const COPY_BYTES_MAX: usize = 64
const COPY_SHORT_BYTES_MAX: usize = 11
const COPY_SHORT_OFFSET_MAX: usize = 2_047

/** Compresses `length` bytes at INPUT, up to BLOCK_BYTES. @returns how many bytes stand at OUTPUT, length not in front */
export function compress(length: usize): usize {
  if (length < MATCHED_BYTES_MIN) return writeLiteral(OUTPUT, INPUT, length) - OUTPUT
  let bits = TABLE_BITS_MIN
  while (bits < TABLE_BITS_MAX && ((1 as usize) << (bits as usize)) < length) bits++
  const shift = 32 - bits
  memory.fill(TABLE, 0, 2 << (bits as usize))

  const end = INPUT + length
  const limit = end - TAIL_BYTES
  let out = OUTPUT
  /** What is not written yet begins here. */
  let from = INPUT
  let at = INPUT + 1
  while (true) {
    let candidate: usize = 0
    let stride: usize = 32
    let next = at
    while (true) {
      at = next
      next = at + (stride >> 5)
      stride++ // by one only: what repeats from afar is still found behind bytes that nothing matches
      if (next > limit) return (from < end ? writeLiteral(out, from, end - from) : out) - OUTPUT
      candidate = replace(load<u32>(at), shift, at)
      if (load<u32>(at) == load<u32>(candidate)) break
    }
    if (from < at) out = writeLiteral(out, from, at - from)
    while (true) {
      const begin = at
      at = endOfMatch(at + 4, candidate + 4, end)
      out = writeCopy(out, begin - candidate, at - begin)
      from = at
      if (at >= limit) return (from < end ? writeLiteral(out, from, end - from) : out) - OUTPUT
      replace(load<u32>(at - 1), shift, at - 1)
      candidate = replace(load<u32>(at), shift, at)
      if (load<u32>(at) != load<u32>(candidate)) break
    }
    at++
  }
}

/** Remembers where these four bytes stand. @returns where bytes of this hash stood before, INPUT at first */
// @ts-ignore: decorator
@inline function replace(word: u32, shift: u32, at: usize): usize {
  const slot = TABLE + (((word * HASH_FACTOR) >>> shift) as usize) * 2
  const before = INPUT + (load<u16>(slot) as usize)
  store<u16>(slot, (at - INPUT) as u16)
  return before
}

// @ts-ignore: decorator
@inline function endOfMatch(at: usize, candidate: usize, end: usize): usize {
  while (at + 8 <= end) {
    const difference = load<u64>(at) ^ load<u64>(candidate)
    if (difference != 0) return at + ((ctz(difference) >> 3) as usize)
    at += 8
    candidate += 8
  }
  while (at < end && load<u8>(at) == load<u8>(candidate)) {
    at++
    candidate++
  }
  return at
}

/** @returns where to write on */
function writeLiteral(out: usize, from: usize, length: usize): usize {
  const size = length - 1
  if (size < LITERAL_INLINE_MAX) {
    store<u8>(out++, (size << 2) as u8)
  } else if (size < 256) {
    store<u8>(out, 60 << 2)
    store<u8>(out + 1, size as u8)
    out += 2
  } else {
    store<u8>(out, 61 << 2)
    store<u16>(out + 1, size as u16)
    out += 3
  }
  memory.copy(out, from, length)
  return out + length
}

/** @returns where to write on */
function writeCopy(out: usize, offset: usize, length: usize): usize {
  // What is left after the last full copy must be 4 bytes at least.
  while (length >= COPY_BYTES_MAX + 4) {
    out = writeLongCopy(out, offset, COPY_BYTES_MAX)
    length -= COPY_BYTES_MAX
  }
  if (length > COPY_BYTES_MAX) {
    out = writeLongCopy(out, offset, COPY_BYTES_MAX - 4)
    length -= COPY_BYTES_MAX - 4
  }
  if (length > COPY_SHORT_BYTES_MAX || offset > COPY_SHORT_OFFSET_MAX) return writeLongCopy(out, offset, length)
  store<u8>(out, (((offset >> 8) << 5) | ((length - 4) << 2) | 1) as u8)
  store<u8>(out + 1, offset as u8)
  return out + 2
}

// @ts-ignore: decorator
@inline function writeLongCopy(out: usize, offset: usize, length: usize): usize {
  store<u8>(out, (((length - 1) << 2) | 2) as u8)
  store<u16>(out + 1, offset as u16)
  return out + 3
}
