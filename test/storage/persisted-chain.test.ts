import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createBatch } from '../../storage/batch.ts'
import { addHead, readHead } from '../../storage/chain-store.ts'
import { type Database, openDatabase } from '../../storage/database.ts'
import { accountNodeKey } from '../../storage/schema.ts'
import { leafOfSlimAccount } from '../../storage/state/account.ts'
import { addChangeSet, rollBack } from '../../storage/state/change-set.ts'
import { flatState } from '../../storage/state/flat-state.ts'
import { addNodes, genesisState } from '../../storage/state/genesis-state.ts'
import { addFlatState } from '../../storage/state/state-changes.ts'
import { createStateView } from '../../storage/state/state-view.ts'
import { createNodeBuffer } from '../../storage/trie/node-buffer.ts'
import { createTrie, type Trie } from '../../storage/trie/trie.ts'

let parent: string
let runs = 0
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'troupe-chain-'))
})
afterAll(() => rm(parent, { recursive: true, force: true }))

async function open(directory: string): Promise<Database> {
  const opened = await openDatabase({ engine: 'level', directory })
  if (!opened.ok) throw new Error(opened.error.code)
  return opened.value
}
const address = (n: number): Uint8Array => new Uint8Array(20).fill(n + 1)
const funded = (n: number) => ({
  address: address(n),
  balance: BigInt(n),
  nonce: 0n,
  code: new Uint8Array(0),
  storage: [],
})

function update(trie: Trie, addressHash: Uint8Array, slim: Uint8Array | undefined): void {
  const done = slim === undefined ? trie.delete(addressHash) : trie.insert(addressHash, leafOfSlimAccount(slim))
  if (!done.ok) throw new Error(`${done.error.code}: ${done.error.reason}`)
}

/** Rewards of one block: who gets how much; 0 touches. */
const blocks = fc.array(fc.array(fc.tuple(fc.nat(60), fc.nat(3)), { maxLength: 4 }), { minLength: 2, maxLength: 25 })

test('blocks executed ahead, persisted together, closed, opened and rolled back always give the same roots', async () => {
  await fc.assert(
    fc.asyncProperty(blocks, fc.integer({ min: 1, max: 5 }), fc.nat(), async (history, perBatch, choice) => {
      const directory = join(parent, String(runs++))
      let database = await open(directory)
      const genesis = genesisState(Array.from({ length: 30 }, (_, n) => funded(n)))
      const first = createBatch()
      genesis.addTo(first)
      const headOf = (number: bigint, stateRoot: Uint8Array) =>
        ({ number, hash: stateRoot, stateRoot, totalDifficulty: number, epoch: 1n }) as const
      addHead(first, headOf(0n, genesis.stateRoot))
      expect((await database.batch(first.operations)).ok).toBe(true)

      const roots = [genesis.stateRoot]
      const nodes = createNodeBuffer((path) => database.get(accountNodeKey(path)))
      const trie = createTrie({ root: genesis.stateRoot, read: nodes.read, memoryBytesMax: 5_000 })
      const view = createStateView(flatState(database))
      let batch = createBatch()
      for (const [i, rewards] of history.entries()) {
        const number = BigInt(i + 1)
        for (const [who, amount] of rewards) view.addBalance(address(who), BigInt(amount))
        const changes = view.endBlock({ deleteEmpty: true })
        for (const { addressHash, current } of changes.accounts) update(trie, addressHash, current)
        const { root, changed } = trie.commit()
        roots.push(root)
        nodes.add(changed)
        addFlatState(batch, changes)
        addChangeSet(batch, number, changes)
        if ((i + 1) % perBatch !== 0 && i + 1 < history.length) continue
        const taken = nodes.take()
        addNodes(batch, accountNodeKey, taken)
        addHead(batch, headOf(number, root))
        expect((await database.batch(batch.operations)).ok).toBe(true)
        nodes.forget(taken)
        view.release()
        batch = createBatch()
      }
      await database.close()

      database = await open(directory)
      const head = readHead(database)!
      expect(head.stateRoot).toEqual(roots.at(-1))
      const target = BigInt(choice) % (head.number + 1n)
      const again = createTrie({ root: head.stateRoot, read: (path) => database.get(accountNodeKey(path)) })
      const back = createBatch()
      for (let number = head.number; number > target; number--) {
        const restored = rollBack(database, back, number)
        if (!restored.ok) throw new Error(restored.error.code)
        for (const { addressHash, value } of restored.value.accounts) update(again, addressHash, value)
        expect(again.root()).toEqual(roots[Number(number) - 1])
      }
      const committed = again.commit()
      addNodes(back, accountNodeKey, committed.changed)
      addHead(back, headOf(target, committed.root))
      expect((await database.batch(back.operations)).ok).toBe(true)

      const last = createTrie({ root: roots[Number(target)]!, read: (path) => database.get(accountNodeKey(path)) })
      const state = flatState(database)
      let leaves = 0
      for await (const [key, slim] of database.range({ gte: Uint8Array.of(0x61), lt: Uint8Array.of(0x62) })) {
        expect(last.get(key.slice(1))).toEqual({ ok: true, value: leafOfSlimAccount(slim) })
        expect(state.account(key.slice(1))).toEqual(slim)
        leaves++
      }
      expect(leaves).toBeGreaterThanOrEqual(29)
      await database.close()
    }),
    { numRuns: 15 },
  )
})
