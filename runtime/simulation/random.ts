import type { Random } from '../capabilities.ts'
import { uniformFloat, uniformInteger } from '../real/uniform.ts'

export type SeededRandom = Random & {
  /** The next 32 bits. */
  word(): number
  /** An independent stream: it depends on the seed and `name` only, not on what was drawn before. */
  fork(name: string): SeededRandom
}

/** Not cryptographic: xoshiro128** 1.1 (Blackman, Vigna), seeded with a hash of `seed`. */
export function seededRandom(seed: string | number): SeededRandom {
  const text = String(seed)
  let [a, b, c, d] = hash128(text)

  function word(): number {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = rotate(d, 11)
    return result
  }

  return {
    word,
    float: () => uniformFloat(word),
    integer: (below) => uniformInteger(word, below),
    bytes(count) {
      const bytes = new Uint8Array(count)
      for (let at = 0; at < count; at += 4) {
        const drawn = word()
        for (let i = 0; i < 4 && at + i < count; i++) bytes[at + i] = drawn >>> (8 * i)
      }
      return bytes
    },
    fork: (name) => seededRandom(`${text}/${name.length}:${name}`),
  }
}

const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by))

/** cyrb128 (bryc, public domain): four words out of a text, never all zero here. */
function hash128(text: string): [number, number, number, number] {
  let a = 1779033703
  let b = 3144134277
  let c = 1013904242
  let d = 2773480762
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    a = b ^ Math.imul(a ^ unit, 597399067)
    b = c ^ Math.imul(b ^ unit, 2869860233)
    c = d ^ Math.imul(c ^ unit, 951274213)
    d = a ^ Math.imul(d ^ unit, 2716044179)
  }
  a = Math.imul(c ^ (a >>> 18), 597399067)
  b = Math.imul(d ^ (b >>> 22), 2869860233)
  c = Math.imul(a ^ (c >>> 17), 951274213)
  d = Math.imul(b ^ (d >>> 19), 2716044179)
  a ^= b ^ c ^ d
  return [a | 1, b ^ a, c ^ a, d ^ a]
}
