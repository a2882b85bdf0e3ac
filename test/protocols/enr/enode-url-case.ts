/** One case of fuzzing enode URLs, for CI and soak. */
import { formatNode, parseNode } from '../../../protocols/enr/node.ts'
import { bytesToBareHex } from '../../../protocols/hex.ts'
import type { SeededRandom } from '../../../runtime/simulation/random.ts'
import { SIMULATED_IDENTITIES, simulatedNodeKey } from '../simulated-identities.ts'

const KEY = bytesToBareHex(simulatedNodeKey(Uint8Array.of(1)).publicKey)
const SOUND = [
  `enode://${KEY}@[2001:db8::1]:30303?discport=30301`,
  `enode://${KEY}@1.2.3.4:30303`,
  `enode://${KEY}@bootnode.example.org:30303?discport=0`,
]
/** Where the key ends: most changes fall behind it. */
const KEY_END = SOUND[0]!.indexOf('@')
const PIECES = ['@', ':', '[', ']', '?', '=', '&', 'discport=', '1', '.', '0', 'a', '::', '%', '1.2.3.4', ' ', '\u00e9']
const CHANGES_MAX = 3

/** @returns whether the text was a node. Throws where a node is not written as it was read. */
export function enodeUrlCase(random: SeededRandom): boolean {
  let text = SOUND[random.integer(SOUND.length)]!
  for (let left = random.integer(CHANGES_MAX + 1); left > 0; left--) {
    const from = random.integer(10) === 0 ? 0 : Math.min(KEY_END, text.length)
    const at = from + random.integer(text.length + 1 - from)
    text = text.slice(0, at) + PIECES[random.integer(PIECES.length)] + text.slice(at + random.integer(5))
  }
  const node = parseNode(text, SIMULATED_IDENTITIES)
  if (!node.ok) return false
  const written = formatNode(node.value)
  const again = parseNode(written, SIMULATED_IDENTITIES)
  if (!again.ok || formatNode(again.value) !== written) throw new Error(`read as ${written}: ${text}`)
  return true
}
