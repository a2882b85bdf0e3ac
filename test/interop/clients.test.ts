/** Libraries that people use, against a node that imports a chain: what they ask for, and how they read the answers. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { JsonRpcProvider, WebSocketProvider } from 'ethers'
import { createPublicClient, http, webSocket } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chain } from '../../actors/chain/chain.ts'
import { importer } from '../../actors/importer/importer.ts'
import { pool } from '../../actors/pool/pool.ts'
import { DEFAULT_HTTP } from '../../actors/rpc/exposure.ts'
import { rpc } from '../../actors/rpc/rpc.ts'
import { sealer } from '../../actors/sealer/sealer.ts'
import { storage } from '../../actors/storage/storage.ts'
import type { NodeReady } from '../../actors/supervisor/messages.ts'
import { supervisorOf } from '../../actors/supervisor/supervisor.ts'
import { bytesToHex } from '../../protocols/hex.ts'
import { startSystem } from '../../runtime/system.ts'
import { type BuiltBlock, type ChainBuilder, chainBuilder, TEST_SPEC, toRlp } from '../chain-builder.ts'

const HTTP = { ...DEFAULT_HTTP, port: 0 }
const CHAIN = {
  id: Number(TEST_SPEC.chainId),
  name: 'test',
  nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
  rpcUrls: { default: { http: [] } },
}

let directory: string
let builder: ChainBuilder
let blocks: BuiltBlock[]
let head: BuiltBlock
let node: NodeReady
let system: Awaited<ReturnType<typeof startSystem>>
/** Hashes of heads that subscribers were told, by client. */
const told: { readonly viem: string[]; readonly ethers: string[] } = { viem: [], ethers: [] }
const closers: (() => unknown)[] = []

const viemOver = (transport: 'http' | 'ws') =>
  createPublicClient({ chain: CHAIN, transport: transport === 'http' ? http(node.http) : webSocket(node.ws!) })
const overHttp: { viem?: ReturnType<typeof viemOver>; ethers?: JsonRpcProvider } = {}
const overWs: { viem?: ReturnType<typeof viemOver>; ethers?: WebSocketProvider } = {}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'troupe-interop-'))
  builder = await chainBuilder('interop')
  blocks = [builder.genesis, ...builder.grow(builder.genesis, 60)]
  head = blocks.at(-1)!
  const file = join(directory, 'chain.rlp')
  await writeFile(file, toRlp(blocks.slice(1)))

  let letImport: () => void = () => {}
  const mayImport = new Promise<void>((resolve) => {
    letImport = resolve
  })
  let imported: () => void = () => {}
  const isImported = new Promise<void>((resolve) => {
    imported = resolve
  })
  let isReady: (node: NodeReady) => void = () => {}
  const ready = new Promise<NodeReady>((resolve) => {
    isReady = resolve
  })
  system = await startSystem({
    root: supervisorOf({
      pool,
      sealer,
      storage,
      chain,
      rpc,
      // Once the clients listen.
      importer: {
        ...importer,
        async behavior(ctx, deps) {
          await mayImport
          return importer.behavior(ctx, deps)
        },
      },
    }),
    deps: {
      spec: TEST_SPEC,
      dataDirectory: undefined,
      cacheBytes: 64 * 1024 * 1024,
      historyBlocks: undefined,
      pool: { threads: 0, ethash: undefined },
      sealCheck: 'none',
      node: { clientVersion: 'Troupe/test', datadir: directory, ip: '127.0.0.1', discoveryPort: 0, listenerPort: 0 },
      http: HTTP,
      ws: { ...HTTP, origins: [] },
      ipc: undefined,
      importFiles: [file],
      events: { ready: (node) => isReady(node), importDone: () => imported() },
    },
    placement: {},
    log: { verbosity: 0, format: 'terminal', colour: false },
  })
  node = await Promise.race([
    ready,
    system.ended.then((reason): never => {
      throw new Error(reason.detail)
    }),
  ])

  overHttp.viem = viemOver('http')
  overHttp.ethers = new JsonRpcProvider(node.http)
  overWs.viem = viemOver('ws')
  overWs.ethers = new WebSocketProvider(node.ws!)
  closers.push(
    () => overHttp.ethers!.destroy(),
    () => overWs.ethers!.destroy(),
  )
  closers.push(async () => ((await (overWs.viem!.transport as any).getRpcClient()) as { close(): void }).close())
  const { unsubscribe } = await (overWs.viem.transport as any).subscribe({
    params: ['newHeads'],
    onData: ({ result }: { result: { hash: string } }) => told.viem.push(result.hash),
  })
  closers.push(unsubscribe)
  await overWs.ethers.send('eth_chainId', [])
  await overWs.ethers.on('block', (number: number) => told.ethers.push(bytesToHex(blocks[number]!.hash)))
  // Answered after the subscription: both go the same way.
  await overWs.ethers.send('eth_blockNumber', [])
  letImport()
  await isImported
})
afterAll(async () => {
  for (const close of closers.reverse()) await close()
  await system?.stop()
  await rm(directory, { recursive: true, force: true })
})

