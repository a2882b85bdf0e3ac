import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeBlock } from '../../../protocols/block.ts'
import { encodeBody } from '../../../protocols/body.ts'
import { bytesToHex, hexConstant } from '../../../protocols/hex.ts'
import { keccak256 } from '../../../protocols/keccak256.ts'
import { EMPTY_ROOT } from '../../../storage/trie/trie.ts'
import { addressKey, memoryChain, storedBlock } from './memory-chain.ts'
import { CLIENT_VERSION, CONFIG, type Rig, startRig } from './rig.ts'

const ADDRESS = new Uint8Array(20).fill(0x11)
const CODE = Uint8Array.of(0x60, 0x01)
/** The example of EIP-155. */
const LEGACY = hexConstant(
  'f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83',
)

const chain = memoryChain()
chain.add()
chain.add({}, { transactions: [LEGACY], ommers: [Uint8Array.of(0xc0)] })
chain.add(
  {
    baseFeePerGas: 7n,
    withdrawalsRoot: new Uint8Array(32).fill(9),
    blobGasUsed: 0n,
    excessBlobGas: 1n,
    parentBeaconBlockRoot: new Uint8Array(32).fill(10),
  },
  { transactions: [], ommers: [], withdrawals: [{ index: 1n, validatorIndex: 2n, address: ADDRESS, amount: 3n }] },
)
const side = storedBlock({ number: 2n, extraData: Uint8Array.of(1) })
chain.side.set(bytesToHex(side.hash), { number: 2n, block: side })
const withOmmer = storedBlock({ number: 2n }, { transactions: [], ommers: [chain.canonical[0]!.header] })
chain.side.set(bytesToHex(withOmmer.hash), { number: 2n, block: withOmmer })
const account = (nonce: bigint, balance: bigint, code = new Uint8Array(0)) => ({
  nonce,
  balance,
  storageRoot: EMPTY_ROOT,
  codeHash: keccak256(code),
})
chain.accounts.set(addressKey(ADDRESS), [undefined, account(0n, 5n), account(1n, 2n ** 200n, CODE)])
chain.codes.set(bytesToHex(keccak256(CODE)), CODE)
const hashes = chain.canonical.map((block) => bytesToHex(block.hash))

let rig: Rig
beforeAll(async () => {
  const pool = { secp256k1: 'native', threads: 2, running: 1, waiting: 0, completed: 7, aborted: 0 }
  rig = await startRig({ chain, pool, importing: { startingBlock: 0n, currentBlock: 2n, highestBlock: 300n } })
})
afterAll(() => rig.stop())

const result = async (method: string, ...params: unknown[]) => (await rig.call(method, ...params)).result
const error = async (method: string, ...params: unknown[]) => (await rig.call(method, ...params)).error

test('small methods', async () => {
  expect(await result('web3_clientVersion')).toBe(CLIENT_VERSION)
  expect(await result('web3_sha3', '0x68656c6c6f20776f726c64')).toBe(
    '0x47173285a8d7341e5e972fc677286384f802f8ef42a5ec5f03bbfa254cb01fad',
  )
  expect(await result('net_version')).toBe('3503995874084926')
  expect(await result('net_listening')).toBe(false)
  expect(await result('net_peerCount')).toBe('0x0')
  expect(await result('eth_chainId')).toBe('0x539')
  expect(await result('eth_blockNumber')).toBe('0x2')
  expect(await result('eth_syncing')).toEqual({ startingBlock: '0x0', currentBlock: '0x2', highestBlock: '0x12c' })
})

test('arguments are checked', async () => {
  expect(await error('web3_sha3')).toEqual({ code: -32602, message: 'missing value for required argument 0' })
  expect(await error('eth_chainId', 1)).toEqual({ code: -32602, message: 'too many arguments, want at most 0' })
  expect(await error('eth_getBalance', '0x12')).toMatchObject({
    code: -32602,
    message: expect.stringMatching(/^invalid argument 0: /),
  })
  expect(await error('eth_getBlockByNumber', 'latest')).toMatchObject({ code: -32602 })
  const named = await rig.post({ jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: { a: 1 } })
  expect(named.json.error).toEqual({ code: -32602, message: 'non-array args' })
})

