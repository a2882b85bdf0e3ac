import { mnemonicToAccount } from 'viem/accounts'
import { expect, test } from 'vitest'
import { renderBanner } from '../../commands/banner.ts'

const hash = new Uint8Array(32).fill(0xab)
const facts = {
  clientVersion: 'Troupe/v0.1.0/linux-x64/node20',
  spec: { name: 'dev', chainId: 1337n },
  dataDirectory: '/home/u/.troupe',
  sealing: undefined,
  node: {
    head: { number: 7n, hash, stateRoot: hash, totalDifficulty: 0n },
    genesisHash: hash,
    http: 'http://127.0.0.1:8545',
    ws: 'ws://127.0.0.1:8546',
    ipc: '/home/u/.troupe/troupe.ipc',
  },
  actors: [
    { path: 'chain', thread: 'chain', uid: 3 },
    { path: 'supervisor', thread: 'main', uid: 1 },
    { path: 'storage', thread: 'chain', uid: 2 },
  ],
}

test('says where everything is', () => {
  expect(renderBanner(facts)).toBe(`Troupe/v0.1.0/linux-x64/node20

  Network  dev, chain id 1337
  Data     /home/u/.troupe
  Head     7 0x${'ab'.repeat(32)}
  HTTP     http://127.0.0.1:8545
  WS       ws://127.0.0.1:8546
  IPC      /home/u/.troupe/troupe.ipc
  Threads  main   supervisor
           chain  storage, chain

Ready. Ctrl-C stops it.
`)
  const closed = renderBanner({ ...facts, node: { ...facts.node, http: undefined, ws: undefined, ipc: undefined } })
  expect(closed).toContain('HTTP     off (--http turns it on)\n  IPC      off\n')
})

test('of a chain that it seals shows the accounts that the mnemonic yields, and says that their keys are public', () => {
  const banner = renderBanner({ ...facts, sealing: { periodMs: 0 } })
  const mnemonic = /Mnemonic +(.+)/.exec(banner)![1]!
  expect(mnemonic).toBe('test test test test test test test test test test test junk')
  const rows = [...banner.matchAll(/^ {2}\((\d+)\) (0x[0-9a-fA-F]{40}) {2}(0x[0-9a-f]{64})$/gm)]
  expect(rows).toHaveLength(10)
  for (const [, index, address, key] of rows) {
    const account = mnemonicToAccount(mnemonic, { addressIndex: Number(index) })
    expect(address).toBe(account.address)
    expect(key).toBe(`0x${Buffer.from(account.getHdKey().privateKey!).toString('hex')}`)
  }
  expect(banner).toContain('10,000 ETH')
  expect(banner).toContain('EVERYBODY KNOWS THESE KEYS')
  expect(banner).toContain('  Blocks   when asked (admin_seal)')
  expect(banner.endsWith('Ready. Ctrl-C stops it.\n')).toBe(true)
  expect(renderBanner({ ...facts, sealing: { periodMs: 2_000 } })).toContain('  Blocks   every 2 s\n')
})

test('shows no keys of a chain that is not sealed here, and says when all is in memory', () => {
  const banner = renderBanner({ ...facts, dataDirectory: undefined })
  expect(banner).not.toContain('Mnemonic')
  expect(banner).toContain('  Data     in memory')
})
