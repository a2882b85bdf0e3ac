/** Networks of discovery nodes in a simulated world: what each learns of the others, through loss, partitions and deaths. */
import type { Node } from '../../../protocols/enr/node.ts'
import { bytesToHex } from '../../../protocols/hex.ts'
import { seededRandom } from '../../../runtime/simulation/random.ts'
import { CHEAP_KEYS, REAL_KEYS, simulatedDiscovery } from './rig.ts'

/** Datagrams that are lost. */
const LOSS_RATE = 0.02
/** Nodes start within so many milliseconds. */
const START_MS = 20_000
/** For a partition, and after it has healed. */
const PARTITION_MS = 60_000
/** Searches that a node makes at most, each for one that it has not met, and the share of the others at which it is content. */
const LOOKUPS_MAX = 40
const CONTENT_SHARE = 0.9
/** A table's slow list draws one member each 4.5 s on average: of a hundred, by chance, the last late. */
const CLEAN_MS_MAX = 90 * 60_000
const LOOK_MS = 60_000

export type NetworkRun = {
  readonly hash: string
  /** Of the live nodes, those that each found by searches: the least of all nodes, and the mean. */
  readonly foundLeast: number
  readonly foundMean: number
  /** Virtual time after which the tables were clean, to the minute. */
  readonly cleanMs: number
  readonly steps: number
}

const idOf = (node: Node): string => bytesToHex(node.id)

/** Throws, naming the seed, where the world does. @param count nodes @param deadShareMax of the entries of all tables, at which they count as clean: the last few cost most @param hasRealKeys signatures of the curve */
export async function networkRun(
  seed: string,
  count: number,
  deadShareMax = 0,
  hasRealKeys = false,
): Promise<NetworkRun> {
  const conditions = { delayMsMin: 5, delayMsMax: 120, lossRate: LOSS_RATE }
  const rig = await simulatedDiscovery(seed, conditions, true)
  try {
    const { world, network } = rig
    const random = seededRandom(`${seed} script`)
    const keys = hasRealKeys ? REAL_KEYS : CHEAP_KEYS
    const boot = await rig.start(1, { keys })
    const nodes = [boot]
    for (let i = 2; i <= count; i++) {
      nodes.push(await rig.start(i, { keys, bootnodes: [boot.node] }))
      await world.runFor(random.integer(Math.ceil((2 * START_MS) / count)))
    }
    await world.runFor(60_000)
    const cut = nodes.filter(() => random.float() < 0.3).map(({ host }) => host)
    const rest = nodes.map(({ host }) => host).filter((host) => !cut.includes(host))
    const partition = network.partition(cut, rest)
    await world.runFor(PARTITION_MS)
    partition.heal()
    await world.runFor(2 * PARTITION_MS)

    const shares: number[] = []
    for (const node of nodes) {
      const found = new Set<string>()
      const others = nodes.filter((other) => other !== node).map((other) => idOf(other.node))
      const share = (): number => others.filter((id) => found.has(id)).length / others.length
      for (let i = 0; i < LOOKUPS_MAX && share() < CONTENT_SHARE; i++) {
        const missing = nodes.filter((other) => other !== node && !found.has(idOf(other.node)))
        const target = missing[random.integer(missing.length)]!.key.publicKey
        for (const one of await node.ask('lookup', { target })) found.add(idOf(one))
      }
      shares.push(share())
    }

    const dead = new Set<string>()
    for (const node of nodes.slice(1)) {
      if (dead.size >= Math.floor(count / 3)) break
      if (random.float() > 0.5) continue
      dead.add(idOf(node.node))
      node.crash()
    }
    const diedAt = world.now()
    for (;;) {
      let entries = 0
      let deadEntries = 0
      for (const node of nodes) {
        if (dead.has(idOf(node.node))) continue
        const known = (await node.ask('table')).flatMap((bucket) => bucket.entries)
        entries += known.length
        deadEntries += known.filter((entry) => dead.has(idOf(entry.node))).length
      }
      if (deadEntries <= deadShareMax * entries) break
      if (world.now() - diedAt > CLEAN_MS_MAX) throw new Error(`${deadEntries} dead are still known (seed ${seed})`)
      await world.runFor(LOOK_MS)
    }
    const cleanMs = Math.round(world.now() - diedAt)
    const foundMean = shares.reduce((sum, share) => sum + share, 0) / shares.length
    return { hash: world.hash(), foundLeast: Math.min(...shares), foundMean, cleanMs, steps: world.steps() }
  } finally {
    rig.world.close()
  }
}
