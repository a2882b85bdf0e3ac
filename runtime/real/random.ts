import { randomFillSync } from 'node:crypto'
import type { Random } from '../capabilities.ts'
import { uniformFloat, uniformInteger } from './uniform.ts'

/** Bytes drawn at once for small requests: one call into the system costs as much as some thousand bytes. */
const POOL_BYTES = 4096
/** A request of more than this is filled directly. */
const POOLED_BYTES_MAX = 256

/** Cryptographic randomness. Bytes leave the pool once and are wiped from it. */
export function realRandom(): Random {
  const pool = new Uint8Array(POOL_BYTES)
  const view = new DataView(pool.buffer)
  let used = POOL_BYTES

  function take(count: number): number {
    if (used + count > POOL_BYTES) {
      randomFillSync(pool)
      used = 0
    }
    const at = used
    used += count
    return at
  }
  function word(): number {
    const at = take(4)
    const value = view.getUint32(at)
    view.setUint32(at, 0)
    return value
  }

  return {
    bytes(count) {
      if (count > POOLED_BYTES_MAX) return randomFillSync(new Uint8Array(count))
      const at = take(count)
      const bytes = pool.slice(at, at + count)
      pool.fill(0, at, at + count)
      return bytes
    },
    float: () => uniformFloat(word),
    integer: (below) => uniformInteger(word, below),
  }
}
