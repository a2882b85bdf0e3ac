import { describe, expect, test } from 'vitest'
import {
  foundNodes,
  isOver,
  nextQueries,
  QUERIES_AT_ONCE,
  QUERIES_MAX,
  queryAnswered,
  startLookup,
} from '../../../actors/discovery/lookup.ts'
import { closest, compareDistance } from '../../../protocols/discv4/distance.ts'
import type { Node } from '../../../protocols/enr/node.ts'
import { bytesToHex } from '../../../protocols/hex.ts'
import { seededRandom } from '../../../runtime/simulation/random.ts'
import { idAt, inventedNode, nodeOf, SELF } from './invented-node.ts'

describe('a search', () => {
  const target = idAt(256, 0)
  test('asks the three nearest of the nodes it begins with, and the next when one answers', () => {
    const seeds = [5, 3, 4, 1, 2].map((i) => inventedNode(256, i))
    const { lookup, fresh } = startLookup(SELF, target, seeds)
    expect(fresh).toEqual(seeds)
    expect(nextQueries(lookup)).toEqual([1, 2, 3].map((i) => inventedNode(256, i)))
    expect(nextQueries(lookup)).toEqual([])
    expect(isOver(lookup)).toBe(false)
    const found = [inventedNode(256, 2), inventedNode(256, 9), inventedNode(255, 1)]
    expect(queryAnswered(lookup, found)).toEqual(found.slice(1))
    expect(nextQueries(lookup)).toEqual([inventedNode(256, 4)])
  })
  test('is over when nobody is left to ask, and finds the 16 nearest', () => {
    const { lookup } = startLookup(
      SELF,
      target,
      Array.from({ length: 16 }, (_, i) => inventedNode(256, 40 - i)),
    )
    const asked: Node[] = []
    for (let queries = nextQueries(lookup); queries.length > 0; queries = nextQueries(lookup))
      for (const node of queries) {
        asked.push(node)
        queryAnswered(lookup, [inventedNode(256, node.id[31]! - 20), inventedNode(200, 1)])
      }
    expect(isOver(lookup)).toBe(true)
    expect(foundNodes(lookup)).toHaveLength(16)
    for (const node of foundNodes(lookup)) expect(asked).toContain(node)
  })
  test('without nodes to begin with is over at once', () => {
    const { lookup, fresh } = startLookup(SELF, target, [])
    expect([fresh, nextQueries(lookup), isOver(lookup)]).toEqual([[], [], true])
    expect(() => queryAnswered(lookup, [])).toThrow('asked nobody')
  })
  test('never asks nor finds ourselves', () => {
    const { lookup } = startLookup(SELF, SELF, [inventedNode(256, 1)])
    nextQueries(lookup)
    expect(queryAnswered(lookup, [nodeOf(SELF, [11, 0, 0, 1])])).toEqual([])
    expect(nextQueries(lookup)).toEqual([])
  })
  test('ends although somebody makes up ever nearer nodes', () => {
    const { lookup } = startLookup(SELF, SELF, [inventedNode(256, 1)])
    let queries = 0
    let id = 2n ** 255n
    for (let now = nextQueries(lookup); now.length > 0; now = nextQueries(lookup))
      for (const _ of now) {
        queries++
        id -= 2n ** 240n
        const bytes = Uint8Array.from(Buffer.from(id.toString(16).padStart(64, '0'), 'hex'))
        queryAnswered(lookup, [nodeOf(bytes, [11, 0, 0, 1])])
      }
    expect(isOver(lookup)).toBe(true)
    expect(queries).toBe(QUERIES_MAX)
  })
  test.each([1, 2, 3])('finds the nearest of 500 nodes that each know of some (seed %i)', (seed) => {
    const random = seededRandom(seed)
    const nodes = Array.from({ length: 500 }, () => nodeOf(random.bytes(32), [11, 0, 0, 1]))
    // Each knows its 16 nearest and 30 others, as tables do.
    const known = new Map(
      nodes.map((node) => [
        bytesToHex(node.id),
        [...closest(node.id, nodes, 17), ...Array.from({ length: 30 }, () => nodes[random.integer(nodes.length)]!)],
      ]),
    )
    const goal = random.bytes(32)
    const { lookup } = startLookup(SELF, goal, nodes.slice(0, 3))
    let queries = 0
    let inFlight: Node[] = []
    for (;;) {
      inFlight.push(...nextQueries(lookup))
      expect(inFlight.length).toBeLessThanOrEqual(QUERIES_AT_ONCE)
      if (inFlight.length === 0) break
      // Answers come in any order.
      const [node] = inFlight.splice(random.integer(inFlight.length), 1) as [Node]
      inFlight = [...inFlight]
      queries++
      queryAnswered(lookup, closest(goal, known.get(bytesToHex(node.id))!, 16))
    }
    expect(foundNodes(lookup)).toEqual(closest(goal, nodes, 16))
    expect(queries).toBeLessThan(60)
    const sorted = foundNodes(lookup).toSorted((a, b) => compareDistance(goal, a.id, b.id))
    expect(foundNodes(lookup)).toEqual(sorted)
  })
})
