/** Frames of RLPx: encrypting with the MACs, and opening again, of the sizes that sessions see most and largest. */
import { keccak_256 } from '@noble/hashes/sha3.js'
import { keccak256Stream } from '../../protocols/keccak256.ts'
import { frameReader, frameWriter } from '../../protocols/rlpx/frame.ts'
import { frameMac } from '../../protocols/rlpx/frame-mac.ts'
import type { Secrets } from '../../protocols/rlpx/secrets.ts'
import { realCiphers } from '../../runtime/real/ciphers.ts'
import type { BenchCase, Contender } from './harness.ts'
import { nobleFrameWriter } from './naive/noble-frames.ts'

const MEGABYTE = 1_000_000
/** Bytes of a round, and of a short one. */
const ROUND_BYTES = 40 * 1024 * 1024
const ROUND_BYTES_SMALL = 1024 * 1024
/** The alternative's MAC alone is this many times as slow. */
const FACTOR = 3
/** As a socket gives them. */
const CHUNK_BYTES = 64 * 1024

const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 31 + (i >>> 8)) & 0xff)
const SECRETS: Secrets = { aes: bytes(32), mac: bytes(32).reverse(), egressSeed: bytes(400), ingressSeed: bytes(400) }

const ends = () => {
  const mac = frameMac(keccak256Stream().update(SECRETS.egressSeed), realCiphers.block(SECRETS.mac))
  return [realCiphers.counterMode(SECRETS.aes, new Uint8Array(16)), mac] as const
}
function ourWriter(): (code: number, payload: Uint8Array) => Uint8Array {
  const write = frameWriter(...ends())
  return (code, payload) => {
    const frame = write(code, payload)
    if (!frame.ok) throw new Error(frame.error.code)
    return frame.value
  }
}

/** Frames and their bytes in MB/s of payload; the answer is a hash of the last frame, which all before it went into. */
function writing(
  name: string,
  open: () => (code: number, payload: Uint8Array) => Uint8Array,
  size: number,
  count: number,
) {
  const payload = bytes(size)
  return {
    name,
    async run() {
      const write = open()
      let last: Uint8Array = payload
      const began = performance.now()
      for (let i = 0; i < count; i++) last = write(0x10, payload)
      const seconds = (performance.now() - began) / 1000
      return { answer: keccak_256(last), measured: (size * count) / seconds / MEGABYTE }
    },
  } satisfies Contender
}

/** Opens what was written, in the pieces of a socket. The answer is a hash of the last frame that it understood. */
function reading(name: string, size: number, count: number): Contender {
  const write = ourWriter()
  const payload = bytes(size)
  const written = Array.from({ length: count }, () => write(0x10, payload))
  const wire = Buffer.concat(written)
  return {
    name,
    async run() {
      const reader = frameReader(...ends())
      let frames = 0
      let last: Uint8Array | undefined
      const began = performance.now()
      for (let at = 0; at < wire.length; at += CHUNK_BYTES) {
        reader.feed(wire.subarray(at, at + CHUNK_BYTES))
        for (;;) {
          const frame = reader.next()
          if (!frame.ok) throw new Error(frame.error.code)
          if (frame.value === undefined) break
          last = frame.value.payload
          frames++
        }
      }
      const seconds = (performance.now() - began) / 1000
      if (frames !== count || Buffer.compare(last!, payload) !== 0) throw new Error('something else was read')
      return { answer: keccak_256(written.at(-1)!), measured: (size * count) / seconds / MEGABYTE }
    },
  }
}

export const frameBenches: readonly BenchCase[] = [1024, 100 * 1024].map((size) => ({
  name: `frames of ${size / 1024} KiB`,
  unit: 'MB/s',
  better: 'higher',
  rounds: 9,
  goals: [{ of: 'written', over: 'written, node:crypto and @noble/hashes', factor: FACTOR }],
  async open(small) {
    const count = Math.ceil((small ? ROUND_BYTES_SMALL : ROUND_BYTES) / size)
    return {
      contenders: [
        writing('written', ourWriter, size, count),
        reading('read', size, count),
        writing('written, node:crypto and @noble/hashes', () => nobleFrameWriter(SECRETS), size, count),
      ],
      async close() {},
    }
  },
}))
