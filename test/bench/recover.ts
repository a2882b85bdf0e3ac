/** Senders of a block of transfers: each implementation on one thread, and the pool on one thread and on two. */
import { availableParallelism } from 'node:os'
import { concatBytes } from '../../protocols/bytes.ts'
import { keccak256 } from '../../protocols/keccak256.ts'
import { type Backend, type Secp256k1, secp256k1Of } from '../../protocols/secp256k1/backend.ts'
import { RECOVER_ROW_BYTES } from '../../protocols/secp256k1/batch.ts'
import { nobleBackend } from '../../protocols/secp256k1/noble.ts'
import { secp256k1 } from '../../protocols/secp256k1/secp256k1.ts'
import { wasmBackend } from '../../protocols/secp256k1/wasm.ts'
import { openPool } from '../../runtime/pool.ts'
import { poolJob } from '../../runtime/pool-job.ts'
import { realClock } from '../../runtime/real/clock.ts'
import type { BenchCase, Contender } from './harness.ts'

const COUNT = 2_000
const COUNT_SMALL = 100
/** Keys that sign in turn; the answers of the first so many rows are compared. */
const KEYS = 50
/** Rows of one job. */
const BATCH_ROWS = 100

/** Rows of `count` signatures by `KEYS` keys in turn, each of another hash. */
function signedRows(count: number): Uint8Array {
  return concatBytes(
    ...Array.from({ length: count }, (_, i) => {
      const hash = keccak256(Uint8Array.of(i, i >> 8))
      return [hash, secp256k1.sign(hash, new Uint8Array(32).fill((i % KEYS) + 1))!]
    }).flat(),
  )
}

/** Recovers the first `count` rows. @returns the keys of the first `KEYS`: what all can be compared by. */
function alone(name: string, curve: Secp256k1, rows: Uint8Array, count: number): Contender {
  return {
    name,
    async run() {
      const began = performance.now()
      const keys: Uint8Array[] = []
      for (let i = 0; i < count; i++) {
        const row = rows.subarray(i * RECOVER_ROW_BYTES, (i + 1) * RECOVER_ROW_BYTES)
        keys.push(curve.recover(row.subarray(0, 32), row.subarray(32))!)
      }
      return { answer: concatBytes(...keys.slice(0, KEYS)), measured: (count / (performance.now() - began)) * 1000 }
    },
  }
}

const ofBackend = (backend: Backend, rows: Uint8Array, count: number): Contender =>
  alone(backend.name, secp256k1Of(backend), rows, count)

export const recovering: BenchCase = {
  name: 'secp256k1: recover a batch',
  unit: 'signatures/s',
  better: 'higher',
  rounds: 7,
  goals: [
    { of: 'ours', over: 'noble', factor: 30 },
    ...(availableParallelism() > 1 ? [{ of: 'pool of 2', over: 'pool of 1', factor: 1.6 }] : []),
  ],
  async open(small) {
    const count = small ? COUNT_SMALL : COUNT
    const rows = signedRows(count)
    const url = new URL('../../actors/pool/jobs/signatures.ts', import.meta.url)
    const job = poolJob(url, 'recoverKeys', () => import('../../actors/pool/jobs/signatures.ts'))
    const pools = await Promise.all([1, 2].map((threads) => openPool({ threads, clock: realClock })))
    const pooled = pools.map(
      (pool, i): Contender => ({
        name: `pool of ${i + 1}`,
        async run() {
          const began = performance.now()
          const batches: Promise<Uint8Array>[] = []
          for (let at = 0; at < rows.length; at += BATCH_ROWS * RECOVER_ROW_BYTES) {
            const batch = rows.slice(at, at + BATCH_ROWS * RECOVER_ROW_BYTES)
            const options = {
              owner: 'bench',
              priority: 'normal',
              deadlineMs: 60_000,
              transfer: [batch.buffer],
            } as const
            batches.push(
              pool.run(job, batch, options).then((done) => {
                if (!done.ok) throw new Error(done.error.detail)
                return done.value.rows
              }),
            )
          }
          const keys = await Promise.all(batches)
          return { answer: keys[0]!.slice(0, KEYS * 64), measured: (count / (performance.now() - began)) * 1000 }
        },
      }),
    )
    return {
      contenders: [
        alone('ours', secp256k1, rows, count),
        ...pooled,
        ofBackend(wasmBackend, rows, Math.max(KEYS, count / 4)),
        ofBackend(nobleBackend, rows, Math.max(KEYS, count / 20)),
      ],
      close: async () => {
        for (const pool of pools) await pool.close()
      },
    }
  },
}
