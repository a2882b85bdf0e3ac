/**
 * Consecutive blocks in one buffer, as actors hand them to each other: one transfer instead of many small copies.
 * Per block: hash (32), flags (1), total difficulty (32, big-endian, if flag 1), header length (4), header, body length
 * (4), body. The hash was computed by who made the batch.
 */

export type BatchedBlock = {
  /** keccak256 of the header, 32 bytes. */
  readonly hash: Uint8Array
  readonly headerBytes: Uint8Array
  readonly bodyBytes: Uint8Array
  /** As the source claims it; undefined where the source says nothing. */
  readonly totalDifficulty: bigint | undefined
}

const HASH_BYTES = 32
const LENGTH_BYTES = 4
const HAS_TOTAL_DIFFICULTY = 1

const sizeOf = (block: BatchedBlock): number =>
  HASH_BYTES +
  1 +
  (block.totalDifficulty === undefined ? 0 : 32) +
  2 * LENGTH_BYTES +
  block.headerBytes.length +
  block.bodyBytes.length

/** @returns a buffer that holds nothing else. */
export function encodeBlockBatch(blocks: readonly BatchedBlock[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(blocks.reduce((sum, block) => sum + sizeOf(block), 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  const append = (part: Uint8Array): void => {
    bytes.set(part, at)
    at += part.length
  }
  const appendSized = (part: Uint8Array): void => {
    view.setUint32(at, part.length)
    at += LENGTH_BYTES
    append(part)
  }
  for (const block of blocks) {
    append(block.hash)
    bytes[at++] = block.totalDifficulty === undefined ? 0 : HAS_TOTAL_DIFFICULTY
    if (block.totalDifficulty !== undefined) {
      for (let word = 0; word < 4; word++)
        view.setBigUint64(at + 8 * word, BigInt.asUintN(64, block.totalDifficulty >> BigInt(64 * (3 - word))))
      at += 32
    }
    appendSized(block.headerBytes)
    appendSized(block.bodyBytes)
  }
  return bytes
}

/** Views into `bytes`. @throws RangeError when it is no batch: a bug of the sender, who is of this process. */
export function decodeBlockBatch(bytes: Uint8Array): BatchedBlock[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const blocks: BatchedBlock[] = []
  let at = 0
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) throw new RangeError(`block batch ends at ${bytes.length}, wanted ${at + length}`)
    at += length
    return bytes.subarray(at - length, at)
  }
  const takeSized = (): Uint8Array => {
    const length = view.getUint32(at)
    at += LENGTH_BYTES
    return take(length)
  }
  while (at < bytes.length) {
    const hash = take(HASH_BYTES)
    const flags = take(1)[0]
    let totalDifficulty: bigint | undefined
    if (flags === HAS_TOTAL_DIFFICULTY) {
      totalDifficulty = 0n
      for (let word = 0; word < 4; word++) totalDifficulty = (totalDifficulty << 64n) | view.getBigUint64(at + 8 * word)
      at += 32
    }
    blocks.push({ hash, headerBytes: takeSized(), bodyBytes: takeSized(), totalDifficulty })
  }
  return blocks
}
