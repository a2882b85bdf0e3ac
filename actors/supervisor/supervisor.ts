/** The root: starts pool, storage, chain, rpc and importer in this order, and fails with a sentence when one does not start. */
import {
  type ActorDefinition,
  type ActorModule,
  actorModule,
  type Child,
  type Context,
  DEFAULT_SUPERVISION,
  defineActor,
  reentrant,
} from '../../runtime/actor.ts'
import { dataDirectory as locate, prepareDataDirectory } from '../../storage/data-directory.ts'
import { createMemoryStore, type DatabaseLocation, openDatabase } from '../../storage/database.ts'
import { createPublishedHeadMemory } from '../../storage/published-head.ts'
import type { ChainDeps, ChainHead, ChainMessages } from '../chain/messages.ts'
import type { ImporterDeps, ImporterMessages } from '../importer/messages.ts'
import type { PoolDeps, PoolMessages } from '../pool/messages.ts'
import type { ImportProgress, RpcDeps, RpcMessages } from '../rpc/messages.ts'
import type { SealerDeps, SealerMessages } from '../sealer/messages.ts'
import type { StorageDeps, StorageMessages } from '../storage/messages.ts'
import { genesisConfig } from './genesis-config.ts'
import type { Endpoints, SupervisorDeps, SupervisorMessages } from './messages.ts'
import { startFailureText } from './start-failure.ts'

type Actor<M, D> = ActorModule<M, D> | ActorDefinition<M, D>
export type NodeActors = {
  readonly pool: Actor<PoolMessages, PoolDeps>
  readonly storage: Actor<StorageMessages, StorageDeps>
  readonly chain: Actor<ChainMessages, ChainDeps>
  readonly rpc: Actor<RpcMessages, RpcDeps>
  readonly sealer: Actor<SealerMessages, SealerDeps>
  readonly importer: Actor<ImporterMessages, ImporterDeps>
}

export const NODE_ACTORS: NodeActors = {
  pool: actorModule(new URL('../pool/pool.ts', import.meta.url), 'pool'),
  storage: actorModule(new URL('../storage/storage.ts', import.meta.url), 'storage'),
  chain: actorModule(new URL('../chain/chain.ts', import.meta.url), 'chain'),
  rpc: actorModule(new URL('../rpc/rpc.ts', import.meta.url), 'rpc'),
  sealer: actorModule(new URL('../sealer/sealer.ts', import.meta.url), 'sealer'),
  importer: actorModule(new URL('../importer/importer.ts', import.meta.url), 'importer'),
}

/** Milliseconds a start may take: a store replays its log, a genesis of thousands of accounts is hashed. */
const START_MS_MAX = 300_000
/** Milliseconds for the block under way at a stop; what is not written is imported again. */
const CHAIN_DRAIN_MS = 10_000
const RPC_DRAIN_MS = 1_000
/** Shares of the cache: blocks of the store, and the state trie. The rest is rpc's and the flat state's. */
const STORE_CACHE_SHARE = 1 / 4
const TRIE_CACHE_SHARE = 1 / 2

export const supervisor = supervisorOf(NODE_ACTORS)