describe('blocks', () => {
  test('of before London', async () => {
    const block = await result('eth_getBlockByNumber', '0x1', false)
    expect(block).toEqual({
      number: '0x1',
      hash: hashes[1],
      parentHash: hashes[0],
      nonce: '0x0808080808080808',
      mixHash: `0x${'07'.repeat(32)}`,
      sha3Uncles: `0x${'02'.repeat(32)}`,
      logsBloom: `0x${'00'.repeat(256)}`,
      stateRoot: `0x${'04'.repeat(32)}`,
      miner: `0x${'03'.repeat(20)}`,
      difficulty: '0x20000',
      extraData: '0xab',
      gasLimit: '0x1c9c380',
      gasUsed: '0x5208',
      timestamp: '0x3e9',
      transactionsRoot: `0x${'05'.repeat(32)}`,
      receiptsRoot: `0x${'06'.repeat(32)}`,
      size: expect.stringMatching(/^0x[1-9a-f]/),
      transactions: [bytesToHex(keccak256(LEGACY))],
      uncles: [bytesToHex(keccak256(Uint8Array.of(0xc0)))],
    })
    const { header, body } = chain.canonical[1]!
    // A list of header, transactions, ommers: the body without its own list head, within one with a longer length.
    expect(Number(block.size)).toBe(
      3 +
        header.length +
        body.length -
        (encodeBody({ transactions: [LEGACY], ommers: [Uint8Array.of(0xc0)] })[0]! - 0xf7 + 1),
    )
  })
  test('with their transactions', async () => {
    const { transactions } = await result('eth_getBlockByHash', hashes[1], true)
    expect(transactions).toEqual([
      {
        blockHash: hashes[1],
        blockNumber: '0x1',
        blockTimestamp: '0x3e9',
        transactionIndex: '0x0',
        hash: bytesToHex(keccak256(LEGACY)),
        type: '0x0',
        chainId: '0x1',
        // EIP-155, its example
        from: '0x9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f',
        nonce: '0x9',
        gas: '0x5208',
        gasPrice: '0x4a817c800',
        to: `0x${'35'.repeat(20)}`,
        value: '0xde0b6b3a7640000',
        input: '0x',
        v: '0x25',
        r: '0x28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276',
        s: '0x67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83',
      },
    ])
  })
  test('with the fields of their fork', async () => {
    expect(await result('eth_getBlockByNumber', 'latest', false)).toMatchObject({
      baseFeePerGas: '0x7',
      withdrawalsRoot: `0x${'09'.repeat(32)}`,
      blobGasUsed: '0x0',
      excessBlobGas: '0x1',
      parentBeaconBlockRoot: `0x${'0a'.repeat(32)}`,
      withdrawals: [{ index: '0x1', validatorIndex: '0x2', address: bytesToHex(ADDRESS), amount: '0x3' }],
    })
  })
  test('beside the canonical chain are found by hash', async () =>
    expect((await result('eth_getBlockByHash', bytesToHex(side.hash), false)).extraData).toBe('0x01'))
  test('that are unknown are null', async () => {
    expect(await result('eth_getBlockByNumber', '0x3', false)).toBeNull()
    expect(await result('eth_getBlockByHash', `0x${'00'.repeat(32)}`, false)).toBeNull()
    expect(await result('eth_getBlockByNumber', 'pending', false)).toBeNull()
    expect((await result('eth_getBlockByNumber', 'earliest', false)).hash).toBe(hashes[0])
  })
})

