import { describe, expect, test } from 'vitest'
import {
  parseTreeLink,
  readEntry,
  readRoot,
  type TreeEntry,
  type TreeLink,
} from '../../../protocols/dns-discovery/entry.ts'
import { makeTree, type PublishedTree } from '../../../protocols/dns-discovery/tree.ts'
import {
  entryAnswered,
  nextQuestion,
  ROOT_RECHECK_MS,
  reachableTrees,
  rootAnswered,
  SUBTREE_ENTRIES_MAX,
  startWalk,
  type TreeQuestion,
  type TreeWalk,
  type WalkError,
} from '../../../protocols/dns-discovery/walk.ts'
import { ip4Entry } from '../../../protocols/enr/entries.ts'
import { type Node, nodeOfRecord } from '../../../protocols/enr/node.ts'
import { signRecord } from '../../../protocols/enr/record.ts'
import { bytesToHex } from '../../../protocols/hex.ts'
import { err, ok, type Result } from '../../../protocols/result.ts'
import { seededRandom } from '../../../runtime/simulation/random.ts'
import { SIMULATED_IDENTITIES, simulatedNodeKey } from '../simulated-identities.ts'

const KEY = simulatedNodeKey(Uint8Array.of(1))
const DOMAIN = 'nodes.example.org'
const LINK: TreeLink = { publicKey: KEY.publicKey, domain: DOMAIN }
const link = (name: string): TreeLink => ({ publicKey: KEY.publicKey, domain: `${name}.example.org` })

const nodes = (count: number): Node[] =>
  Array.from({ length: count }, (_, i) => {
    const key = simulatedNodeKey(Uint8Array.of(i >>> 8, i))
    const record = signRecord(1n, [ip4Entry(Uint8Array.of(1, 2, i >>> 8, i))], key, SIMULATED_IDENTITIES)
    const node = record.ok ? nodeOfRecord(record.value, SIMULATED_IDENTITIES) : record
    if (!node.ok) throw new Error(node.error.code)
    return node.value
  })
const tree = (seq: bigint, count: number, links: readonly TreeLink[] = []): PublishedTree =>
  makeTree({ seq, nodes: nodes(count), links }, DOMAIN, KEY, SIMULATED_IDENTITIES)

type Step = { question: TreeQuestion; error?: string | undefined; node?: Node; link?: TreeLink }

/** Asks once, as an actor would, and lets the tree answer. */
function step(walk: TreeWalk, published: PublishedTree, nowMs: number, draw = (_below: number): number => 0): Step {
  const question = nextQuestion(walk, nowMs, draw)
  if (question.kind === 'rest') return { question }
  const text = published.texts.get(question.domain)
  const texts = text === undefined ? [] : [text]
  if (question.kind === 'root') {
    const answered = rootAnswered(walk, nowMs, readRoot(texts, walk.link, SIMULATED_IDENTITIES))
    return { question, error: answered.ok ? undefined : answered.error.code }
  }
  const answered = entryAnswered(walk, question, readEntry(texts, question.name, SIMULATED_IDENTITIES))
  return answered.ok ? { question, ...answered.value } : { question, error: answered.error.code }
}

describe.each([1, 13, 14, 200])('a tree of %i nodes', (count) => {
  const published = tree(1n, count, [link('a'), link('b')])
  test('names its address', () => {
    expect(parseTreeLink(published.url, SIMULATED_IDENTITIES)).toEqual({ ok: true, value: LINK })
    for (const text of published.texts.values()) expect(text.length).toBeLessThanOrEqual(512)
  })
  test('is walked: first the root, then the links, then each node once in a round', () => {
    const walk = startWalk(LINK)
    const random = seededRandom(count)
    const found: string[] = []
    const links: string[] = []
    for (let i = 0; i < 1_000 && found.length < 2 * count; i++) {
      const { question, node, link: linked, error } = step(walk, published, i, random.integer)
      expect(error).toBeUndefined()
      if (i === 0) expect(question.kind).toBe('root')
      if (node !== undefined) expect(links).toHaveLength(2)
      if (node !== undefined) found.push(bytesToHex(node.id))
      if (linked !== undefined) links.push(linked.domain)
    }
    const all = nodes(count)
      .map(({ id }) => bytesToHex(id))
      .sort()
    expect(found.slice(0, count).sort()).toEqual(all)
    expect(found.slice(count).sort()).toEqual(all)
    expect(links.sort()).toEqual(['a.example.org', 'b.example.org'])
  })
})

