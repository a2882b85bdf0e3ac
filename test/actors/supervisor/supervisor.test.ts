import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ChainDeps, ChainHead, ChainMessages } from '../../../actors/chain/messages.ts'
import { importer } from '../../../actors/importer/importer.ts'
import type { ImportTotals } from '../../../actors/importer/messages.ts'
import { pool } from '../../../actors/pool/pool.ts'
import type { RpcDeps, RpcMessages } from '../../../actors/rpc/messages.ts'
import { sealer } from '../../../actors/sealer/sealer.ts'
import { storage } from '../../../actors/storage/storage.ts'
import type { NodeReady, SupervisorDeps } from '../../../actors/supervisor/messages.ts'
import { startFailureText } from '../../../actors/supervisor/start-failure.ts'
import { type NodeActors, supervisorOf } from '../../../actors/supervisor/supervisor.ts'
import { DEV } from '../../../protocols/chain-spec/dev.ts'
import { type Context, defineActor, reentrant } from '../../../runtime/actor.ts'
import { startSystem } from '../../../runtime/system.ts'
import { lockDataDirectory } from '../../../storage/data-directory.ts'
import { blockFile } from '../importer/rig.ts'

const HEAD: ChainHead = {
  number: 0n,
  hash: new Uint8Array(32).fill(1),
  stateRoot: new Uint8Array(32),
  totalDifficulty: 0n,
}
const GENESIS_HASH = new Uint8Array(32).fill(1)

let root: string
let order: string[]
/** Blocks that rpc was told of, undefined at the end. */
let shown: (bigint | undefined)[]
let chainContext: Context<ChainMessages> | undefined
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'troupe-supervisor-'))
  order = []
  shown = []
})
afterEach(() => rm(root, { recursive: true, force: true }))

function actors(refuses: { readonly chain?: string; readonly rpc?: string; readonly sync?: string } = {}): NodeActors {
  let head = HEAD
  const told = (name: string, refusal: string | undefined) => ({
    open(): { close(): void } {
      order.push(`${name} starts`)
      if (refusal !== undefined) throw new Error(refusal)
      return { close: () => void order.push(`${name} ends`) }
    },
  })
  return {
    pool: tellingPool(order),
    storage,
    chain: defineActor<ChainMessages, ChainDeps>({
      name: 'chain',
      mailbox: { capacity: 8 },
      behavior(ctx, deps) {
        chainContext = ctx
        ctx.own(told('chain', refuses.chain).open())
        return {
          importBlocks: reentrant(async () => {
            head = { ...head, number: head.number + 1n }
            for (const listener of deps.listeners) ctx.tell(listener, 'headMoved', { head })
            return { imported: 1, known: 0, head, sealsChecked: 0, failed: undefined }
          }),
          sealBlock: () => ({ ok: false, error: { code: 'SEAL_PARENT' } }),
          head: () => ({ head, genesisHash: GENESIS_HASH }),
          committerEnded() {},
          sync() {
            if (refuses.sync !== undefined) throw new Error(refuses.sync)
          },
        }
      },
    }),
    rpc: defineActor<RpcMessages, RpcDeps>({
      name: 'rpc',
      mailbox: { capacity: 8 },
      lossy: { headMoved: { coalesce: '*' }, importing: { coalesce: '*' } },
      behavior(ctx, deps) {
        ctx.own(told('rpc', refuses.rpc).open())
        return {
          request: () => ({ text: undefined, close: false }),
          endpoints: () => ({ http: undefined, ws: undefined, ipc: deps.ipc?.path }),
          headMoved() {},
          importing: ({ progress }) => void shown.push(progress?.currentBlock),
          restartLater() {},
        }
      },
    }),
    sealer,
    importer,
  }
}

/** The pool, which says when it starts and ends. */
const tellingPool = (said: string[]): NodeActors['pool'] => ({
  ...pool,
  behavior(ctx, deps) {
    said.push('pool starts')
    ctx.own({ close: () => void said.push('pool ends') })
    return pool.behavior(ctx, deps)
  },
})

