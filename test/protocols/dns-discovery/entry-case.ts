/** One case of fuzzing the texts of DNS node lists, for CI and soak. */
import { formatEntry, nameOf, parseEntry, readEntry, readRoot } from '../../../protocols/dns-discovery/entry.ts'
import { makeTree } from '../../../protocols/dns-discovery/tree.ts'
import { nodeOfRecord } from '../../../protocols/enr/node.ts'
import { signRecord } from '../../../protocols/enr/record.ts'
import type { SeededRandom } from '../../../runtime/simulation/random.ts'
import { SIMULATED_IDENTITIES, simulatedNodeKey } from '../simulated-identities.ts'

const KEY = simulatedNodeKey(Uint8Array.of(3))
const LINK = { publicKey: KEY.publicKey, domain: 'nodes.example.org' }
const PIECES = [',', '@', ' ', '=', 'A', '7', '1', 'a', '.', '-', 'enr:', 'enrtree://', 'seq=', '\u00e9', '\n']
const CHANGES_MAX = 3

const TEXTS = ((): string[] => {
  const signed = signRecord(1n, [], KEY, SIMULATED_IDENTITIES)
  const node = signed.ok ? nodeOfRecord(signed.value, SIMULATED_IDENTITIES) : signed
  if (!node.ok) throw new Error(node.error.code)
  const nodes = [node.value, node.value, node.value]
  const tree = makeTree({ seq: 12n, nodes, links: [LINK] }, 'nodes.example.org', KEY, SIMULATED_IDENTITIES)
  return [...tree.texts.values()]
})()

/** A root but for the recovery byte of its signature, which nobody looks at. */
const signedPart = (root: string): string => root.slice(0, -2)

/** @returns what the text was taken for, or the code of its refusal. Throws where one is taken for what it is not. */
export function entryCase(random: SeededRandom): string {
  const sound = TEXTS[random.integer(TEXTS.length)]!
  let text = sound
  for (let left = random.integer(CHANGES_MAX + 1); left > 0; left--) {
    const at = random.integer(text.length + 1)
    text = text.slice(0, at) + PIECES[random.integer(PIECES.length)] + text.slice(at + random.integer(4))
  }
  const root = readRoot([text], LINK, SIMULATED_IDENTITIES)
  if (root.ok) {
    if (!TEXTS.some((one) => signedPart(one) === signedPart(text)))
      throw new Error(`not the root that was signed: ${text}`)
    return 'root'
  }
  const entry = parseEntry(text, SIMULATED_IDENTITIES)
  const named = readEntry([text], nameOf(text), SIMULATED_IDENTITIES)
  if (entry.ok !== named.ok) throw new Error(`by its name it is another: ${text}`)
  if (text !== sound && readEntry([text], nameOf(sound), SIMULATED_IDENTITIES).ok)
    throw new Error(`under the name of ${sound} stands ${text}`)
  if (!entry.ok) return text.startsWith('enrtree-root') ? root.error.code : entry.error.code
  if (parseEntry(formatEntry(entry.value, SIMULATED_IDENTITIES), SIMULATED_IDENTITIES).ok !== true)
    throw new Error(`written again it is refused: ${text}`)
  return entry.value.kind
}
