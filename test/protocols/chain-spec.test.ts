import { createMPT } from '@ethereumjs/mpt'
import { createAccount } from '@ethereumjs/util'
import { describe, expect, test } from 'vitest'
import { isZero } from '../../protocols/bytes.ts'
import type { ChainSpec, GenesisAccount } from '../../protocols/chain-spec/chain-spec.ts'
import { blobParametersAt, checkForkOrder } from '../../protocols/chain-spec/chain-spec.ts'
import { DEV, DEV_ACCOUNTS } from '../../protocols/chain-spec/dev.ts'
import { loadGenesisAlloc } from '../../protocols/chain-spec/genesis-alloc.ts'
import { genesisHeader } from '../../protocols/chain-spec/genesis-header.ts'
import { parseGenesisJson, parseGenesisText } from '../../protocols/chain-spec/genesis-json.ts'
import { MAINNET } from '../../protocols/chain-spec/mainnet.ts'
import { NETWORKS, networkNamed } from '../../protocols/chain-spec/networks.ts'
import { rulesAt } from '../../protocols/chain-spec/rules.ts'
import { SEPOLIA } from '../../protocols/chain-spec/sepolia.ts'
import { decodeHeader, encodeHeader, headerHash } from '../../protocols/header.ts'
import { bytesToBareHex, hexConstant } from '../../protocols/hex.ts'
import { keccak256 } from '../../protocols/keccak256.ts'
import type { RlpItem } from '../../protocols/rlp.ts'
import { decodeRlp, encodeRlp } from '../../protocols/rlp.ts'
import { describeShared, readSharedJson } from '../shared-data.ts'

async function stateRootOf(accounts: readonly GenesisAccount[]): Promise<Uint8Array> {
  const state = await createMPT({ useKeyHashing: true })
  for (const account of accounts) {
    const storage = await createMPT({ useKeyHashing: true })
    for (const { slot, value } of account.storage)
      if (!isZero(value)) await storage.put(slot, encodeRlp(value.subarray(value.findIndex((byte) => byte !== 0))))
    const { balance, nonce, code } = account
    const encoded = createAccount({
      balance,
      nonce,
      storageRoot: storage.root(),
      codeHash: keccak256(code),
    }).serialize()
    await state.put(account.address, encoded)
  }
  return state.root()
}
const genesisHash = async (spec: ChainSpec): Promise<string> =>
  bytesToBareHex(headerHash(encodeHeader(genesisHeader(spec, await stateRootOf(await loadGenesisAlloc(spec.genesis))))))

describe('networks', () => {
  test.each([
    ['mainnet', 'd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3'],
    ['sepolia', '25a5cc106eea7138acab33231d7160d69cb777ee0c2c553fcddf5138993e6dd9'],
    ['holesky', 'b5f7f912443c940f21fd611f12828d75b534364ed9e95ca4e307729a4661bde4'],
    ['hoodi', 'bbe312868b376a3001692a646dd2d7d1e4406380dfd86b98aa8a34d1557c971b'],
  ])('%s has its genesis hash', async (name, hash) => {
    expect(await genesisHash(networkNamed(name)!)).toBe(hash)
  })

  test('the mainnet genesis header is 535 bytes', () => {
    const stateRoot = hexConstant('d7f8974fb5ac78d9ac099b9ad5018bedc2ce0a72dad1827a1709da30580f0544')
    expect(encodeHeader(genesisHeader(MAINNET, stateRoot))).toHaveLength(535)
  })

  test.each(NETWORKS.map((spec) => [spec.name, spec] as const))('%s has its forks in order', (_name, spec) => {
    expect(checkForkOrder(spec)).toEqual({ ok: true, value: undefined })
  })

  test('dev funds ten accounts and carries the system contracts', async () => {
    const accounts = await loadGenesisAlloc(DEV.genesis)
    expect(accounts).toHaveLength(14)
    expect(accounts.slice(0, 10).map((account) => account.address)).toEqual(
      DEV_ACCOUNTS.map((account) => account.address),
    )
    expect(rulesAt(DEV, 0n, 0n)).toMatchObject({
      merge: true,
      osaka: true,
      amsterdam: false,
      blob: { target: 6, max: 9 },
    })
    const header = genesisHeader(DEV, new Uint8Array(32))
    expect(decodeHeader(encodeHeader(header))).toEqual({ ok: true, value: header })
  })

  test('a spec is plain data', () => {
    for (const spec of NETWORKS) expect(structuredClone(spec)).toEqual(spec)
  })
})

