/** A sealer on a real chain, on one node of a simulated world. */
import type { ChainDeps, ChainHead, ChainMessages, HeadListener } from '../../../actors/chain/messages.ts'
import type { SealerMessages, SealingSettings } from '../../../actors/sealer/messages.ts'
import { sealer } from '../../../actors/sealer/sealer.ts'
import type { TrieCommitterDeps, TrieCommitterMessages } from '../../../actors/trie-committer/messages.ts'
import type { ChainSpec } from '../../../protocols/chain-spec/chain-spec.ts'
import { checkHeader } from '../../../protocols/consensus/header-rules.ts'
import { decodeHeader, type Header } from '../../../protocols/header.ts'
import { type AskFailure, actorModule, type Context, defineActor } from '../../../runtime/actor.ts'
import type { AnswerOf, Ref } from '../../../runtime/messages.ts'
import type { Result } from '../../../runtime/result.ts'
import { simulatedDisk } from '../../../runtime/simulation/disk.ts'
import { SimulatedNetwork } from '../../../runtime/simulation/network.ts'
import { type Definitions, loadDefinitions, startSimulatedNode } from '../../../runtime/simulation/node.ts'
import { SimulatedWorld } from '../../../runtime/simulation/world.ts'
import { createMemoryStore, type MemoryStore, openDatabase } from '../../../storage/database.ts'
import { createPublishedHeadMemory } from '../../../storage/published-head.ts'
import { canonicalHashKey, headerKey } from '../../../storage/schema.ts'
import { verifyState } from '../../../storage/state/verify-state.ts'
import { CHAIN } from '../chain/chain-stage.ts'
import { verifyStored } from '../chain/stored-state.ts'

const COMMITTER = actorModule<TrieCommitterMessages, TrieCommitterDeps>(
  new URL('../../../actors/trie-committer/trie-committer.ts', import.meta.url),
  'trieCommitter',
)
export const SETTINGS: SealingSettings = {
  periodMs: 0,
  feeRecipient: new Uint8Array(20).fill(0xfe),
  gasLimit: 60_000_000n,
  extraData: new TextEncoder().encode('sealer'),
}

export type SealingWorld = {
  readonly world: SimulatedWorld
  readonly ctx: Context<HeadListener>
  readonly sealer: Ref<SealerMessages>
  /** Every head that the chain told of. */
  readonly heads: readonly ChainHead[]
  ask(count: number): Promise<Result<AnswerOf<SealerMessages, 'seal'>, AskFailure>>
  /** Asks, and turns the world until it is answered. */
  seal(count: number): ReturnType<SealingWorld['ask']>
  /** Stops the node and the world. @returns as `storedHeaders` does. */
  end(): Promise<readonly Header[]>
  /** The process is gone; crash its disk with it. */
  crash(): void
}

/** What a node begins with that is not its first. */
export type Life = { readonly world: SimulatedWorld; readonly store: MemoryStore }

let definitions: Promise<Definitions> | undefined

export async function sealingWorld(
  seed: string | number,
  spec: ChainSpec,
  settings: Partial<SealingSettings> = {},
  life: Life = { world: new SimulatedWorld({ seed }), store: createMemoryStore() },
): Promise<SealingWorld> {
  definitions ??= loadDefinitions([CHAIN, COMMITTER])
  const loaded = await definitions
  const { world, store } = life
  const database = { engine: 'memory', store } as const
  const heads: ChainHead[] = []
  let opened: { ctx: Context<HeadListener>; sealer: Ref<SealerMessages> } | undefined
  const root = defineActor<HeadListener>({
    name: 'root',
    mailbox: { capacity: 64 },
    supervision: {
      strategy: 'one_for_one',
      restartsMax: 10_000,
      windowMs: 60_000,
      backoff: { minMs: 20, maxMs: 20, jitter: 0 },
    },
    lossy: { headMoved: { coalesce: '*' } },
    async behavior(ctx) {
      const chain = ctx.spawn<ChainMessages, ChainDeps>({
        name: 'chain',
        actor: CHAIN,
        deps: {
          spec,
          database,
          publishedHead: createPublishedHeadMemory(),
          historyBlocks: undefined,
          committers: 2,
          trieBytes: 1024 * 1024,
          listeners: [ctx.self],
          seals: undefined,
        },
      })
      const up = await chain.started
      if (!up.ok) throw new Error(up.error.detail)
      const { ref } = ctx.spawn({
        name: 'sealer',
        actor: sealer,
        deps: { ...SETTINGS, ...settings, chain: chain.ref },
      })
      opened = { ctx, sealer: ref }
      return { headMoved: ({ head }) => void heads.push(head) }
    },
  })
  const node = startSimulatedNode({
    world,
    name: 'node',
    net: new SimulatedNetwork(world).host('10.0.0.1'),
    disk: simulatedDisk(world, 'node'),
    definitions: loaded,
    root,
    deps: undefined,
  })
  while (opened === undefined) if (!(await world.step())) throw new Error('the root does not start')
  const { ctx, sealer: ref } = opened
  const ask = (count: number) => ctx.ask(ref, 'seal', { count })
  return {
    world,
    ctx,
    sealer: ref,
    heads,
    ask,
    seal: (count) => world.settle(ask(count)),
    async end() {
      await world.settle(node.stop())
      const headers = await storedHeaders(spec, store)
      world.close()
      return headers
    },
    crash: () => node.crash(),
  }
}

/**
 * The headers of a stored chain, from the genesis on. @throws when one breaks a rule that an import would check, or the values
 * that are kept do not give the state root of the head.
 */
export async function storedHeaders(spec: ChainSpec, store: MemoryStore): Promise<readonly Header[]> {
  const opened = await openDatabase({ engine: 'memory', store })
  if (!opened.ok) throw new Error(opened.error.code)
  const database = opened.value
  const { number: last, stateRoot } = await verifyStored(database)
  const verified = await verifyState(database, { stateRoot, progress: () => true })
  if (!verified.ok) throw new Error(`block ${last}: ${verified.error.code}`)
  const headers: Header[] = []
  for (let number = 0n; number <= last; number++) {
    const hash = database.get(canonicalHashKey(number)) as Uint8Array
    const header = decodeHeader(database.get(headerKey(number, hash)) as Uint8Array)
    if (!header.ok) throw new Error(header.error.code)
    const parent = headers.at(-1)
    const checked = parent && checkHeader(spec, header.value, parent, { parentTotalDifficulty: 0n })
    if (checked?.ok === false) throw new Error(`block ${number}: ${checked.error.code}`)
    headers.push(header.value)
  }
  await database.close()
  return headers
}
