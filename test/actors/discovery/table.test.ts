import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BUCKET_SIZE, type Bucket, type Entry, REPLACEMENTS_MAX } from '../../../actors/discovery/bucket.ts'
import type { Moment } from '../../../actors/discovery/revalidation.ts'
import {
  addSeenNode,
  addVerifiedNode,
  closestNodes,
  emptyTable,
  nextPingMs,
  nodeAnswered,
  nodeIn,
  nodeSearched,
  nodesToPing,
  nodesToRemember,
  removeNode,
  type Table,
  tableSize,
} from '../../../actors/discovery/table.ts'
import { bucketIndex } from '../../../protocols/discv4/distance.ts'
import type { Node } from '../../../protocols/enr/node.ts'
import { isLan } from '../../../protocols/ip/special-networks.ts'
import { seededRandom } from '../../../runtime/simulation/random.ts'
import { idAt, inventedNode, nodeOf, SELF } from './invented-node.ts'

const at = (nowMs: number, draw = (_below: number): number => 0): Moment => ({ nowMs, draw })
const NOW = at(1_000)
const bucketAt = (table: Table, distance: number): Bucket => table.buckets[bucketIndex(SELF, idAt(distance, 0))]!
const ready = (): Table => ({ ...emptyTable(SELF), isReady: true })
const full = (): Table => {
  const table = ready()
  for (let i = 0; i < BUCKET_SIZE; i++) expect(addSeenNode(table, inventedNode(256, i), NOW)).toBe('added')
  return table
}
/** Pings all nodes that are due, up to a time, and lets them answer or not. */
function pingUntil(table: Table, untilMs: number, answers: (node: Node) => boolean): void {
  const random = seededRandom('pings')
  for (let nowMs = nextPingMs(table); nowMs <= untilMs; nowMs = nextPingMs(table)) {
    const moment = at(nowMs, random.integer)
    for (const node of nodesToPing(table, moment)) nodeAnswered(table, node.id, { answered: answers(node) }, moment)
  }
}

describe('a node that was told of', () => {
  test('gets in while there is room, then among the replacements, the newest first', () => {
    const table = full()
    const { entries, replacements } = bucketAt(table, 256)
    expect(addSeenNode(table, inventedNode(256, 100), NOW)).toBe('replacement')
    expect(addSeenNode(table, inventedNode(256, 101), NOW)).toBe('replacement')
    expect(addSeenNode(table, inventedNode(256, 101), NOW)).toBe('known')
    expect(entries).toHaveLength(BUCKET_SIZE)
    expect(replacements.map(({ node }) => node.id)).toEqual([idAt(256, 101), idAt(256, 100)])
    expect(addSeenNode(table, inventedNode(255, 1), NOW)).toBe('added')
  })
  test('pushes out the oldest replacement when there are ten, whose address then is free', () => {
    const table = full()
    for (let i = 0; i <= REPLACEMENTS_MAX; i++)
      expect(addSeenNode(table, inventedNode(256, 100 + i), NOW)).toBe('replacement')
    const { replacements, addresses } = bucketAt(table, 256)
    expect(replacements).toHaveLength(REPLACEMENTS_MAX)
    expect(replacements.some(({ node }) => node.id[31] === 100)).toBe(false)
    expect(addresses.size).toBe(BUCKET_SIZE + REPLACEMENTS_MAX)
  })
  test('is neither we ourselves nor without an address', () => {
    const table = ready()
    expect(addSeenNode(table, nodeOf(SELF, [1, 2, 3, 4]), NOW)).toBe('self')
    const node = { ...inventedNode(256, 1), endpoint: { ip: undefined, udp: 1, tcp: 1 } }
    expect(addSeenNode(table, node, NOW)).toBe('address-missing')
  })
  test('changes what is known only with a newer record', () => {
    const table = ready()
    const id = idAt(256, 1)
    addSeenNode(table, nodeOf(id, [11, 0, 0, 1], 5n), NOW)
    expect(addSeenNode(table, nodeOf(id, [12, 0, 0, 1]), NOW)).toBe('known')
    expect(addSeenNode(table, nodeOf(id, [12, 0, 0, 1], 5n), NOW)).toBe('known')
    expect(nodeIn(table, id)?.endpoint.ip?.[0]).toBe(11)
    expect(addSeenNode(table, nodeOf(id, [12, 0, 0, 1], 6n), NOW)).toBe('updated')
    expect(nodeIn(table, id)?.endpoint.ip?.[0]).toBe(12)
  })
})

