/** Ethash as an importing node needs it: the cache of an epoch, and checks of seals against it. */
import { Ethash } from '@ethereumjs/ethash'
import { hashimotoLight, makeCache } from '../../protocols/ethash/cache.ts'
import { datasetSize } from '../../protocols/ethash/epoch.ts'
import { compiledKernel } from '../../protocols/kernels/compiled-kernel.ts'
import { ethashKernel } from '../../protocols/kernels/ethash-kernel.ts'
import type { BenchCase, Contender } from './harness.ts'

/** Goal of the issue, for both. */
const FACTOR = 20
/** A prime number of rows, as every cache has; that of epoch 0 has 262,139. */
const CACHE_ROWS = 16_381
const CACHE_ROWS_SMALL = 251
const CHECKS = 200
const CHECKS_SMALL = 4
const ROW_BYTES = 64
const DATASET_BYTES = datasetSize(0)

export const ethashCache: BenchCase = {
  name: 'ethash cache generation',
  unit: 'rows/s',
  better: 'higher',
  rounds: 5,
  goals: [{ of: 'ours', over: '@ethereumjs/ethash', factor: FACTOR }],
  async open(small) {
    const rows = small ? CACHE_ROWS_SMALL : CACHE_ROWS
    const seed = new Uint8Array(32)
    const [module] = (await compiledKernel('ethash')).values()
    const kernel = ethashKernel(module!, rows * ROW_BYTES)
    const contender = (name: string, make: () => Uint8Array): Contender => ({
      name,
      async run() {
        const began = performance.now()
        const cache = make()
        const measured = (rows / (performance.now() - began)) * 1000
        return { answer: cache, measured }
      },
    })
    return {
      contenders: [
        contender('ours', () => {
          kernel.fill(seed)
          return kernel.cache.slice()
        }),
        contender('@ethereumjs/ethash', () => joined(new Ethash().mkcache(rows * ROW_BYTES, seed))),
      ],
      async close() {},
    }
  },
}

export const ethashSeal: BenchCase = {
  name: 'ethash light check of a seal',
  unit: 'seals/s',
  better: 'higher',
  rounds: 5,
  goals: [{ of: 'ours', over: '@ethereumjs/ethash', factor: FACTOR }],
  async open(small) {
    const cache = makeCache(0)
    const theirs = new Ethash()
    theirs.cache = Array.from({ length: cache.bytes.length / ROW_BYTES }, (_, row) =>
      cache.bytes.slice(row * ROW_BYTES, (row + 1) * ROW_BYTES),
    )
    const sealHash = new Uint8Array(32).fill(1)
    const nonceOf = (i: number): Uint8Array => Uint8Array.of(0, 0, 0, 0, 0, 0, 0, i)
    const ourChecks = small ? CHECKS_SMALL : CHECKS
    // Theirs is measured on fewer, which it takes as long for; the first ones are compared.
    const theirChecks = CHECKS_SMALL
    const contender = (name: string, checks: number, check: (nonce: Uint8Array) => Uint8Array): Contender => ({
      name,
      async run() {
        const answers: Uint8Array[] = []
        const began = performance.now()
        for (let i = 0; i < checks; i++) answers.push(check(nonceOf(i)))
        const measured = (checks / (performance.now() - began)) * 1000
        return { answer: joined(answers.slice(0, theirChecks)), measured }
      },
    })
    return {
      contenders: [
        contender('ours', ourChecks, (nonce) => hashimotoLight(cache, sealHash, nonce).result),
        contender(
          '@ethereumjs/ethash',
          theirChecks,
          (nonce) => new Uint8Array(theirs.run(sealHash, nonce, DATASET_BYTES).hash),
        ),
      ],
      async close() {},
    }
  },
}

const joined = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))
