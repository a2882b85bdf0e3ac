/** Owns the canonical chain: checks and executes blocks, has their roots computed, writes each head in one batch. */
import { ok } from '../../protocols/result.ts'
import { actorModule, defineActor, reentrant } from '../../runtime/actor.ts'
import { pause } from '../../runtime/pause.ts'
import { createBatch } from '../../storage/batch.ts'
import { addHead, type Head, readHead } from '../../storage/chain-store.ts'
import { openDatabase } from '../../storage/database.ts'
import { publishHead } from '../../storage/published-head.ts'
import { accountNodeKey } from '../../storage/schema.ts'
import { splitRoot } from '../../storage/trie/split-root.ts'
import type { TrieCommitterDeps, TrieCommitterMessages } from '../trie-committer/messages.ts'
import { type Committer, createCommitters } from './committers.ts'
import { describeGenesisFault, openGenesis } from './genesis.ts'
import type { ChainDeps, ChainHead, ChainMessages } from './messages.ts'
import { createPipeline } from './pipeline.ts'
import { createSealStage, NO_SEALS, type SealStage } from './seals.ts'

/** Milliseconds between writes that are forced through to the disk; order makes a crash lose only what is newer. */
const SYNC_EVERY_MS = 2_000
/** Milliseconds for the seals of a batch: the making of a late epoch's cache on a busy machine is part of it. */
const SEALS_DEADLINE_MS = 180_000
const MAILBOX_CAPACITY = 128
/** A batch of blocks that changes much of a state far larger than the memory reads for minutes. */
const COMMITTER_DEADLINE_MS = 600_000

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
    const tops = splitRoot((path) => database.get(accountNodeKey(path)), head.stateRoot)
    if (!tops.ok) throw new Error(`the store lacks the top of the state trie: ${tops.error.reason}`)
    const { committers: count = 1 } = deps
    const committers: Committer[] = []
    for (let index = 0; index < count; index++) {
      const { ref, started } = ctx.spawn({
        name: `trie-committer-${index}`,
        actor: committerModule,
        deps: {
          database: deps.database,
          root: head.stateRoot,
          index,
          count,
          memoryBytes: Math.floor(deps.trieBytes / count),
        },
      })
      const up = await started
      if (!up.ok) throw new Error(`trie committer ${index} did not start: ${up.error.detail}`)
      ctx.watch(ref, 'committerEnded')
      committers.push({
        apply: (batch, after, leaves) =>
          ctx.ask(
            ref,
            'apply',
            { batch, after, leaves },
            { transfer: [leaves.buffer], deadlineMs: COMMITTER_DEADLINE_MS },
          ),
        written: (batch) => ctx.tell(ref, 'written', { batch }),
        revert: (batch) => ctx.tell(ref, 'revert', { batch }),
      })
    }

    const announce = (moved: Head): void => {
      publishHead(deps.publishedHead, moved)
      for (const listener of deps.listeners) ctx.tell(listener, 'headMoved', { head: shown(moved) })
    }
    /** Only proof of work has seals of this kind; what came after it has none. */
    function sealStage(): SealStage {
      if (deps.seals === undefined || deps.seals.check === 'none' || deps.spec.consensus !== 'ethash') return NO_SEALS
      const { check, pool } = deps.seals
      return createSealStage({
        check,
        random: ctx.random,
        log: ctx.log,
        wait: (ms) => pause(ctx.clock, ms),
        verify: (rows) =>
          ctx.ask(
            pool,
            'verifySeals',
            { rows, owner: ctx.self, priority: 'normal' },
            { transfer: [rows.buffer], deadlineMs: SEALS_DEADLINE_MS },
          ),
      })
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
      committers: createCommitters(committers, tops.value),
      seals: sealStage(),
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
