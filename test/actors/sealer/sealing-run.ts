/** Sealing in a simulated world in which, by the seed, actors are restarted or the power fails. */
import { DEV } from '../../../protocols/chain-spec/dev.ts'
import { simulatedDisk } from '../../../runtime/simulation/disk.ts'
import { seededRandom } from '../../../runtime/simulation/random.ts'
import { SimulatedWorld } from '../../../runtime/simulation/world.ts'
import { COMMITTER_PATH } from '../chain/chain-stage.ts'
import { crashingStore } from '../chain/crashing-store.ts'
import { sealingWorld, storedHeaders } from './sealing-world.ts'

const ASKS = 12
const BLOCKS_OF_AN_ASK = 2
/** Of each step of the world. */
const RESTART_RATE = 0.1
const LIVES = 4
/** The chain makes durable what it wrote every two seconds. */
const DURABLE_MS = 3_000

/** @throws unless every ask is answered with its last block, and there are no more. @returns restarts. */
export async function sealingThroughRestarts(seed: string | number): Promise<number> {
  const { world, ctx, ask, end } = await sealingWorld(seed, DEV)
  const random = seededRandom(`restarts ${seed}`)
  let restarts = 0
  for (let asked = 1; asked <= ASKS; asked++) {
    let answer: Awaited<ReturnType<typeof ask>> | undefined
    void ask(BLOCKS_OF_AN_ASK).then((given) => {
      answer = given
    })
    while (answer === undefined) {
      const path = random.integer(2) === 0 ? 'chain' : COMMITTER_PATH
      if (random.float() < RESTART_RATE && ctx.system.restart(path).ok) restarts++
      if (!(await world.step())) throw new Error(`seed ${seed}: the world is idle, and ask ${asked} not answered`)
    }
    const number = answer.ok && answer.value.ok ? answer.value.value.number : undefined
    if (number !== BigInt(asked * BLOCKS_OF_AN_ASK)) throw new Error(`seed ${seed}: ask ${asked} gave block ${number}`)
  }
  const made = (await end()).length - 1
  if (made !== ASKS * BLOCKS_OF_AN_ASK) throw new Error(`seed ${seed}: ${made} blocks`)
  return restarts
}

/** @throws unless what each power failure leaves is sound, holds all that was durable, and is built on. @returns blocks in the end. */
export async function sealingThroughPowerFailures(seed: string | number): Promise<number> {
  const world = new SimulatedWorld({ seed })
  const disk = simulatedDisk(world, 'node')
  const random = seededRandom(`power ${seed}`)
  let durable = 0
  for (let life = 0; ; life++) {
    const store = await world.settle(crashingStore(disk, '/chaindata'))
    const begun = life === 0 ? 0 : (await storedHeaders(DEV, store)).length - 1
    if (begun < durable) throw new Error(`seed ${seed}: life ${life} begins at block ${begun}, ${durable} was durable`)
    if (life === LIVES) {
      world.close()
      return begun
    }
    const node = await sealingWorld(seed, DEV, { periodMs: 5_000 }, { world, store })
    const sealed = await node.seal(1 + random.integer(20))
    if (!sealed.ok || !sealed.value.ok) throw new Error(`seed ${seed}: life ${life} does not seal`)
    await world.runFor(DURABLE_MS)
    durable = Number(sealed.value.value.number)
    if (durable <= begun) throw new Error(`seed ${seed}: life ${life} does not go on`)
    void node.ask(20)
    for (let step = random.integer(100); step > 0; step--) await world.step()
    node.crash()
    disk.crash()
  }
}
