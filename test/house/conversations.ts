/**
 * Who sends whom what suspends: the graph of which a ring would deadlock once every mailbox in it is full. It is read
 * from what an actor is given (the refs in its messages file), and from what it uses of the actors it starts (the
 * protocols that its other files import, as far as it tells or asks a kind of them). What loses is left out.
 */
import { actorNames, actorOf } from './actor-folder.ts'
import { allImports } from './imports.ts'
import { type Face, ProtocolTypes, type Waiting } from './protocol-types.ts'
import { literalText, parseSource, walkValues } from './syntax.ts'
import type { Sources } from './violation.ts'

/** An actor, or a type of needs (`name` of its type) that some actor meets. */
export type Conversation = {
  readonly from: string
  readonly to: string
  readonly isNeeds: boolean
  readonly kinds: ReadonlyMap<string, Waiting>
}

/** One per pair, in order of names. */
export function conversationsOf(sources: Sources): Conversation[] {
  const types = new ProtocolTypes(sources)
  const met = new Map<string, Conversation & { readonly kinds: Map<string, Waiting> }>()
  const meet = (from: string, face: Face, kinds: Iterable<[string, Waiting]>): void => {
    const isNeeds = !face.name.endsWith('Messages')
    const to = isNeeds ? face.name : actorOf(face.file, sources)
    if (to === from) return
    const waiting = [...kinds].filter(([, how]) => how !== 'lossy')
    if (waiting.length === 0) return
    const known = met.get(`${from} ${to}`)
    if (known === undefined) met.set(`${from} ${to}`, { from, to, isNeeds, kinds: new Map(waiting) })
    else for (const [kind, how] of waiting) known.kinds.set(kind, how)
  }
  const imports = allImports(sources)
  for (const actor of actorNames(sources)) {
    const messages = `actors/${actor}/messages.ts`
    for (const declared of types.declaredIn(messages).values())
      for (const face of types.refsOf(declared)) meet(actor, face, face.kinds)
    const sent = kindsSent(actor, sources)
    for (const { file, target, names } of imports) {
      if (file === messages || !file.startsWith('actors/') || actorOf(file, sources) !== actor) continue
      if (target === undefined || !/^actors\/.*\/messages\.ts$/.test(target) || target === messages) continue
      for (const { imported } of names) {
        const declared = types.declaredIn(target).get(imported)
        if (declared === undefined || !imported.endsWith('Messages')) continue
        for (const face of types.facesOf(reference(imported), target))
          meet(
            actor,
            face,
            [...face.kinds].filter(([kind]) => sent === 'any' || sent.has(kind)),
          )
      }
    }
  }
  return [...met.values()].sort((a, b) => `${a.from} ${a.to}`.localeCompare(`${b.from} ${b.to}`))
}

/** Kinds named in the `tell` and `ask` calls of an actor's files; `any` where one is computed. */
function kindsSent(actor: string, sources: Sources): ReadonlySet<string> | 'any' {
  const kinds = new Set<string>()
  let computed = false
  for (const [file, text] of sources) {
    if (!file.startsWith('actors/') || actorOf(file, sources) !== actor) continue
    walkValues(parseSource(file, text), (node) => {
      const name = node.type === 'CallExpression' ? node.callee.property?.name : undefined
      if ((name !== 'tell' && name !== 'ask') || node.arguments.length < 2) return
      const kind = literalText(node.arguments[1])
      if (kind === undefined) computed = true
      else kinds.add(kind)
    })
  }
  return computed ? 'any' : kinds
}

const reference = (name: string) => ({
  type: 'TSTypeReference',
  start: 0,
  end: 0,
  typeName: { name },
})

/** Rows of the first table below a heading of a Markdown text, cells without their backquotes. */
export function tableBelow(markdown: string, heading: string): string[][] {
  const lines = markdown.split('\n')
  const start = lines.findIndex((line) => line.replace(/^#+ /, '') === heading)
  const rows: string[][] = []
  for (const line of start < 0 ? [] : lines.slice(start + 1)) {
    if (line.startsWith('#') || (rows.length > 0 && !line.startsWith('|'))) break
    if (line.startsWith('|'))
      rows.push(
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim().replaceAll('`', '')),
      )
  }
  return rows.slice(2)
}

/** The graph of actors: needs are replaced by who meets them. */
export function actorGraph(
  conversations: readonly Conversation[],
  metBy: ReadonlyMap<string, readonly string[]>,
): Map<string, Set<string>> {
  const edges = new Map<string, Set<string>>()
  for (const { from, to, isNeeds } of conversations)
    for (const actor of isNeeds ? (metBy.get(to) ?? []) : [to])
      if (actor !== from) edges.set(from, (edges.get(from) ?? new Set()).add(actor))
  return edges
}

/** Kinds of a type of needs that the actor said to meet it does not take, or takes in another way. */
export function unmetKinds(sources: Sources, needs: Conversation, actor: string): string[] {
  const types = new ProtocolTypes(sources)
  const file = `actors/${actor}/messages.ts`
  const offered = new Map<string, Waiting>()
  for (const name of types.declaredIn(file).keys())
    if (name.endsWith('Messages'))
      for (const face of types.facesOf(reference(name), file))
        for (const [kind, how] of face.kinds) offered.set(kind, how)
  return [...needs.kinds].flatMap(([kind, how]) => (offered.get(kind) === how ? [] : [kind]))
}
