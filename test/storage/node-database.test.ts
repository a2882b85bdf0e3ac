import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ip4Entry, portEntry } from '../../protocols/enr/entries.ts'
import { type Node, nodeAt, nodeOfRecord } from '../../protocols/enr/node.ts'
import { signRecord } from '../../protocols/enr/record.ts'
import { seededRandom } from '../../runtime/simulation/random.ts'
import { type DatabaseLocation, openDatabase } from '../../storage/database.ts'
import {
  CONTACTS_MAX,
  NODE_EXPIRY_MS,
  NODES_MAX,
  openNodeDatabase,
  STRANGERS_MAX,
} from '../../storage/node-database.ts'
import { SIMULATED_IDENTITIES, simulatedNodeKey } from '../protocols/simulated-identities.ts'

const NOW = 1_700_000_000_000
const DAY = NODE_EXPIRY_MS
const IP = Uint8Array.of(1, 2, 3, 4)

function nodeOf(number: number, seq?: bigint): Node {
  const key = simulatedNodeKey(Uint8Array.of(number >>> 8, number & 255))
  const ip = Uint8Array.of(5, number >>> 8, number & 255, 1)
  if (seq === undefined) return nodeAt(key.publicKey, { ip, udp: 30303, tcp: 30304 })
  const record = signRecord(seq, [ip4Entry(ip), portEntry('udp', 30303)], key, SIMULATED_IDENTITIES)
  if (!record.ok) throw new Error(record.error.code)
  const node = nodeOfRecord(record.value, SIMULATED_IDENTITIES)
  if (!node.ok) throw new Error(node.error.code)
  return node.value
}
async function open(location?: DatabaseLocation) {
  const opened = await openNodeDatabase(location, SIMULATED_IDENTITIES)
  if (!opened.ok) throw new Error(opened.error.code)
  return opened.value
}
const draw = () => {
  const random = seededRandom('seeds')
  return (below: number) => random.integer(below)
}

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'troupe-nodes-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

describe('the node database', () => {
  test('keeps contacts and nodes over a restart, and strangers not', async () => {
    const location: DatabaseLocation = { engine: 'level', directory: join(directory, 'kept') }
    const first = await open(location)
    const [recorded, told] = [nodeOf(1, 3n), nodeOf(2)]
    first.noteContact(recorded.id, IP, { lastPingMs: NOW - 5, lastPongMs: NOW, findFailures: 2 })
    first.noteContact(told.id, IP, { lastPingMs: NOW })
    first.remember(recorded, NOW)
    first.remember(told, NOW)
    // An older record does not replace the newer.
    first.remember(nodeOf(1, 2n), NOW)
    await first.close()
    const second = await open(location)
    expect(second.contact(recorded.id, IP)).toEqual({ lastPingMs: NOW - 5, lastPongMs: NOW, findFailures: 2 })
    expect(second.contact(told.id, IP).lastPingMs).toBe(0)
    const seeds = second.seeds(9, DAY, NOW, draw())
    expect(seeds.toSorted((a, b) => a.endpoint.tcp - b.endpoint.tcp)).toEqual([recorded, told])
    // What is dropped is dropped from the store as well.
    expect(second.expire(NOW + DAY + 1)).toBe(3)
    await second.close()
    const third = await open(location)
    expect([third.nodes, third.contacts]).toEqual([0, 0])
    await third.close()
  })
  test('empties a store of another layout, and drops rows that are none', async () => {
    const location: DatabaseLocation = { engine: 'level', directory: join(directory, 'other') }
    const first = await open(location)
    first.remember(nodeOf(1), NOW)
    await first.close()
    const raw = await openDatabase(location)
    if (!raw.ok) throw new Error(raw.error.code)
    await raw.value.batch([{ type: 'put', key: Uint8Array.of(0x6e, 1), value: new Uint8Array(40) }])
    await raw.value.close()
    const second = await open(location)
    expect(second.nodes).toBe(1)
    await second.close()
    const again = await openDatabase(location)
    if (!again.ok) throw new Error(again.error.code)
    expect(again.value.get(Uint8Array.of(0x6e, 1))).toBeUndefined()
    await again.value.batch([{ type: 'put', key: Uint8Array.of(0x76), value: Uint8Array.of(99) }])
    await again.value.close()
    const third = await open(location)
    expect(third.nodes).toBe(0)
    await third.close()
  })
  test('gives seeds that were seen lately, each once, in a random order', async () => {
    const database = await open()
    for (let i = 0; i < 50; i++) database.remember(nodeOf(i), NOW - (i < 20 ? 6 : 1) * DAY)
    const seeds = database.seeds(30, 5 * DAY, NOW, draw())
    expect(new Set(seeds.map(({ endpoint }) => endpoint.ip![2]!)).size).toBe(30)
    expect(seeds.every(({ endpoint }) => endpoint.ip![2]! >= 20)).toBe(true)
    expect(database.seeds(3, 5 * DAY, NOW, draw())).toHaveLength(3)
  })
  test('forgets contacts and nodes after a day, and not those that were heard of since', async () => {
    const database = await open()
    for (const number of [1, 2]) {
      database.remember(nodeOf(number), NOW)
      database.noteContact(nodeOf(number).id, IP, { lastPongMs: NOW })
    }
    database.noteContact(nodeOf(2).id, IP, { lastPongMs: NOW + DAY })
    expect(database.expire(NOW + DAY + 1)).toBe(2)
    expect([database.nodes, database.contacts]).toEqual([1, 1])
  })
  test('has bounds, and strangers do not drive out whom we know', async () => {
    const database = await open()
    const id = (i: number): Uint8Array => {
      const bytes = new Uint8Array(32)
      new DataView(bytes.buffer).setUint32(0, i)
      return bytes
    }
    database.noteContact(id(0), IP, { lastPongMs: NOW })
    for (let i = 1; i < 2 * STRANGERS_MAX; i++) database.noteContact(id(i), IP, { lastPingMs: NOW })
    expect(database.contact(id(1), IP).lastPingMs).toBe(0)
    expect(database.contact(id(2 * STRANGERS_MAX - 1), IP).lastPingMs).toBe(NOW)
    expect(database.contact(id(0), IP).lastPongMs).toBe(NOW)
    for (let i = 1; i < CONTACTS_MAX + 9; i++) database.noteContact(id(i), IP, { lastPongMs: NOW })
    expect(database.contacts).toBe(CONTACTS_MAX)
    expect(database.contact(id(0), IP).lastPongMs).toBe(0)
    const node = nodeOf(1)
    for (let i = 0; i < NODES_MAX + 9; i++) database.remember({ ...node, id: id(i) }, NOW)
    expect(database.nodes).toBe(NODES_MAX)
  })
})
