/** One case of fuzzing node records, for CI and soak. */
import { bytesEqual } from '../../../protocols/bytes.ts'
import {
  forkIdEntry,
  forkIdOf,
  ip4Entry,
  ip4Of,
  ip6Entry,
  PORT_KEYS,
  portEntry,
  portOf,
} from '../../../protocols/enr/entries.ts'
import { nodeOfRecord } from '../../../protocols/enr/node.ts'
import { decodeRecord, RECORD_BYTES_MAX, signRecord, verifyRecord } from '../../../protocols/enr/record.ts'
import { formatRecord, parseRecord } from '../../../protocols/enr/text.ts'
import { encodeRlp } from '../../../protocols/rlp.ts'
import type { SeededRandom } from '../../../runtime/simulation/random.ts'
import { mutated } from '../byte-mutation.ts'
import { SIMULATED_IDENTITIES, simulatedNodeKey } from '../simulated-identities.ts'

const KEY = simulatedNodeKey(Uint8Array.of(7))
const SOUND = [
  [ip4Entry(Uint8Array.of(1, 2, 3, 4)), portEntry('udp', 30303), portEntry('tcp', 30303)],
  [
    ip4Entry(Uint8Array.of(10, 2, 3, 4)),
    ip6Entry(new Uint8Array(16).fill(0x20)),
    portEntry('udp6', 9000),
    portEntry('tcp', 1),
    forkIdEntry({ hash: Uint8Array.of(7, 0xc9, 0x46, 0x2e), next: 1n }),
    { key: 'snap', value: encodeRlp([]) },
  ],
  [{ key: '\x00\xff', value: encodeRlp(new Uint8Array(150).fill(3)) }],
].map((pairs, i) => {
  const signed = signRecord(BigInt(i), pairs, KEY, SIMULATED_IDENTITIES)
  if (!signed.ok) throw new Error(signed.error.code)
  return signed.value.encoded
})

/** @returns whether the mutated bytes were a record. Throws where one is accepted that is none, or read as another. */
export function recordCase(random: SeededRandom): boolean {
  const sound = SOUND[random.integer(SOUND.length)]!
  const bytes = random.integer(50) === 0 ? random.bytes(random.integer(400)) : mutated(sound, random)
  const decoded = decodeRecord(bytes)
  if (!decoded.ok) return false
  const record = decoded.value
  if (bytes.length > RECORD_BYTES_MAX) throw new Error(`a record of ${bytes.length} bytes`)
  if (!bytesEqual(record.encoded, bytes)) throw new Error('a record that is not its bytes')
  const again = parseRecord(formatRecord(record))
  if (!again.ok || !bytesEqual(again.value.encoded, bytes)) throw new Error('a record that its text does not give back')
  ip4Of(record)
  forkIdOf(record)
  for (const key of PORT_KEYS) portOf(record, key)
  const isSound = SOUND.some((one) => bytesEqual(one, bytes))
  if (verifyRecord(record, SIMULATED_IDENTITIES).ok !== isSound) throw new Error('a signature of something else holds')
  if (nodeOfRecord(record, SIMULATED_IDENTITIES).ok !== isSound) throw new Error('a node without a sound record')
  return true
}
