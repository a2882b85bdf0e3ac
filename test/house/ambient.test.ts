import { describe, expect, test } from 'vitest'
import { ambientViolations, FORBIDDEN_GLOBALS, PURE_FOLDERS } from './ambient-rules.ts'
import { repositorySources } from './repository.ts'
import { shown, sourcesOf } from './violation.ts'

const found = (code: string, file = 'actors/a/a.ts'): string[] =>
  ambientViolations(sourcesOf({ [file]: code })).map(({ detail }) => detail)

test('actors and protocols reach the world through capabilities only', () => {
  const sources = repositorySources(PURE_FOLDERS.map((folder) => folder.slice(0, -1)))
  expect(sources.size).toBeGreaterThan(40)
  expect(shown(ambientViolations(sources))).toEqual([])
})

describe('refuses', () => {
  test.each([...FORBIDDEN_GLOBALS].filter((name) => name !== 'eval'))('%s', (name) => {
    expect(found(`export const a = () => ${name}.b`)).toEqual([name])
    expect(found(`const b = ${name}`)).toEqual([name])
    expect(found(`${name}(1)`, 'protocols/a/b.ts')).toEqual([name])
  })
  test.each([
    ['Date.now()', 'Date.now'],
    ['new Date()', 'new Date()'],
    ['new Date', 'new Date()'],
    ['new Date(...[])', 'new Date()'],
    ['Date()', 'Date'],
    ["Date['now']()", 'Date[…]'],
    ['const { now } = Date', 'Date'],
    ['const D = Date; new D()', 'Date'],
    ['class Later extends Date {}', 'Date'],
    ['Math.random()', 'Math.random'],
    ["Math['random']()", 'Math[…]'],
    ['const { random } = Math', 'Math'],
    ['const m = Math', 'Math'],
    ['AbortSignal.timeout(5)', 'AbortSignal.timeout'],
    ["globalThis['set' + 'Timeout'](f)", 'globalThis'],
    ['const { setTimeout: later } = globalThis', 'globalThis'],
    ['const { fetch } = deps', 'fetch'],
    ['const o = { performance }', 'performance'],
    ['(0, eval)("1")', 'eval'],
    ['function f(process: unknown) {}', 'process'],
    ['const t = setTimeout as unknown', 'setTimeout'],
    ['const t = f(<any>crypto)', 'crypto'],
    ['const t = setTimeout!', 'setTimeout'],
    ['export { fetch }', 'fetch'],
  ])('%s', (code, detail) => {
    expect(found(code)).toContain(detail)
  })
})

describe('allows', () => {
  test.each([
    ['const d = new Date(0)'],
    ['const d = new Date(at).toISOString()'],
    ['const y = x instanceof Date'],
    ['const m = Math.max(1, 2)'],
    ['deps.fetch(1)'],
    ['const handlers = { fetch() {}, process: 1, setTimeout: 2 }'],
    ['const { fetch: get } = deps'],
    ['type T = typeof fetch'],
    ['let timer: ReturnType<typeof setTimeout>'],
    ['ctx.clock.schedule(5, go)'],
    ['AbortSignal.any([])'],
  ])('%s', (code) => {
    expect(found(code)).toEqual([])
  })
  test('all of it where the world begins', () => {
    expect(found('setTimeout(f, performance.now())', 'runtime/real/clock.ts')).toEqual([])
  })
})