describe('a node that has shown to be reachable', () => {
  test('does not get in before the first refresh, so that pings cannot fill a fresh table', () => {
    const table = emptyTable(SELF)
    expect(addVerifiedNode(table, inventedNode(256, 1), NOW)).toBe('not-ready')
    expect(addSeenNode(table, inventedNode(256, 1), NOW)).toBe('added')
    table.isReady = true
    expect(addVerifiedNode(table, inventedNode(256, 2), NOW)).toBe('added')
  })
  test('may move, also with an older record, and then has to answer again', () => {
    const table = ready()
    const id = idAt(256, 1)
    addSeenNode(table, nodeOf(id, [11, 0, 0, 1], 5n), NOW)
    pingUntil(table, 20_000, () => true)
    const entry = bucketAt(table, 256).entries[0]!
    expect([entry.isLive, entry.list?.name]).toEqual([true, 'slow'])
    expect(addVerifiedNode(table, nodeOf(id, [11, 0, 0, 1], 4n, 30304), at(20_000))).toBe('updated')
    expect([entry.isLive, entry.list?.name, entry.node.endpoint.udp]).toEqual([false, 'fast', 30304])
  })
  test('keeps its record when it pings from where it is known', () => {
    const table = ready()
    const id = idAt(256, 1)
    addSeenNode(table, nodeOf(id, [11, 0, 0, 1], 5n), NOW)
    expect(addVerifiedNode(table, nodeOf(id, [11, 0, 0, 1]), NOW)).toBe('known')
    expect(nodeIn(table, id)?.record?.seq).toBe(5n)
    expect(addVerifiedNode(table, nodeOf(id, [11, 0, 0, 2]), NOW)).toBe('updated')
    expect(nodeIn(table, id)?.record).toBeUndefined()
  })
})

describe('addresses', () => {
  test('of one /24 get two places in a bucket', () => {
    const table = ready()
    const additions = [1, 2, 3].map((i) => addSeenNode(table, nodeOf(idAt(256, i), [11, 1, 1, i]), NOW))
    expect(additions).toEqual(['added', 'added', 'address-limit-bucket'])
    expect(addSeenNode(table, nodeOf(idAt(256, 3), [11, 1, 2, 3]), NOW)).toBe('added')
  })
  test('of one /24 get ten places in the table', () => {
    const table = ready()
    const additions = Array.from({ length: 12 }, (_, i) =>
      addSeenNode(table, nodeOf(idAt(245 + (i >> 1), i), [11, 1, 1, i]), NOW),
    )
    expect(additions).toEqual([...Array(10).fill('added'), ...Array(2).fill('address-limit-table')])
  })
  test('of replacements count, and are not counted twice when one moves up', () => {
    const table = full()
    expect(addSeenNode(table, nodeOf(idAt(256, 100), [11, 99, 1, 1]), NOW)).toBe('replacement')
    expect(addSeenNode(table, nodeOf(idAt(256, 101), [11, 99, 1, 2]), NOW)).toBe('replacement')
    expect(addSeenNode(table, nodeOf(idAt(256, 102), [11, 99, 1, 3]), NOW)).toBe('address-limit-bucket')
    removeNode(table, idAt(256, 0), NOW)
    removeNode(table, idAt(256, 1), NOW)
    expect(addSeenNode(table, nodeOf(idAt(256, 102), [11, 99, 1, 3]), NOW)).toBe('address-limit-bucket')
    removeNode(table, idAt(256, 100), NOW)
    expect(addSeenNode(table, nodeOf(idAt(256, 102), [11, 99, 1, 3]), NOW)).toBe('added')
  })
  test('in our own network are not counted', () => {
    const table = ready()
    for (let i = 0; i < BUCKET_SIZE; i++)
      expect(addSeenNode(table, nodeOf(idAt(256, i), [127, 0, 0, 1], undefined, 30_000 + i), NOW)).toBe('added')
    expect(table.addresses.size).toBe(0)
  })
  test('that a node may not move to leave it where it was', () => {
    const table = ready()
    for (const i of [1, 2]) addSeenNode(table, nodeOf(idAt(256, i), [11, 1, 1, i]), NOW)
    const id = idAt(256, 3)
    addSeenNode(table, nodeOf(id, [11, 1, 2, 3], 1n), NOW)
    expect(addVerifiedNode(table, nodeOf(id, [11, 1, 1, 3], 2n), NOW)).toBe('address-limit-bucket')
    expect(nodeIn(table, id)?.record?.seq).toBe(1n)
    expect(table.addresses.size).toBe(3)
  })
})

