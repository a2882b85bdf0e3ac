/** Nodes on loopback, in one process and one thread, which know one of them: what each finds, and what stays of the dead. */
import { expect, onTestFinished, test } from 'vitest'
import type { Node } from '../../protocols/enr/node.ts'
import { bytesToHex } from '../../protocols/hex.ts'
import { realNode } from '../actors/discovery/rig.ts'

/** CI takes 50. */
const NODES = Number(process.env.NETWORK_NODES ?? 20)
const DEAD = Math.floor(NODES / 3)
const LOOKUPS_MAX = 30
/** Geth's, divided by 60: of all times but the time for a reply. */
const INTERVALS = { fastMs: 50, slowMs: 150, refreshMs: 30_000, emptyRefreshMs: 500 }
/** A table draws a member each 0.08 s, so that one of many has had its three turns long before. */
const CLEAN_MS = 120_000

const idOf = (node: Node): string => bytesToHex(node.id)

async function until(condition: () => Promise<boolean>, withinMs: number): Promise<void> {
  const end = Date.now() + withinMs
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

test(`${NODES} nodes find each other from one, and forget those that die`, async () => {
  const boot = await realNode(1_000, { intervals: INTERVALS })
  onTestFinished(() => boot.stop())
  const nodes = [boot]
  for (let i = 1; i < NODES; i++) {
    const node = await realNode(1_000 + i, { bootnodes: [boot.node], intervals: INTERVALS })
    onTestFinished(() => node.stop())
    nodes.push(node)
  }
  await until(
    async () => (await Promise.all(nodes.map((node) => node.ask('info')))).every(({ refreshes }) => refreshes > 0),
    60_000,
  )
  const shares = await Promise.all(
    nodes.map(async (node) => {
      const others = nodes.filter((other) => other !== node).map((other) => idOf(other.node))
      const found = new Set<string>()
      const share = (): number => others.filter((id) => found.has(id)).length / others.length
      for (let i = 0; i < LOOKUPS_MAX && share() < 0.9; i++) {
        const missing = nodes.filter((other) => other !== node && !found.has(idOf(other.node)))
        const target = missing[(i * 7) % missing.length]!.key.publicKey
        for (const one of await node.ask('lookup', { target })) found.add(idOf(one))
      }
      return share()
    }),
  )
  expect(Math.min(...shares)).toBeGreaterThanOrEqual(0.9)

  const dead = nodes.slice(1, 1 + DEAD)
  const ids = new Set(dead.map(({ node }) => idOf(node)))
  await Promise.all(dead.map((node) => node.stop()))
  const alive = nodes.filter((node) => !dead.includes(node))
  await until(async () => {
    const tables = await Promise.all(alive.map((node) => node.ask('table')))
    return !tables.flat().some(({ entries }) => entries.some(({ node }) => ids.has(idOf(node))))
  }, CLEAN_MS)
}, 300_000)