describe('rules', () => {
  test('begin at their block', () => {
    expect(rulesAt(MAINNET, 1_149_999n, 0n).homestead).toBe(false)
    expect(rulesAt(MAINNET, 1_150_000n, 0n).homestead).toBe(true)
    expect(rulesAt(MAINNET, 15_537_393n, 1_663_224_162n)).toMatchObject({ grayGlacier: true, merge: false })
    expect(rulesAt(MAINNET, 15_537_394n, 1_663_224_179n, true)).toMatchObject({ merge: true, shanghai: false })
  })
  test('begin at their time, after the merge only', () => {
    expect(rulesAt(MAINNET, 17_034_870n, 1_681_338_455n)).toMatchObject({ merge: true, shanghai: true, cancun: false })
    expect(rulesAt(MAINNET, 17_034_870n, 1_681_338_455n, false)).toMatchObject({ merge: false, shanghai: false })
    expect(rulesAt(SEPOLIA, 1_735_371n, 1_656_590_000n)).toMatchObject({ merge: true, shanghai: false })
  })
  test('take blob parameters of the newest fork that has some', () => {
    expect(blobParametersAt(MAINNET, 1_710_338_134n)).toBeUndefined()
    expect(blobParametersAt(MAINNET, 1_710_338_135n)?.max).toBe(6)
    expect(blobParametersAt(MAINNET, 1_764_798_551n)?.max).toBe(9)
    expect(blobParametersAt(MAINNET, 1_767_747_671n)?.max).toBe(21)
  })
})

const SMALL = { config: { chainId: 5, ethash: {} }, gasLimit: '0x1388', difficulty: '131072', alloc: {} }

