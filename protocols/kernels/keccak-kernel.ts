/** Keccak-256 in WebAssembly: one instance, whose memory every call uses again. */
import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesEqual } from '../bytes.ts'
import { hexConstant } from '../hex.ts'

/** Takes a message in parts; the state of RLPx's frame MACs. */
export type Keccak256Stream = {
  /** Appends bytes. @returns itself */
  update(bytes: Uint8Array): Keccak256Stream
  /** Digest of all that was appended so far, 32 bytes, the caller's; more may be appended after it. */
  digest(): Uint8Array
  /** Another stream that has taken the same. */
  clone(): Keccak256Stream
}

export type KeccakKernel = {
  /** @returns 32 bytes, the caller's */
  hash(message: Uint8Array): Uint8Array
  /** @returns the digests one after the other, 32 bytes each, in `digests` where that is given */
  hashBatch(messages: readonly Uint8Array[], digests?: Uint8Array): Uint8Array
  stream(): Keccak256Stream
}

const DIGEST_BYTES = 32
const RATE = 136
const STATE_BYTES = 200

type KeccakExports = {
  readonly memory: WebAssembly.Memory
  readonly INPUT_BYTES: WebAssembly.Global
  readonly INPUT: WebAssembly.Global
  readonly STATE: WebAssembly.Global
  readonly STREAM: WebAssembly.Global
  readonly BATCH_MAX: WebAssembly.Global
  readonly LENGTHS: WebAssembly.Global
  readonly DIGESTS: WebAssembly.Global
  hash(length: number): void
  start(): void
  absorbInput(): void
  finish(length: number): void
  streamUpdate(position: number, length: number): number
  streamDigest(position: number): void
  hashBatch(count: number): void
}

export function keccakKernel(module: WebAssembly.Module): KeccakKernel {
  const kernel = new WebAssembly.Instance(module).exports as KeccakExports
  const { buffer } = kernel.memory
  const inputBytes = kernel.INPUT_BYTES.value
  const batchMax = kernel.BATCH_MAX.value
  const input = new Uint8Array(buffer, kernel.INPUT.value, inputBytes)
  const digest = new Uint8Array(buffer, kernel.STATE.value, DIGEST_BYTES)
  const open = new Uint8Array(buffer, kernel.STREAM.value, STATE_BYTES)
  const lengths = new Uint32Array(buffer, kernel.LENGTHS.value, batchMax)
  const batchDigests = new Uint8Array(buffer, kernel.DIGESTS.value, batchMax * DIGEST_BYTES)
  const { hash: hashInput, start, absorbInput, finish, streamUpdate, streamDigest, hashBatch: hashLaid } = kernel

  /** Leaves the digest in `digest`. */
  function compute(message: Uint8Array): void {
    if (message.length < inputBytes) {
      input.set(message)
      hashInput(message.length)
      return
    }
    start()
    let at = 0
    for (; message.length - at >= inputBytes; at += inputBytes) {
      input.set(message.subarray(at, at + inputBytes))
      absorbInput()
    }
    input.set(message.subarray(at))
    finish(message.length - at)
  }

  function hash(message: Uint8Array): Uint8Array {
    compute(message)
    return new Uint8Array(digest)
  }

  function hashBatch(messages: readonly Uint8Array[], digests?: Uint8Array): Uint8Array {
    const out = digests ?? new Uint8Array(messages.length * DIGEST_BYTES)
    let count = 0
    let used = 0
    let written = 0
    const flush = (): void => {
      if (count === 0) return
      hashLaid(count)
      out.set(count === batchMax ? batchDigests : batchDigests.subarray(0, count * DIGEST_BYTES), written)
      written += count * DIGEST_BYTES
      count = 0
      used = 0
    }
    for (let i = 0; i < messages.length; i++) {
      const message = messages[i]!
      const { length } = message
      const room = length - (length % RATE) + RATE
      if (used + room > inputBytes) flush()
      if (room > inputBytes) {
        compute(message)
        out.set(digest, written)
        written += DIGEST_BYTES
        continue
      }
      input.set(message, used)
      lengths[count++] = length
      used += room
    }
    flush()
    return out
  }

  /** Whose state stands in the kernel's memory. It goes out to its owner only when another one's comes in. */
  let inside: Stream | undefined
  type Stream = { readonly state: Uint8Array; position: number }
  function bringIn(stream: Stream): void {
    if (inside === stream) return
    inside?.state.set(open)
    open.set(stream.state)
    inside = stream
  }

  function streamOver(own: Stream): Keccak256Stream {
    return {
      update(bytes) {
        bringIn(own)
        for (let at = 0; at < bytes.length; at += inputBytes) {
          const part = bytes.length <= inputBytes ? bytes : bytes.subarray(at, at + inputBytes)
          input.set(part)
          own.position = streamUpdate(own.position, part.length)
        }
        return this
      },
      digest() {
        bringIn(own)
        streamDigest(own.position)
        return new Uint8Array(digest)
      },
      clone() {
        bringIn(own)
        return streamOver({ state: open.slice(), position: own.position })
      },
    }
  }

  return { hash, hashBatch, stream: () => streamOver({ state: new Uint8Array(STATE_BYTES), position: 0 }) }
}

/** keccak256 of nothing (Yellow Paper 4.1, the code hash of an account without code) and of "abc" (Keccak team). */
const EMPTY_DIGEST = hexConstant('c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470')
const ABC_DIGEST = hexConstant('4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45')
/** Around each border of the padding, and of two and more blocks. */
const TESTED_LENGTHS = [0, 1, 7, 8, 32, 110, 127, 135, 136, 137, 271, 272, 532]

/** The self-test of a thread's start: every way of hashing against known digests and @noble/hashes. */
export function keccakKernelPasses(kernel: KeccakKernel): boolean {
  if (!bytesEqual(kernel.hash(new Uint8Array(0)), EMPTY_DIGEST)) return false
  if (!bytesEqual(kernel.hash(Uint8Array.of(0x61, 0x62, 0x63)), ABC_DIGEST)) return false
  const messages = TESTED_LENGTHS.map((length) => Uint8Array.from({ length }, (_, i) => 7 * i + length))
  const batch = kernel.hashBatch(messages)
  const stream = kernel.stream()
  let all = new Uint8Array(0)
  return messages.every((message, i) => {
    const expected = keccak_256(message)
    all = Uint8Array.of(...all, ...message)
    return (
      bytesEqual(kernel.hash(message), expected) &&
      bytesEqual(batch.subarray(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES), expected) &&
      bytesEqual(stream.update(message).clone().digest(), keccak_256(all))
    )
  })
}
