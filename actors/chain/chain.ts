/** Owns the canonical chain: checks and executes blocks, has their roots computed, writes each head in one batch. */
import { ok } from '../../protocols/result.ts'
import { actorModule, defineActor, reentrant } from '../../runtime/actor.ts'
import { createBatch } from '../../storage/batch.ts'
import { addHead, type Head, readHead } from '../../storage/chain-store.ts'
import { openDatabase } from '../../storage/database.ts'
import { publishHead } from '../../storage/published-head.ts'
import type { TrieCommitterDeps, TrieCommitterMessages } from '../trie-committer/messages.ts'
import { describeGenesisFault, openGenesis } from './genesis.ts'
import type { ChainDeps, ChainHead, ChainMessages } from './messages.ts'
import { createPipeline } from './pipeline.ts'

/** Milliseconds between writes that are forced through to the disk; order makes a crash lose only what is newer. */
const SYNC_EVERY_MS = 2_000
const MAILBOX_CAPACITY = 128

const committerModule = actorModule<TrieCommitterMessages, TrieCommitterDeps>(
  new URL('../trie-committer/trie-committer.ts', import.meta.url),
  'trieCommitter',
)

export const chain = defineActor<ChainMessages, ChainDeps>({
  name: 'chain',
  mailbox: { capacity: MAILBOX_CAPACITY },
  // A committer that ends loses nodes that the chain builds on: both come back together, at the persisted head.
  supervision: {
    strategy: 'one_for_all',
    restartsMax: 0,
    windowMs: 60_000,
    backoff: { minMs: 50, maxMs: 1_000, jitter: 0.2 },
  },
  async behavior(ctx, deps) {
    const opened = await openDatabase(deps.database)
    if (!opened.ok) throw new Error(`the store cannot be opened: ${opened.error.code}`)
    const database = ctx.own(opened.value)
    const genesis = await openGenesis(database, deps.spec)
    if (!genesis.ok) throw new Error(describeGenesisFault(genesis.error))
    const { genesisHash } = genesis.value
    // Whatever an earlier owner still had under way is not ours: this epoch begins at what is persisted.
    const epoch = genesis.value.head.epoch + 1n
    const head: Head = { ...(readHead(database) ?? genesis.value.head), epoch }
    const begun = createBatch()
    addHead(begun, head)
    // Not left to the first block: an owner that ends before it would give its epoch to the next one too.
    const written = await database.batch(begun.operations)
    if (!written.ok) throw new Error(`the store refused the head: ${written.error.code}`)
    const committer = ctx.spawn({
      name: 'trie-committer-0',
      actor: committerModule,
      deps: { database: deps.database, root: head.stateRoot, memoryBytes: deps.trieBytes },
    })
    const started = await committer.started
    if (!started.ok) throw new Error(`the trie committer did not start: ${started.error.detail}`)
    ctx.watch(committer.ref, 'committerEnded')

    const announce = (moved: Head): void => {
      publishHead(deps.publishedHead, moved)
      for (const listener of deps.listeners) ctx.tell(listener, 'headMoved', { head: shown(moved) })
    }
    const pipeline = createPipeline({
      spec: deps.spec,
      database,
      head,
      genesisHash,
      historyBlocks: deps.historyBlocks,
      syncEveryMs: SYNC_EVERY_MS,
      now: ctx.now,
      log: ctx.log,
      apply: (batch, from, leaves) =>
        ctx.ask(committer.ref, 'apply', { batch, from, leaves }, { transfer: [leaves.buffer], deadlineMs: 600_000 }),
      written: (batch) => ctx.tell(committer.ref, 'written', { batch }),
      announce,
    })
    announce(head)
    ctx.every(SYNC_EVERY_MS, 'sync')
    // Released before the store is closed: what was written without `sync` is made durable.
    ctx.own({ close: () => pipeline.close() })

    return {
      importBlocks: reentrant(({ blocks }) => pipeline.add(blocks)),
      sealBlock: reentrant(async ({ parent, attributes }) => {
        const sealed = await pipeline.seal(parent, attributes)
        return sealed.ok ? ok(shown(sealed.value)) : sealed
      }),
      head: () => ({ head: shown(pipeline.head()), genesisHash }),
      sync: () => pipeline.sync(),
      committerEnded({ path, reason }) {
        // What an operator does is no failure: it is not counted as one, however often.
        if (reason.code === 'ADMIN' && ctx.system.restart(ctx.path).ok) return
        throw new Error(`${path} ended: ${reason.code}`)
      },
    }
  },
})

const shown = ({ number, hash, stateRoot, totalDifficulty }: Head): ChainHead => ({
  number,
  hash,
  stateRoot,
  totalDifficulty,
})
