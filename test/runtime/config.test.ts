import { expect, test } from 'vitest'
import * as z from 'zod'
import { type ConfigError, defineConfig, formatConfigError, option } from '../../runtime/config.ts'
import { err } from '../../runtime/result.ts'

const schema = defineConfig({
  environmentPrefix: 'TROUPE_',
  groups: { http: 'HTTP server' },
  options: {
    network: option(z.string(), 'Chain', {
      default: 'mainnet',
      shortcuts: {
        sepolia: { value: 'sepolia', description: 'Sepolia' },
        holesky: { value: 'holesky', description: 'Holesky' },
      },
    }),
    config: option(z.string(), 'File', { placeholder: 'FILE' }),
    json: option(z.boolean(), 'Output as JSON', { default: false, flagOnly: true }),
    secret: option(z.boolean(), 'For tests', { default: false, hidden: true }),
    http: {
      enabled: option(z.boolean(), 'Serve', { flag: 'http', default: false }),
      port: option(z.int().min(0).max(65_535), 'Port', { default: 8545 }),
      api: option(z.array(z.enum(['eth', 'net', 'admin'])), 'Namespaces', { default: ['eth'] }),
    },
    p2p: {
      discovery: option(z.boolean(), 'Discover', {
        flag: 'discovery',
        default: true,
        shortcuts: { nodiscover: { value: false, description: 'Do not' } },
      }),
    },
    runtime: {
      softLimit: option(z.number().min(0).max(1), 'Share', { default: 0.7 }),
      threads: option(z.record(z.string(), z.string()), 'Actor to thread', { default: {} }),
    },
  },
  rules: (config) =>
    config.http.port === 1 && config.http.enabled ? [{ path: 'http.port', message: 'is taken' }] : [],
})
const parse = (argv: string[], env = {}, json?: unknown) =>
  schema.parse(argv, env, json === undefined ? undefined : { name: 'node.config.json', json })
const config = (argv: string[], env = {}, json?: unknown) => {
  const parsed = parse(argv, env, json)
  if (!parsed.ok) throw new Error(parsed.error.map(formatConfigError).join('\n'))
  return parsed.value.config
}
const faults = (argv: string[], env = {}, json?: unknown): string[] => {
  const parsed = parse(argv, env, json)
  return parsed.ok ? [] : parsed.error.map(formatConfigError)
}

test('flags win over the environment, the environment over the file, the file over defaults', () => {
  const file = { http: { port: 1000 } }
  const env = { TROUPE_HTTP_PORT: '2000', PATH: '/bin' }
  expect(config([]).http.port).toBe(8545)
  expect(config([], {}, file).http.port).toBe(1000)
  expect(config([], env, file).http.port).toBe(2000)
  expect(config(['--http.port', '3000'], env, file).http.port).toBe(3000)
})

test('takes `--flag value`, `--flag=value`, one dash, bare booleans, and leaves the rest in order', () => {
  const parsed = parse(['import', '--http', '--http.port=1', '-http.api', 'eth,net', 'a.rlp', '--', '--b.rlp'])
  expect(parsed).toMatchObject({ ok: false })
  const fine = parse(['import', '--http', '--http.port=0', '-http.api', 'eth,net', 'a.rlp', '--', '--b.rlp'])
  if (!fine.ok) throw new Error('refused')
  expect(fine.value.config.http).toEqual({ enabled: true, port: 0, api: ['eth', 'net'] })
  expect(fine.value.positionals).toEqual(['import', 'a.rlp', '--b.rlp'])
  expect(fine.value.origins.get('http.port')).toEqual({ source: 'flag', name: '--http.port' })
  expect(config(['--http=false']).http.enabled).toBe(false)
})

test('reads lists, maps and numbers from text, and adds repeated lists up', () => {
  expect(config(['--runtime.threads', 'eth=net, chain=chain']).runtime.threads).toEqual({ eth: 'net', chain: 'chain' })
  expect(config(['--http.api=eth', '--http.api=net']).http.api).toEqual(['eth', 'net'])
  expect(config(['--http.api=']).http.api).toEqual([])
  expect(config([], { TROUPE_RUNTIME_SOFTLIMIT: '0.5' }).runtime.softLimit).toBe(0.5)
})

test('a shortcut sets one value; two that differ exclude each other', () => {
  expect(config(['--sepolia']).network).toBe('sepolia')
  expect(config(['--sepolia=false']).network).toBe('mainnet')
  expect(config([], { TROUPE_SEPOLIA: 'true' }).network).toBe('sepolia')
  expect(config(['--nodiscover']).p2p.discovery).toBe(false)
  expect(config(['--nodiscover=false'], {}, { p2p: { discovery: false } }).p2p.discovery).toBe(true)
  expect(config(['--network', 'sepolia', '--sepolia']).network).toBe('sepolia')
  expect(faults(['--sepolia', '--holesky'])).toEqual(['--holesky: contradicts --sepolia'])
  expect(config(['--sepolia'], { TROUPE_HOLESKY: '1' }).network).toBe('sepolia')
})

