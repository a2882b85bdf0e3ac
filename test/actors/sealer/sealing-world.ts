/** A sealer on a real chain, on one node of a simulated world. */
import type { ChainHead, ChainMessages, HeadListener } from '../../../actors/chain/messages.ts'
import type { SealerMessages, SealingSettings } from '../../../actors/sealer/messages.ts'
import { sealer } from '../../../actors/sealer/sealer.ts'
import type { TrieCommitterDeps, TrieCommitterMessages } from '../../../actors/trie-committer/messages.ts'
import type { ChainSpec } from '../../../protocols/chain-spec/chain-spec.ts'
import { checkHeader } from '../../../protocols/consensus/header-rules.ts'
import { decodeHeader, type Header } from '../../../protocols/header.ts'
import { actorModule, type Context, defineActor } from '../../../runtime/actor.ts'
import type { Ref } from '../../../runtime/messages.ts'
import { simulatedDisk } from '../../../runtime/simulation/disk.ts'
import { SimulatedNetwork } from '../../../runtime/simulation/network.ts'
import { type Definitions, loadDefinitions, startSimulatedNode } from '../../../runtime/simulation/node.ts'
import { SimulatedWorld } from '../../../runtime/simulation/world.ts'
import { createMemoryStore, openDatabase } from '../../../storage/database.ts'
import { createPublishedHeadMemory } from '../../../storage/published-head.ts'
import { canonicalHashKey, headerKey } from '../../../storage/schema.ts'
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
  seal(count: number): ReturnType<SealingWorld['ask']>
  ask(count: number): Promise<import('../../../runtime/result.ts').Result<unknown, unknown>>
  /** Stops the node. @returns the headers of its chain, from the genesis on, each checked against its parent as an import would. */
  end(): Promise<readonly Header[]>
}

let definitions: Promise<Definitions> | undefined

export async function sealingWorld(
  seed: string | number,
  spec: ChainSpec,
  settings: Partial<SealingSettings> = {},
): Promise<SealingWorld> {
  definitions ??= loadDefinitions([CHAIN, COMMITTER])
  const loaded = await definitions
  const world = new SimulatedWorld({ seed })
  const database = { engine: 'memory', store: createMemoryStore() } as const
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
      const chain = ctx.spawn<ChainMessages, any>({
        name: 'chain',
        actor: CHAIN,
        deps: {
          spec,
          database,
          publishedHead: createPublishedHeadMemory(),
          historyBlocks: undefined,
          trieBytes: 1024 * 1024,
          listeners: [ctx.self],
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
      const store = await openDatabase(database)
      if (!store.ok) throw new Error(store.error.code)
      const { number: last } = await verifyStored(store.value)
      const headers: Header[] = []
      for (let number = 0n; number <= last; number++) {
        const hash = store.value.get(canonicalHashKey(number)) as Uint8Array
        const header = decodeHeader(store.value.get(headerKey(number, hash)) as Uint8Array)
        if (!header.ok) throw new Error(header.error.code)
        const parent = headers.at(-1)
        const checked = parent && checkHeader(spec, header.value, parent, { parentTotalDifficulty: 0n })
        if (checked?.ok === false) throw new Error(`block ${number}: ${checked.error.code}`)
        headers.push(header.value)
      }
      await store.value.close()
      world.close()
      return headers
    },
  }
}