describe('genesis.json', () => {
  test('takes hexadecimal, decimal and bare numbers, addresses with and without 0x', () => {
    const spec = parseGenesisJson({
      ...SMALL,
      nonce: '0x42',
      timestamp: 7,
      alloc: {
        '0x00000000000000000000000000000000000000aa': { balance: '10' },
        '00000000000000000000000000000000000000bb': {
          balance: '0xa',
          nonce: '0x1',
          code: '0x6000',
          storage: { '0x1': '0x02' },
        },
      },
    })
    if (!spec.ok || spec.value.genesis.alloc.kind !== 'inline') throw new Error('refused')
    expect(spec.value.genesis).toMatchObject({ gasLimit: 5000n, difficulty: 131_072n, timestamp: 7n })
    expect(bytesToBareHex(spec.value.genesis.nonce)).toBe('0000000000000042')
    const [first, second] = spec.value.genesis.alloc.accounts
    expect([first!.balance, second!.balance, second!.nonce]).toEqual([10n, 10n, 1n])
    expect(second!.storage[0]!.slot[31]).toBe(1)
    expect(second!.storage[0]!.value).toHaveLength(32)
  })

  test.each([
    ['config', 'GENESIS_MISSING', { ...SMALL, config: undefined }],
    ['config', 'GENESIS_TYPE', { ...SMALL, config: [] }],
    ['config.chainId', 'GENESIS_MISSING', { ...SMALL, config: {} }],
    ['gasLimit', 'GENESIS_MISSING', { ...SMALL, gasLimit: undefined }],
    ['alloc', 'GENESIS_MISSING', { ...SMALL, alloc: undefined }],
    ['difficulty', 'GENESIS_NUMBER', { ...SMALL, difficulty: '12x' }],
    ['difficulty', 'GENESIS_NUMBER', { ...SMALL, difficulty: 2 ** 60 }],
    ['timestamp', 'GENESIS_NUMBER', { ...SMALL, timestamp: -1 }],
    ['nonce', 'GENESIS_RANGE', { ...SMALL, nonce: '0x10000000000000000' }],
    ['coinbase', 'GENESIS_RANGE', { ...SMALL, coinbase: '0x00' }],
    ['extraData', 'GENESIS_HEX', { ...SMALL, extraData: '0x0g' }],
    ['number', 'GENESIS_BLOCK_NUMBER', { ...SMALL, number: 1 }],
    ['alloc.0xzz', 'GENESIS_HEX', { ...SMALL, alloc: { '0xzz': {} } }],
    [
      'alloc.00000000000000000000000000000000000000aa.balance',
      'GENESIS_NUMBER',
      { ...SMALL, alloc: { '00000000000000000000000000000000000000aa': { balance: 'ten' } } },
    ],
    [
      'alloc.00000000000000000000000000000000000000aa',
      'GENESIS_DUPLICATE',
      {
        ...SMALL,
        alloc: { '0x00000000000000000000000000000000000000AA': {}, '00000000000000000000000000000000000000aa': {} },
      },
    ],
    ['extraData', 'GENESIS_EXTRA_DATA', { ...SMALL, config: { chainId: 1, clique: { period: 1, epoch: 9 } } }],
    ['config.eip150Block', 'GENESIS_FORKS', { ...SMALL, config: { chainId: 1, homesteadBlock: 5, eip150Block: 4 } }],
    ['config.homesteadBlock', 'GENESIS_FORKS', { ...SMALL, config: { chainId: 1, eip150Block: 4 } }],
  ])('names %s (%s)', (key, code, json) => {
    expect(parseGenesisJson(json)).toMatchObject({ ok: false, error: { code, key } })
  })

  test('its text keeps the last digit of large numbers', () => {
    const text = JSON.stringify(SMALL).replace(
      '"chainId":5',
      '"chainId":5,"terminalTotalDifficulty":58750000000000000000001',
    )
    expect(parseGenesisText(text)).toMatchObject({
      ok: true,
      value: { terminalTotalDifficulty: 58750000000000000000001n },
    })
    expect(parseGenesisText('{')).toMatchObject({ error: { code: 'GENESIS_SYNTAX' } })
  })

  test('demands blob parameters of active blob forks', () => {
    const { alloc: _alloc, ...dev } = { ...DEV, alloc: undefined }
    expect(checkForkOrder({ ...dev, blobSchedule: {} })).toEqual({
      ok: false,
      error: { code: 'FORK_BLOB_SCHEDULE', fork: 'cancun' },
    })
  })
})

describeShared('genesis vectors', ['data', 'ethereum-tests', 'GenesisTests'], () => {
  const vectors = Object.entries<any>(
    readSharedJson('data', 'ethereum-tests', 'GenesisTests', 'basic_genesis_tests.json'),
  )
  test('all 3 are here', () => expect(vectors).toHaveLength(3))
  test.each(vectors)('%s makes its block', async (_name, vector) => {
    const spec = parseGenesisText(
      // One vector keeps the name that balances had before the first release of geth.
      JSON.stringify({ config: { chainId: 1, ethash: {} }, ...vector }).replaceAll('"wei":', '"balance":'),
    )
    if (!spec.ok) throw new Error(JSON.stringify(spec.error))
    const header = genesisHeader(spec.value, await stateRootOf(await loadGenesisAlloc(spec.value.genesis)))
    const block = decodeRlp(hexConstant(vector.result))
    expect(block.ok && encodeRlp((block.value as RlpItem[])[0]!)).toEqual(encodeHeader(header))
  })
})

describeShared("geth's protocol-test chain", ['data', 'ethtest'], () => {
  test('has a genesis that is read whole, and makes its genesis hash', async () => {
    const json = readSharedJson('data', 'ethtest', 'genesis.json')
    const spec = parseGenesisJson(json, 'ethtest')
    if (!spec.ok) throw new Error(JSON.stringify(spec.error))
    expect(spec.value).toMatchObject({ chainId: 3503995874084926n, consensus: 'ethash', timeForks: { cancun: 60n } })
    const header = genesisHeader(spec.value, await stateRootOf(await loadGenesisAlloc(spec.value.genesis)))
    const first = readSharedJson('data', 'ethtest', 'newpayload.json')[0].params[0]
    expect(first.blockNumber).toBe('0x0')
    expect(`0x${bytesToBareHex(headerHash(encodeHeader(header)))}`).toBe(first.blockHash)
  })
})
