/** What the types in messages files say: who accepts what, and how each edge behaves under load. */
import { posix } from 'node:path'
import { type ImportSite, importsOf } from './imports.ts'
import { literalText, type Node, parseSource, walkAll } from './syntax.ts'
import type { Sources } from './violation.ts'

/** How a kind of message waits: `suspend` and `ask` make the sender rest or wait, `lossy` never. */
export type Waiting = 'suspend' | 'ask' | 'lossy'
/** A protocol by where its type stands: `actors/chain/messages.ts`, `ChainMessages`. */
export type Face = { readonly file: string; readonly name: string; readonly kinds: ReadonlyMap<string, Waiting> }

type Declared = { readonly file: string; readonly name: string; readonly type: Node }

export class ProtocolTypes {
  private readonly sources: Sources
  private readonly files = new Map<string, ReadonlyMap<string, Declared>>()
  private readonly imports = new Map<string, ImportSite[]>()

  constructor(sources: Sources) {
    this.sources = sources
  }

  /** Types that a file declares. */
  declaredIn(file: string): ReadonlyMap<string, Declared> {
    let known = this.files.get(file)
    if (known === undefined) {
      const declared = new Map<string, Declared>()
      walkAll(parseSource(file, this.sources.get(file) ?? ''), (node) => {
        if (node.type === 'TSTypeAliasDeclaration')
          declared.set(node.id.name, { file, name: node.id.name, type: node.typeAnnotation })
        if (node.type === 'TSInterfaceDeclaration')
          declared.set(node.id.name, { file, name: node.id.name, type: node.body })
      })
      known = declared
      this.files.set(file, known)
    }
    return known
  }

  /** The protocols of the `Ref<…>` that a type holds, however deep, through named types too. */
  refsOf(declared: Declared): Face[] {
    const found: Face[] = []
    const seen = new Set<string>()
    const look = (type: Node, file: string): void =>
      walkAll(type, (node) => {
        const name = referenceName(node)
        if (name === undefined) return
        if (name === 'Ref') {
          for (const argument of argumentsOf(node)) found.push(...this.facesOf(argument, file))
          return
        }
        const target = this.find(name, file)
        if (target === undefined || seen.has(`${target.file} ${name}`)) return
        // What another actor's protocol holds is that actor's affair.
        if (target.file !== file && target.file.endsWith('/messages.ts') && name.endsWith('Messages')) return
        seen.add(`${target.file} ${name}`)
        look(target.type, target.file)
      })
    look(declared.type, declared.file)
    return found
  }

  /** The protocols that a type stands for: named, picked from, or joined. */
  facesOf(type: Node, file: string): Face[] {
    if (type.type === 'TSIntersectionType') return (type.types as Node[]).flatMap((part) => this.facesOf(part, file))
    const name = referenceName(type)
    if (name === undefined) return []
    if (name === 'Pick' || name === 'Omit') {
      const [from, keys] = argumentsOf(type)
      const named = new Set<string>()
      walkAll(keys!, (node) => {
        const text = literalText(node)
        if (text !== undefined) named.add(text)
      })
      return this.facesOf(from!, file).map((face) => ({
        ...face,
        kinds: new Map([...face.kinds].filter(([kind]) => named.has(kind) === (name === 'Pick'))),
      }))
    }
    const target = this.find(name, file)
    if (target === undefined) return []
    if (target.type.type !== 'TSTypeLiteral' && target.type.type !== 'TSInterfaceBody')
      return this.facesOf(target.type, target.file)
    return [{ file: target.file, name: target.name, kinds: this.kindsOf(target) }]
  }

  private kindsOf(declared: Declared): ReadonlyMap<string, Waiting> {
    const kinds = new Map<string, Waiting>()
    for (const member of (declared.type.members ?? declared.type.body) as Node[]) {
      const type = member.typeAnnotation?.typeAnnotation as Node | undefined
      const name = type === undefined ? undefined : referenceName(type)
      if (name !== 'Tell' && name !== 'Ask') continue
      const edge = name === 'Tell' ? argumentsOf(type!)[1] : undefined
      const isLossy = edge !== undefined && referenceName(edge) === 'Lossy'
      const kind = (member.key.name ?? member.key.value) as string
      kinds.set(kind, name === 'Ask' ? 'ask' : isLossy ? 'lossy' : 'suspend')
    }
    return kinds
  }

  private find(name: string, file: string): Declared | undefined {
    const own = this.declaredIn(file).get(name)
    if (own !== undefined) return own
    let imports = this.imports.get(file)
    if (imports === undefined) {
      imports = importsOf(file, this.sources.get(file) ?? '')
      this.imports.set(file, imports)
    }
    for (const { target, names } of imports) {
      const imported = names.find(({ local }) => local === name)?.imported
      if (imported === undefined || target === undefined || !this.sources.has(target)) continue
      if (posix.dirname(target) === 'runtime') return undefined
      return this.find(imported, target)
    }
    return undefined
  }
}

const referenceName = (node: Node): string | undefined =>
  node.type === 'TSTypeReference' ? (node.typeName.name as string | undefined) : undefined

const argumentsOf = (node: Node): Node[] => (node.typeArguments?.params ?? []) as Node[]
