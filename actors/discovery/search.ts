/** Searches through the network, which the table learns from (geth, `lookup.go` and `v4_udp.go`). */
import { nodeIdOf } from '../../protocols/enr/identity.ts'
import { type Node, udpOf } from '../../protocols/enr/node.ts'
import type { NodeDatabase } from '../../storage/node-database.ts'
import { BUCKET_SIZE } from './bucket.ts'
import { foundNodes, isOver, nextQueries, queryAnswered, startLookup } from './lookup.ts'
import type { Moment } from './revalidation.ts'
import { addSeenNode, closestNodes, nodeSearched, type Table } from './table.ts'
import type { UdpServer } from './udp-server.ts'

export type SearchWorld = {
  readonly table: Table
  readonly database: NodeDatabase
  readonly server: Pick<UdpServer, 'findNode'>
  moment(): Moment
  /** The table is another. */
  changed(): void
}

export function searches({ table, database, server, moment, changed }: SearchWorld) {
  let count = 0

  /** Asks one node; the table hears how it went. */
  async function query(node: Node, target: Uint8Array): Promise<readonly Node[]> {
    const found = await server.findNode(node, target)
    const place = udpOf(node)
    if (place !== undefined) {
      const { findFailures } = database.contact(node.id, place.ip)
      const failures = found.length > 0 ? 0 : findFailures + 1
      if (failures !== findFailures) database.noteContact(node.id, place.ip, { findFailures: failures })
      if (failures > 0) nodeSearched(table, node.id, failures, moment())
    }
    for (const one of found) addSeenNode(table, one, moment())
    changed()
    return found
  }

  /** A search that is pulled: `next` asks whom it may, and `fresh` hears of nodes as they are met. */
  function begin(target: Uint8Array, fresh: (nodes: readonly Node[]) => void) {
    count++
    const id = nodeIdOf(target)
    const seeds = closestNodes(table, id, BUCKET_SIZE, false)
    const { lookup, fresh: first } = startLookup(table.self, id, seeds)
    fresh(first)
    return {
      lookup,
      /** @returns the queries begun, each settled after its answer is taken */
      next: (): Promise<void>[] =>
        nextQueries(lookup).map(async (node) => {
          const found = await query(node, target)
          fresh(queryAnswered(lookup, found))
        }),
    }
  }

  /** To its end. @returns the nodes nearest to the target, nearest first */
  function run(target: Uint8Array): Promise<readonly Node[]> {
    const { lookup, next } = begin(target, () => {})
    return new Promise((resolve, reject) => {
      const go = (): void => {
        for (const answered of next()) answered.then(go).catch(reject)
        if (isOver(lookup)) resolve(foundNodes(lookup))
      }
      go()
    })
  }

  return {
    begin,
    run,
    get count() {
      return count
    },
  }
}

export type Searches = ReturnType<typeof searches>
