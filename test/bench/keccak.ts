/** Keccak-256 of what a node hashes most: a key, a transaction to sign, a full branch node of the trie. */
import { keccak_256 } from '@noble/hashes/sha3.js'
import { keccak256, keccak256Batch } from '../../protocols/keccak256.ts'
import type { BenchCase, Contender } from './harness.ts'

const COUNT = 20_000
const COUNT_SMALL = 500
const DIGEST_BYTES = 32
/** Both goals of the issue: one by one, and in batches. */
const FACTOR = 10
const FACTOR_BATCH = 16

export const keccakBenches: readonly BenchCase[] = [32, 110, 532].map((bytes) => ({
  name: `keccak256 of ${bytes} bytes`,
  unit: 'hashes/s',
  better: 'higher',
  rounds: 11,
  goals: [
    { of: 'ours', over: '@noble/hashes', factor: FACTOR },
    { of: 'ours, in batches', over: '@noble/hashes', factor: FACTOR_BATCH },
  ],
  async open(small) {
    const messages = Array.from({ length: small ? COUNT_SMALL : COUNT }, (_, i) =>
      Uint8Array.from({ length: bytes }, (_, at) => i * 31 + (at === 0 ? i >> 8 : at)),
    )
    const oneByOne = (hash: (message: Uint8Array) => Uint8Array) => (): Uint8Array => {
      const digests = new Uint8Array(messages.length * DIGEST_BYTES)
      let at = 0
      for (const message of messages) {
        digests.set(hash(message), at)
        at += DIGEST_BYTES
      }
      return digests
    }
    const contender = (name: string, run: () => Uint8Array): Contender => ({
      name,
      async run() {
        const began = performance.now()
        const answer = run()
        return { answer, measured: (messages.length / (performance.now() - began)) * 1000 }
      },
    })
    return {
      contenders: [
        contender('ours', oneByOne(keccak256)),
        contender('ours, in batches', () => keccak256Batch(messages)),
        contender('@noble/hashes', oneByOne(keccak_256)),
      ],
      async close() {},
    }
  },
}))
