/** How files and folders are named, and the forms of the language that the house does without. */
import { posix } from 'node:path'
import { lineOf, type Node, parseSource, walkAll } from './syntax.ts'
import type { Sources, Violation } from './violation.ts'

/** Names without a subject: what is in them belongs to somebody. */
const SUBJECTLESS: ReadonlySet<string> = new Set(['util', 'utils', 'helper', 'helpers', 'common', 'misc', 'index'])

/** Folders of `test/` that mirror none: tests of the whole, and what they need. */
const TESTS_OF_THE_WHOLE: ReadonlySet<string> = new Set(['house', 'conformance', 'interop', 'network', 'bench', 'soak'])

export function nameViolations(sources: Sources): Violation[] {
  return [...sources].flatMap(([file, text]) => [
    ...subjectless(file),
    ...forms(file, text),
    ...(file.startsWith('test/') ? misplacedTest(file, sources) : []),
  ])
}

function subjectless(file: string): Violation[] {
  return file
    .replace(/\.(test\.|d\.)?ts$/, '')
    .split('/')
    .filter((segment) => SUBJECTLESS.has(segment))
    .map((segment) => ({ rule: 'names have a subject', at: `${file}:1`, detail: segment }))
}

function forms(file: string, text: string): Violation[] {
  if (file.endsWith('.d.ts')) return []
  const program = parseSource(file, text)
  const violations: Violation[] = []
  const report = (node: Node, rule: string): void => {
    const detail = text.slice(node.start, node.end).split('\n')[0]!
    violations.push({ rule, at: `${file}:${lineOf(text, node.start)}`, detail })
  }
  const body = program.body as Node[]
  if (body.length > 0 && body.every(({ type, source }) => source && type !== 'ImportDeclaration'))
    report(body[0]!, 'no files that only re-export')
  const isMessages = /^actors\/.*\/messages\.ts$/.test(file)
  for (const statement of body)
    if (isMessages && !isTypeOnly(statement)) report(statement, 'messages files hold types only')
  walkAll(program, (node) => {
    if (node.type === 'ExportDefaultDeclaration') report(node, 'no default exports')
    if (node.type === 'ExportSpecifier' && node.exported.name === 'default') report(node, 'no default exports')
    if (node.type === 'TSEnumDeclaration') report(node, 'no enums')
    if (node.type === 'TSModuleDeclaration' && !node.declare) report(node, 'no namespaces')
  })
  return violations
}

function isTypeOnly(statement: Node): boolean {
  switch (statement.type) {
    case 'TSTypeAliasDeclaration':
    case 'TSInterfaceDeclaration':
      return true
    case 'ImportDeclaration':
      return statement.importKind === 'type'
    case 'ExportAllDeclaration':
    case 'ExportNamedDeclaration':
      return statement.exportKind === 'type'
    default:
      return false
  }
}

function misplacedTest(file: string, sources: Sources): Violation[] {
  if (!file.endsWith('.test.ts')) return []
  const folder = posix.dirname(file).slice('test/'.length)
  if (posix.dirname(file) === 'test' || TESTS_OF_THE_WHOLE.has(folder.split('/')[0]!)) return []
  const mirrored = sources.has(`${folder}.ts`) || [...sources.keys()].some((source) => source.startsWith(`${folder}/`))
  return mirrored ? [] : [{ rule: 'tests mirror the folders', at: `${file}:1`, detail: `there is no ${folder}` }]
}
