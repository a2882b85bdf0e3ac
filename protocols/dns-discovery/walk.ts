/**
 * Walking a node list in DNS (EIP-1459; geth, `p2p/dnsdisc/sync.go`) as decisions over a value: what to ask next, and what
 * an answer changes. Who asks, when, and through which resolver is the caller's affair; one question of a tree is open
 * at a time.
 */
import type { Node } from '../enr/node.ts'
import type { Result } from '../result.ts'
import { err, ok } from '../result.ts'
import type { TreeEntry, TreeError, TreeLink, TreeRoot } from './entry.ts'

/** A root is read again after so long, for changes. */
export const ROOT_RECHECK_MS = 30 * 60 * 1_000
/** With more entries than this that could not be had, the root is read again: the tree has probably changed. */
const ENTRY_FAILURES_MAX = 5
/** Failures of the root in a row after which it rests, and for how long. */
const ROOT_RESTS = [
  { above: 20, ms: 10_000 },
  { above: 5, ms: 5_000 },
] as const
/** Entries of a subtree that are known of: a tree of a million nodes is none that anybody needs. */
export const SUBTREE_ENTRIES_MAX = 100_000

type Subtree = {
  readonly root: string
  /** Names that were not asked for yet. */
  readonly missing: string[]
  /** All names met since the subtree's root, so that none is walked twice. */
  readonly met: Set<string>
  leaves: number
  /** Answers that were none; the links are given up after some, so that a bad one does not keep the nodes away. */
  failures: number
}

export type TreeWalk = {
  readonly link: TreeLink
  root: TreeRoot | undefined
  rootAskedMs: number | undefined
  rootFailures: number
  entryFailures: number
  nodes: Subtree | undefined
  links: Subtree | undefined
  /** Other trees that this one names, so far. */
  linked: TreeLink[]
}

export type TreeQuestion =
  | { readonly kind: 'root'; readonly domain: string }
  | {
      readonly kind: 'entry'
      readonly subtree: 'nodes' | 'links'
      /** Root of the subtree when it was asked for: an answer is dropped when there is another by then. */
      readonly root: string
      readonly name: string
      /** `<name>.<domain>` */
      readonly domain: string
    }
  /** Nothing to ask before that time. */
  | { readonly kind: 'rest'; readonly untilMs: number }

export type WalkError =
  | TreeError
  /** A root older than the one known. */
  | { readonly code: 'TREE_SEQ'; readonly seq: bigint; readonly known: bigint }
  /** A link among the nodes, or a node among the links. */
  | { readonly code: 'TREE_MISPLACED' }
  | { readonly code: 'TREE_TOO_MANY_ENTRIES' }
  /** The resolver had no answer. */
  | { readonly code: 'TREE_UNRESOLVED'; readonly detail: string }

export const startWalk = (link: TreeLink): TreeWalk => ({
  link,
  root: undefined,
  rootAskedMs: undefined,
  rootFailures: 0,
  entryFailures: 0,
  nodes: undefined,
  links: undefined,
  linked: [],
})

/** @param draw a random integer from 0 to below its argument: nodes are asked for in no order, so that all are dialled alike */
export function nextQuestion(walk: TreeWalk, nowMs: number, draw: (below: number) => number): TreeQuestion {
  const { root, nodes, links } = walk
  const { domain } = walk.link
  if (root === undefined || nodes === undefined || links === undefined || isRootDue(walk, nowMs)) {
    const restsMs = ROOT_RESTS.find(({ above }) => walk.rootFailures > above)?.ms ?? 0
    const untilMs = (walk.rootAskedMs ?? Number.NEGATIVE_INFINITY) + restsMs
    return nowMs < untilMs ? { kind: 'rest', untilMs } : { kind: 'root', domain }
  }
  const entry = (subtree: 'nodes' | 'links', from: string, name: string): TreeQuestion => ({
    kind: 'entry',
    subtree,
    root: from,
    name,
    domain: `${name}.${domain}`,
  })
  if (links.missing.length > 0 && links.failures <= ENTRY_FAILURES_MAX)
    return entry('links', links.root, links.missing[0]!)
  if (nodes.missing.length === 0) {
    if (nodes.leaves === 0) return { kind: 'rest', untilMs: walk.rootAskedMs! + ROOT_RECHECK_MS }
    // Once round: again, since nodes come back to who was full.
    walk.nodes = startSubtree(nodes.root)
    return entry('nodes', nodes.root, nodes.root)
  }
  return entry('nodes', nodes.root, nodes.missing[draw(nodes.missing.length)]!)
}

