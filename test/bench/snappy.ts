/** Compressing messages as sessions do, beside the package that everybody takes. */
import { keccak_256 } from '@noble/hashes/sha3.js'
import { compress } from 'snappyjs'
import { deflateSnappy, inflateSnappy } from '../../protocols/snappy.ts'
import { seededRandom } from '../../runtime/simulation/random.ts'
import type { BenchCase, Contender } from './harness.ts'

const MEGABYTE = 1_000_000
const ROUND_BYTES = 8 * 1024 * 1024
const ROUND_BYTES_SMALL = 512 * 1024
const FACTOR = 3
/** As in the lists of RLP that blocks and transactions are: hashes and signatures, and between them what repeats. */
const RECORD_BYTES = 128
const NOISE_BYTES = 80

function payload(length: number): Uint8Array {
  const random = seededRandom('snappy')
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at += RECORD_BYTES) bytes.set(random.bytes(Math.min(NOISE_BYTES, length - at)), at)
  return bytes
}

export const snappyBenches: readonly BenchCase[] = [1024, 100 * 1024].map((size) => ({
  name: `snappy of ${size / 1024} KiB`,
  unit: 'MB/s',
  better: 'higher',
  rounds: 9,
  goals: [{ of: 'ours', over: 'snappyjs', factor: FACTOR }],
  async open(small) {
    const plain = payload(size)
    const count = Math.ceil((small ? ROUND_BYTES_SMALL : ROUND_BYTES) / size)
    const contender = (name: string, deflate: (bytes: Uint8Array) => Uint8Array): Contender => ({
      name,
      async run() {
        let last = plain
        const began = performance.now()
        for (let i = 0; i < count; i++) last = deflate(plain)
        const seconds = (performance.now() - began) / 1000
        const back = inflateSnappy(last, size)
        if (!back.ok) throw new Error(back.error.code)
        return { answer: keccak_256(back.value), measured: (size * count) / seconds / MEGABYTE }
      },
    })
    return {
      contenders: [contender('ours', deflateSnappy), contender('snappyjs', compress)],
      async close() {},
    }
  },
}))
