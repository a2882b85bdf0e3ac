/** The dev chain as its users run it: in processes, by the command line and its sockets. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocketProvider } from 'ethers'
import { createPublicClient, http, webSocket } from 'viem'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { connectRpc } from '../../commands/rpc-client.ts'
import { type Running, troupe } from './running.ts'

const FIRST_ACCOUNT = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266'

let home: string
const running: Running[] = []
const closers: (() => unknown)[] = []
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'troupe-dev-'))
})
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
  for (const { child } of running) child.kill('SIGKILL')
  await Promise.all(running.splice(0).map(({ ended }) => ended))
  rmSync(home, { recursive: true, force: true })
})
const run = (...args: string[]): Running => {
  const started = troupe(home, ...args)
  running.push(started)
  return started
}
/** @throws with what it said when it fails. */
async function done(...args: string[]): Promise<string> {
  const { code, out, errors } = await run(...args).ended
  if (code !== 0) throw new Error(`${args.join(' ')}: ${code} ${out}${errors}`)
  return out
}
async function stop(node: Running): Promise<void> {
  node.child.kill('SIGTERM')
  expect((await node.ended).code).toBe(0)
}

type Call = (method: string, ...params: (string | number | boolean)[]) => Promise<any>
async function ipc(directory: string): Promise<Call> {
  const client = await connectRpc(join(home, directory, 'troupe.ipc'))
  if (!client.ok) throw new Error(client.error.message)
  closers.push(() => client.value.close())
  return async (method, ...params) => {
    const answer = await client.value.call(method, params)
    if (!answer.ok) throw new Error(answer.error.message)
    return answer.value
  }
}
const headOf = async (call: Call) =>
  (await call('eth_getBlockByNumber', 'latest', false)) as { number: string; hash: string }

test('what admin_seal makes is there after a restart, goes on from there, and is the same chain in another directory', async () => {
  const node = run('start', '--datadir', 'a')
  const banner = await node.says('Ready.')
  expect(banner).toContain(`(0) ${FIRST_ACCOUNT}  0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80`)
  expect(banner.match(/Mnemonic/g)).toHaveLength(1)
  let call = await ipc('a')
  const made = await call('admin_seal')
  expect(made).toMatchObject({ number: '0x1', hash: expect.stringMatching(/^0x[0-9a-f]{64}$/) })
  expect(await call('admin_seal', 30)).toMatchObject({ number: '0x1f' })
  expect((await call('eth_getBlockByNumber', 'safe', false)).number).toBe('0x1f')
  expect((await call('eth_getBlockByNumber', 'finalized', false)).number).toBe('0x0')
  expect(await call('eth_mining')).toBe(true)
  expect(await call('eth_coinbase')).toBe(FIRST_ACCOUNT.toLowerCase())
  expect(BigInt(await call('eth_getBalance', FIRST_ACCOUNT, 'latest'))).toBe(10_000n * 10n ** 18n)
  for (const actor of ['sealer', 'chain', 'chain/trie-committer-0']) {
    const before = Number((await headOf(call)).number)
    expect(await call('admin_restartActor', actor)).toBe(true)
    // The sealer waits for a chain that restarts; one that restarts itself is asked again.
    const sealed = await vi.waitFor(() => call('admin_seal'), { timeout: 10_000, interval: 50 })
    expect(Number(sealed.number), actor).toBe(before + 1)
  }
  const head = await headOf(call)
  await stop(node)

  const again = run('start', '--datadir', 'a')
  await again.says('Ready.')
  call = await ipc('a')
  expect(await headOf(call)).toEqual(head)
  expect((await call('eth_getBlockByNumber', 'safe', false)).hash).toBe(head.hash)
  expect((await call('eth_getBlockByNumber', 'finalized', false)).number).toBe('0x20')
  const last = await call('admin_seal', 2)
  expect(Number(last.number)).toBe(Number(head.number) + 2)
  await stop(again)

  expect(await done('db', 'verify', '--datadir', 'a')).toMatch(/^Sound: 14 accounts and [1-9]/)
  await done('export', 'chain.rlp', '--datadir', 'a')
  await done('import', '--datadir', 'b', 'chain.rlp')
  expect(await done('db', 'verify', '--datadir', 'b')).toMatch(/^Sound: 14 accounts/)
  const other = run('start', '--datadir', 'b')
  await other.says('Ready.')
  expect((await headOf(await ipc('b'))).hash).toBe(last.hash)
  await stop(other)
})

test('seals every period, in memory if that is wanted, and viem and ethers follow its heads', async () => {
  const ports = ['--http', '--http.port', '0', '--ws', '--ws.port', '0']
  const node = run('start', '--dev.period', '1', '--dev.ephemeral', '--datadir', 'none', ...ports)
  const banner = await node.says('Ready.')
  expect(banner).toContain('  Data     in memory')
  expect(banner).toContain('  Blocks   every 1 s')
  const over = (name: string) => new RegExp(`${name} +(\\w+://127\\.0\\.0\\.1:\\d+)`).exec(banner)![1]!
  const reader = createPublicClient({ transport: http(over('HTTP')) })
  const follower = createPublicClient({ transport: webSocket(over('WS')) })
  const provider = new WebSocketProvider(over('WS'))
  closers.push(() => provider.destroy())
  const heads: bigint[] = []
  const numbers: number[] = []
  await provider.on('block', (number: number) => void numbers.push(number))
  const unwatch = follower.watchBlocks({ onBlock: ({ number }) => void heads.push(number) })
  closers.push(async () => ((await (follower.transport as any).getRpcClient()) as { close(): void }).close())
  for (const followed of [heads, numbers])
    await vi.waitFor(() => expect(followed.length).toBeGreaterThanOrEqual(3), { timeout: 15_000, interval: 50 })
  unwatch()
  // A machine that stands still for seconds may skip heads: the newest wins.
  for (const [index, number] of heads.slice(1).entries()) expect(number).toBeGreaterThan(heads[index]!)
  expect(numbers).toEqual(numbers.map((_, index) => numbers[0]! + index))
  const at = await reader.getBlock({ blockNumber: heads[1]! })
  const before = await reader.getBlock({ blockNumber: heads[1]! - 1n })
  expect(at.parentHash).toBe(before.hash)
  expect(at.timestamp - before.timestamp).toBeGreaterThanOrEqual(1n)
  expect(await reader.getBalance({ address: FIRST_ACCOUNT })).toBe(10_000n * 10n ** 18n)
  // The system contract of EIP-2935 knows the hash of the block before.
  const history = '0x0000f90827f1c53a10cb7a02335b175320002935'
  const slot = `0x${(at.number! - 1n).toString(16).padStart(64, '0')}` as const
  expect(await reader.getStorageAt({ address: history, slot, blockNumber: at.number! })).toBe(before.hash)
  const call = await ipc('none')
  expect(Number((await call('admin_seal', 5)).number)).toBeGreaterThanOrEqual(Number(heads.at(-1)) + 5)
  await call('admin_restartActor', 'chain')
  await vi.waitFor(async () => expect(Number((await headOf(call)).number)).toBeGreaterThan(Number(heads.at(-1)) + 5), {
    timeout: 10_000,
    interval: 100,
  })
  await stop(node)
  expect(existsSync(join(home, 'none')) ? readdirSync(join(home, 'none')) : []).toEqual([])
})

test('an ephemeral chain is for start alone', async () => {
  const { code, errors } = await run('import', '--dev.ephemeral', join(home, '..')).ended
  expect(code).toBe(2)
  expect(errors).toContain('--dev.ephemeral keeps nothing')
})
