/** Accumulator of an era1 file: SSZ hash_tree_root of List[HeaderRecord, 8192] (portal network, history accumulator). */
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes } from '../bytes.ts'

/** Blocks of one epoch, and so of one era1 file. */
export const ERA1_BLOCKS_MAX = 8_192
/** Levels over the 8,192 leaves. */
const DEPTH = 13
const WORD = 32

/** Collects block hashes and total difficulties in order; holds one hash per level of the tree. */
export function accumulator() {
  const pending: (Uint8Array | undefined)[] = new Array(DEPTH + 1).fill(undefined)
  let count = 0
  return {
    /** `totalDifficulty` includes the block's own. At most 8,192 records. */
    add(blockHash: Uint8Array, totalDifficulty: bigint): void {
      if (count >= ERA1_BLOCKS_MAX) throw new Error('accumulator is full')
      count++
      let node = hashPair(blockHash, uint256LittleEndian(totalDifficulty))
      let level = 0
      for (let left = pending[level]; left !== undefined; left = pending[level]) {
        node = hashPair(left, node)
        pending[level++] = undefined
      }
      pending[level] = node
    },
    /** Root over what was added so far, 32 bytes. */
    root(): Uint8Array {
      let node: Uint8Array | undefined
      for (let level = 0; level < DEPTH; level++) {
        const left = pending[level]
        if (left !== undefined) node = hashPair(left, node ?? ZERO_SUBTREES[level]!)
        else if (node !== undefined) node = hashPair(node, ZERO_SUBTREES[level]!)
      }
      const tree = pending[DEPTH] ?? node ?? ZERO_SUBTREES[DEPTH]!
      return hashPair(tree, uint256LittleEndian(BigInt(count)))
    },
  }
}

/** 32 bytes, least significant first. */
export function uint256LittleEndian(value: bigint): Uint8Array {
  const out = new Uint8Array(WORD)
  const view = new DataView(out.buffer)
  for (let i = 0, rest = value; rest > 0n; i += 8, rest >>= 64n)
    view.setBigUint64(i, rest & 0xffff_ffff_ffff_ffffn, true)
  return out
}

export function littleEndianToUint(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, WORD)
  let value = 0n
  for (let i = WORD - 8; i >= 0; i -= 8) value = (value << 64n) | view.getBigUint64(i, true)
  return value
}

const hashPair = (left: Uint8Array, right: Uint8Array): Uint8Array => sha256(concatBytes(left, right))

/** Root of a tree of zero leaves, by its height. */
const ZERO_SUBTREES = (() => {
  const roots: Uint8Array[] = [new Uint8Array(WORD)]
  for (let level = 0; level < DEPTH; level++) roots.push(hashPair(roots[level]!, roots[level]!))
  return roots
})()
