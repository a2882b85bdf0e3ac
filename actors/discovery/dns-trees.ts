/** Candidates from node lists in DNS (EIP-1459; geth, `p2p/dnsdisc/client.go`): one question at a time, as far as somebody wants more. */
import {
  formatTreeLink,
  parseTreeLink,
  readEntry,
  readRoot,
  type TreeEntry,
  type TreeLink,
} from '../../protocols/dns-discovery/entry.ts'
import {
  entryAnswered,
  nextQuestion,
  reachableTrees,
  rootAnswered,
  startWalk,
  type TreeQuestion,
  type TreeWalk,
  type WalkError,
} from '../../protocols/dns-discovery/walk.ts'
import type { Identities } from '../../protocols/enr/identity.ts'
import type { Node } from '../../protocols/enr/node.ts'
import type { NetError } from '../../runtime/capabilities.ts'
import { err, type Result } from '../../runtime/result.ts'
import { READY_MAX } from './fair-mix.ts'

/** One lookup, in milliseconds (geth). */
const RESOLVE_MS = 5_000
/** Questions a second in the long run, and at once; those that the cache answers count too, or a small tree would spin (geth). */
const QUESTIONS_PER_SECOND = 3
const QUESTIONS_BURST = 10
/** Entries kept (geth). */
const CACHE_MAX = 1_000
/** Trees walked, those linked to included: geth follows all, and a chain of links has no end. */
const TREES_MAX = 32

export type DnsWorld = {
  readonly ready: Node[]
  readonly identities: Identities
  readonly failed: (code: string) => void
  isWanted(): boolean
  resolveText(name: string, timeoutMs: number): Promise<Result<readonly (readonly string[])[], NetError>>
  now(): number
  draw(below: number): number
  after(delayMs: number, action: () => void): void
  offered(): void
  runs(task: Promise<unknown>): void
}

/** @param roots of the trees that were asked for */
export function dnsTrees(roots: readonly TreeLink[], world: DnsWorld) {
  const { ready, identities } = world
  const urlOf = (link: TreeLink): string => formatTreeLink(link, identities)
  const rootUrls = roots.map(urlOf)
  const walks = new Map<string, TreeWalk>()
  /** By name, the least recently used first. */
  const cache = new Map<string, TreeEntry>()
  let tokens = QUESTIONS_BURST
  let tokensAtMs = world.now()
  let isBusy = false

  for (const link of roots) walks.set(urlOf(link), startWalk(link))

  /** Trees come and go with the links to them. */
  function follow(): void {
    const linkedBy = (url: string) => walks.get(url)?.linked.map(urlOf)
    const reached = new Set(reachableTrees(rootUrls, linkedBy, TREES_MAX))
    for (const url of walks.keys()) if (!reached.has(url)) walks.delete(url)
    for (const url of reached) {
      if (walks.has(url)) continue
      const link = parseTreeLink(url, identities)
      if (link.ok) walks.set(url, startWalk(link.value))
    }
  }

  /** Milliseconds until a question may be asked; taken where it is none. */
  function takeToken(): number {
    const now = world.now()
    tokens = Math.min(QUESTIONS_BURST, tokens + ((now - tokensAtMs) / 1_000) * QUESTIONS_PER_SECOND)
    tokensAtMs = now
    if (tokens < 1) return ((1 - tokens) / QUESTIONS_PER_SECOND) * 1_000
    tokens--
    return 0
  }

  function rest(delayMs: number): void {
    isBusy = true
    world.after(Math.ceil(delayMs), () => {
      isBusy = false
      pump()
    })
  }

  /** Asks the next question, if one may be asked and its answer is wanted. */
  function pump(): void {
    if (isBusy || walks.size === 0 || !world.isWanted() || ready.length >= READY_MAX) return
    const now = world.now()
    const open: (readonly [TreeWalk, Exclude<TreeQuestion, { kind: 'rest' }>])[] = []
    let restsUntilMs = Number.POSITIVE_INFINITY
    for (const walk of walks.values()) {
      const question = nextQuestion(walk, now, world.draw)
      if (question.kind === 'rest') restsUntilMs = Math.min(restsUntilMs, question.untilMs)
      else open.push([walk, question])
    }
    const restMs = open.length === 0 ? Math.max(1, restsUntilMs - now) : takeToken()
    const chosen = restMs > 0 ? undefined : open[world.draw(open.length)]
    if (chosen === undefined) rest(restMs)
    else {
      isBusy = true
      world.runs(ask(...chosen))
    }
  }

  async function ask(walk: TreeWalk, question: Exclude<TreeQuestion, { kind: 'rest' }>): Promise<void> {
    const outcome = question.kind === 'root' ? await askRoot(walk, question.domain) : await askEntry(walk, question)
    if (!outcome.ok) world.failed(outcome.error.code)
    follow()
    isBusy = false
    pump()
  }

  async function askRoot(walk: TreeWalk, domain: string): Promise<Result<unknown, WalkError>> {
    const texts = await textsAt(domain)
    return rootAnswered(walk, world.now(), texts.ok ? readRoot(texts.value, walk.link, identities) : texts)
  }

  async function askEntry(
    walk: TreeWalk,
    question: Extract<TreeQuestion, { kind: 'entry' }>,
  ): Promise<Result<unknown, WalkError>> {
    const answered = entryAnswered(walk, question, await entryAt(question))
    if (answered.ok && answered.value.node !== undefined) {
      ready.push(answered.value.node)
      world.offered()
    }
    return answered
  }

  async function entryAt({ name, domain }: { readonly name: string; readonly domain: string }) {
    const cached = cache.get(domain)
    if (cached !== undefined) {
      cache.delete(domain)
      cache.set(domain, cached)
      return { ok: true, value: cached } as const
    }
    const texts = await textsAt(domain)
    if (!texts.ok) return texts
    const entry = readEntry(texts.value, name, identities)
    if (entry.ok) {
      cache.set(domain, entry.value)
      if (cache.size > CACHE_MAX) cache.delete(cache.keys().next().value!)
    }
    return entry
  }

  /** Each record joined from its pieces. */
  async function textsAt(domain: string): Promise<Result<readonly string[], WalkError>> {
    const answer = await world.resolveText(domain, RESOLVE_MS)
    if (!answer.ok) return err({ code: 'TREE_UNRESOLVED', detail: answer.error.code })
    return { ok: true, value: answer.value.map((pieces) => pieces.join('')) }
  }

  return { pump }
}