async function run(
  nodeActors: NodeActors,
  deps: Partial<SupervisorDeps> = {},
  isOver: 'ready' | 'imported' = 'ready',
): Promise<{
  ready: NodeReady | undefined
  totals: ImportTotals | undefined
  heads: bigint[]
  failure: string | undefined
}> {
  let ready: NodeReady | undefined
  let totals: ImportTotals | undefined
  const heads: bigint[] = []
  let over: () => void = () => {}
  const finished = new Promise<void>((resolve) => {
    over = resolve
  })
  const system = await startSystem({
    root: supervisorOf(nodeActors),
    deps: {
      spec: DEV,
      dataDirectory: root,
      cacheBytes: 16 * 1024 * 1024,
      historyBlocks: undefined,
      pool: { threads: 0, ethash: undefined },
      sealCheck: 'none',
      node: { clientVersion: 'Troupe', datadir: root, ip: '127.0.0.1', discoveryPort: 0, listenerPort: 0 },
      http: undefined,
      ipc: { path: join(root, 'x.ipc') },
      importFiles: [],
      events: {
        ready(node) {
          ready = node
          if (isOver === 'ready') over()
        },
        headMoved: ({ number }) => heads.push(number),
        importDone(done) {
          totals = done
          over()
        },
      },
      ...deps,
    },
    placement: {},
    log: { verbosity: 0, format: 'logfmt', colour: false },
  })
  const failed = await Promise.race([finished.then(() => undefined), system.ended])
  await system.stop()
  return { ready, totals, heads, failure: failed === undefined ? undefined : startFailureText('The node', failed) }
}

test('starts in order, says when everything accepts, and stops in reverse', async () => {
  const { ready } = await run(actors())
  expect(ready).toEqual({ http: undefined, ipc: join(root, 'x.ipc'), head: HEAD, genesisHash: GENESIS_HASH })
  expect(order).toEqual(['pool starts', 'chain starts', 'rpc starts', 'rpc ends', 'chain ends', 'pool ends'])
  const lock = await lockDataDirectory(root)
  if (!lock.ok) throw new Error(lock.error.message)
  await lock.value.release()
})

test('needs neither disk nor rpc', async () => {
  const { ready } = await run(actors(), { dataDirectory: undefined, ipc: undefined })
  expect(ready).toMatchObject({ http: undefined, ipc: undefined })
  expect(order).toEqual(['pool starts', 'chain starts', 'chain ends', 'pool ends'])
})

describe('fails with the sentence of who does not start', () => {
  test('storage', async () => {
    const lock = await lockDataDirectory(root)
    if (!lock.ok) throw new Error(lock.error.message)
    const { failure, ready } = await run(actors())
    await lock.value.release()
    expect(failure).toMatch(/^The data directory \S+ is in use by process \d+: stop it, or choose another --datadir\.$/)
    expect(ready).toBeUndefined()
    expect(order).toEqual(['pool starts', 'pool ends'])
  })
  test('chain', async () => {
    expect((await run(actors({ chain: 'another genesis' }))).failure).toBe('another genesis')
  })
  test('rpc, after which the chain is stopped', async () => {
    expect((await run(actors({ rpc: 'HTTP does not listen: 127.0.0.1:80: in use' }))).failure).toBe(
      'HTTP does not listen: 127.0.0.1:80: in use',
    )
    expect(order).toEqual(['pool starts', 'chain starts', 'rpc starts', 'chain ends', 'pool ends'])
  })
})

test('imports files once the chain is up, and tells of heads and the end', async () => {
  const file = join(root, 'blocks.rlp')
  await writeFile(file, blockFile(1, 500))
  const { totals, heads } = await run(actors(), { importFiles: [file] }, 'imported')
  expect(totals).toEqual({ faults: 0, imported: 3, known: 0, head: 3n, sealsChecked: 0 })
  expect(heads.at(-1)).toBe(3n)
  expect(shown.at(-1)).toBeUndefined()
  expect(shown.length).toBeGreaterThan(1)
})

test('a chain that fails too often ends the node', async () => {
  const { failure } = await run(actors({ sync: 'broken' }), { events: { ready: () => setTimeout(killChain, 1) } })
  expect(failure).toContain('ESCALATED')
  function killChain(): void {
    const before = chainContext!
    before.tell(before.self, 'sync')
    const again = setInterval(() => {
      if (chainContext === before) return
      clearInterval(again)
      killChain()
    }, 5)
    setTimeout(() => clearInterval(again), 3_000)
  }
})
