/** A running chain with its committer, whose supervisor is the test: in a simulated world, or on real threads. */
import type {
  ChainDeps,
  ChainHead,
  ChainMessages,
  HeadListener,
  ImportAnswer,
  SealSettings,
} from '../../../actors/chain/messages.ts'
import type { TrieCommitterDeps, TrieCommitterMessages } from '../../../actors/trie-committer/messages.ts'
import { type BatchedBlock, encodeBlockBatch } from '../../../protocols/block-batch.ts'
import type { ChainSpec } from '../../../protocols/chain-spec/chain-spec.ts'
import {
  type AskFailure,
  actorModule,
  type Context,
  type DownReason,
  defineActor,
  type SupervisionPolicy,
  serial,
} from '../../../runtime/actor.ts'
import type { Ref } from '../../../runtime/messages.ts'
import type { Result } from '../../../runtime/result.ts'
import { simulatedDisk } from '../../../runtime/simulation/disk.ts'
import { SimulatedNetwork } from '../../../runtime/simulation/network.ts'
import { type Definitions, loadDefinitions, startSimulatedNode } from '../../../runtime/simulation/node.ts'
import type { SimulatedWorld } from '../../../runtime/simulation/world.ts'
import { startSystem } from '../../../runtime/system.ts'
import type { DatabaseLocation } from '../../../storage/database.ts'
import { createPublishedHeadMemory } from '../../../storage/published-head.ts'

export const CHAIN = actorModule<ChainMessages, ChainDeps>(
  new URL('../../../actors/chain/chain.ts', import.meta.url),
  'chain',
)
const COMMITTER = actorModule<TrieCommitterMessages, TrieCommitterDeps>(
  new URL('../../../actors/trie-committer/trie-committer.ts', import.meta.url),
  'trieCommitter',
)
export const COMMITTER_PATH = 'chain/trie-committer-0'

/** Restarts soon and without end: the test decides what fails. */
const PATIENT: SupervisionPolicy = {
  strategy: 'one_for_one',
  restartsMax: 10_000,
  windowMs: 60_000,
  backoff: { minMs: 1, maxMs: 5, jitter: 0 },
}

export type StageOptions = {
  readonly spec: ChainSpec
  readonly database: DatabaseLocation
  readonly historyBlocks?: number
  readonly committers?: number
  readonly trieBytes?: number
  /** Without, seals are not checked. */
  readonly seals?: (ctx: Context<HeadListener>) => SealSettings
  /** The listener takes no further head until it is settled. */
  readonly listenerRests?: Promise<void>
}
export type ChainStage = {
  readonly ctx: Context<HeadListener>
  readonly chain: Ref<ChainMessages>
  readonly publishedHead: SharedArrayBuffer
  /** What listeners were told. */
  readonly heads: readonly ChainHead[]
  /** Settles when the chain is up for the first time, or says why not. */
  readonly started: Promise<Result<void, DownReason>>
  tryImport(blocks: readonly BatchedBlock[]): Promise<Result<ImportAnswer, AskFailure>>
  /** @throws without an answer */
  import(blocks: readonly BatchedBlock[]): Promise<ImportAnswer>
  head(): Promise<ChainHead>
  /** Starts of an actor after its first. */
  restarts(path: string): number
  stop(): Promise<void>
}

type Opening = {
  ctx: Context<HeadListener> | undefined
  chain: Ref<ChainMessages> | undefined
  started: Promise<Result<void, DownReason>> | undefined
}

