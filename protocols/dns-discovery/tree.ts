/** Making a node list for DNS (EIP-1459): what a publisher puts there, and a test serves. */
import { compareBytes } from '../bytes.ts'
import type { Identities, NodeKey } from '../enr/identity.ts'
import type { Node } from '../enr/node.ts'
import { formatEntry, formatRoot, formatTreeLink, nameOf, type TreeEntry, type TreeLink } from './entry.ts'

/** Children of a branch: with more, answers grow beyond 512 bytes, which some resolvers drop (geth). */
const CHILDREN_MAX = 13

export type PublishedTree = {
  /** `enrtree://…` */
  readonly url: string
  /** TXT records by their names. */
  readonly texts: ReadonlyMap<string, string>
}

/** @param nodes each with its record @param links other trees */
export function makeTree(
  { seq, nodes, links }: { readonly seq: bigint; readonly nodes: readonly Node[]; readonly links: readonly TreeLink[] },
  domain: string,
  key: NodeKey,
  identities: Pick<Identities, 'compress'>,
): PublishedTree {
  const texts = new Map<string, string>()
  /** Puts an entry there. @returns its name */
  const put = (entry: TreeEntry): string => {
    const text = formatEntry(entry, identities)
    const name = nameOf(text)
    texts.set(`${name}.${domain}`, text)
    return name
  }
  const putAll = (entries: readonly TreeEntry[]): string => {
    if (entries.length === 1) return put(entries[0]!)
    if (entries.length <= CHILDREN_MAX) return put({ kind: 'branch', children: entries.map(put) })
    const branches: TreeEntry[] = []
    for (let at = 0; at < entries.length; at += CHILDREN_MAX)
      branches.push({ kind: 'branch', children: entries.slice(at, at + CHILDREN_MAX).map(put) })
    return putAll(branches)
  }
  const sorted = nodes.toSorted((a, b) => compareBytes(a.id, b.id))
  const root = {
    nodes: putAll(sorted.map((node) => ({ kind: 'node', node }))),
    links: putAll(links.map((link) => ({ kind: 'link', link }))),
    seq,
  }
  texts.set(domain, formatRoot(root, key.sign))
  return { url: formatTreeLink({ publicKey: key.publicKey, domain }, identities), texts }
}
