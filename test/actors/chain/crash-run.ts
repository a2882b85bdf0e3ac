/** An import in a simulated world in which, by the seed, the power fails or actors are restarted; told as one value. */

import { simulatedDisk } from '../../../runtime/simulation/disk.ts'
import { seededRandom } from '../../../runtime/simulation/random.ts'
import { SimulatedWorld } from '../../../runtime/simulation/world.ts'
import { openDatabase } from '../../../storage/database.ts'
import { type BuiltBlock, chainBuilder, TEST_SPEC } from '../../chain-builder.ts'
import { type ChainStage, COMMITTER_PATH, simulatedStage } from './chain-stage.ts'
import { crashingStore } from './crashing-store.ts'
import { verifyStored } from './stored-state.ts'

export type CrashRun = {
  readonly number: bigint
  readonly hash: string
  readonly stateRoot: string
  /** Of everything that happened. */
  readonly worldHash: string
  readonly steps: number
  readonly crashes: number
  readonly restarts: number
  /** Head after each crash. */
  readonly heads: readonly bigint[]
}
export type Trouble = 'none' | 'crashes' | 'restarts' | 'both'

/** Batches that are asked for at a time, as the importer does. */
const WINDOW = 3
const LIVES_MAX = 4
const RETRIES_MAX = 400
const RETRY_MS = 20
/** What a life takes without trouble; with a crash before its end the next one begins further on, and may be shorter. */
const STEPS_OF_A_LIFE = 180

export type Script = { readonly batches: readonly (readonly BuiltBlock[])[]; readonly heaviest: BuiltBlock }

/** A chain with two reorgs in the middle, in batches of several sizes. */
export async function crashScript(): Promise<Script> {
  const build = await chainBuilder('crash script')
  const size = { small: 3, large: 31 }
  const common = build.grow(build.genesis, 60)
  const left = build.grow(common[59] as BuiltBlock, 9, { seconds: 30n })
  const branch = build.grow(common[59] as BuiltBlock, 12, { seconds: 1n })
  const again = build.grow(left[8] as BuiltBlock, 8, { seconds: 1n })
  const rest = build.grow(again[7] as BuiltBlock, 50)
  const cut = (blocks: readonly BuiltBlock[], length: number): BuiltBlock[][] =>
    blocks.length === 0 ? [] : [blocks.slice(0, length), ...cut(blocks.slice(length), length)]
  return {
    batches: [
      ...cut(common.slice(0, 31), size.large),
      ...cut(common.slice(31), size.small),
      ...cut(left, size.small),
      branch,
      again,
      ...cut(rest, size.small),
    ],
    heaviest: rest[49] as BuiltBlock,
  }
}

async function feed(stage: ChainStage, script: Script): Promise<void> {
  for (let at = 0; at < script.batches.length; at += WINDOW) {
    for (let tries = 0; ; tries++) {
      const answers = await Promise.all(script.batches.slice(at, at + WINDOW).map((batch) => stage.tryImport(batch)))
      if (answers.every((answer) => answer.ok && answer.value.failed === undefined)) break
      if (tries > RETRIES_MAX)
        throw new Error(`not imported: ${JSON.stringify(answers, (_k, v) => (typeof v === 'bigint' ? String(v) : v))}`)
      await new Promise<void>((resolve) => void stage.ctx.clock.schedule(RETRY_MS, resolve))
    }
  }
}

/** @throws when what is stored is not sound after a crash or at the end, naming the seed. */
export async function crashRun(script: Script, seed: string | number, trouble: Trouble): Promise<CrashRun> {
  const world = new SimulatedWorld({ seed })
  const random = seededRandom(`trouble ${seed}`)
  const disk = simulatedDisk(world, 'node')
  const lives = trouble === 'crashes' || trouble === 'both' ? 2 + random.integer(LIVES_MAX - 1) : 1
  const restartRate = trouble === 'restarts' || trouble === 'both' ? 0.015 : 0
  const heads: bigint[] = []
  let crashes = 0
  let restarts = 0
  try {
    for (let life = 1; ; life++) {
      const store = await world.settle(crashingStore(disk, '/chaindata'))
      const database = { engine: 'memory', store } as const
      const reader = await world.settle(openDatabase(database))
      if (!reader.ok) throw new Error(reader.error.code)
      if (life > 1 && reader.value.get(Uint8Array.of(0, ...new TextEncoder().encode('head'))) !== undefined)
        heads.push((await verifyStored(reader.value)).number)
      const stage = await simulatedStage(world, 'node', { spec: TEST_SPEC, database, trieBytes: 40_000 })
      const started = await world.settle(stage.started)
      if (!started.ok) throw new Error(`the chain does not start again: ${started.error.detail}`)
      let isDone = false
      let failure: unknown
      feed(stage, script).then(
        () => {
          isDone = true
        },
        (thrown) => {
          failure = thrown
          isDone = true
        },
      )
      const crashAt = life < lives ? 1 + random.integer(Math.ceil(STEPS_OF_A_LIFE / life)) : Number.POSITIVE_INFINITY
      for (let step = 0; !isDone && step < crashAt; step++) {
        if (restartRate > 0 && random.float() < restartRate) {
          if (stage.ctx.system.restart(random.integer(2) === 0 ? 'chain' : COMMITTER_PATH).ok) restarts++
        }
        if (!(await world.step())) throw new Error('the world is idle, and the import not done')
      }
      if (failure !== undefined) throw failure
      if (isDone) {
        await world.settle(stage.stop())
        const head = await verifyStored(reader.value)
        return {
          number: head.number,
          hash: Buffer.from(head.hash).toString('hex'),
          stateRoot: Buffer.from(head.stateRoot).toString('hex'),
          worldHash: world.hash(),
          steps: world.steps(),
          crashes,
          restarts,
          heads,
        }
      }
      stage.crash()
      disk.crash()
      crashes++
    }
  } catch (cause) {
    throw new Error(`crash run failed: seed ${seed}, trouble ${trouble}, step ${world.steps()}`, { cause })
  } finally {
    world.close()
  }
}
