import { describe, expect, test } from 'vitest'
import { fairMix, MIX_TIMEOUT_MS, takeCandidate } from '../../../actors/discovery/fair-mix.ts'
import { formatTreeLink, parseTreeLink } from '../../../protocols/dns-discovery/entry.ts'
import { makeTree } from '../../../protocols/dns-discovery/tree.ts'
import type { Node } from '../../../protocols/enr/node.ts'
import { bytesToHex } from '../../../protocols/hex.ts'
import type { SimulatedNetwork } from '../../../runtime/simulation/network.ts'
import { simulatedNodeKey } from '../../protocols/simulated-identities.ts'
import { inventedNode } from './invented-node.ts'
import { CHEAP_KEYS, hostOf, identityOf, PORT, simulatedDiscovery } from './rig.ts'

const idsOf = (nodes: readonly Node[]): string[] => nodes.map(({ id }) => bytesToHex(id)).sort()

describe('the mix', () => {
  const filled = () => {
    const mix = fairMix(['a', 'b'])
    const [a, b] = mix.sources
    for (let i = 0; i < 3; i++) {
      a!.ready.push(inventedNode(256, i))
      b!.ready.push(inventedNode(250, i))
    }
    return { mix, a: a!, b: b! }
  }
  const sourceOf = (taken: ReturnType<typeof takeCandidate>) => (taken.is === 'taken' ? taken.source : taken.is)

  test('takes from its sources in turn (TestFairMix)', () => {
    const { mix } = filled()
    expect([1, 2, 3, 4, 5, 6, 7].map(() => sourceOf(takeCandidate(mix, 0)))).toEqual([
      'a',
      'b',
      'a',
      'b',
      'a',
      'b',
      'empty',
    ])
  })
  test('waits for the one whose turn it is, less each time, and then takes another (TestFairMixNextFromAll)', () => {
    const { mix, a, b } = filled()
    a.ready.length = 0
    expect(takeCandidate(mix, 0)).toEqual({ is: 'wait', untilMs: MIX_TIMEOUT_MS })
    expect(takeCandidate(mix, 99)).toEqual({ is: 'wait', untilMs: MIX_TIMEOUT_MS })
    expect(sourceOf(takeCandidate(mix, 100))).toBe('b')
    expect(sourceOf(takeCandidate(mix, 100))).toBe('b')
    expect(takeCandidate(mix, 100)).toEqual({ is: 'wait', untilMs: 150 })
    a.ready.push(inventedNode(256, 9))
    expect(sourceOf(takeCandidate(mix, 101))).toBe('a')
    expect(a.timeoutMs).toBe(MIX_TIMEOUT_MS)
    b.ready.length = 0
    expect(sourceOf(takeCandidate(mix, 101))).toBe('empty')
  })
  test('of no sources is empty', () => expect(takeCandidate(fairMix([]), 0)).toEqual({ is: 'empty' }))
})

const records = (count: number, from = 500): Node[] =>
  Array.from({ length: count }, (_, i) => identityOf(from + i, hostOf(from + i), PORT, CHEAP_KEYS).node)
const signer = simulatedNodeKey(Uint8Array.of(77))

function publish(
  network: SimulatedNetwork,
  domain: string,
  nodes: readonly Node[],
  links: readonly string[] = [],
  seq = 1n,
) {
  const parsed = links.map((url) => {
    const link = parseTreeLink(url, CHEAP_KEYS.identities)
    if (!link.ok) throw new Error(link.error.code)
    return link.value
  })
  const { url, texts } = makeTree({ seq, nodes, links: parsed }, domain, signer, CHEAP_KEYS.identities)
  // In pieces, as records longer than 255 characters come.
  for (const [name, text] of texts) network.setTexts(name, [['unrelated'], [text.slice(0, 40), text.slice(40)]])
  return url
}

describe('candidates', () => {
  test('come from a list in DNS and the lists that it names, at the pace that is asked for', async () => {
    const rig = await simulatedDiscovery(1)
    const inner = publish(rig.network, 'inner.example.org', records(20, 600))
    const url = publish(rig.network, 'nodes.example.org', records(20), [inner])
    const node = await rig.start(1, { trees: [url] })
    await rig.world.runFor(60_000)
    // Nobody has asked for any, so nobody was asked.
    expect(await node.ask('info')).toMatchObject({ dnsFailures: {}, candidates: {} })
    const seen = new Map<string, Node>()
    const startedAt = rig.world.now()
    for (let i = 0; i < 200 && seen.size < 40; i++)
      for (const one of await node.ask('candidates', { count: 8 })) seen.set(bytesToHex(one.id), one)
    expect(idsOf([...seen.values()])).toEqual(idsOf([...records(20), ...records(20, 600)]))
    expect([...seen.values()].every(({ record }) => record !== undefined)).toBe(true)
    // 44 entries at least, of which ten at once and then three a second.
    expect(rig.world.now() - startedAt).toBeGreaterThan(10_000)
  })
  test('go on where a list is forged, is gone or comes back older', async () => {
    const rig = await simulatedDiscovery(2)
    const gone = formatTreeLink({ publicKey: signer.publicKey, domain: 'gone.example.org' }, CHEAP_KEYS.identities)
    const forged = formatTreeLink(
      { publicKey: simulatedNodeKey(Uint8Array.of(1)).publicKey, domain: 'nodes.example.org' },
      CHEAP_KEYS.identities,
    )
    const url = publish(rig.network, 'nodes.example.org', records(3), [], 7n)
    const node = await rig.start(1, { trees: [gone, forged, url] })
    expect(await node.ask('candidates', { count: 1 })).toHaveLength(1)
    publish(rig.network, 'nodes.example.org', records(3, 700), [], 6n)
    const seen = new Map<string, Node>()
    const end = rig.world.now() + 40 * 60_000
    while (rig.world.now() < end)
      for (const one of await node.ask('candidates', { count: 8 })) seen.set(bytesToHex(one.id), one)
    expect(idsOf([...seen.values()])).toEqual(idsOf(records(3)))
    const { dnsFailures } = await node.ask('info')
    expect(Object.keys(dnsFailures).sort()).toEqual(['TREE_ROOT_SIGNATURE', 'TREE_SEQ', 'TREE_UNRESOLVED'])
  })
  test('come from the network with their records, and nobody walks while nobody asks', async () => {
    const rig = await simulatedDiscovery(3)
    const boot = await rig.start(1)
    const nodes = [boot]
    for (let i = 2; i <= 12; i++) nodes.push(await rig.start(i, { bootnodes: [boot.node] }))
    await rig.world.runFor(60_000)
    const { lookups } = await nodes[3]!.ask('info')
    await rig.world.runFor(60_000)
    expect((await nodes[3]!.ask('info')).lookups).toBe(lookups)
    const seen = new Map<string, Node>()
    for (let i = 0; i < 30 && seen.size < 11; i++)
      for (const one of await nodes[3]!.ask('candidates', { count: 4 })) seen.set(bytesToHex(one.id), one)
    expect(seen.size).toBe(11)
    expect([...seen.values()].every(({ record }) => record?.seq === 1n)).toBe(true)
    expect((await nodes[3]!.ask('info')).lookups).toBeGreaterThan(lookups)
  })
  test('are none after twenty seconds where there are none', async () => {
    const rig = await simulatedDiscovery(4)
    const node = await rig.start(1)
    const from = rig.world.now()
    expect(await node.ask('candidates', { count: 4 })).toEqual([])
    expect(rig.world.now() - from).toBeGreaterThanOrEqual(20_000)
    expect(await node.ask('candidates', { count: 0 })).toEqual([])
  })
})
