import { describe, expect, test } from 'vitest'
import { importViolations, staleAllowances } from './import-rules.ts'
import { dependencies, repositorySources, SOURCE_FOLDERS } from './repository.ts'
import { shown, sourcesOf } from './violation.ts'

const DEPENDENCIES: ReadonlySet<string> = new Set(['@noble/hashes', 'level', 'zod'])
const rulesBrokenBy = (files: { readonly [path: string]: string }): string[] =>
  importViolations(sourcesOf(files), DEPENDENCIES).map(({ rule }) => rule)

describe('the repository', () => {
  const sources = repositorySources(SOURCE_FOLDERS)

  test('is there', () => {
    expect(sources.size).toBeGreaterThan(60)
    expect(sources.has('runtime/host.ts')).toBe(true)
  })
  test('keeps to the import rules', () => {
    expect(shown(importViolations(sources, dependencies()))).toEqual([])
  })
  test('uses every allowance of a computed import', () => {
    expect(staleAllowances(sources)).toEqual([])
  })
})

const MESSAGES = 'export type AMessages = {}'
/** Each is refused by exactly the rule named. */
const REFUSED: readonly (readonly [string, string, { readonly [path: string]: string }])[] = [
  [
    'runtime knows nothing of ours',
    'runtime/ imports protocols/b.ts',
    { 'runtime/a.ts': "import type { B } from '../protocols/b.ts'", 'protocols/b.ts': '' },
  ],
  [
    'protocols know nothing of ours',
    'protocols/ imports storage/b.ts',
    { 'protocols/a.ts': "import { b } from '../storage/b.ts'", 'storage/b.ts': '' },
  ],
  [
    'storage knows no runtime',
    'storage/ imports runtime/b.ts',
    { 'storage/a.ts': "import { b } from '../runtime/b.ts'", 'runtime/b.ts': '' },
  ],
  [
    'actors know no commands',
    'actors/ imports commands/b.ts',
    { 'actors/a/a.ts': "import { b } from '../../commands/b.ts'", 'commands/b.ts': '' },
  ],
  [
    'nobody knows the tests',
    'runtime/ imports test/b.ts',
    { 'runtime/a.ts': "import { b } from '../test/b.ts'", 'test/b.ts': '' },
  ],
  [
    'a re-export is an import',
    'runtime/ imports protocols/b.ts',
    { 'runtime/a.ts': "export { b } from '../protocols/b.ts'", 'protocols/b.ts': '' },
  ],
  [
    'so is a re-export of all',
    'runtime/ imports protocols/b.ts',
    { 'runtime/a.ts': "export * from '../protocols/b.ts'", 'protocols/b.ts': '' },
  ],
  [
    'so is a dynamic import',
    'runtime/ imports protocols/b.ts',
    { 'runtime/a.ts': "await import('../protocols/b.ts')", 'protocols/b.ts': '' },
  ],
  [
    'so is a template without holes',
    'runtime/ imports protocols/b.ts',
    { 'runtime/a.ts': 'await import(`../protocols/b.ts`)', 'protocols/b.ts': '' },
  ],
  [
    'so is an inline type import',
    'runtime/ imports protocols/b.ts',
    { 'runtime/a.ts': "export type A = import('../protocols/b.ts').B", 'protocols/b.ts': '' },
  ],
  [
    'a computed import',
    'no computed imports but those allowed by name',
    { 'runtime/a.ts': 'const name = "fs"; await import(name)' },
  ],
  [
    'a template with holes',
    'no computed imports but those allowed by name',
    { 'storage/a.ts': 'await import(`./$' + '{process.argv[2]}.ts`)' },
  ],
  ['require', 'modules are loaded by import only', { 'storage/a.ts': "declare const require: any; require('fs')" }],
  ['import with require', 'modules are loaded by import only', { 'storage/a.ts': "import fs = require('fs')" }],
  ['getBuiltinModule', 'modules are loaded by import only', { 'storage/a.ts': "process.getBuiltinModule('fs')" }],
  [
    "an actor using another's behaviour",
    'of another actor its messages file only',
    {
      'actors/a/a.ts': "import type { b } from '../b/b.ts'",
      'actors/a/messages.ts': MESSAGES,
      'actors/b/b.ts': '',
      'actors/b/messages.ts': MESSAGES,
    },
  ],
  [
    "a parent using its child's behaviour",
    'of another actor its messages file only',
    {
      'actors/a/a.ts': "import { b } from './b/b.ts'",
      'actors/a/messages.ts': MESSAGES,
      'actors/a/b/b.ts': '',
      'actors/a/b/messages.ts': MESSAGES,
    },
  ],
  [
    "another actor's messages as a value",
    'messages files are imported as types',
    {
      'actors/a/a.ts': "import { M } from '../b/messages.ts'",
      'actors/a/messages.ts': MESSAGES,
      'actors/b/messages.ts': MESSAGES,
    },
  ],
  [
    'types inside a value import',
    'messages files are imported as types',
    {
      'actors/a/a.ts': "import { type M } from '../b/messages.ts'",
      'actors/a/messages.ts': MESSAGES,
      'actors/b/messages.ts': MESSAGES,
    },
  ],
  [
    'own messages as a value',
    'messages files are imported as types',
    { 'actors/a/a.ts': "import { M } from './messages.ts'", 'actors/a/messages.ts': MESSAGES },
  ],
  [
    'messages as a value from commands',
    'messages files are imported as types',
    { 'commands/a.ts': "await import('../actors/b/messages.ts')", 'actors/b/messages.ts': MESSAGES },
  ],
  [
    'actor folders in a ring of types',
    'actor folders do not know each other in a ring',
    {
      'actors/a/a.ts': "import type { M } from '../b/messages.ts'",
      'actors/a/messages.ts': MESSAGES,
      'actors/b/messages.ts': "import type { AMessages } from '../a/messages.ts'",
    },
  ],
  [
    'a ring of value imports',
    'files do not import each other in a ring',
    {
      'runtime/a.ts': "import { b } from './b.ts'",
      'runtime/b.ts': "import { c } from './c.ts'",
      'runtime/c.ts': "import { a } from './a.ts'",
    },
  ],
  [
    'a file that imports itself',
    'files do not import each other in a ring',
    { 'runtime/a.ts': "import { a } from './a.ts'" },
  ],
  [
    "Node's modules in protocols",
    'node: modules only where they are allowed',
    { 'protocols/a.ts': "import { createHash } from 'node:crypto'" },
  ],
  [
    "Node's modules in actors",
    'node: modules only where they are allowed',
    { 'actors/a/a.ts': "import { readFile } from 'node:fs/promises'" },
  ],
  [
    "Node's modules in the runtime's core",
    'node: modules only where they are allowed',
    { 'runtime/host.ts': "import { readFileSync } from 'node:fs'" },
  ],
  [
    'more of Node than allowed',
    'node: modules only where they are allowed',
    { 'runtime/simulation/event-log.ts': "import { readFileSync } from 'node:fs'" },
  ],
  [
    "Node's modules without node:",
    "Node's own modules are imported as node:…",
    { 'protocols/a.ts': "import { readFileSync } from 'fs'" },
  ],
  [
    'a re-export of a Node module',
    'node: modules only where they are allowed',
    { 'actors/a/a.ts': "export * from 'node:fs'" },
  ],
  [
    'a package that does I/O in protocols',
    'packages allowed in protocols/',
    { 'protocols/a.ts': "import { Level } from 'level'" },
  ],
  [
    'a development package',
    'packages loaded are dependencies',
    { 'protocols/a.ts': "import { createEVM } from '@ethereumjs/evm'" },
  ],
  ['imports without .ts', 'imports end in .ts', { 'runtime/a.ts': "import { b } from './b'", 'runtime/b.ts': '' }],
  ['imports of .js', 'imports end in .ts', { 'runtime/a.ts': "import { b } from './b.js'", 'runtime/b.ts': '' }],
  ['imports of what is not there', 'imports name a file that exists', { 'runtime/a.ts': "import { b } from './b.ts'" }],
]

