import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { dispatch } from '../../commands/dispatch.ts'

const directory = mkdtempSync(join(tmpdir(), 'troupe-dispatch-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const run = async (argv: string[], env: { [name: string]: string } = {}) => {
  let out = ''
  let errors = ''
  const code = await dispatch(argv, {
    write: (text) => {
      out += text
    },
    complain: (text) => {
      errors += text
    },
    env,
    workingDirectory: directory,
  })
  return { code, out, errors }
}
const config = async (argv: string[], env = {}) => JSON.parse((await run(['dumpconfig', ...argv], env)).out)

test('version and --version print it', async () => {
  for (const argv of [['version'], ['--version'], ['-V']]) {
    const { code, out } = await run(argv)
    expect(code).toBe(0)
    expect(out).toMatch(/^Troupe\nVersion: \d+\.\d+\.\d+\n/)
  }
})

test('help lists the commands, and explains each with an example', async () => {
  for (const argv of [['help'], ['--help'], ['-h']]) {
    const { code, out } = await run(argv)
    expect(code).toBe(0)
    expect(out).toContain('  start  ')
    expect(out).toContain('  dumpconfig  ')
  }
  for (const argv of [
    ['dumpconfig', '--help'],
    ['help', 'dumpconfig'],
  ]) {
    const { code, out } = await run(argv)
    expect(code).toBe(0)
    expect(out).toContain('Examples\n  troupe dumpconfig')
    expect(out).toMatch(/--schema +Print the JSON Schema/)
    expect(out).toMatch(/--http\.port NUMBER +Port to listen on \(default: 8545\)/)
  }
})

test('an unknown command is refused with a suggestion', async () => {
  expect(await run(['verison'])).toEqual({
    code: 2,
    out: '',
    errors: 'troupe: unknown command "verison" (did you mean version?)\n`troupe help` lists them.\n',
  })
  expect((await run(['--http', 'frobnicate'])).code).toBe(2)
})

test('a bad command line names the flag and exits with 2', async () => {
  expect(await run(['dumpconfig', '--http.prot', '1'])).toMatchObject({
    code: 2,
    errors: 'troupe dumpconfig: --http.prot: unknown flag (did you mean --http.port?)\n',
  })
  expect(await run(['dumpconfig', 'extra'])).toMatchObject({ code: 2 })
  expect(await run(['version', '--http'])).toMatchObject({ code: 2, errors: 'troupe version: --http: unknown flag\n' })
})

test('a command may follow the flags', async () => {
  expect(JSON.parse((await run(['--http', 'dumpconfig'])).out).http.enabled).toBe(true)
})

test('the file, the environment and flags meet', async () => {
  const file = join(directory, 'mine.json')
  writeFileSync(file, JSON.stringify({ http: { port: 1, address: '127.0.0.2' }, storage: { cacheMb: 64 } }))
  const found = await config(['--config', file, '--http.port=3'], { TROUPE_HTTP_PORT: '2', TROUPE_CACHE: '128' })
  expect(found.http).toMatchObject({ port: 3, address: '127.0.0.2' })
  expect(found.storage.cacheMb).toBe(128)
  expect(await run(['dumpconfig', '--config', 'none.json'])).toMatchObject({
    code: 2,
    errors: 'troupe dumpconfig: none.json: no such file\n',
  })
  writeFileSync(file, '{')
  expect((await run(['dumpconfig', '--config', file])).errors).toContain('mine.json: is no JSON')
})

test('what dumpconfig prints is a configuration, and holds no key', async () => {
  const { out } = await run(['dumpconfig', '--sepolia', '--nodekeyhex', 'ab'.repeat(32)])
  expect(out).not.toContain('abab')
  const file = join(directory, 'dumped.json')
  writeFileSync(file, out)
  expect((await run(['dumpconfig', '--config', file])).out).toBe(out)
})