/** The root over any actors of these kinds. */
export function supervisorOf(actors: NodeActors): ActorDefinition<SupervisorMessages, SupervisorDeps> {
  return defineActor<SupervisorMessages, SupervisorDeps>({
    name: 'supervisor',
    mailbox: { capacity: 256 },
    lossy: { headMoved: { coalesce: '*' }, importProgress: { coalesce: '*' } },
    supervision: { ...DEFAULT_SUPERVISION, strategy: 'one_for_one', restartsMax: 3, windowMs: 60_000 },
    async behavior(ctx, deps) {
      const { spec, events } = deps
      const database = databaseOf(deps)
      const publishedHead = createPublishedHeadMemory()
      await keepOpen(ctx, deps.dataDirectory, database)

      // The first to start is the last to stop. It is waited for where its work is needed: it loads beside the storage.
      const pool = ctx.spawn({ name: 'pool', actor: actors.pool, deps: deps.pool, startMs: START_MS_MAX })
      const storage = ctx.spawn({
        name: 'storage',
        actor: actors.storage,
        deps: { directory: deps.dataDirectory, database },
        startMs: START_MS_MAX,
      })
      await up('storage', storage)
      await up('pool', pool)

      const chain = ctx.spawn({
        name: 'chain',
        actor: actors.chain,
        deps: {
          database,
          spec,
          publishedHead,
          historyBlocks: deps.historyBlocks,
          ...(deps.committers === undefined ? {} : { committers: deps.committers }),
          trieBytes: Math.floor(deps.cacheBytes * TRIE_CACHE_SHARE),
          listeners: [ctx.self],
          seals: { check: deps.sealCheck, pool: pool.ref },
        },
        startMs: START_MS_MAX,
        drainMs: CHAIN_DRAIN_MS,
      })
      await up('chain', chain)
      const asked = await ctx.ask(chain.ref, 'head')
      if (!asked.ok) throw new Error(`The chain does not answer: ${asked.error.code}`)
      const { genesisHash } = asked.value
      let head: ChainHead = asked.value.head

      const sealing = await startSealer(ctx, actors, deps, chain.ref)
      const rpc = await startRpc(ctx, actors, deps, { database, publishedHead }, genesisHash, pool.ref, sealing)
      const endpointsNow = async (): Promise<Endpoints> => {
        const endpoints = rpc === undefined ? undefined : await ctx.ask(rpc.ref, 'endpoints')
        return endpoints?.ok === true ? endpoints.value : { http: undefined, ws: undefined, ipc: undefined }
      }
      const startingBlock = head.number
      const showImport = (progress: ImportProgress | undefined): void => {
        if (rpc !== undefined) ctx.tell(rpc.ref, 'importing', { progress })
      }
      events.ready({ ...(await endpointsNow()), head, genesisHash })

      if (deps.importFiles.length > 0) {
        const importer = ctx.spawn({
          name: 'importer',
          actor: actors.importer,
          deps: { files: deps.importFiles, chain: chain.ref, listener: ctx.self },
          // It ends when all is imported; at a stop there is nothing to finish: what is written is written.
          restart: 'transient',
          drainMs: 0,
        })
        await up('importer', importer)
      }

      return {
        headMoved(moved) {
          head = moved.head
          // Passed on, not subscribed to: the way goes on working whichever of chain and rpc has restarted.
          if (rpc !== undefined) ctx.tell(rpc.ref, 'headMoved', moved)
          events.headMoved?.(head)
        },
        importProgress(progress) {
          // How far the files reach is not known before their end.
          showImport({ startingBlock, currentBlock: progress.head, highestBlock: progress.head })
          events.importProgress?.(progress)
        },
        fileDone: (done) => events.fileDone?.(done),
        importDone(totals) {
          showImport(undefined)
          events.importDone?.(totals)
        },
        endpoints: reentrant(endpointsNow),
        head: () => head,
      }
    },
  })
}

async function startSealer(
  ctx: Context<SupervisorMessages>,
  actors: NodeActors,
  { sealing }: SupervisorDeps,
  chain: SealerDeps['chain'],
): Promise<RpcDeps['sealing']> {
  if (sealing === undefined) return undefined
  // What was asked for and is not made at a stop is made another time.
  const sealer = ctx.spawn({ name: 'sealer', actor: actors.sealer, deps: { ...sealing, chain }, drainMs: 0 })
  await up('sealer', sealer)
  return { sealer: sealer.ref, feeRecipient: sealing.feeRecipient }
}

async function startRpc(
  ctx: Context<SupervisorMessages>,
  actors: NodeActors,
  { spec, node, http, ws, ipc, rpcLimits }: SupervisorDeps,
  store: Pick<RpcDeps, 'database' | 'publishedHead'>,
  genesisHash: Uint8Array,
  pool: NonNullable<RpcDeps['pool']>,
  sealing: RpcDeps['sealing'],
): Promise<Child<RpcMessages> | undefined> {
  if (http === undefined && ws === undefined && ipc === undefined) return undefined
  const { chainId, networkId } = spec
  const rpc = ctx.spawn({
    name: 'rpc',
    actor: actors.rpc,
    deps: {
      ...store,
      chain: { chainId, networkId, genesisHash, config: genesisConfig(spec), spec },
      node,
      pool,
      sealing,
      http,
      ws,
      ipc,
      ...(rpcLimits === undefined ? {} : { limits: rpcLimits }),
    },
    drainMs: RPC_DRAIN_MS,
  })
  await up('rpc', rpc)
  return rpc
}

async function up(name: string, child: Child<any>): Promise<void> {
  const started = await child.started
  if (!started.ok) throw new Error(startFailureText(name, started.error))
}

/**
 * Opens the store before all others and closes it after them. Whoever opens LevelDB first lends its block cache to every thread of
 * the process, and takes it away at its close: were that an actor whose thread may go, the others would read freed memory.
 * A store that does not open is not told of here: the storage actor finds out why, and says it.
 */
async function keepOpen(
  ctx: Context<SupervisorMessages>,
  directory: string | undefined,
  database: DatabaseLocation,
): Promise<void> {
  if (directory === undefined || !(await prepareDataDirectory(directory))) return
  const opened = await openDatabase(database)
  if (opened.ok) ctx.own(opened.value)
}

/** All openers get the same: within one process they share one store. */
function databaseOf({ dataDirectory, cacheBytes }: SupervisorDeps): DatabaseLocation {
  if (dataDirectory === undefined) return { engine: 'memory', store: createMemoryStore() }
  return {
    engine: 'level',
    directory: locate(dataDirectory).chainDatabase,
    cacheBytes: Math.floor(cacheBytes * STORE_CACHE_SHARE),
  }
}
