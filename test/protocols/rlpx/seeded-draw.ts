/** Randomness for handshakes in tests: the same for the same seed. */

import { drawHandshake, type HandshakeDraw } from '../../../protocols/rlpx/handshake.ts'
import { seededRandom } from '../../../runtime/simulation/random.ts'

export function seededDraw(seed: string): HandshakeDraw {
  const random = seededRandom(seed)
  return drawHandshake((count) => random.bytes(count))
}