describe('pings', () => {
  test('are due within 3 seconds of the first node, and never in an empty table', () => {
    const table = ready()
    expect(nextPingMs(table)).toBe(Number.POSITIVE_INFINITY)
    addSeenNode(
      table,
      inventedNode(256, 1),
      at(1_000, (below) => below - 1),
    )
    expect(nextPingMs(table)).toBe(3_999)
    expect(nodesToPing(table, at(3_998))).toEqual([])
    expect(
      nodesToPing(
        table,
        at(3_999, (below) => below - 1),
      ),
    ).toEqual([inventedNode(256, 1)])
    // It is being pinged: no second ping until the first is answered for.
    expect(nodesToPing(table, at(6_998))).toEqual([])
  })
  test('that are answered make a node live and its next ping later', () => {
    const table = ready()
    addSeenNode(table, inventedNode(256, 1), NOW)
    nodesToPing(
      table,
      at(1_000, (below) => below - 1),
    )
    nodeAnswered(
      table,
      idAt(256, 1),
      { answered: true },
      at(1_100, (below) => below - 1),
    )
    const [entry] = bucketAt(table, 256).entries
    expect(entry).toMatchObject({ isLive: true, checks: 1, list: { name: 'slow' } })
    expect(nextPingMs(table)).toBe(1_100 + 8_999)
  })
  test('that are not answered remove a new node at once, and put a replacement in its place', () => {
    const table = full()
    addSeenNode(table, inventedNode(256, 100), NOW)
    const [pinged] = nodesToPing(
      table,
      at(1_000, (below) => below - 1),
    )
    const effect = nodeAnswered(table, pinged!.id, { answered: false }, NOW)
    expect(effect).toEqual({ removed: pinged, promoted: inventedNode(256, 100) })
    expect(nodeIn(table, pinged!.id)).toBeUndefined()
    expect(bucketAt(table, 256).entries.at(-1)).toMatchObject({ isLive: false, list: { name: 'fast' } })
    expect(tableSize(table)).toBe(BUCKET_SIZE)
  })
  test('that are not answered cost an old node two thirds of its checks, and it stays live', () => {
    const table = ready()
    addSeenNode(table, inventedNode(256, 1), NOW)
    const [entry] = bucketAt(table, 256).entries as [Entry]
    entry.checks = 10
    entry.isLive = true
    const checks = [3, 1].map((left) => {
      table.revalidation.active.set(entry.key, entry)
      expect(nodeAnswered(table, idAt(256, 1), { answered: false }, NOW)).toEqual({})
      expect(entry).toMatchObject({ isLive: true, list: { name: 'fast' } })
      return [entry.checks, left]
    })
    expect(checks).toEqual([
      [3, 3],
      [1, 1],
    ])
    table.revalidation.active.set(entry.key, entry)
    expect(nodeAnswered(table, idAt(256, 1), { answered: false }, NOW)).toEqual({ removed: entry.node })
  })
  test('bring a newer record, and where that has another endpoint the node is asked again soon', () => {
    const table = ready()
    const id = idAt(256, 1)
    addSeenNode(table, nodeOf(id, [11, 0, 0, 1], 1n), NOW)
    const [entry] = bucketAt(table, 256).entries as [Entry]
    const answered = (newer: Node) => {
      table.revalidation.active.set(entry.key, entry)
      nodeAnswered(table, id, { answered: true, newer }, NOW)
    }
    answered(nodeOf(id, [11, 0, 0, 1], 2n))
    expect(entry).toMatchObject({ isLive: true, list: { name: 'slow' }, node: { record: { seq: 2n } } })
    answered(nodeOf(id, [11, 0, 0, 2], 3n))
    expect(entry).toMatchObject({ isLive: false, list: { name: 'fast' }, node: { record: { seq: 3n } } })
  })
  test('of a node that left and came back are not answered for by the new one', () => {
    const table = ready()
    addSeenNode(table, inventedNode(256, 1), NOW)
    const [pinged] = nodesToPing(table, NOW)
    removeNode(table, pinged!.id, NOW)
    addSeenNode(table, inventedNode(256, 1), NOW)
    expect(nodeAnswered(table, pinged!.id, { answered: true }, NOW)).toEqual({})
    expect(bucketAt(table, 256).entries[0]).toMatchObject({ isLive: false, checks: 0 })
  })
  test('that nobody sent have no effect', () => {
    const table = full()
    expect(nodeAnswered(table, idAt(256, 0), { answered: false }, NOW)).toEqual({})
    expect(tableSize(table)).toBe(BUCKET_SIZE)
  })
  test('that a node answered six times make it worth storing', () => {
    const table = ready()
    addSeenNode(table, inventedNode(256, 1), NOW)
    const stored = Array.from({ length: 7 }, () => {
      const [entry] = bucketAt(table, 256).entries as [Entry]
      table.revalidation.active.set(entry.key, entry)
      return nodeAnswered(table, idAt(256, 1), { answered: true }, NOW).stored !== undefined
    })
    expect(stored).toEqual([false, false, false, false, false, true, true])
  })
  test('clean the table of the dead within a few minutes', () => {
    const table = ready()
    for (let i = 0; i < 60; i++) addSeenNode(table, inventedNode(250 + (i % 6), i), NOW)
    const size = tableSize(table)
    expect(size).toBeGreaterThan(50)
    const isAlive = (node: Node): boolean => node.id[31]! % 3 !== 0
    pingUntil(table, 4 * 60 * 1_000, isAlive)
    const left = table.buckets.flatMap(({ entries }) => entries)
    expect(left.every(({ node }) => isAlive(node))).toBe(true)
    expect(left.every(({ isLive }) => isLive)).toBe(true)
    expect(left.length).toBeGreaterThan(30)
  })
})