function rootOf(options: StageOptions, publishedHead: SharedArrayBuffer, heads: ChainHead[], opening: Opening) {
  return defineActor<HeadListener>({
    name: 'root',
    mailbox: { capacity: 64 },
    supervision: PATIENT,
    lossy: { headMoved: { coalesce: '*' } },
    behavior(ctx) {
      const child = ctx.spawn({
        name: 'chain',
        actor: CHAIN,
        deps: {
          spec: options.spec,
          database: options.database,
          publishedHead,
          historyBlocks: options.historyBlocks,
          committers: options.committers ?? 1,
          trieBytes: options.trieBytes ?? 16 * 1024 * 1024,
          listeners: [ctx.self],
          seals: options.seals?.(ctx),
        },
      })
      opening.ctx = ctx
      opening.chain = child.ref
      opening.started = child.started
      return {
        headMoved: serial(async ({ head }) => {
          heads.push(head)
          await options.listenerRests
        }),
      }
    },
  })
}

function stageOf(
  opening: Opening,
  publishedHead: SharedArrayBuffer,
  heads: readonly ChainHead[],
  run: <T>(promise: Promise<T>) => Promise<T>,
  restarts: (path: string) => number,
  stop: () => Promise<void>,
): ChainStage {
  const ctx = opening.ctx as Context<HeadListener>
  const chain = opening.chain as Ref<ChainMessages>
  const tryImport = (list: readonly BatchedBlock[]) => {
    const blocks = encodeBlockBatch(list)
    return run(ctx.ask(chain, 'importBlocks', { blocks }, { transfer: [blocks.buffer], deadlineMs: 120_000 }))
  }
  return {
    ctx,
    chain,
    publishedHead,
    heads,
    started: run(opening.started as Promise<Result<void, DownReason>>),
    tryImport,
    import: async (blocks) => answered(await tryImport(blocks)),
    head: async () => answered(await run(ctx.ask(chain, 'head'))).head,
    restarts,
    stop,
  }
}

/** On worker threads: `placement` names the thread of `chain` and of its committer; without it all on this thread. */
export async function realStage(
  options: StageOptions & { readonly placement?: { readonly [path: string]: string } },
): Promise<ChainStage> {
  const publishedHead = createPublishedHeadMemory()
  const heads: ChainHead[] = []
  const opening: Opening = { ctx: undefined, chain: undefined, started: undefined }
  const system = await startSystem({
    root: rootOf(options, publishedHead, heads, opening),
    deps: undefined,
    placement: options.placement ?? {},
    log: { verbosity: 0, format: 'terminal', colour: false },
  })
  while (opening.started === undefined) await new Promise((resolve) => setTimeout(resolve, 1))
  const restarts = (path: string) => system.inspector.actors().find((actor) => actor.path === path)?.restarts ?? 0
  return stageOf(
    opening,
    publishedHead,
    heads,
    (promise) => promise,
    restarts,
    () => system.stop(),
  )
}

let definitions: Promise<Definitions> | undefined

/** One node of a simulated world. `crash` loses its process; crash its disk with it. */
export async function simulatedStage(
  world: SimulatedWorld,
  name: string,
  options: StageOptions,
): Promise<ChainStage & { crash(): void }> {
  definitions ??= loadDefinitions([CHAIN, COMMITTER])
  const loaded = await definitions
  const publishedHead = createPublishedHeadMemory()
  const heads: ChainHead[] = []
  const opening: Opening = { ctx: undefined, chain: undefined, started: undefined }
  const node = startSimulatedNode({
    world,
    name,
    net: new SimulatedNetwork(world).host('10.0.0.1'),
    disk: simulatedDisk(world, name),
    definitions: loaded,
    root: rootOf(options, publishedHead, heads, opening),
    deps: undefined,
  })
  while (opening.started === undefined) if (!(await world.step())) throw new Error('the root does not start')
  const restarts = (path: string) => node.inspector.actors().find((actor) => actor.path === path)?.restarts ?? 0
  const stage = stageOf(
    opening,
    publishedHead,
    heads,
    (promise) => promise,
    restarts,
    () => node.stop(),
  )
  return { ...stage, crash: () => node.crash() }
}

export function answered<T>(answer: Result<T, AskFailure>): T {
  if (!answer.ok) throw new Error(`no answer: ${answer.error.code} ${answer.error.detail ?? ''}`)
  return answer.value
}
