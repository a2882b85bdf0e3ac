import { expect, test } from 'vitest'
import { checkRecordAnswer } from '../../../protocols/discv4/record-answer.ts'
import { ip4Entry, portEntry } from '../../../protocols/enr/entries.ts'
import { nodeAt, nodeOfRecord } from '../../../protocols/enr/node.ts'
import { type NodeRecord, signRecord } from '../../../protocols/enr/record.ts'
import { SIMULATED_IDENTITIES, simulatedNodeKey } from '../simulated-identities.ts'

const PUBLIC = Uint8Array.of(8, 8, 8, 8)
const KEY = simulatedNodeKey(Uint8Array.of(1))
const recordOf = (seq: bigint, ip: readonly number[] | undefined, key = KEY): NodeRecord => {
  const pairs = ip === undefined ? [] : [ip4Entry(Uint8Array.from(ip))]
  const record = signRecord(seq, [...pairs, portEntry('udp', 30303)], key, SIMULATED_IDENTITIES)
  if (!record.ok) throw new Error(record.error.code)
  return record.value
}
const known = nodeOfRecord(recordOf(5n, [8, 8, 8, 8]), SIMULATED_IDENTITIES)
if (!known.ok) throw new Error(known.error.code)
const check = (record: NodeRecord) => checkRecordAnswer(known.value, PUBLIC, record, SIMULATED_IDENTITIES)

test('a newer record, or one as new, is taken', () => {
  for (const seq of [5n, 6n]) {
    const record = recordOf(seq, [9, 9, 9, 9])
    expect(check(record)).toEqual(nodeOfRecord(record, SIMULATED_IDENTITIES))
  }
})
test('a node without record takes the first', () => {
  const bare = nodeAt(KEY.publicKey, { ip: PUBLIC, udp: 1, tcp: 1 })
  expect(checkRecordAnswer(bare, PUBLIC, recordOf(0n, [9, 9, 9, 9]), SIMULATED_IDENTITIES)).toMatchObject({
    value: { record: { seq: 0n } },
  })
})
test('an older record leaves the node as it is known', () => {
  expect(check(recordOf(4n, [9, 9, 9, 9]))).toEqual(known)
})
test.each([
  ['of somebody else', recordOf(6n, [8, 8, 8, 8], simulatedNodeKey(Uint8Array.of(2))), { code: 'ANSWER_OTHER_NODE' }],
  ['whose signature is not its own', { ...recordOf(6n, [8, 8, 8, 8]), seq: 7n }, { code: 'ANSWER_RECORD' }],
  ['that leads into our network', recordOf(6n, [10, 0, 0, 1]), { code: 'ANSWER_ADDRESS' }],
  ['without an address', recordOf(6n, undefined), { code: 'ANSWER_ADDRESS_MISSING' }],
])('a record %s is refused', (_name, record, error) => {
  expect(check(record)).toMatchObject({ ok: false, error })
})
