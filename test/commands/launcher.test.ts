import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const repository = fileURLToPath(new URL('../../', import.meta.url))
let root: string

const MAIN = `
  const [command] = process.argv.slice(2)
  console.log('main ' + process.argv.slice(2).join(' ') + (process.channel ? ' in a child' : ' here'))
  if (command === 'exit') process.exitCode = 7
  process.once('disconnect', () => process.exit(0))
`
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'troupe-launcher-'))
  cpSync(join(repository, 'troupe.mjs'), join(root, 'troupe.mjs'))
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'))
  const { compilerOptions } = JSON.parse(readFileSync(join(repository, 'tsconfig.json'), 'utf8'))
  write('tsconfig.json', JSON.stringify({ compilerOptions, include: ['commands', 'runtime'] }))
  write('package.json', '{"type":"module"}')
  source(MAIN)
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const write = (name: string, text: string) => {
  mkdirSync(join(root, name, '..'), { recursive: true })
  writeFileSync(join(root, name), text)
}
const source = (text: string) => write('commands/main.ts', `export {}\n${text}`)
const launch = (...args: string[]): ChildProcess => spawn(process.execPath, [join(root, 'troupe.mjs'), ...args])
const ended = async (child: ChildProcess) => {
  let out = ''
  let errors = ''
  child.stdout!.on('data', (chunk) => (out += chunk))
  child.stderr!.on('data', (chunk) => (errors += chunk))
  const [code, signal] = await once(child, 'close')
  return { code, signal, out, errors }
}
const run = (...args: string[]) => ended(launch(...args))
const says = (child: ChildProcess, what: string): Promise<void> =>
  new Promise((resolve) => {
    let text = ''
    const look = (chunk: unknown) => {
      text += chunk
      if (text.includes(what)) resolve()
    }
    child.stdout!.on('data', look)
    child.stderr!.on('data', look)
  })

test('builds once, and again when a source has changed', async () => {
  expect(await run('exit', 'a')).toMatchObject({ code: 7, out: 'main exit a here\n', errors: 'Building …\n' })
  expect(await run('exit')).toMatchObject({ code: 7, errors: '' })
  source(MAIN.replace('main ', 'changed '))
  expect(await run('exit')).toMatchObject({ out: 'changed exit here\n', errors: 'Building …\n' })
})

test('a build that fails ends with what the compiler says, and is tried again', async () => {
  source('const a: number = "x"')
  const failed = await run('version')
  expect(failed.code).toBe(1)
  expect(failed.errors).toContain('main.ts(2,7): error TS')
  expect((await run('version')).code).toBe(1)
  source(MAIN)
  expect(await run('--build-only')).toMatchObject({ code: 0, out: '' })
})

test('the output of a removed source is removed', async () => {
  write('runtime/gone.ts', 'export const a = 1')
  await run('--build-only')
  expect(existsSync(join(root, 'dist/runtime/gone.js'))).toBe(true)
  rmSync(join(root, 'runtime/gone.ts'))
  await run('--build-only')
  expect(existsSync(join(root, 'dist/runtime/gone.js'))).toBe(false)
})

test('a kernel is compiled in both builds, again only when its text or a part of it changed, and fails as sources do', async () => {
  const kernel = (name: string, text: string) => write(`protocols/kernels/${name}.as.ts`, text)
  const output = join(root, 'dist/protocols/kernels/sum.wasm.js')
  const twice = (factor: string) => `export function twice(a: i32): i32 { return a * ${factor} }`
  kernel('parts/twice', twice('2'))
  kernel('sum', `import { twice } from './parts/twice.as'\nexport function run(a: i32): i32 { return twice(a) + 1 }`)
  const says = `import { plain, simd } from '../protocols/kernels/sum.wasm.js'
    const { WebAssembly: { Instance, Module } } = globalThis as any
    for (const build of [plain, simd]) console.log(new Instance(new Module(build)).exports.run(20))`
  write('commands/main.ts', says.replace('import', '// @ts-ignore: compiled otherwise\nimport'))
  expect(await run('version')).toMatchObject({ code: 0, out: '41\n41\n' })
  const written = statSync(output).mtimeMs
  write('runtime/other.ts', 'export const a = 1')
  expect((await run('version')).errors).toBe('Building …\n')
  expect(statSync(output).mtimeMs).toBe(written)
  kernel('parts/twice', twice('3'))
  expect((await run('version')).out).toBe('61\n61\n')
  kernel('parts/twice', twice('"x"'))
  const failed = await run('version')
  expect([failed.code, failed.out]).toEqual([1, ''])
  expect(failed.errors).toContain('parts/twice.as.ts')
  expect((await run('version')).code).toBe(1)
  rmSync(join(root, 'protocols'), { recursive: true })
  source(MAIN)
  await run('--build-only')
  expect(existsSync(output)).toBe(false)
}, 120_000)