describe('refuses', () => {
  test.each(REFUSED)('%s', (_name, rule, files) => {
    expect(rulesBrokenBy(files)).toEqual([rule])
  })
})

describe('allows', () => {
  test('what the arrows allow', () => {
    const files = {
      'runtime/a.ts': "import { type B, b } from './b.ts'",
      'runtime/b.ts': "import type { A } from './a.ts'",
      'runtime/real/disk.ts': "import { open } from 'node:fs/promises'",
      'runtime/thread-host.ts': 'await import(url)',
      'protocols/a.ts': "import { keccak_256 } from '@noble/hashes/sha3.js'",
      'storage/a.ts': "import { a } from '../protocols/a.ts'; import { Level } from 'level'",
      'actors/a/messages.ts': "import type { Tell } from '../../runtime/b.ts'",
      'actors/a/a.ts': "import type { BMessages } from '../b/messages.ts'; import { part } from './part.ts'",
      'actors/a/part.ts': "import { a } from '../../storage/a.ts'; import type { AMessages } from './messages.ts'",
      'actors/b/messages.ts': MESSAGES,
      'commands/a.ts':
        "import { a } from '../actors/a/a.ts'; import { join } from 'node:path'; import { z } from 'zod'",
    }
    expect(rulesBrokenBy(files)).toEqual([])
  })
  test('a type of Node where its modules are not allowed', () => {
    expect(rulesBrokenBy({ 'runtime/a.ts': "import type { Socket } from 'node:net'" })).toEqual([])
  })
  test('a ring that a dynamic import opens', () => {
    const files = { 'runtime/a.ts': "import { b } from './b.ts'", 'runtime/b.ts': "await import('./a.ts')" }
    expect(rulesBrokenBy(files)).toEqual([])
  })
})
