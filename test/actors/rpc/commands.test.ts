import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { renderActorTree } from '../../../commands/actor-tree.ts'
import { dispatch } from '../../../commands/dispatch.ts'
import { renderMailboxTable } from '../../../commands/mailbox-table.ts'
import { connectRpc } from '../../../commands/rpc-client.ts'
import { spanText } from '../../../commands/table.ts'
import type { ActorView, MailboxView } from '../../../runtime/inspection.ts'
import { type Rig, startRig } from './rig.ts'

async function troupe(...argv: string[]) {
  let out = ''
  let complaints = ''
  const code = await dispatch(argv, {
    write: (text) => {
      out += text
    },
    complain: (text) => {
      complaints += text
    },
    env: {},
    workingDirectory: tmpdir(),
  })
  return { code, out, complaints }
}

describe('against a running node', () => {
  let rig: Rig
  beforeAll(async () => {
    rig = await startRig({ ws: {} })
  })
  afterAll(() => rig.stop())

  test('actors finds the node by its data directory', async () => {
    const { code, out, complaints } = await troupe('actors', '--datadir', rig.datadir)
    expect({ code, complaints }).toEqual({ code: 0, complaints: '' })
    expect(out.split('\n')[0]).toMatch(/^ACTOR +THREAD +STATE +RESTARTS +UPTIME$/)
    expect(out).toMatch(/^rpc +main +running +0 +\d+s$/m)
    expect(out).not.toContain('\u001b')
  })
  test('actors prints JSON', async () => {
    const { out } = await troupe('actors', '--attach', rig.ipc, '--json')
    expect(JSON.parse(out).map((actor: ActorView) => actor.path)).toContain('rpc')
  })
  test('mailboxes prints a table, or JSON', async () => {
    const { code, out } = await troupe('mailboxes', '--attach', rig.ipc)
    expect(code).toBe(0)
    expect(out).toMatch(/^rpc +\d+ +\d+ +\d+ +\d+/m)
    expect(JSON.parse((await troupe('mailboxes', '--datadir', rig.datadir, '--json')).out)).toContainEqual(
      expect.objectContaining({ path: 'rpc' }),
    )
  })
  test('mailboxes --watch shows them until a signal, or until the node is gone', async () => {
    const watching = troupe('mailboxes', '--attach', rig.ipc, '--json', '--watch', '--every', '0.1')
    await new Promise((resolve) => setTimeout(resolve, 500))
    process.emit('SIGINT')
    const { code, out } = await watching
    expect(code).toBe(0)
    const looks = out.trim().split('\n')
    expect(looks.length).toBeGreaterThan(1)
    for (const look of looks) expect(JSON.parse(look)).toContainEqual(expect.objectContaining({ path: 'rpc' }))
  })
  test('attach --exec prints what an expression gives, over IPC, HTTP and WebSocket', async () => {
    for (const endpoint of [rig.ipc, rig.url, rig.wsUrl!]) {
      const { code, out, complaints } = await troupe('attach', endpoint, '--exec', 'eth.chainId()')
      expect({ code, out, complaints }).toEqual({ code: 0, out: '0x539\n', complaints: '' })
    }
    const at = ['attach', '--datadir', rig.datadir, '--exec']
    expect((await troupe(...at, 'BigInt(await eth.chainId()) + 1n')).out).toBe('1338n\n')
    expect((await troupe(...at, 'const n = [1, 2]; n.length')).out).toBe('2\n')
    expect((await troupe(...at, "call('eth_getBalance', '0x' + '11'.repeat(20), 0n)")).out).toBe('0x0\n')
    expect((await troupe(...at, '(await eth.getBlockByNumber(0n, false)).number')).out).toBe('0x0\n')
  })
  test.each([
    ['eth.nothing()', 'Error: the method eth_nothing does not exist/is not available'],
    ["throw new TypeError('x')", 'TypeError: x'],
    ['1 +', 'SyntaxError: Unexpected'],
    ['nobody', 'ReferenceError: nobody is not defined'],
  ])('attach --exec of %s fails with what was thrown', async (code, thrown) =>
    expect(await troupe('attach', rig.ipc, '--exec', code)).toMatchObject({
      code: 1,
      out: '',
      complaints: expect.stringContaining(thrown),
    }),
  )
  test('attach without a node fails with the reason', async () => {
    for (const endpoint of ['ws://127.0.0.1:65534', 'http://127.0.0.1:65534', join(rig.datadir, 'none.ipc')]) {
      const { code, complaints } = await troupe('attach', endpoint, '--exec', '1')
      expect({ code, complaints }).toEqual({ code: 1, complaints: expect.stringContaining('no node answers at') })
    }
    expect((await troupe('attach', 'ftp://x', '--exec', '1')).complaints).toContain('an http:// or ws:// URL')
  })
  test('over HTTP admin is refused with a hint', async () => {
    const { code, complaints } = await troupe('actors', '--attach', rig.url)
    expect(code).toBe(1)
    expect(complaints).toBe(
      'Fatal: the method admin_actors does not exist/is not available (admin is offered over IPC unless named)\n',
    )
  })
  test('calls of one client run at a time and each gets its own answer', async () => {
    const client = await connectRpc(rig.ipc)
    if (!client.ok) throw new Error(client.error.message)
    const answers = await Promise.all([
      client.value.call('eth_chainId'),
      client.value.call('admin_datadir'),
      client.value.call('x_y'),
    ])
    expect(answers).toMatchObject([
      { ok: true, value: '0x539' },
      { ok: true, value: rig.datadir },
      { ok: false, error: { code: 'RPC_REFUSED' } },
    ])
    client.value.close()
    expect(await client.value.call('eth_chainId')).toMatchObject({ ok: false, error: { code: 'RPC_CONNECTION' } })
  })
})