test('of two that start at once one builds; the lock of a dead process is broken', async () => {
  const both = await Promise.all([run('version'), run('version')])
  expect(both.map(({ code }) => code)).toEqual([0, 0])
  expect(both.map(({ errors }) => errors).sort()).toEqual(['', 'Building …\n'])
  source(`${MAIN}\n`)
  const dead = launch('version')
  dead.kill('SIGKILL')
  await once(dead, 'close')
  write('dist/.building', String(dead.pid))
  expect((await run('version')).code).toBe(0)
  expect(existsSync(join(root, 'dist/.building'))).toBe(false)
})

test('an installed package never builds', async () => {
  await run('--build-only')
  rmSync(join(root, 'tsconfig.json'))
  utimesSync(join(root, 'commands/main.ts'), new Date(), new Date())
  expect(await run('version')).toMatchObject({ code: 0, errors: '' })
})

test('the node runs in a child; its exit code is passed on', async () => {
  source(`${MAIN}; process.disconnect?.(); process.exitCode = 3`)
  const { code, out } = await run('start', '--http')
  expect([code, out]).toEqual([0, 'main start --http in a child\n'])
  source(`process.exit(3)`)
  expect((await run('--http')).code).toBe(3)
})

test('starts the node again after an abort, if the node said so', async () => {
  write('runs', '')
  const script = (restart: boolean) => `
    import { appendFileSync, readFileSync } from 'node:fs'
    appendFileSync(${JSON.stringify(join(root, 'runs'))}, 'x')
    const runs = readFileSync(${JSON.stringify(join(root, 'runs'))}, 'utf8').length
    process.send!({ restart: ${restart} }, () => { if (runs === 1) process.abort(); process.exit(runs === 2 ? 75 : 9) })`
  source(script(true))
  const { code, errors } = await run('start')
  expect(code).toBe(9)
  expect(errors).toContain('SIGABRT; starting it again in 1 s')
  expect(errors).toContain('code 75; starting it again in 2 s')
  write('runs', '')
  source(script(false))
  expect((await run('start', '--no-restart')).code).toBe(134)
})

test('forwards a signal once, and ends as the node ends', async () => {
  source(`let n = 0
    process.on('SIGTERM', () => { n++; setTimeout(() => { console.log('stops ' + n); process.exit(5) }, 200) })
    setInterval(() => {}, 1000); console.log('ready')`)
  const launcher = launch('start')
  const end = ended(launcher)
  await says(launcher, 'ready')
  launcher.kill('SIGTERM')
  expect(await end).toMatchObject({ code: 5, out: 'ready\nstops 1\n' })
})

test('the end of a node by a signal is 128 and the number of the signal', async () => {
  source(`setInterval(() => {}, 1000); console.log('ready')`)
  const launcher = launch('start')
  const end = ended(launcher)
  await says(launcher, 'ready')
  launcher.kill('SIGTERM')
  expect(await end).toMatchObject({ code: 143 })
})

test('the node ends when its launcher is killed', async () => {
  source(`process.once('disconnect', () => { console.log('orphaned'); process.exit(0) })
    setInterval(() => {}, 1000); console.log('ready')`)
  const launcher = launch('start')
  const end = ended(launcher)
  await says(launcher, 'ready')
  launcher.kill('SIGKILL')
  expect((await end).out).toBe('ready\norphaned\n')
})