describe('searches', () => {
  test('that brought nothing five times remove a node whose bucket has four', () => {
    const table = ready()
    for (let i = 0; i < 4; i++) addSeenNode(table, inventedNode(256, i), NOW)
    expect(nodeSearched(table, idAt(256, 1), 4, NOW)).toEqual({})
    expect(nodeSearched(table, idAt(256, 1), 5, NOW)).toEqual({ removed: inventedNode(256, 1) })
    expect(nodeSearched(table, idAt(256, 2), 9, NOW)).toEqual({})
    expect(nodeSearched(table, idAt(255, 2), 9, NOW)).toEqual({})
    expect(tableSize(table)).toBe(3)
  })
  test('begin at the nodes nearest to the target', () => {
    const table = ready()
    for (let distance = 240; distance <= 256; distance++) addSeenNode(table, inventedNode(distance, distance), NOW)
    const ids = (preferLive: boolean) =>
      closestNodes(table, idAt(250, 250), 3, preferLive).map(({ id }) => bucketIndex(SELF, id) + 240)
    expect(ids(false)).toEqual([250, 240, 241])
    // None is live: strangers are told of what there is.
    expect(ids(true)).toEqual([250, 240, 241])
    bucketAt(table, 256).entries[0]!.isLive = true
    expect(ids(true)).toEqual([256])
    expect(ids(false)).toEqual([250, 240, 241])
  })
})

test('nodes that answered and have been there for 5 minutes are remembered', () => {
  const table = ready()
  addSeenNode(table, inventedNode(256, 1), at(0))
  addSeenNode(table, inventedNode(256, 2), at(1))
  addSeenNode(table, inventedNode(256, 3), at(0))
  for (const i of [0, 1]) bucketAt(table, 256).entries[i]!.checks = 1
  expect(nodesToRemember(table, 300_000)).toEqual([inventedNode(256, 1)])
  expect(nodesToRemember(table, 300_001)).toEqual([inventedNode(256, 1), inventedNode(256, 2)])
})

