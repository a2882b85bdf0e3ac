/** Commands that read a data directory of which no node runs. */
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dispatch } from '../../commands/dispatch.ts'
import { keccak256 } from '../../protocols/keccak256.ts'
import { createBatch } from '../../storage/batch.ts'
import { addBlock, addCanonical, addHead } from '../../storage/chain-store.ts'
import { dataDirectory, lockDataDirectory } from '../../storage/data-directory.ts'
import { openDatabase } from '../../storage/database.ts'
import { accountKey, admitSchema, codeKey, slotKey } from '../../storage/schema.ts'
import { genesisState } from '../../storage/state/genesis-state.ts'
import { type BuiltBlock, chainBuilder, TEST_SPEC, toEra1, toRlp } from '../chain-builder.ts'

const { alloc } = TEST_SPEC.genesis
const accounts = alloc.kind === 'inline' ? alloc.accounts : []
const NO_RECEIPTS = Uint8Array.of(0xc0)

let root: string
let blocks: BuiltBlock[]

type Operation = ReturnType<typeof createBatch>['operations'][number]
async function withStore(operations: readonly Operation[]): Promise<void> {
  const database = await openDatabase({ engine: 'level', directory: dataDirectory(root).chainDatabase })
  if (!database.ok) throw new Error(database.error.code)
  await admitSchema(database.value)
  await database.value.batch(operations)
  await database.value.close()
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'troupe-stored-'))
  const lock = await lockDataDirectory(root)
  if (!lock.ok) throw new Error(lock.error.message)
  await lock.value.release()
  const builder = await chainBuilder('stored')
  blocks = [builder.genesis, ...builder.grow(builder.genesis, 40)]
  const batch = createBatch()
  const state = genesisState(accounts)
  state.addTo(batch)
  for (const { number, hash, headerBytes, bodyBytes, totalDifficulty } of blocks) {
    addBlock(batch, { number, hash, header: headerBytes, body: bodyBytes, receipts: NO_RECEIPTS, totalDifficulty })
    addCanonical(batch, number, hash)
  }
  // The state is that of the genesis: what is verified is the head's own root.
  const { number, hash, totalDifficulty } = blocks.at(-1)!
  addHead(batch, { number, hash, stateRoot: state.stateRoot, totalDifficulty, epoch: 1n })
  await withStore(batch.operations)
})
afterAll(() => rm(root, { recursive: true, force: true }))

async function troupe(name: string, ...args: string[]) {
  let out = ''
  let errors = ''
  const code = await dispatch([name, '--datadir', root, ...args], {
    write: (text) => {
      out += text
    },
    complain: (text) => {
      errors += text
    },
    env: {},
    workingDirectory: root,
  })
  return { code, out, errors }
}
const written = async (name: string) => new Uint8Array(await readFile(join(root, name)))

describe('export', () => {
  test('writes all blocks as RLP', async () => {
    const { code, out } = await troupe('export', 'chain.rlp')
    expect(code).toBe(0)
    expect(out).toMatch(/^Exported 41 blocks \(0 to 40\) to chain\.rlp in /)
    expect(await written('chain.rlp')).toEqual(toRlp(blocks))
    await expect(stat(join(root, 'chain.rlp.part'))).rejects.toThrow()
  })
  test('writes a range as era1, by the ending of the name or by --format', async () => {
    expect((await troupe('export', 'some.era1', '5', '20')).code).toBe(0)
    expect(await written('some.era1')).toEqual(toEra1(blocks.slice(5, 21)))
    expect((await troupe('export', '--format', 'era1', 'some', '5', '20')).code).toBe(0)
    expect(await written('some')).toEqual(toEra1(blocks.slice(5, 21)))
  })
  test.each([
    [['x.rlp', '1'], 2, 'a range has two numbers: FIRST LAST'],
    [['x.rlp', '9', '8'], 2, 'the range is empty: 9 is above 8'],
    [['x.rlp', '0', '41'], 2, 'block 41 is above the head, which is 40'],
    [['x.rlp', 'a', '8'], 2, '"a" is no block number'],
    [['x.rlp.gz'], 2, 'files are written uncompressed'],
    [['no/where.rlp'], 1, 'ENOENT'],
  ])('refuses %j', async (args, exit, why) => {
    const { code, errors } = await troupe('export', ...args)
    expect({ code, errors }).toEqual({ code: exit, errors: expect.stringContaining(why) })
  })
  test('of a running node is refused with its process', async () => {
    const lock = await lockDataDirectory(root)
    const { code, errors } = await troupe('export', 'x.rlp')
    expect({ code, errors }).toEqual({ code: 1, errors: expect.stringMatching(/in use by process \d+: stop it/) })
    if (lock.ok) await lock.value.release()
  })
  test('of a directory without a chain is refused, and makes none', async () => {
    const { code, errors } = await troupe('export', '--datadir', join(root, 'none'), 'x.rlp')
    expect({ code, errors }).toEqual({ code: 1, errors: expect.stringContaining('none holds no chain') })
    await expect(stat(join(root, 'none'))).rejects.toThrow()
  })
})

describe('db verify', () => {
  const put = (key: Uint8Array, value: Uint8Array) => withStore([{ type: 'put', key, value }])
  const del = (key: Uint8Array) => withStore([{ type: 'del', key }])

  test('computes the state root from the values', async () => {
    const { code, out } = await troupe('db', 'verify')
    expect(out).toMatch(/^Sound: 30 accounts and 5 slots give the state root 0x[0-9a-f]{64} of block 40 /)
    expect(code).toBe(0)
  })
  test('finds slots, accounts and code that are not what they were', async () => {
    const of = accounts[0]!
    const slot = slotKey(keccak256(of.address), keccak256(of.storage[0]!.slot))
    await put(slot, Uint8Array.of(0x7f))
    expect(await troupe('db', 'verify')).toMatchObject({
      code: 1,
      errors: expect.stringContaining('Damaged: the slots of the account'),
    })
    await put(slot, of.storage[0]!.value[31] === 1 ? new Uint8Array([0xa0, ...of.storage[0]!.value]) : Uint8Array.of(1))
    expect((await troupe('db', 'verify')).code).toBe(0)

    await del(codeKey(keccak256(of.code)))
    expect((await troupe('db', 'verify')).errors).toMatch(/Damaged: the code 0x.* is missing or another/)
    await put(codeKey(keccak256(of.code)), of.code)

    await del(accountKey(keccak256(accounts[1]!.address)))
    expect((await troupe('db', 'verify')).errors).toMatch(/Damaged: the accounts give the state root/)
  })
  test('has no other action', async () =>
    expect(await troupe('db', 'inspect')).toMatchObject({ code: 2, errors: expect.stringContaining('(verify)') }))
})
