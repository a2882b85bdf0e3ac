import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { isLoopback, nodeConfigSchema } from '../../commands/config-schema.ts'
import { dataDirectoryOf, ipcPathOf, type Machine } from '../../commands/data-directory.ts'
import { formatConfigError } from '../../runtime/config.ts'

const parse = (argv: string[], json?: unknown) =>
  nodeConfigSchema.parse(argv, {}, json === undefined ? undefined : { name: 'node.config.json', json })
const config = (argv: string[]) => {
  const parsed = parse(argv)
  if (!parsed.ok) throw new Error(parsed.error.map(formatConfigError).join('\n'))
  return parsed.value.config
}

test('the default file says what the defaults are, for every section', () => {
  const file = JSON.parse(readFileSync(new URL('../../node.config.json', import.meta.url), 'utf8'))
  const parsed = parse([], file)
  expect(parsed).toMatchObject({ ok: true })
  expect(parsed.ok && parsed.value.config).toEqual(config([]))
  for (const section of ['p2p', 'http', 'ws', 'ipc', 'wallet', 'storage', 'consensus', 'runtime']) {
    expect(file).toHaveProperty(section)
  }
})

test("takes go-ethereum's names", () => {
  const line =
    '--datadir x --holesky --networkid 5 --http --http.addr 127.0.0.1 --http.port 1 --http.api eth,net,web3,admin ' +
    '--http.vhosts * --http.corsdomain a,b --ipcpath p --ws --ws.addr ::1 --ws.port 2 --ws.api eth --ws.origins * ' +
    '--port 3 --nodiscover --maxpeers 4 --cache 512 --gcmode archive --seal-check sample --verbosity 4 --log.format json ' +
    '--threads isolated --runtime.threads eth=net --nat none --netrestrict 10.0.0.0/8 --identity me --usb --mine ' +
    `--bootnodes enode://${'ab'.repeat(64)}@127.0.0.1:30303`
  const parsed = config(line.split(' '))
  expect(parsed.consensus).toMatchObject({ network: 'holesky', networkId: 5, sealCheck: 'sample' })
  expect(parsed.storage).toMatchObject({ dataDirectory: 'x', cacheMb: 512, gcMode: 'archive' })
  expect(parsed.p2p).toMatchObject({ port: 3, discovery: false, maxPeers: 4 })
  expect(parsed.runtime).toMatchObject({ preset: 'isolated', threads: { eth: 'net' } })
})

test.each([
  ['--network', 'ropsten'],
  ['--bootnodes', 'enode://12@x'],
  ['--http.api', 'eth,everything'],
  ['--gcmode', 'light'],
  ['--nodekeyhex', '00'],
  ['--verbosity', '9'],
])('refuses %s %s', (flag, value) => {
  const parsed = parse([flag, value])
  expect(parsed).toMatchObject({ ok: false, error: [{ name: flag, code: 'CONFIG_INVALID' }] })
})

test('only the dev chain is kept in memory', () => {
  expect(config(['--dev.ephemeral']).consensus).toMatchObject({ network: 'dev', devEphemeral: true })
  const parsed = parse(['--mainnet', '--dev.ephemeral'])
  expect(parsed.ok ? [] : parsed.error.map(formatConfigError)).toEqual([
    '--dev.ephemeral: only the dev chain can be kept in memory',
  ])
})

describe('a listener that others can reach', () => {
  const fault = (argv: string[]) => {
    const parsed = parse(argv)
    return parsed.ok ? undefined : parsed.error.map(formatConfigError).join('\n')
  }
  test('is refused with privileged namespaces or dev accounts', () => {
    expect(fault(['--mainnet', '--http', '--http.addr', '0.0.0.0'])).toBeUndefined()
    expect(fault(['--mainnet', '--http', '--http.addr', '0.0.0.0', '--http.api', 'eth,admin'])).toMatch(
      /^--http\.addr: would expose admin/,
    )
    expect(fault(['--ws', '--ws.addr', '::', '--ws.api', 'personal,debug'])).toMatch(
      /^--ws\.addr: would expose personal, debug/,
    )
    expect(fault(['--dev', '--http', '--http.addr', '192.168.0.1'])).toContain('dev accounts')
    expect(fault(['--http', '--http.addr', '192.168.0.1'])).toContain('dev accounts')
    expect(fault(['--ws', '--ws.addr', '0.0.0.0', '--dev.ephemeral'])).toMatch(
      /^--ws\.addr: would expose the funded dev accounts/,
    )
    expect(fault(['--dev', '--http'])).toBeUndefined()
  })
  test('is allowed by the flag that says so', () => {
    expect(fault(['--dev', '--http', '--http.addr=0.0.0.0', '--http.allow-exposed-admin'])).toBeUndefined()
  })
  test.each(['127.0.0.1.example.org', '0.0.0.0', '::', '127.1', '', 'localhost.example.org', '2130706433'])(
    '%j is none of this machine alone',
    (address) => expect(isLoopback(address)).toBe(false),
  )
})

test('the data directory follows the network and the platform', () => {
  const machine: Machine = { home: '/home/u', platform: 'linux', workingDirectory: '/w' }
  const directory = (...argv: string[]) => dataDirectoryOf(config(argv), machine)
  expect(directory()).toBe('/home/u/.troupe')
  expect(directory('--sepolia')).toBe('/home/u/.troupe/sepolia')
  expect(directory('--mainnet')).toBe('/home/u/.troupe/mainnet')
  expect(directory('--network', 'private/chain.json')).toBe('/home/u/.troupe/chain')
  expect(directory('--dev')).toBe('/home/u/.troupe')
  expect(directory('--dev', '--datadir', 'd')).toBe('/w/d')
  expect(directory('--datadir', '~/d')).toBe('/home/u/d')
  expect(ipcPathOf(config([]), machine)).toBe('/home/u/.troupe/troupe.ipc')
  expect(ipcPathOf(config(['--mainnet']), machine)).toBe('/home/u/.troupe/mainnet/troupe.ipc')
  expect(ipcPathOf(config(['--ipcpath', '/run/x.ipc']), machine)).toBe('/run/x.ipc')
  expect(ipcPathOf(config(['--ipcdisable']), machine)).toBeUndefined()
})
