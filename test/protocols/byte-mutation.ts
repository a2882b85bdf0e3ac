/** Bytes as a careless or hostile peer would change them. */
import type { SeededRandom } from '../../runtime/simulation/random.ts'

const CHANGES_MAX = 4
const INSERTED_MAX = 40
/** Prefixes of RLP that lengths hang on. */
const TELLING = [0x00, 0x01, 0x7f, 0x80, 0x81, 0xb7, 0xb8, 0xbf, 0xc0, 0xc1, 0xf7, 0xf8, 0xff]

/** A few changes to a copy: bytes set, cut out, repeated, put in; sometimes none. */
export function mutated(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  let now = Array.from(bytes)
  for (let left = random.integer(CHANGES_MAX + 1); left > 0; left--) {
    const at = random.integer(now.length + 1)
    switch (random.integer(5)) {
      case 0:
        if (at < now.length) now[at] = random.integer(256)
        break
      case 1:
        if (at < now.length) now[at] = TELLING[random.integer(TELLING.length)]!
        break
      case 2:
        now.splice(at, random.integer(INSERTED_MAX))
        break
      case 3:
        now.splice(at, 0, ...now.slice(at, at + random.integer(INSERTED_MAX)))
        break
      default:
        now = [...now.slice(0, at), ...random.bytes(random.integer(INSERTED_MAX)), ...now.slice(at)]
    }
  }
  return Uint8Array.from(now)
}
