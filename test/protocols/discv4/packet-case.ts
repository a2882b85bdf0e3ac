/** One case of fuzzing discovery packets, for CI and soak. */
import { bytesEqual, concatBytes } from '../../../protocols/bytes.ts'
import { decodePacket, encodePacket, openPacket } from '../../../protocols/discv4/codec.ts'
import { checkNeighbour } from '../../../protocols/discv4/neighbours.ts'
import { isExpired, PACKET_BYTES_MAX, type Packet } from '../../../protocols/discv4/packet.ts'
import { ip4Entry, portEntry } from '../../../protocols/enr/entries.ts'
import { signRecord } from '../../../protocols/enr/record.ts'
import { hexConstant } from '../../../protocols/hex.ts'
import { keccak256 } from '../../../protocols/keccak256.ts'
import type { SeededRandom } from '../../../runtime/simulation/random.ts'
import { mutated } from '../byte-mutation.ts'
import { SIMULATED_IDENTITIES, simulatedNodeKey } from '../simulated-identities.ts'
import { FIND_NODE, NEIGHBOURS, PING, PING_V555, PING_WITH_TAIL, PONG } from './eip8-packets.ts'

const KEY = simulatedNodeKey(Uint8Array.of(9))
const TYPE_AT = 97

function answerWithRecord(): Uint8Array {
  const record = signRecord(1n, [ip4Entry(Uint8Array.of(1, 2, 3, 4)), portEntry('udp', 1)], KEY, SIMULATED_IDENTITIES)
  if (!record.ok) throw new Error(record.error.code)
  return encodePacket({ kind: 'recordResponse', requestHash: new Uint8Array(32), record: record.value }, KEY).bytes
}
/** Type and content of sound packets. */
const SOUND = [
  ...[PING, PING_WITH_TAIL, PING_V555, PONG, FIND_NODE, NEIGHBOURS].map(hexConstant),
  encodePacket({ kind: 'recordRequest', expiration: 1_136_239_445n }, KEY).bytes,
  answerWithRecord(),
].map((bytes) => bytes.subarray(TYPE_AT))

/** @returns `accepted`, or the code of the refusal. Throws where a packet is accepted that is none, or read as another. */
export function packetCase(random: SeededRandom): string {
  const signed = mutated(SOUND[random.integer(SOUND.length)]!, random)
  const behindHash = concatBytes(KEY.sign(keccak256(signed)), signed)
  let bytes = concatBytes(keccak256(behindHash), behindHash)
  // One in so many has a wrong hash, or is noise.
  const kind = random.integer(40)
  if (kind === 0) bytes = mutated(bytes, random)
  if (kind === 1) bytes = random.bytes(random.integer(2 * PACKET_BYTES_MAX))
  const decoded = decodePacket(bytes, SIMULATED_IDENTITIES)
  const opened = openPacket(bytes)
  if (!decoded.ok) {
    if (opened.ok && decoded.error.code !== 'DISCV4_SIGNATURE') throw new Error('opened, and then refused')
    return decoded.error.code
  }
  const { packet, hash, sender } = decoded.value
  if (bytes.length > PACKET_BYTES_MAX) throw new Error(`a packet of ${bytes.length} bytes`)
  if (!bytesEqual(sender, KEY.publicKey) || !bytesEqual(hash, bytes.subarray(0, 32))) throw new Error('not who sent it')
  const stranger = Uint8Array.of(8, 8, 8, 8)
  if (packet.kind === 'neighbours')
    for (const node of packet.nodes) checkNeighbour(stranger, node, SIMULATED_IDENTITIES)
  isExpired(packet, 1_136_239_445_000)
  checkSame(packet)
  return 'accepted'
}

/** What was read is written to a packet that is read as the same. */
function checkSame(packet: Packet): void {
  const { bytes } = encodePacket(packet, KEY)
  const again = decodePacket(bytes, SIMULATED_IDENTITIES)
  if (!again.ok) throw new Error(`written again it is refused: ${again.error.code}`)
  if (!bytesEqual(encodePacket(again.value.packet, KEY).bytes, bytes)) throw new Error('read again it is another')
}
