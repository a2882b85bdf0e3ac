/** Calls a second over keep-alive HTTP, ours against anvil and Hardhat's node, and against a socket that only echoes. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { DEV_ACCOUNTS } from '../../../protocols/chain-spec/dev.ts'
import { bytesToHex } from '../../../protocols/hex.ts'
import type { BenchCase, Contender, Outcome } from '../harness.ts'
import { type Absent, anvil, bareSocket, hardhat, ours, type PeerNode } from './nodes.ts'

const CLIENTS = 16
const SECONDS = 3
const WARM_SECONDS = 1
const SECONDS_SMALL = 0.2
const LOAD = fileURLToPath(new URL('load.js', import.meta.url))
const ADDRESSES = DEV_ACCOUNTS.map(({ address }) => bytesToHex(address))
const run = promisify(execFile)

/** Ids of as many digits, so that answers are of one length. */
const body = (method: string, params: readonly unknown[], index: number): string =>
  JSON.stringify({ jsonrpc: '2.0', id: 100 + index, method, params })

const answeringCase = (method: string, params: readonly (readonly unknown[])[]): BenchCase => ({
  name: `rpc ${method}, ${CLIENTS} clients over keep-alive HTTP`,
  unit: 'calls/s',
  better: 'higher',
  rounds: 5,
  goals: [
    { of: 'ours', over: 'anvil', factor: 0.5 },
    { of: 'ours', over: 'Hardhat node', factor: 3 },
  ],
  async open(small) {
    const nodes: PeerNode[] = []
    const close = async (): Promise<void> => {
      for (const node of nodes) await node.stop()
    }
    try {
      for (const open of [ours, anvil, ...(small ? [] : [hardhat])]) {
        const node: PeerNode | Absent = await open()
        if ('absent' in node) process.stdout.write(`skipped: ${node.absent}\n`)
        else nodes.push(node)
      }
      const bodies = params.map((one, index) => body(method, one, index))
      const contenders: Contender[] = nodes.map((node) => ({
        name: node.name,
        async run() {
          const outcome = await loaded(node, bodies, small)
          return { ...outcome, answer: await stateOf(node) }
        },
      }))
      const echo = await bareSocket()
      const answer = await stateOf(nodes[0] as PeerNode)
      nodes.push(echo)
      // It looks at nothing, so there is nothing of it to compare.
      contenders.push({ name: echo.name, run: async () => ({ ...(await loaded(echo, bodies, small)), answer }) })
      return { contenders, close }
    } catch (thrown) {
      await close()
      throw thrown
    }
  },
})

/** What all must agree on: the chain, and what its accounts hold. */
const stateOf = async (node: PeerNode): Promise<unknown> => ({
  chain: await node.call('eth_chainId'),
  head: await node.call('eth_blockNumber'),
  balances: await Promise.all(ADDRESSES.map((address) => node.call('eth_getBalance', address, 'latest'))),
})

async function loaded(node: PeerNode, bodies: readonly string[], small: boolean): Promise<Omit<Outcome, 'answer'>> {
  const [warm, seconds] = small ? [SECONDS_SMALL / 2, SECONDS_SMALL] : [WARM_SECONDS, SECONDS]
  const before = await node.busyMs()
  const words = [LOAD, node.port, CLIENTS, warm, seconds, JSON.stringify(bodies)].map(String)
  const { stdout } = await run(process.execPath, words)
  const after = await node.busyMs()
  const { answered, seconds: took, last } = JSON.parse(stdout) as { answered: number; seconds: number; last: string }
  if (!last.includes('"result"')) throw new Error(`${node.name} answers ${last}`)
  const busyMs = before === undefined || after === undefined ? undefined : after - before
  return { measured: answered / took, ...(busyMs === undefined ? {} : { busyMs }) }
}

export const answeringCases: readonly BenchCase[] = [
  answeringCase(
    'eth_blockNumber',
    Array.from({ length: 50 }, () => []),
  ),
  answeringCase(
    'eth_getBalance',
    Array.from({ length: 50 }, (_, index) => [ADDRESSES[index % ADDRESSES.length], 'latest']),
  ),
]
