/** Compression of snappy in WebAssembly: one instance, whose memory every call uses again. */
import { bytesEqual } from '../bytes.ts'
import { hexConstant } from '../hex.ts'

export type SnappyKernel = {
  /** The length in front and what stands for the bytes, in a buffer of its own. */
  deflate(bytes: Uint8Array): Uint8Array
}

type SnappyExports = {
  readonly memory: WebAssembly.Memory
  readonly BLOCK_BYTES: WebAssembly.Global
  readonly INPUT: WebAssembly.Global
  readonly OUTPUT: WebAssembly.Global
  compress(length: number): number
}

export function snappyKernel(module: WebAssembly.Module): SnappyKernel {
  const kernel = new WebAssembly.Instance(module).exports as SnappyExports
  const { buffer } = kernel.memory
  const blockBytes = kernel.BLOCK_BYTES.value
  const input = new Uint8Array(buffer, kernel.INPUT.value, blockBytes)
  const outputAt = kernel.OUTPUT.value

  return {
    deflate(bytes) {
      const prefix = lengthPrefix(bytes.length)
      const blocks: Uint8Array[] = []
      let size = prefix.length
      for (let at = 0; at < bytes.length; at += blockBytes) {
        const block = bytes.length <= blockBytes ? bytes : bytes.subarray(at, at + blockBytes)
        input.set(block)
        const compressed = new Uint8Array(buffer, outputAt, kernel.compress(block.length))
        size += compressed.length
        // The next block is written over this one.
        blocks.push(at + blockBytes < bytes.length ? compressed.slice() : compressed)
      }
      const out = new Uint8Array(size)
      out.set(prefix)
      let written = prefix.length
      for (const block of blocks) {
        out.set(block, written)
        written += block.length
      }
      return out
    },
  }
}

/** A varint of 7 bits a byte, the lowest first. */
function lengthPrefix(length: number): Uint8Array {
  const bytes: number[] = []
  let rest = length
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  bytes.push(rest)
  return Uint8Array.from(bytes)
}

/** The empty list of RLP as EIP-706 has it, and 100 times the letter a: a literal, a copy of 64 and one of 35. */
const EMPTY_LIST = hexConstant('0100c0')
const LETTERS = hexConstant('640061fe01008a0100')

/** The self-test of a thread's start: known answers of every kind of element. */
export function snappyKernelPasses(kernel: SnappyKernel): boolean {
  return (
    bytesEqual(kernel.deflate(Uint8Array.of(0xc0)), EMPTY_LIST) &&
    bytesEqual(kernel.deflate(new Uint8Array(100).fill(0x61)), LETTERS)
  )
}
