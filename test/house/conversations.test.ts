import { describe, expect, test } from 'vitest'
import { actorGraph, conversationsOf, tableBelow, unmetKinds } from './conversations.ts'
import { cyclesOf } from './cycles.ts'
import { repositoryFile, repositorySources } from './repository.ts'
import { sourcesOf } from './violation.ts'

describe('the actors', () => {
  const sources = repositorySources(['actors', 'runtime', 'storage', 'protocols'])
  const readme = repositoryFile('actors/README.md') ?? ''
  const conversations = conversationsOf(sources)
  const metBy = new Map<string, string[]>()
  // Needs that were there before who meets them.
  const unmet = new Set<string>()
  for (const [needs, actor] of tableBelow(readme, 'Who meets whose needs'))
    if (actor === 'nobody yet') unmet.add(needs!)
    else metBy.set(needs!, [...(metBy.get(needs!) ?? []), actor!])
  const graph = actorGraph(conversations, metBy)

  test('every need is met by an actor that takes its messages, as actors/README.md says', () => {
    for (const needs of conversations.filter(({ isNeeds, to }) => isNeeds && !unmet.has(to))) {
      const actors = metBy.get(needs.to) ?? []
      expect(actors, `actors/README.md says who meets ${needs.to}`).not.toEqual([])
      for (const actor of actors) expect(unmetKinds(sources, needs, actor), `${actor} for ${needs.to}`).toEqual([])
    }
  })
  test('ask and suspend each other in no ring', () => {
    expect(cyclesOf(graph)).toEqual([])
  })
  test('ask whom actors/README.md says they may, no more and no less', () => {
    const listed = tableBelow(readme, 'Who may ask whom').map(([from, to]) => `${from} → ${to}`)
    const real = [...graph].flatMap(([from, actors]) => [...actors].map((to) => `${from} → ${to}`))
    expect(real.sort()).toEqual(listed.sort())
  })
})

const RUNTIME = {
  'runtime/messages.ts':
    'export type Ref<M> = {}; export type Tell<P, E> = {}; export type Ask<P, A> = {}; export type Lossy<P> = {}',
}
const IMPORT = "import type { Ask, Lossy, Ref, Tell } from '../../runtime/messages.ts'\n"
const chain = `${IMPORT}export type ChainMessages = { insert: Ask<void, void>; head: Tell<void, Lossy<'coalesce'>>; flush: Tell<void> }`
const graphOf = (files: { readonly [path: string]: string }, metBy = new Map<string, string[]>()) =>
  [...actorGraph(conversationsOf(sourcesOf({ ...RUNTIME, ...files })), metBy)].map(([from, to]) => [from, ...to])

describe('reads', () => {
  const fromChain = "import type { ChainMessages } from '../chain/messages.ts'\n"
  test('a ref among what an actor is given', () => {
    const rpc = `${IMPORT}${fromChain}export type RpcDeps = { chain: Ref<ChainMessages> | undefined }`
    expect(graphOf({ 'actors/chain/messages.ts': chain, 'actors/rpc/messages.ts': rpc })).toEqual([['rpc', 'chain']])
  })
  test('a ref inside a named type of another file', () => {
    const files = {
      'actors/chain/messages.ts': chain,
      'actors/rpc/messages.ts': "import type { Parts } from './parts.ts'\nexport type RpcDeps = { parts: Parts[] }",
      'actors/rpc/parts.ts': `${IMPORT}${fromChain}export type Parts = { chain: Ref<ChainMessages> }`,
    }
    expect(graphOf(files)).toEqual([['rpc', 'chain']])
  })
  test('a ref that comes in a message', () => {
    const rpc = `${IMPORT}${fromChain}export type RpcMessages = { use: Tell<{ chain: Ref<Pick<ChainMessages, 'flush'>> }> }`
    expect(graphOf({ 'actors/chain/messages.ts': chain, 'actors/rpc/messages.ts': rpc })).toEqual([['rpc', 'chain']])
  })
  test('no edge where only what loses is used', () => {
    const rpc = `${IMPORT}${fromChain}export type RpcDeps = { chain: Ref<Pick<ChainMessages, 'head'>> }`
    expect(graphOf({ 'actors/chain/messages.ts': chain, 'actors/rpc/messages.ts': rpc })).toEqual([])
  })
  test('what a parent tells a child that it starts, and nothing where it tells it nothing', () => {
    const files = (body: string) => ({
      'actors/chain/messages.ts': chain,
      'actors/node/messages.ts': 'export type NodeMessages = {}',
      'actors/node/node.ts': `${fromChain}const child = ctx.spawn(actorModule<ChainMessages>(url, 'chain'))\n${body}`,
    })
    expect(graphOf(files("ctx.tell(child.ref, 'flush')"))).toEqual([['node', 'chain']])
    expect(graphOf(files("ctx.tell(child.ref, 'head')"))).toEqual([])
    expect(graphOf(files(''))).toEqual([])
    expect(graphOf(files('ctx.tell(child.ref, kind)'))).toEqual([['node', 'chain']])
  })
  test('needs by who meets them, and which of them are not met', () => {
    const files = {
      'actors/chain/messages.ts': chain,
      'actors/fetcher/messages.ts': `${IMPORT}export type FetcherNeeds = { insert: Ask<void, void>; flush: Ask<void, void> }\nexport type FetcherDeps = { needs: Ref<FetcherNeeds> }`,
    }
    expect(graphOf(files, new Map([['FetcherNeeds', ['chain']]]))).toEqual([['fetcher', 'chain']])
    const sources = sourcesOf({ ...RUNTIME, ...files })
    expect(unmetKinds(sources, conversationsOf(sources)[0]!, 'chain')).toEqual(['flush'])
  })
  test('a ring, through needs too', () => {
    const files = {
      'actors/chain/messages.ts': `${chain}\nexport type ChainNeeds = { sync: Ask<void, void> }\nexport type ChainDeps = { needs: Ref<ChainNeeds> }`,
      'actors/eth/messages.ts': `${IMPORT}${fromChain}export type EthMessages = { sync: Ask<void, void> }\nexport type EthDeps = { chain: Ref<ChainMessages> }`,
    }
    const conversations = conversationsOf(sourcesOf({ ...RUNTIME, ...files }))
    expect(cyclesOf(actorGraph(conversations, new Map([['ChainNeeds', ['eth']]])))).toEqual([['chain', 'eth']])
  })
  test('tables of Markdown', () => {
    const text = '# A\n\n| x | y |\n|---|---|\n| `a` | b |\n\n## B\n\n| x |\n|---|\n| c |\n'
    expect(tableBelow(text, 'A')).toEqual([['a', 'b']])
    expect(tableBelow(text, 'B')).toEqual([['c']])
    expect(tableBelow(text, 'C')).toEqual([])
  })
})

test('finds rings of two, of three, and of one', () => {
  const edges = new Map([
    ['a', new Set(['b'])],
    ['b', new Set(['a', 'c'])],
    ['c', new Set(['d'])],
    ['d', new Set(['e'])],
    ['e', new Set(['c'])],
    ['f', new Set(['f', 'a'])],
  ])
  expect(cyclesOf(edges)).toEqual([['a', 'b'], ['c', 'd', 'e'], ['f']])
})
