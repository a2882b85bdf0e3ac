import { describe, expect, test } from 'vitest'
import { loadGenesisAlloc } from '../../../protocols/chain-spec/genesis-alloc.ts'
import { hexConstant } from '../../../protocols/hex.ts'
import { keccak256 } from '../../../protocols/keccak256.ts'
import { accountNodeKey, storageNodeKey } from '../../../storage/schema.ts'
import { encodeAccount, leafOfSlimAccount, storedAccount } from '../../../storage/state/account.ts'
import { flatState } from '../../../storage/state/flat-state.ts'
import { genesisState } from '../../../storage/state/genesis-state.ts'
import { createTrie, EMPTY_ROOT } from '../../../storage/trie/trie.ts'
import { memoryDatabase, write } from '../memory-database.ts'

const bundled = (network: 'mainnet' | 'sepolia' | 'holesky' | 'hoodi') =>
  loadGenesisAlloc({ alloc: { kind: 'bundled', network } } as Parameters<typeof loadGenesisAlloc>[0])

describe('state root of the genesis of', () => {
  // mainnet: go-ethereum's genesis header; the others: from the genesis headers of their chain configurations.
  test.each([
    ['mainnet', 8893, 'd7f8974fb5ac78d9ac099b9ad5018bedc2ce0a72dad1827a1709da30580f0544'],
    ['sepolia', 15, '5eb6e371a698b8d68f665192350ffcecbbbf322916f4b51bd79bb6887da3f494'],
    ['holesky', undefined, '69d8c9d72f6fa4ad42d4702b433707212f90db395eb54dc20bc85de253788783'],
  ] as const)('%s', async (network, count, root) => {
    const alloc = await bundled(network)
    if (count !== undefined) expect(alloc).toHaveLength(count)
    const began = performance.now()
    const { stateRoot } = genesisState(alloc)
    expect(Buffer.from(stateRoot).toString('hex')).toBe(root)
    expect(performance.now() - began).toBeLessThan(10_000)
  })
})

test('what is stored answers every account, slot and code, flat and through the tries', async () => {
  const address = (n: number): Uint8Array => new Uint8Array(20).fill(n)
  const word = (n: number): Uint8Array => hexConstant(n.toString(16).padStart(64, '0'))
  const code = Uint8Array.of(0x60, 0x00)
  const slots = [1, 2, 300, 4].map((n) => ({ slot: word(n), value: word(n * 7) }))
  const genesis = genesisState([
    { address: address(1), balance: 0n, nonce: 0n, code: new Uint8Array(0), storage: [] },
    { address: address(2), balance: 9n, nonce: 1n, code, storage: [...slots, { slot: word(9), value: word(0) }] },
    { address: address(3), balance: 10n ** 20n, nonce: 0n, code: new Uint8Array(0), storage: [] },
  ])
  const database = await memoryDatabase()
  await write(database, genesis.addTo)
  const state = flatState(database)
  const trie = createTrie({ root: genesis.stateRoot, read: (path) => database.get(accountNodeKey(path)) })
  for (let n = 1; n <= 3; n++) {
    const slim = state.account(keccak256(address(n)))!
    expect(trie.get(keccak256(address(n)))).toEqual({ ok: true, value: leafOfSlimAccount(slim) })
  }
  expect(storedAccount(state.account(keccak256(address(1)))!)).toMatchObject({ balance: 0n, storageRoot: EMPTY_ROOT })
  const contractHash = keccak256(address(2))
  const contract = storedAccount(state.account(contractHash)!)
  expect(state.code(contract.codeHash)).toEqual(code)
  expect(encodeAccount(contract)).toEqual(leafOfSlimAccount(state.account(contractHash)!))
  const storage = createTrie({
    root: contract.storageRoot,
    read: (path) => database.get(storageNodeKey(contractHash, path)),
  })
  for (const { slot } of slots) {
    const leaf = state.slot(contractHash, keccak256(slot))
    expect(leaf).toBeDefined()
    expect(storage.get(keccak256(slot))).toEqual({ ok: true, value: leaf })
  }
  expect(state.slot(contractHash, keccak256(word(9)))).toBeUndefined()
  expect(storage.get(keccak256(word(9)))).toEqual({ ok: true, value: undefined })
})