describe('without a node', () => {
  test('a command says where it looked, and fails', async () => {
    const datadir = await mkdtemp(join(tmpdir(), 'troupe-none-'))
    const { code, complaints, out } = await troupe('mailboxes', '--datadir', datadir)
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(complaints).toBe(
      `Fatal: no node answers at ${join(datadir, 'troupe.ipc')}: is it running, with this --network and --datadir?\n`,
    )
    await rm(datadir, { recursive: true })
  })
  test('nothing is attached to by HTTP either', async () => {
    const { code, complaints } = await troupe('actors', '--attach', 'http://127.0.0.1:65534')
    expect(code).toBe(1)
    expect(complaints).toMatch(/^Fatal: .*http:\/\/127.0.0.1:65534/)
  })
  test('other schemes are no endpoints', async () =>
    expect((await troupe('actors', '--attach', 'ftp://x')).complaints).toContain('give the path of an IPC endpoint'))
})

test('actors are drawn as a tree', () => {
  const actor = (path: string, uid: number, changes: Partial<ActorView> = {}): ActorView => ({
    path,
    uid,
    thread: 'main',
    epoch: 1,
    state: 'running',
    restarts: 0,
    startedAt: 0,
    handling: undefined,
    ...changes,
  })
  const tree = renderActorTree(
    [
      actor('rpc', 5, { restarts: 12 }),
      actor('chain', 1, { thread: 'chain' }),
      actor('chain/trie-committer-0', 2, { handling: { kind: 'commit', forMs: 2500 } }),
      actor('chain/trie-committer-1', 3, { state: 'stopped' }),
      actor('chain/trie-committer-1/x', 4),
    ],
    3_700_000,
  )
  expect(tree.split('\n')).toEqual([
    'ACTOR                THREAD  STATE                      RESTARTS  UPTIME',
    'chain                chain   running                           0   1h 1m',
    '├─ trie-committer-0  main    running, in commit for 2s         0   1h 1m',
    '└─ trie-committer-1  main    stopped                           0',
    '   └─ x              main    running                           0   1h 1m',
    'rpc                  main    running                          12   1h 1m',
  ])
})

test('mailboxes align, and tell waiting times by their buckets', () => {
  const box = (path: string, waited: readonly number[], changes: Partial<MailboxView> = {}): MailboxView => ({
    path,
    thread: 'main',
    depth: 0,
    highWater: 1,
    capacity: 4096,
    received: 10,
    handled: 10,
    dropped: 0,
    lost: 0,
    failed: 0,
    busyMs: 1234,
    waited,
    resting: false,
    ...changes,
  })
  const none = new Array<number>(16).fill(0)
  const mixed = [...none]
  mixed[0] = 98
  mixed[8] = 1
  mixed[15] = 1
  const table = renderMailboxTable([box('rpc', mixed, { resting: true, depth: 100 }), box('chain', none)])
  expect(table.split('\n')).toEqual([
    'MAILBOX        DEPTH  HIGH  CAPACITY  RECEIVED  HANDLED  DROPPED  LOST  BUSY    P50     P99',
    'chain              0     1      4096        10       10        0     0  1.2s      -       -',
    'rpc (resting)    100     1      4096        10       10        0     0  1.2s  <16µs  <4.1ms',
  ])
})

test.each([
  [-5, '0s'],
  [59_999, '59s'],
  [61_000, '1m 1s'],
  [7_260_000, '2h 1m'],
  [90_000_000, '1d 1h'],
])('%d ms reads %s', (ms, text) => expect(spanText(ms)).toBe(text))