describe('after whatever happens', () => {
  type Step =
    | { readonly do: 'seen' | 'verified'; readonly node: Node }
    | { readonly do: 'pass'; readonly ms: number; readonly answers: number }
    | { readonly do: 'search' | 'remove'; readonly node: Node }
  const node = fc
    .tuple(
      fc.constantFrom(200, 240, 256, 256, 256),
      fc.nat(120),
      fc.constantFrom([11, 1, 1, 1], [11, 1, 1, 2], [11, 1, 2, 1], [10, 0, 0, 1]),
      fc.nat(20),
      fc.option(fc.bigInt({ min: 0n, max: 5n }), { nil: undefined }),
    )
    .map(([distance, number, [a, b, c, d], spread, seq]) =>
      nodeOf(idAt(distance, number), [a!, b! + (a === 11 ? spread : 0), c!, d!], seq),
    )
  const step: fc.Arbitrary<Step> = fc.oneof(
    // Mostly additions, so that buckets fill.
    { weight: 12, arbitrary: fc.record({ do: fc.constantFrom('seen' as const, 'verified' as const), node }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(5_000), answers: fc.nat(15) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('search' as const, 'remove' as const), node }) },
  )

  /** Rules that the table breaks; in plain code, because it runs after every step. */
  function broken(table: Table): string[] {
    const rules: string[] = []
    const demand = (holds: boolean, rule: string): void => {
      if (!holds) rules.push(rule)
    }
    const { fast, slow } = table.revalidation
    const ids = new Set<string>()
    let counted = 0
    for (const [index, { entries, replacements, addresses }] of table.buckets.entries()) {
      demand(entries.length <= BUCKET_SIZE, '16 nodes a bucket')
      demand(replacements.length <= REPLACEMENTS_MAX, '10 replacements a bucket')
      demand(replacements.length === 0 || entries.length === BUCKET_SIZE, 'replacements by a full bucket only')
      const networks = new Map<string, number>()
      const all = [...entries, ...replacements]
      for (const { key, node } of all) {
        demand(bucketIndex(SELF, node.id) === index && !ids.has(key), 'a node in its bucket once')
        ids.add(key)
        if (isLan(node.endpoint.ip!)) continue
        const network = node.endpoint.ip!.subarray(0, 3).join('.')
        networks.set(network, (networks.get(network) ?? 0) + 1)
      }
      const here = [...networks.values()].reduce((sum, count) => sum + count, 0)
      demand(addresses.size === here, 'addresses counted in the bucket')
      demand(Math.max(0, ...networks.values()) <= 2, '2 addresses of a /24')
      for (const entry of entries) demand(entry.list?.entries.includes(entry) === true, 'a list for each node')
      for (const entry of replacements) demand(entry.list === undefined, 'no list for a replacement')
      counted += here
    }
    demand(table.addresses.size === counted, 'addresses counted in the table')
    demand(fast.entries.length + slow.entries.length === tableSize(table), 'nobody else in the lists')
    for (const list of [fast, slow])
      demand((list.nextMs === Number.POSITIVE_INFINITY) === (list.entries.length === 0), 'a time for a list with nodes')
    return rules
  }

  test('counts, lists and limits fit what is in the table', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 60, maxLength: 250 }), fc.nat(), (steps, seed) => {
        const random = seededRandom(seed)
        const table = ready()
        let nowMs = 0
        for (const one of steps) {
          const moment = { nowMs, draw: random.integer }
          if (one.do === 'pass') {
            nowMs += one.ms
            const pinged = nodesToPing(table, { ...moment, nowMs })
            for (const [i, { id }] of pinged.entries())
              nodeAnswered(table, id, { answered: (one.answers & (1 << i)) !== 0 }, { ...moment, nowMs })
          } else if (one.do === 'seen') addSeenNode(table, one.node, moment)
          else if (one.do === 'verified') addVerifiedNode(table, one.node, moment)
          else if (one.do === 'search') nodeSearched(table, one.node.id, 5, moment)
          else removeNode(table, one.node.id, moment)
          expect(broken(table)).toEqual([])
        }
      }),
      { numRuns: 60 },
    )
  })
})
