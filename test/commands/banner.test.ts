import { expect, test } from 'vitest'
import { renderBanner } from '../../commands/banner.ts'

test('says where everything is', () => {
  const hash = new Uint8Array(32).fill(0xab)
  const facts = {
    clientVersion: 'Troupe/v0.1.0/linux-x64/node20',
    spec: { name: 'dev', chainId: 1337n },
    dataDirectory: '/home/u/.troupe',
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
