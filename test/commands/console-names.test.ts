import { expect, test } from 'vitest'
import { completionsOf, consoleNames } from '../../commands/console-names.ts'

const names = consoleNames(
  ['eth_getBlockByHash', 'eth_getBalance', 'eth_chainId', 'net_version', 'admin_actors'],
  ['net', 'eth'],
)

test('namespaces that are offered, with their methods', () =>
  expect([...names]).toEqual([
    ['eth', ['chainId', 'getBalance', 'getBlockByHash']],
    ['net', ['version']],
  ]))
test.each([
  ['', ['eth.', 'net.'], ''],
  ['e', ['eth.'], 'e'],
  ['eth.', ['eth.chainId', 'eth.getBalance', 'eth.getBlockByHash'], 'eth.'],
  ['x = BigInt(await eth.getB', ['eth.getBalance', 'eth.getBlockByHash'], 'eth.getB'],
  ['admin.a', [], 'admin.a'],
  ['nothing', [], 'nothing'],
])('%j is completed by %j', (line, completions, replaced) =>
  expect(completionsOf(line, names)).toEqual([completions, replaced]),
)
