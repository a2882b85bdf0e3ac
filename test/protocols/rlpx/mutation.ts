/** Bytes as an adversary changes them: a few steps from sound ones. */
import { concatBytes } from '../../../protocols/bytes.ts'
import type { SeededRandom } from '../../../runtime/simulation/random.ts'

/** Where lengths, lists, limits and signs begin. */
const EDGES = [0x00, 0x01, 0x04, 0x7f, 0x80, 0x81, 0xb7, 0xb8, 0xbf, 0xc0, 0xc1, 0xf7, 0xf8, 0xff]
const STEPS_MAX = 4
const INSERTED_MAX = 12

/** A copy of `bytes` with one to four changes. */
export function mutated(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  let out: Uint8Array = bytes.slice()
  for (let left = 1 + random.integer(STEPS_MAX); left > 0; left--) {
    const at = random.integer(out.length + 1)
    const end = Math.min(out.length, at + random.integer(INSERTED_MAX))
    switch (random.integer(6)) {
      case 0:
        if (at < out.length) out[at] = out[at]! ^ (1 << random.integer(8))
        break
      case 1:
        if (at < out.length) out[at] = EDGES[random.integer(EDGES.length)]!
        break
      case 2:
        out = concatBytes(out.subarray(0, at), out.subarray(end))
        break
      case 3:
        out = concatBytes(out.subarray(0, at), random.bytes(random.integer(INSERTED_MAX)), out.subarray(at))
        break
      case 4:
        out = concatBytes(out.subarray(0, end), out.subarray(at))
        break
      default:
        out = out.slice(0, at)
    }
  }
  return out
}