describe('state', () => {
  const address = bytesToHex(ADDRESS)
  test('of the head, by default', async () => {
    expect(await result('eth_getBalance', address)).toBe(`0x${(2n ** 200n).toString(16)}`)
    expect(await result('eth_getTransactionCount', address, 'pending')).toBe('0x1')
    expect(await result('eth_getCode', address, 'latest')).toBe('0x6001')
  })
  test.each([
    ['a number', '0x1'],
    ['an object with a number', { blockNumber: '0x1' }],
    ['a hash', hashes[1]],
    ['an object with a hash', { blockHash: hashes[1] }],
    ['an object with a hash that must be canonical', { blockHash: hashes[1], requireCanonical: true }],
  ])('of an old block, by %s', async (_what, selector) => {
    expect(await result('eth_getBalance', address, selector)).toBe('0x5')
    expect(await result('eth_getCode', address, selector)).toBe('0x')
  })
  test('of accounts that are not there', async () => {
    expect(await result('eth_getBalance', address, 'earliest')).toBe('0x0')
    expect(await result('eth_getTransactionCount', `0x${'22'.repeat(20)}`, null)).toBe('0x0')
    expect(await result('eth_getCode', `0x${'22'.repeat(20)}`)).toBe('0x')
  })
  test('of unknown blocks is an error', async () => {
    expect(await error('eth_getBalance', address, '0x3')).toEqual({ code: -32000, message: 'header not found' })
    expect(await error('eth_getBalance', address, `0x${'00'.repeat(32)}`)).toEqual({
      code: -32000,
      message: 'header for hash not found',
    })
    expect(
      await error('eth_getBalance', address, { blockHash: bytesToHex(side.hash), requireCanonical: true }),
    ).toEqual({
      code: -32000,
      message: 'hash is not currently canonical',
    })
    expect(await error('eth_getBalance', address, { blockHash: hashes[1], blockNumber: '0x1' })).toMatchObject({
      code: -32602,
    })
  })
  test('that is pruned is an error that says so', async () => {
    chain.accounts.set('pruned', [])
    expect(await error('eth_getBalance', address, '0x1')).toEqual({
      code: -32000,
      message: 'state of block 1 is not available: the oldest kept is of block 2',
    })
    chain.accounts.delete('pruned')
  })
})

test('each call of a batch has a snapshot of its own, which is released', async () => {
  const before = chain.taken()
  await rig.post([1, 2, 3].map((id) => ({ jsonrpc: '2.0', id, method: 'eth_blockNumber' })))
  expect(chain.taken() - before).toBe(3)
  await rig.post({ jsonrpc: '2.0', id: 1, method: 'eth_chainId' })
  expect(chain.taken() - before).toBe(3)
  expect(chain.open()).toBe(0)
})

describe('admin', () => {
  const admin = async (method: string, ...params: unknown[]) => rig.ipcCall(method, ...params)
  test('tells of the node', async () => {
    expect((await admin('admin_nodeInfo')).result).toEqual({
      name: CLIENT_VERSION,
      ip: '127.0.0.1',
      ports: { discovery: 0, listener: 0 },
      listenAddr: '127.0.0.1:0',
      protocols: { eth: { network: 3503995874084926, genesis: hashes[0], config: CONFIG, head: hashes[2] } },
      troupe: { secp256k1: 'native', pool: { threads: 2, running: 1, waiting: 0, completed: 7, aborted: 0 } },
    })
  })
  test('tells of actors, mailboxes and threads', async () => {
    const actors = (await admin('admin_actors')).result
    expect(actors.map((actor: any) => actor.path)).toEqual(expect.arrayContaining(['chain', 'rpc']))
    const rpcBox = (await admin('admin_mailboxes')).result.find((box: any) => box.path === 'rpc')
    expect(rpcBox.received).toBeGreaterThan(10)
    expect((await admin('admin_threads')).result[0]).toMatchObject({ name: 'main', state: 'running' })
    expect((await admin('admin_deadLetters')).result).toMatchObject({ total: 0, recent: [] })
  })
  test('shows the requests in the flight record, without what they said', async () => {
    const records = (await admin('admin_flightRecord', '/rpc')).result
    expect(records.at(-2)).toMatchObject({ kind: 'request', outcome: 'ok' })
    expect(JSON.stringify(records)).not.toContain('eth_')
  })
  test('offers close names for an unknown actor', async () => {
    for (const method of ['admin_flightRecord', 'admin_restartActor', 'admin_pauseActor', 'admin_resumeActor']) {
      const { error } = await admin(method, 'chian')
      expect(error).toEqual({ code: -32000, message: 'no actor "chian", close names: chain' })
    }
    expect((await admin('admin_pauseActor', 'x'.repeat(100_000))).error.message.length).toBeLessThan(200)
  })
  test('pauses and resumes an actor by either form of its path', async () => {
    const stateOf = async () => (await admin('admin_actors')).result.find((actor: any) => actor.path === 'chain').state
    expect((await admin('admin_pauseActor', '/chain')).result).toBe(true)
    await expect.poll(stateOf).toBe('paused')
    expect((await admin('admin_resumeActor', 'chain')).result).toBe(true)
    await expect.poll(stateOf).toBe('running')
  })
  test.each(['rpc', '/rpc', 'rpc/', 'supervisor', '/'])('refuses to pause %s', async (path) => {
    const { error } = await admin('admin_pauseActor', path)
    expect(error.code).toBe(-32000)
    expect((await rig.call('eth_chainId')).result).toBe('0x539')
  })
  test('does not restart the root', async () => {
    const { error } = await admin('admin_restartActor', 'supervisor')
    expect(error).toEqual({ code: -32000, message: 'supervisor cannot be restarted: stop the node and start it again' })
  })
  test('restarts another actor', async () => {
    expect((await admin('admin_restartActor', 'chain')).result).toBe(true)
    await expect
      .poll(async () => (await admin('admin_actors')).result.find((actor: any) => actor.path === 'chain'))
      .toMatchObject({ restarts: 1, state: 'running' })
  })
})

