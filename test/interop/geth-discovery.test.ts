/**
 * geth on loopback, where `GETH_BIN` names one or several (separated by commas): bond, search, neighbours and records, with
 * either end beginning.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { SECP256K1_IDENTITIES } from '../../protocols/enr/identity.ts'
import { type Node, nodeAt, parseNode } from '../../protocols/enr/node.ts'
import { bytesToHex } from '../../protocols/hex.ts'
import { type DiscoveryNode, realNode } from '../actors/discovery/rig.ts'

const HOST = '127.0.0.1'
const binaries = (process.env.GETH_BIN ?? '').split(',').filter((path) => path !== '')
const START_MS = 60_000

async function freePort(): Promise<number> {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, HOST, resolve))
  const { port } = socket.address()
  await new Promise<void>((resolve) => socket.close(() => resolve()))
  return port
}
async function until<T>(condition: () => Promise<T | undefined> | T | undefined, withinMs = 20_000): Promise<T> {
  const end = Date.now() + withinMs
  for (;;) {
    const value = await condition()
    if (value !== undefined) return value
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** A geth that does nothing but discovery, and its node. */
async function geth(binary: string, bootnodes: readonly string[]): Promise<Node> {
  const directory = await mkdtemp(join(tmpdir(), 'troupe-geth-'))
  const port = await freePort()
  const child: ChildProcess = spawn(
    binary,
    // A genesis of its own is not needed: with no block of mainnet it still discovers.
    ['--datadir', directory, '--port', String(port), '--nat', `extip:${HOST}`, '--syncmode', 'full', '--cache', '64']
      .concat(['--bootnodes', bootnodes.join(','), '--ipcdisable', '--authrpc.port', String(await freePort())])
      .concat(['--netrestrict', '127.0.0.0/8', '--verbosity', '3', '--networkid', '1337']),
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await new Promise((resolve) =>
      child.exitCode !== null || child.signalCode !== null ? resolve(0) : child.once('exit', resolve),
    )
    await rm(directory, { recursive: true, force: true, maxRetries: 5 })
  })
  let log = ''
  child.stderr!.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-100_000)
  })
  const url = await until(() => {
    if (child.exitCode !== null) throw new Error(`geth ended: ${log.slice(-2_000)}`)
    return /Started P2P networking.*self="?(enode:\/\/[^\s"]+)/.exec(log)?.[1]
  }, START_MS)
  const node = parseNode(url, SECP256K1_IDENTITIES)
  if (!node.ok) throw new Error(`${url}: ${node.error.code}`)
  return { ...node.value, endpoint: { ip: Uint8Array.of(127, 0, 0, 1), udp: port, tcp: port } }
}

async function ours(
  number: number,
  bootnodes: readonly Node[] = [],
): Promise<DiscoveryNode & { readonly place: Node }> {
  const node = await realNode(number, {
    listen: { host: HOST, port: 0 },
    bootnodes,
    intervals: { fastMs: 500, slowMs: 1_000 },
  })
  onTestFinished(() => node.stop())
  const { port } = (await node.ask('info')).address
  return { ...node, place: nodeAt(node.key.publicKey, { ip: Uint8Array.of(127, 0, 0, 1), udp: port, tcp: port }) }
}
const enode = ({ publicKey, endpoint }: Node): string =>
  `enode://${bytesToHex(publicKey).slice(2)}@${HOST}:${endpoint.udp}`

describe.skipIf(binaries.length === 0).each(binaries.length > 0 ? binaries : ['geth'])('%s of GETH_BIN', (binary) => {
  test(`${basename(binary)} bonds with us, is searched, and gives its record`, async () => {
    const friend = await ours(201)
    const remote = await geth(binary, [enode(friend.place)])
    const us = await ours(202, [remote])
    // It answered, and announced a record, which we have now.
    const entry = await until(async () =>
      (await us.ask('table')).flatMap(({ entries }) => entries).find(({ isLive, node }) => isLive && node.record),
    )
    expect(entry.node.endpoint).toEqual(remote.endpoint)
    const resolved = await us.ask('resolve', { node: remote })
    expect(resolved?.record?.seq).toBe(entry.node.record?.seq)
    // It tells us of the friend whom it found by itself.
    await until(async () => {
      const found = await us.ask('lookup', { target: friend.key.publicKey })
      return found.some(({ id }) => bytesToHex(id) === bytesToHex(friend.place.id)) || undefined
    })
    expect((await us.ask('info')).packetsIn.neighbours).toBeGreaterThanOrEqual(1)
  }, 120_000)

  test(`${basename(binary)} finds us: pings, searches, asks for our record`, async () => {
    const friend = await ours(203)
    const us = await ours(204, [friend.place])
    await until(
      async () => ((await us.ask('info')).refreshes > 0 && (await us.ask('info')).liveNodes === 1) || undefined,
    )
    const remote = await geth(binary, [enode(us.place)])
    const info = await until(async () => {
      const { packetsIn } = await us.ask('info')
      return packetsIn.ping && packetsIn.findNode && packetsIn.recordRequest ? packetsIn : undefined
    }, 60_000)
    expect(info.pong).toBeGreaterThanOrEqual(1)
    // It learned of the friend from us alone.
    await until(
      async () =>
        (await friend.ask('table'))
          .flatMap(({ entries }) => entries)
          .some(({ node }) => bytesToHex(node.id) === bytesToHex(remote.id)) || undefined,
    )
  }, 120_000)
})