describe.each(['http', 'ws'] as const)('viem over %s', (transport) => {
  const client = () => (transport === 'http' ? overHttp : overWs).viem!

  test('reads the chain id, the head and blocks', async () => {
    expect(await client().getChainId()).toBe(7357)
    expect(await client().getBlockNumber()).toBe(60n)
    for (const { number, hash, header, totalDifficulty: _, ommers } of blocks.filter((_, index) => index % 13 === 0)) {
      const block = await client().getBlock({ blockNumber: number })
      expect(block).toMatchObject({
        hash: bytesToHex(hash),
        number,
        parentHash: bytesToHex(header.parentHash),
        stateRoot: bytesToHex(header.stateRoot),
        miner: bytesToHex(header.beneficiary),
        timestamp: header.timestamp,
        transactions: [],
      })
      expect(block.uncles).toHaveLength(ommers.length)
      expect((await client().getBlock({ blockHash: block.hash! })).number).toBe(number)
      expect(await client().getBlockTransactionCount({ blockNumber: number })).toBe(0)
    }
  })
  test('reads balances, also of the past, storage, code and nonces', async () => {
    const { alloc } = TEST_SPEC.genesis
    if (alloc.kind !== 'inline') throw new Error('the accounts are not inline')
    const [first] = alloc.accounts
    const address = bytesToHex(first!.address) as `0x${string}`
    expect(await client().getBalance({ address })).toBe(10n ** 18n)
    expect(await client().getCode({ address })).toBe(bytesToHex(first!.code))
    expect(await client().getStorageAt({ address, slot: bytesToHex(first!.storage[0]!.slot) as `0x${string}` })).toBe(
      bytesToHex(first!.storage[0]!.value),
    )
    expect(await client().getTransactionCount({ address })).toBe(0)
    const miner = head.header.beneficiary
    const of = { address: bytesToHex(miner) as `0x${string}` }
    for (const block of [head, blocks[30]!])
      expect(await client().getBalance({ ...of, blockNumber: block.number })).toBe(builder.balanceAt(block, miner))
  })
  test('reads proofs and fees', async () => {
    const address = bytesToHex(head.header.beneficiary) as `0x${string}`
    const proof = await client().getProof({ address, storageKeys: [] })
    expect(proof.balance).toBe(builder.balanceAt(head, head.header.beneficiary))
    expect(proof.accountProof.length).toBeGreaterThan(1)
    expect(await client().getGasPrice()).toBe(1_000_000n)
    const history = await client().getFeeHistory({ blockCount: 4, rewardPercentiles: [25, 75] })
    expect(history).toMatchObject({ oldestBlock: 57n, gasUsedRatio: [0, 0, 0, 0] })
    expect(history.reward).toEqual(Array(4).fill([0n, 0n]))
  })
})

describe.each(['http', 'ws'] as const)('ethers over %s', (transport) => {
  const provider = () => (transport === 'http' ? overHttp : overWs).ethers!

  test('reads the network, blocks and balances', async () => {
    expect((await provider().getNetwork()).chainId).toBe(7357n)
    expect(await provider().getBlockNumber()).toBe(60)
    const block = await provider().getBlock(17)
    expect(block).toMatchObject({ number: 17, hash: bytesToHex(blocks[17]!.hash), transactions: [] })
    expect((await provider().getBlock(bytesToHex(head.hash)))?.number).toBe(60)
    const miner = head.header.beneficiary
    expect(await provider().getBalance(bytesToHex(miner))).toBe(builder.balanceAt(head, miner))
    expect(await provider().getBalance(bytesToHex(miner), 20)).toBe(builder.balanceAt(blocks[20]!, miner))
    expect(await provider().getBlock(61)).toBeNull()
  })
  test('reads fees', async () => {
    const fees = await provider().getFeeData()
    expect(fees.gasPrice).toBe(1_000_000n)
  })
})

test('subscribers were told of the head that the import came to', async () => {
  await expect.poll(() => told.viem.at(-1)).toBe(bytesToHex(head.hash))
  await expect.poll(() => told.ethers.at(-1)).toBe(bytesToHex(head.hash))
})
