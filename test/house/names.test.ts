import { describe, expect, test } from 'vitest'
import { nameViolations } from './name-rules.ts'
import { repositorySources, SOURCE_FOLDERS } from './repository.ts'
import { shown, sourcesOf } from './violation.ts'

test('files and folders have names with a subject, tests stand where their subject stands', () => {
  const sources = repositorySources([...SOURCE_FOLDERS, 'test'])
  expect(sources.size).toBeGreaterThan(80)
  expect(shown(nameViolations(sources))).toEqual([])
})

const rulesBrokenBy = (files: { readonly [path: string]: string }): string[] =>
  nameViolations(sourcesOf(files)).map(({ rule }) => rule)

describe('refuses', () => {
  test.each([
    ['runtime/utils/a.ts'],
    ['runtime/utils.ts'],
    ['storage/helpers/a.ts'],
    ['protocols/common/a.ts'],
    ['actors/misc.ts'],
    ['protocols/eth/index.ts'],
    ['test/house/helpers.ts'],
    ['test/house/util.test.ts'],
  ])('the name %s', (file) => {
    expect(rulesBrokenBy({ [file]: 'export const a = 1' })).toEqual(['names have a subject'])
  })
  test.each([
    ['export default 1', 'no default exports'],
    ['export default function a() {}', 'no default exports'],
    ['const a = 1; export { a as default }', 'no default exports'],
    ['enum A { B }', 'no enums'],
    ['export const enum A { B }', 'no enums'],
    ['export namespace A { export const b = 1 }', 'no namespaces'],
    ["export * from './b.ts'", 'no files that only re-export'],
    ["export { b } from './b.ts'; export type { C } from './c.ts'", 'no files that only re-export'],
  ])('%s', (code, rule) => {
    expect(rulesBrokenBy({ 'runtime/a.ts': code })).toEqual([rule])
  })
  test.each([['export const A = 1'], ["import { B } from './b.ts'"], ['export function a() {}']])(
    'in a messages file %s',
    (code) => {
      expect(rulesBrokenBy({ 'actors/a/messages.ts': code })).toEqual(['messages files hold types only'])
    },
  )
  test('a test that mirrors nothing', () => {
    const files = { 'runtime/a/b.ts': '', 'test/runtime/c/b.test.ts': '' }
    expect(rulesBrokenBy(files)).toEqual(['tests mirror the folders'])
  })
})

describe('allows', () => {
  test('tests of a folder, of the folder of a file, of the whole', () => {
    const files = {
      'runtime/a/b.ts': '',
      'runtime/capabilities.ts': '',
      'test/runtime/a/b.test.ts': '',
      'test/runtime/a.test.ts': '',
      'test/runtime/capabilities/disk.test.ts': '',
      'test/runtime/actors/probe/probe.ts': '',
      'test/conformance/rlp.test.ts': '',
    }
    expect(rulesBrokenBy(files)).toEqual([])
  })
  test('types in a messages file, declared modules in a declaration file', () => {
    const files = {
      'actors/a/messages.ts': "import type { B } from './b.ts'; export type A = B; export interface C { d: B }",
      'protocols/b.d.ts': "declare module 'b' { export default function b(): void }",
    }
    expect(rulesBrokenBy(files)).toEqual([])
  })
})