test.each<[string, string[], object, unknown, string]>([
  ['a bad flag', ['--http.port', 'x'], {}, {}, '--http.port: expected a number'],
  ['a bad variable', [], { TROUPE_HTTP_PORT: '70000' }, {}, 'TROUPE_HTTP_PORT: too big: expected number to be <=65535'],
  [
    'a bad key',
    [],
    {},
    { http: { port: '1' } },
    'node.config.json: http.port: invalid input: expected number, received string',
  ],
  ['a bad item', ['--http.api=eth,x'], {}, {}, '--http.api: 1: invalid option: expected one of "eth"|"net"|"admin"'],
  ['a bad boolean', ['--http=maybe'], {}, {}, '--http: expected true or false'],
  ['a bad map', ['--runtime.threads=eth'], {}, {}, '--runtime.threads: expected name=value,name=value'],
  ['a missing value', ['--http.port'], {}, {}, '--http.port: needs a value'],
  ['a flag in place of a value', ['--http.port', '--http'], {}, {}, '--http.port: needs a value'],
  ['an unknown flag', ['--http.prot=1'], {}, {}, '--http.prot: unknown flag (did you mean --http.port?)'],
  ['a flag like nothing', ['--zzzzzzzz'], {}, {}, '--zzzzzzzz: unknown flag'],
  [
    'an unknown variable',
    [],
    { TROUPE_HTTP_PROT: '' },
    {},
    'TROUPE_HTTP_PROT: unknown variable (did you mean TROUPE_HTTP_PORT?)',
  ],
  [
    'an unknown key',
    [],
    {},
    { http: { prot: 1 } },
    'node.config.json: http.prot: unknown key (did you mean http.port?)',
  ],
  ['an inherited key', [], {}, { constructor: {} }, 'node.config.json: constructor: unknown key'],
  ['a section that is none', [], {}, { http: 3 }, 'node.config.json: http: expected an object'],
  ['a file that is none', [], {}, [], 'node.config.json: expected an object'],
  ['a one-time option in the file', [], {}, { json: true }, 'node.config.json: json: unknown key'],
  ['a broken rule', ['--http.port=1'], { TROUPE_HTTP: '1' }, {}, '--http.port: is taken'],
])('refuses %s', (_name, argv, env, json, fault) => expect(faults(argv, env, json)[0]).toContain(fault))

test('a fault is found even in a value that another source shadows, and all faults come at once', () => {
  expect(faults(['--http.port=1', '--nope'], { TROUPE_HTTP_PORT: 'x' }, { htp: {} })).toHaveLength(3)
})

test('the file is found by what flags and environment say', () => {
  const found = schema.parse(['--config', 'x.json'], {}, (given) => ({
    ok: true,
    value: { name: String(given('config')), json: { http: { port: 7 } } },
  }))
  expect(found).toMatchObject({ ok: true, value: { config: { http: { port: 7 } } } })
  const error: ConfigError = {
    code: 'CONFIG_FILE',
    source: 'flag',
    name: '--config',
    message: 'no such file',
    suggestion: undefined,
  }
  expect(schema.parse([], {}, () => err(error))).toEqual({ ok: false, error: [error] })
})

test('the help shows groups, defaults and shortcuts, and hides the hidden', () => {
  const help = schema.help()
  expect(help).toContain('HTTP server\n  --http ')
  expect(help).toMatch(/--http\.port NUMBER +Port \(default: 8545\)/)
  expect(help).toMatch(/--nodiscover +Do not/)
  expect(help).toMatch(/--config FILE/)
  expect(help).not.toContain('secret')
  expect(schema.help(['http'])).not.toContain('--config')
})

test('the JSON Schema describes the file', () => {
  expect(schema.jsonSchema()).toMatchObject({
    type: 'object',
    additionalProperties: false,
    properties: {
      http: {
        additionalProperties: false,
        properties: { port: { type: 'integer', maximum: 65_535, default: 8545, description: 'Port' } },
      },
    },
  })
  expect(JSON.stringify(schema.jsonSchema())).not.toContain('Output as JSON')
})

test('two options for one flag are a bug', () => {
  const options = { a: option(z.string(), '', { flag: 'x' }), b: option(z.string(), '', { flag: 'x' }) }
  expect(() => defineConfig({ environmentPrefix: 'T_', options })).toThrow('--x')
})
