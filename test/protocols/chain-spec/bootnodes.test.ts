import { expect, test } from 'vitest'
import { entryPointsOf } from '../../../protocols/chain-spec/bootnodes.ts'
import { NETWORKS } from '../../../protocols/chain-spec/networks.ts'
import { parseTreeLink } from '../../../protocols/dns-discovery/entry.ts'
import { SECP256K1_IDENTITIES } from '../../../protocols/enr/identity.ts'
import { formatNode, parseNode, tcpOf, udpOf } from '../../../protocols/enr/node.ts'
import { bytesToBareHex } from '../../../protocols/hex.ts'
import { locality } from '../../../protocols/ip/special-networks.ts'
import { compressKey } from '../../../protocols/secp256k1/point.ts'

const NUMBERS: readonly (readonly [string, number])[] = [
  ['mainnet', 4],
  ['sepolia', 5],
  ['holesky', 2],
  ['hoodi', 3],
]

test.each(NUMBERS)('%s has %i bootnodes that can be dialled, and a list in DNS', (network, count) => {
  const points = entryPointsOf(network)!
  expect(points.bootnodes).toHaveLength(count)
  expect(new Set(points.bootnodes).size).toBe(count)
  for (const text of points.bootnodes) {
    const node = parseNode(text, SECP256K1_IDENTITIES)
    if (!node.ok) throw new Error(`${text}: ${node.error.code}`)
    expect(formatNode(node.value)).toBe(text)
    expect(udpOf(node.value)?.port).toBe(30303)
    expect(tcpOf(node.value)?.port).toBe(30303)
    expect(locality(node.value.endpoint.ip!)).toBe(4)
  }
  const link = parseTreeLink(points.dnsTree, SECP256K1_IDENTITIES)
  if (!link.ok) throw new Error(link.error.code)
  expect(link.value.domain).toBe(`all.${network}.ethdisco.net`)
  expect(bytesToBareHex(compressKey(link.value.publicKey))).toBe(
    '0281b033cb78704a0d956d36195609e807cee3f87b8e9590beb6bd0713959d06f2',
  )
})

test('every public network has entry points, a private one has none', () => {
  expect(NETWORKS.filter(({ name }) => entryPointsOf(name) === undefined).map(({ name }) => name)).toEqual(['dev'])
  expect(entryPointsOf('toString')).toBeUndefined()
})