describe('a walk', () => {
  test('of a tree without nodes rests until the root is due', () => {
    const walk = startWalk(LINK)
    const published = tree(1n, 0)
    for (let i = 0; i < 3; i++) step(walk, published, 100)
    expect(step(walk, published, 200).question).toEqual({ kind: 'rest', untilMs: 100 + ROOT_RECHECK_MS })
    expect(step(walk, published, 100 + ROOT_RECHECK_MS).question.kind).toBe('root')
  })
  test('reads the root again after 30 minutes, and goes on where nothing changed', () => {
    const walk = startWalk(LINK)
    const published = tree(1n, 20)
    for (let i = 0; i < 5; i++) step(walk, published, 0)
    const { missing } = walk.nodes!
    expect(step(walk, published, ROOT_RECHECK_MS - 1).question.kind).toBe('entry')
    expect(step(walk, published, ROOT_RECHECK_MS).question.kind).toBe('root')
    expect(walk.nodes!.missing).toBe(missing)
  })
  test('starts a subtree again when it changed, and drops answers of the old one', () => {
    const walk = startWalk(LINK)
    const [before, after] = [tree(1n, 20, [link('a')]), tree(2n, 30, [link('a')])]
    for (let i = 0; i < 4; i++) step(walk, before, 0)
    const late = nextQuestion(walk, 0, () => 0) as Extract<TreeQuestion, { kind: 'entry' }>
    expect(step(walk, after, ROOT_RECHECK_MS).question.kind).toBe('root')
    expect(walk.nodes!.missing).toEqual([walk.root!.nodes])
    expect(walk.linked.map(({ domain }) => domain)).toEqual(['a.example.org'])
    expect(entryAnswered(walk, late, ok({ kind: 'branch', children: ['A'.repeat(26)] }))).toEqual({
      ok: true,
      value: {},
    })
    expect(walk.nodes!.missing).toEqual([walk.root!.nodes])
    expect(walk.entryFailures).toBe(0)
  })
  test('does not go back to an older root', () => {
    const walk = startWalk(LINK)
    step(walk, tree(2n, 20), 0)
    expect(step(walk, tree(1n, 5), ROOT_RECHECK_MS).error).toBe('TREE_SEQ')
    expect(walk.root?.seq).toBe(2n)
    expect(walk.rootFailures).toBe(1)
  })
  test('rests ever longer when the root cannot be had', () => {
    const walk = startWalk(LINK)
    const unresolved: Result<never, WalkError> = err({ code: 'TREE_UNRESOLVED', detail: 'ENOTFOUND' })
    const rests: number[] = []
    let nowMs = 0
    for (let i = 0; i < 23; i++) {
      const question = nextQuestion(walk, nowMs, () => 0)
      if (question.kind === 'rest') {
        rests.push(question.untilMs - nowMs)
        nowMs = question.untilMs
        expect(nextQuestion(walk, nowMs, () => 0).kind).toBe('root')
      }
      rootAnswered(walk, nowMs, unresolved)
    }
    expect(rests).toEqual([...Array(15).fill(5_000), 10_000, 10_000])
  })
  test('reads the root again after six entries that could not be had', () => {
    const walk = startWalk(LINK)
    const published = tree(1n, 20)
    for (let i = 0; i < 3; i++) step(walk, published, 0)
    const kinds = Array.from({ length: 8 }, () => step(walk, { ...published, texts: new Map() }, 1).question.kind)
    expect(kinds).toEqual([...Array(6).fill('entry'), 'root', 'root'])
  })
  test('leaves links alone that cannot be had, until the root is due by time', () => {
    const walk = startWalk(LINK)
    const published = tree(1n, 20, [link('a')])
    const texts = new Map(published.texts)
    step(walk, published, 0)
    texts.delete(`${walk.root!.links}.${DOMAIN}`)
    const asked = Array.from({ length: 9 }, () => {
      const { question } = step(walk, { ...published, texts }, 1)
      return question.kind === 'entry' ? question.subtree : question.kind
    })
    expect(asked).toEqual([...Array(6).fill('links'), 'root', 'nodes', 'nodes'])
    step(walk, published, ROOT_RECHECK_MS + 1)
    expect(step(walk, published, ROOT_RECHECK_MS + 1).link?.domain).toBe('a.example.org')
  })
  const asked = (walk: TreeWalk, answer: Result<TreeEntry, WalkError>) => {
    const question = nextQuestion(walk, 0, () => 0) as Extract<TreeQuestion, { kind: 'entry' }>
    return entryAnswered(walk, question, answer)
  }
  const begun = (): TreeWalk => {
    const walk = startWalk(LINK)
    step(walk, tree(1n, 20, [link('a')]), 0)
    return walk
  }
  test('takes no node among the links, and no link among the nodes', () => {
    const walk = begun()
    expect(asked(walk, ok({ kind: 'node', node: nodes(1)[0]! }))).toEqual({
      ok: false,
      error: { code: 'TREE_MISPLACED' },
    })
    asked(walk, ok({ kind: 'branch', children: [] }))
    expect(asked(walk, ok({ kind: 'link', link: LINK }))).toEqual({ ok: false, error: { code: 'TREE_MISPLACED' } })
  })
  test('asks once for an entry that stands in many branches, and for no more than it can keep', () => {
    const walk = begun()
    asked(walk, ok({ kind: 'branch', children: Array(100).fill('A'.repeat(26)) }))
    expect(walk.links!.missing).toEqual(['A'.repeat(26)])
    const many = Array.from({ length: SUBTREE_ENTRIES_MAX }, (_, i) => `name ${i}`)
    expect(asked(walk, ok({ kind: 'branch', children: many }))).toEqual({
      ok: false,
      error: { code: 'TREE_TOO_MANY_ENTRIES' },
    })
    expect(walk.links!.missing).toHaveLength(1)
  })
})

test('trees are walked that are linked to from those asked for, up to a number', () => {
  const links: Record<string, string[]> = { a: ['b', 'c'], b: ['a'], c: ['d'], e: ['f'] }
  expect(reachableTrees(['a'], (url) => links[url], 10)).toEqual(['a', 'b', 'c', 'd'])
  expect(reachableTrees(['a'], (url) => links[url], 2)).toEqual(['a', 'b'])
  expect(reachableTrees([], (url) => links[url], 2)).toEqual([])
})