test('restarting rpc itself is answered first, and it serves again', async () => {
  const own = await startRig()
  expect((await own.ipcCall('admin_restartActor', 'rpc')).result).toBe(true)
  await expect
    .poll(
      async () => {
        try {
          return (await own.ipcCall('admin_actors')).result.find((actor: any) => actor.path === 'rpc').restarts
        } catch {
          return 'down'
        }
      },
      { timeout: 5000 },
    )
    .toBe(1)
  await own.stop()
})

test('transactions and ommers are counted and shown one by one', async () => {
  expect(await result('eth_getBlockTransactionCountByNumber', '0x1')).toBe('0x1')
  expect(await result('eth_getBlockTransactionCountByHash', hashes[2])).toBe('0x0')
  expect(await result('eth_getBlockTransactionCountByNumber', '0x99')).toBeNull()
  expect(await result('eth_getBlockTransactionCountByHash', `0x${'12'.repeat(32)}`)).toBeNull()
  expect(await result('eth_getUncleCountByBlockNumber', 'latest')).toBe('0x0')
  expect(await result('eth_getUncleCountByBlockHash', bytesToHex(withOmmer.hash))).toBe('0x1')
  expect(await result('eth_getUncleByBlockHashAndIndex', bytesToHex(withOmmer.hash), '0x0')).toMatchObject({
    hash: hashes[0],
    number: '0x0',
    uncles: [],
    size: expect.stringMatching(/^0x[1-9a-f]/),
  })
  expect(await result('eth_getUncleByBlockHashAndIndex', bytesToHex(withOmmer.hash), '0x1')).toBeNull()
  expect(await result('eth_getUncleByBlockNumberAndIndex', '0x2', '0x0')).toBeNull()
  expect(await error('eth_getUncleByBlockNumberAndIndex', '0x2', 0)).toMatchObject({ code: -32602 })
})

test('raw headers and blocks are offered on IPC, where they were not named for HTTP', async () => {
  expect(await error('debug_getRawHeader', 'latest')).toMatchObject({ code: -32601 })
  const raw = async (method: string, selector: unknown) => rig.ipcCall(method, selector)
  expect((await raw('debug_getRawHeader', '0x1')).result).toBe(bytesToHex(chain.canonical[1]!.header))
  const block = decodeBlock(hexConstant((await raw('debug_getRawBlock', hashes[1])).result))
  expect(block).toMatchObject({ ok: true, value: { headerBytes: chain.canonical[1]!.header } })
  expect((await raw('debug_getRawBlock', '0x99')).error).toEqual({ code: -32000, message: 'block not found' })
})
