/** What strangers send to discovery, mutated: packets, node records, enode URLs, texts of DNS lists. */
import { type SeededRandom, seededRandom } from '../../runtime/simulation/random.ts'
import { packetCase } from '../protocols/discv4/packet-case.ts'
import { entryCase } from '../protocols/dns-discovery/entry-case.ts'
import { enodeUrlCase } from '../protocols/enr/enode-url-case.ts'
import { recordCase } from '../protocols/enr/record-case.ts'

const CODECS: readonly (readonly [name: string, one: (random: SeededRandom) => unknown])[] = [
  ['packets', packetCase],
  ['records', recordCase],
  ['URLs', enodeUrlCase],
  ['DNS texts', entryCase],
]

/** @param count cases of each codec. @returns how many were accepted. Throws at the first that is taken for what it is not. */
export function mutateDiscovery(count: number, seed: string): string {
  return CODECS.map(([name, one]) => {
    const random = seededRandom(`${seed} ${name}`)
    let accepted = 0
    for (let i = 0; i < count; i++) {
      try {
        if (isAccepted(one(random))) accepted++
      } catch (cause) {
        throw new Error(`seed ${seed}, ${name}, case ${i}`, { cause })
      }
    }
    return `${accepted} ${name}`
  }).join(', ')
}

/** Cases answer with true, or with what the bytes were taken for; refusals with false, or a code in capitals. */
const isAccepted = (outcome: unknown): boolean =>
  outcome === true || (typeof outcome === 'string' && outcome !== outcome.toUpperCase())
