import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { connectRpc } from '../../commands/rpc-client.ts'
import { type Running, troupe } from './running.ts'

let home: string
const running: Running[] = []
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'troupe-start-'))
})
afterEach(async () => {
  for (const { child } of running) child.kill('SIGKILL')
  await Promise.all(running.splice(0).map(({ ended }) => ended))
  rmSync(home, { recursive: true, force: true })
})
const run = (...args: string[]): Running => {
  const started = troupe(home, ...args)
  running.push(started)
  return started
}
const rpc = async (url: string, method: string) => {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: [] })
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  return ((await response.json()) as { result: unknown }).result
}

test('without a command it runs the dev chain in the default data directory, and stops at a signal', async () => {
  const node = run('--http', '--http.port', '0')
  const banner = await node.says('Ready.')
  expect(banner).toContain('Network  dev, chain id 1337')
  expect(banner).toContain(`IPC      ${join(home, '.troupe', 'troupe.ipc')}`)
  const url = /HTTP +(http:\/\/127\.0\.0\.1:\d+)/.exec(banner)![1]!
  expect(await rpc(url, 'eth_chainId')).toBe('0x539')
  expect(await rpc(url, 'eth_blockNumber')).toBe('0x0')
  expect((await run('actors').ended).out).toMatch(/supervisor +main +running/)
  const second = await run('start').ended
  expect(second.code).toBe(1)
  expect(second.errors).toMatch(
    /^Fatal: The data directory \S+ is in use by process \d+: stop it, or choose another --datadir\.$/m,
  )
  node.child.kill('SIGTERM')
  const { code, out, errors } = await node.ended
  expect(code).toBe(0)
  expect(errors).toContain('Got SIGTERM, shutting down')
  expect(out).not.toMatch(/^(INFO|WARN)/m)
})

test.each(['isolated', 'inline'])('runs with %s threads', async (preset) => {
  const node = run('start', '--threads', preset, '--datadir', 'd')
  const banner = await node.says('Ready.')
  expect(banner).toMatch(
    preset === 'inline' ? /Threads {2}main +supervisor, pool, storage, chain/ : /\n +trie +chain\/trie/,
  )
  node.child.kill('SIGINT')
  expect((await node.ended).code).toBe(0)
})

test('ends in order when its launcher is killed, and leaves the data directory free', async () => {
  const node = run('start')
  await node.says('Ready.')
  node.child.kill('SIGKILL')
  await node.ended
  const next = run('start')
  await next.says('Ready.')
})

describe('refuses with one line', () => {
  test('a chain of another genesis', async () => {
    const first = run('start', '--datadir', 'd')
    await first.says('Ready.')
    first.child.kill('SIGTERM')
    expect((await first.ended).code).toBe(0)
    const { code, errors } = await run('start', '--mainnet', '--datadir', 'd').ended
    expect(code).toBe(1)
    expect(errors).toMatch(/^Fatal: .*genesis.*--datadir/m)
  })
  test('a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    const { code, errors } = await run('start', '--http', '--http.port', String(port)).ended
    server.close()
    expect(code).toBe(1)
    expect(errors).toMatch(new RegExp(`^Fatal: HTTP does not listen: .*${port}`, 'm'))
  })
  test('a data directory that is a file', async () => {
    writeFileSync(join(home, 'file'), '')
    const { code, errors } = await run('start', '--datadir', 'file').ended
    expect(code).toBe(1)
    expect(errors).toMatch(/^Fatal: The data directory \S+file: /m)
  })
  test('a genesis file that is none', async () => {
    writeFileSync(join(home, 'genesis.json'), '{}')
    expect(await run('start', '--network', 'genesis.json').ended).toMatchObject({
      code: 1,
      errors: 'Fatal: genesis.json is no genesis file: config: GENESIS_MISSING\n',
    })
  })
  test('a thread for an actor that there is not', async () => {
    expect((await run('start', '--runtime.threads', 'cain=x').ended).code).toBe(2)
  })
})

test('restarts by an operator are no failures, however many: the node stays', async () => {
  const node = run('start', '--datadir', 'd')
  await node.says('Ready')
  const client = await connectRpc(join(home, 'd', 'troupe.ipc'))
  if (!client.ok) throw new Error(client.error.message)
  for (let count = 1; count <= 5; count++) {
    expect(await client.value.call('admin_restartActor', ['chain/trie-committer-0'])).toEqual({ ok: true, value: true })
    await vi.waitFor(
      async () => {
        const actors = await client.value.call('admin_actors')
        expect(JSON.stringify(actors)).toMatch(new RegExp(`"path":"chain",[^{}]*"restarts":${count}\\b`))
        expect(JSON.stringify(actors)).toMatch(/"path":"chain.trie-committer-0",[^{}]*"state":"running"/)
      },
      { timeout: 10_000 },
    )
  }
  client.value.close()
  node.child.kill('SIGTERM')
  expect((await node.ended).code).toBe(0)
})
