/** Messages and bytes of one connection by code, in both directions. */
import { BASE_PROTOCOL_LENGTH } from '../../protocols/devp2p/base-protocol.ts'
import { ownerOfCode, type RunningCapability } from '../../protocols/devp2p/capability.ts'
import type { CodeTraffic, Traffic } from './messages.ts'

export type TrafficCount = {
  received(code: number, wireBytes: number): void
  sent(code: number, wireBytes: number): void
  total(): Traffic
  byCode(running: readonly RunningCapability[]): readonly CodeTraffic[]
}

const MESSAGES_IN = 0
const BYTES_IN = 1
const MESSAGES_OUT = 2
const BYTES_OUT = 3
const FIELDS = 4

export function trafficCount(): TrafficCount {
  /** Fields of each code; grows with what runs, which bounds the codes. */
  let counts = new Float64Array(BASE_PROTOCOL_LENGTH * FIELDS)
  const total = new Float64Array(FIELDS)

  function count(code: number, field: number, wireBytes: number): void {
    const at = code * FIELDS
    if (at + FIELDS > counts.length) {
      const grown = new Float64Array(2 * (at + FIELDS))
      grown.set(counts)
      counts = grown
    }
    counts[at + field]! += 1
    counts[at + field + 1]! += wireBytes
    total[field]! += 1
    total[field + 1]! += wireBytes
  }
  const trafficAt = (from: Float64Array, at: number): Traffic => ({
    messagesIn: from[at + MESSAGES_IN]!,
    bytesIn: from[at + BYTES_IN]!,
    messagesOut: from[at + MESSAGES_OUT]!,
    bytesOut: from[at + BYTES_OUT]!,
  })

  return {
    received: (code, wireBytes) => count(code, MESSAGES_IN, wireBytes),
    sent: (code, wireBytes) => count(code, MESSAGES_OUT, wireBytes),
    total: () => trafficAt(total, 0),
    byCode(running) {
      const used: CodeTraffic[] = []
      for (let code = 0; code * FIELDS < counts.length; code++) {
        const traffic = trafficAt(counts, code * FIELDS)
        const owner = ownerOfCode(running, code)
        if (!owner.ok || traffic.messagesIn + traffic.messagesOut === 0) continue
        const capability = owner.value.of === 'base' ? 'p2p' : owner.value.capability.name
        used.push({ capability, code: owner.value.code, ...traffic })
      }
      return used
    },
  }
}
