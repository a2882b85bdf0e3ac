/** What a file depends on, in every form the language has for it. */
import { posix } from 'node:path'
import type { Node } from './syntax.ts'
import { lineOf, literalText, parseSource, walkAll } from './syntax.ts'
import type { Sources } from './violation.ts'

/** `type`: gone at run time. `value`: loaded with the file. `dynamic`: loaded when the expression is reached. */
export type ImportForm = 'type' | 'value' | 'dynamic'
export type ImportSite = {
  readonly file: string
  readonly line: number
  readonly form: ImportForm
  /** Undefined: computed. */
  readonly specifier: string | undefined
  /** Path of the file meant, where the specifier is relative. */
  readonly target: string | undefined
  /** Local names that it brings; none for namespaces, re-exports and dynamic imports. */
  readonly names: readonly { readonly imported: string; readonly local: string }[]
  /** Not `import`: `require`, `import x = require()`, `process.getBuiltinModule`. */
  readonly roundabout: boolean
}

export function importsOf(file: string, text: string): ImportSite[] {
  const sites: ImportSite[] = []
  const add = (node: Node, form: ImportForm, source: Node | undefined, roundabout = false): void => {
    const specifier = literalText(source)
    const target = specifier?.startsWith('.') ? posix.join(posix.dirname(file), specifier) : undefined
    sites.push({ file, line: lineOf(text, node.start), form, specifier, target, names: namesOf(node), roundabout })
  }
  walkAll(parseSource(file, text), (node) => {
    switch (node.type) {
      case 'ImportDeclaration':
        // `import { type A }` still loads the file at run time: only `import type` does not.
        add(node, node.importKind === 'type' ? 'type' : 'value', node.source)
        return
      case 'ExportAllDeclaration':
      case 'ExportNamedDeclaration':
        if (node.source) add(node, node.exportKind === 'type' ? 'type' : 'value', node.source)
        return
      case 'ImportExpression':
        add(node, 'dynamic', node.source)
        return
      case 'TSImportType':
        add(node, 'type', node.source ?? node.argument?.literal ?? node.argument)
        return
      case 'TSImportEqualsDeclaration':
        add(node, 'value', node.moduleReference?.expression, true)
        return
      case 'CallExpression':
        if (isLoader(node.callee)) add(node, 'dynamic', node.arguments[0], true)
    }
  })
  return sites
}

export const allImports = (sources: Sources): ImportSite[] =>
  [...sources].flatMap(([file, text]) => importsOf(file, text))

const isLoader = (callee: Node): boolean =>
  (callee.type === 'Identifier' && callee.name === 'require') ||
  (callee.type === 'MemberExpression' &&
    (callee.property.name === 'getBuiltinModule' || literalText(callee.property) === 'getBuiltinModule'))

const namesOf = (node: Node): { imported: string; local: string }[] =>
  ((node.specifiers ?? []) as Node[])
    .filter((specifier) => specifier.type === 'ImportSpecifier')
    .map((specifier) => ({
      imported: specifier.imported.name ?? specifier.imported.value,
      local: specifier.local.name,
    }))
