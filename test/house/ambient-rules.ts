/** Everything that is not a function of the message comes from a capability: no globals that reach the world. */
import { lineOf, type Node, parseSource, walkValues } from './syntax.ts'
import type { Sources, Violation } from './violation.ts'

/** Globals that may not be mentioned at all, nor hidden behind a local of the same name. */
export const FORBIDDEN_GLOBALS: ReadonlySet<string> = new Set([
  'globalThis',
  'global',
  'process',
  'performance',
  'crypto',
  'fetch',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'scheduler',
  'console',
  'navigator',
  'require',
  'eval',
  'Function',
  'Worker',
  'WebSocket',
  'EventSource',
  'XMLHttpRequest',
  'MessageChannel',
  'BroadcastChannel',
  'SharedWorker',
])

/** Globals of which all but some members may be used, and these by their plain name only. */
const FORBIDDEN_MEMBERS: { readonly [name: string]: readonly string[] } = {
  Date: ['now'],
  Math: ['random'],
  AbortSignal: ['timeout'],
}

/** Folders whose code is a function of its input. */
export const PURE_FOLDERS = ['actors/', 'protocols/']

const RULE = 'the world is reached through capabilities only'

export function ambientViolations(sources: Sources): Violation[] {
  const violations: Violation[] = []
  for (const [file, text] of sources) {
    if (!PURE_FOLDERS.some((folder) => file.startsWith(folder))) continue
    const report = (node: Node, detail: string): void => {
      violations.push({ rule: RULE, at: `${file}:${lineOf(text, node.start)}`, detail })
    }
    const program = parseSource(file, text)
    walkValues(program, (node, parent) => {
      if (node.type !== 'Identifier' || isLabelOrKey(node, parent)) return
      const name = node.name as string
      if (FORBIDDEN_GLOBALS.has(name)) report(node, name)
      else if (Object.hasOwn(FORBIDDEN_MEMBERS, name)) {
        const why = misuse(name, node, parent)
        if (why !== undefined) report(node, why)
      }
    })
  }
  return violations
}

/** Says what is wrong with a mention of a global that may be used in part. */
function misuse(name: string, node: Node, parent: Node | undefined): string | undefined {
  if (parent?.type === 'MemberExpression' && parent.object === node) {
    if (parent.computed) return `${name}[…]`
    const member = parent.property.name as string
    return FORBIDDEN_MEMBERS[name]!.includes(member) ? `${name}.${member}` : undefined
  }
  if (name === 'Date' && parent?.type === 'NewExpression' && parent.callee === node)
    return parent.arguments.length === 0 || parent.arguments[0].type === 'SpreadElement' ? 'new Date()' : undefined
  if (parent?.type === 'BinaryExpression' && parent.operator === 'instanceof') return undefined
  return name
}

/** An identifier that names a member, a property or a label, and refers to no variable. */
function isLabelOrKey(node: Node, parent: Node | undefined): boolean {
  switch (parent?.type) {
    case 'MemberExpression':
      return parent.property === node && !parent.computed
    case 'Property':
    case 'MethodDefinition':
    case 'PropertyDefinition':
    case 'AccessorProperty':
      return parent.key === node && !parent.computed
    case 'ImportSpecifier':
      return parent.imported === node && parent.local !== node
    case 'ExportSpecifier':
      return parent.exported === node
    case 'LabeledStatement':
    case 'BreakStatement':
    case 'ContinueStatement':
    case 'MetaProperty':
      return true
    default:
      return false
  }
}