/** What the question for the root brought. */
export function rootAnswered(
  walk: TreeWalk,
  nowMs: number,
  answer: Result<TreeRoot, WalkError>,
): Result<void, WalkError> {
  walk.rootAskedMs = nowMs
  const known = walk.root?.seq
  const checked: Result<TreeRoot, WalkError> =
    answer.ok && known !== undefined && answer.value.seq < known
      ? err({ code: 'TREE_SEQ', seq: answer.value.seq, known })
      : answer
  if (!checked.ok) {
    walk.rootFailures++
    return checked
  }
  const root = checked.value
  walk.root = root
  walk.rootFailures = 0
  // The links get another chance when a root is due by time, not when it is read because of them.
  if (walk.links !== undefined && walk.entryFailures <= ENTRY_FAILURES_MAX) walk.links.failures = 0
  walk.entryFailures = 0
  if (walk.links?.root !== root.links) {
    walk.links = startSubtree(root.links)
    walk.linked = []
  }
  if (walk.nodes?.root !== root.nodes) walk.nodes = startSubtree(root.nodes)
  return ok(undefined)
}

/** What the question for an entry brought. @returns a node, a link to another tree, or nothing of interest */
export function entryAnswered(
  walk: TreeWalk,
  question: Extract<TreeQuestion, { kind: 'entry' }>,
  answer: Result<TreeEntry, WalkError>,
): Result<{ readonly node?: Node; readonly link?: TreeLink }, WalkError> {
  const subtree = walk[question.subtree]
  if (subtree === undefined || subtree.root !== question.root) return ok({})
  const taken = answer.ok ? take(subtree, question, answer.value) : answer
  if (!taken.ok) {
    walk.entryFailures++
    subtree.failures++
    return taken
  }
  const at = subtree.missing.indexOf(question.name)
  if (at >= 0) subtree.missing.splice(at, 1)
  if (taken.value.link !== undefined) walk.linked.push(taken.value.link)
  return taken
}

function take(
  subtree: Subtree,
  question: Extract<TreeQuestion, { kind: 'entry' }>,
  entry: TreeEntry,
): Result<{ readonly node?: Node; readonly link?: TreeLink }, WalkError> {
  if (entry.kind === 'branch') {
    const fresh = new Set(entry.children.filter((child) => !subtree.met.has(child)))
    if (subtree.met.size + fresh.size > SUBTREE_ENTRIES_MAX) return err({ code: 'TREE_TOO_MANY_ENTRIES' })
    for (const child of fresh) {
      subtree.met.add(child)
      subtree.missing.push(child)
    }
    return ok({})
  }
  if ((entry.kind === 'node') !== (question.subtree === 'nodes')) return err({ code: 'TREE_MISPLACED' })
  subtree.leaves++
  return ok(entry.kind === 'node' ? { node: entry.node } : { link: entry.link })
}

const startSubtree = (root: string): Subtree => ({
  root,
  missing: [root],
  met: new Set([root]),
  leaves: 0,
  failures: 0,
})

const isRootDue = (walk: TreeWalk, nowMs: number): boolean =>
  walk.entryFailures > ENTRY_FAILURES_MAX || nowMs >= walk.rootAskedMs! + ROOT_RECHECK_MS

/**
 * The trees to walk: those asked for, and those linked to from there, at most `max`.
 * @param linkedBy what is known of a tree by its `enrtree://` text; undefined for one not walked yet
 */
export function reachableTrees(
  roots: readonly string[],
  linkedBy: (url: string) => readonly string[] | undefined,
  max: number,
): string[] {
  const reached = new Set(roots)
  for (const url of reached) for (const linked of linkedBy(url) ?? []) if (reached.size < max) reached.add(linked)
  return [...reached]
}
