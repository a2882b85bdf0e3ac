/** The syntax tree of a source file, and a walk over what of it exists at run time. */
import { parseSync, visitorKeys } from 'oxc-parser'

/** A node of the ESTree with TypeScript's nodes in it. Read loosely: a rule looks at two or three of its fields. */
export type Node = {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [field: string]: any
}

/** Type nodes that hold an expression which exists at run time. */
const TYPED_EXPRESSIONS: ReadonlySet<string> = new Set([
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSNonNullExpression',
  'TSTypeAssertion',
  'TSInstantiationExpression',
])

/** @throws SyntaxError where the file does not parse. */
export function parseSource(path: string, text: string): Node {
  const { program, errors } = parseSync(path, text)
  const [error] = errors
  if (error !== undefined) throw new SyntaxError(`${path}: ${error.message}`)
  return program as unknown as Node
}

/** Line of an offset, from 1. */
export const lineOf = (text: string, offset: number): number => text.slice(0, offset).split('\n').length

export const childrenOf = (node: Node): Node[] =>
  (visitorKeys[node.type] ?? [])
    .flatMap((key) => node[key] as Node | Node[] | null | undefined)
    .filter((child): child is Node => child !== null && child !== undefined)

/** Calls `visit` for every node, types included. */
export function walkAll(node: Node, visit: (node: Node, parent: Node | undefined) => void, parent?: Node): void {
  visit(node, parent)
  for (const child of childrenOf(node)) walkAll(child, visit, node)
}

/** As `walkAll`, without types, which do not exist at run time. */
export function walkValues(node: Node, visit: (node: Node, parent: Node | undefined) => void, parent?: Node): void {
  if (node.type.startsWith('TS') && !TYPED_EXPRESSIONS.has(node.type)) return
  visit(node, parent)
  if (TYPED_EXPRESSIONS.has(node.type)) walkValues(node.expression, visit, node)
  else for (const child of childrenOf(node)) walkValues(child, visit, node)
}

/** The text of a string literal or of a template without holes. */
export function literalText(node: Node | undefined): string | undefined {
  if (node?.type === 'Literal' && typeof node.value === 'string') return node.value
  if (node?.type === 'TemplateLiteral' && node.expressions.length === 0) return node.quasis[0].value.cooked
  return undefined
}
