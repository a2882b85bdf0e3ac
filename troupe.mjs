#!/usr/bin/env node
/**
 * The launcher. In a checkout it builds when a source differs from the last build; in an installed package never.
 * It is the parent that starts the node again after an abort, and runs every other command itself.
 */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const ROOT = dirname(fileURLToPath(import.meta.url))
const DIST = join(ROOT, 'dist')
const MAIN = join(DIST, 'commands', 'main.js')
const STAMP = join(DIST, '.built')
const LOCK = join(DIST, '.building')
const COMPILER = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
const SOURCE_FOLDERS = ['runtime', 'protocols', 'storage', 'actors', 'commands', 'test']
/** Also decide what a build is made of. */
const BUILD_INPUTS = ['tsconfig.json', 'package-lock.json']

/** Every `*.as.ts` in this folder is a kernel of its own; those in folders below are parts of kernels. */
const KERNELS = join('protocols', 'kernels')
const KERNEL_STAMP = join(DIST, '.kernels')
const KERNEL_COMPILER = join(ROOT, 'node_modules', 'assemblyscript', 'bin', 'asc.js')
const KERNEL_OPTIONS = ['-O3', '--runtime', 'stub', '--noAssert', '--noColors']
/** Each kernel is built with SIMD, and plain for processors without. */
const KERNEL_BUILDS = { simd: ['--enable', 'simd'], plain: [] }

/** A lock older than this is nobody's, even if its process id runs again. */
const LOCK_STALE_MS = 10 * 60_000
const LOCK_POLL_MS = 50

/** Exit codes: of a failed build, of an abort (128 + SIGABRT), and of a node that asks to be started again. */
const EXIT_FAILED = 1
const EXIT_ABORTED = 134
const EXIT_RESTART = 75
const ABORT_SIGNALS = ['SIGABRT', 'SIGSEGV', 'SIGILL', 'SIGTRAP', 'SIGBUS']
const RESTART_MIN_MS = 1_000
const RESTART_MAX_MS = 60_000
/** A node that ran so long was healthy: its next restart waits the shortest time again. */
const HEALTHY_MS = 10 * 60_000

const args = process.argv.slice(2)
const buildOnly = args.includes('--build-only')
if (existsSync(join(ROOT, 'tsconfig.json')) && !build()) process.exit(EXIT_FAILED)
if (!buildOnly) {
  if (isNode(args)) runNode()
  else await import(pathToFileURL(MAIN).href)
}

/** Whether the command line runs the node. What does not know itself to be another command is run as the node would be. */
function isNode([first, ...rest]) {
  if ([first, ...rest].some((argument) => argument === '--help' || argument === '-h')) return false
  return first === undefined || first === 'start' || (first.startsWith('-') && first !== '--version' && first !== '-V')
}

// --- building ---

/** @returns {boolean} whether there is a build of these very sources */
function build() {
  if (isBuilt(fingerprint())) return true
  if (!existsSync(COMPILER)) {
    if (existsSync(MAIN)) return true
    console.error('troupe: nothing is built, and the compiler is not installed: run `npm ci` first')
    return false
  }
  mkdirSync(DIST, { recursive: true })
  const release = lock()
  try {
    const sources = fingerprint()
    return isBuilt(sources) || compile(sources)
  } finally {
    release()
  }
}

function isBuilt(sources) {
  try {
    return (
      readFileSync(STAMP, 'utf8') === sources &&
      (existsSync(MAIN) || !existsSync(join(ROOT, 'commands', 'main.ts'))) &&
      kernelNames().every((name) => existsSync(kernelOutput(name)))
    )
  } catch {
    return false
  }
}

function compile(sources) {
  console.error('Building …')
  const buildInfo = join(DIST, '.tsbuildinfo')
  // Outputs that were taken away by hand would not be written again.
  if (!existsSync(STAMP)) rmSync(buildInfo, { force: true })
  for (const folder of SOURCE_FOLDERS) removeOrphans(join(DIST, folder), join(ROOT, folder))
  if (!compileKernels()) {
    console.error('The build failed.')
    return false
  }
  const run = spawnSync(
    process.execPath,
    [COMPILER, '-p', join(ROOT, 'tsconfig.json'), '--noEmitOnError', '--pretty', 'false'],
    { cwd: ROOT, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  )
  if (run.status === 0) {
    writeFileSync(`${STAMP}.${process.pid}`, sources)
    renameSync(`${STAMP}.${process.pid}`, STAMP)
    return true
  }
  process.stderr.write(`${run.stdout ?? ''}${run.stderr ?? ''}`)
  console.error(run.error ? `The build failed: ${run.error.message}` : 'The build failed.')
  return false
}

/**
 * Compiles the kernels, AssemblyScript that tsc does not look at, into modules that export the bytes of each build:
 * all of them when the text of one, or the compiler, has changed.
 * @returns {boolean} whether they are there
 */
function compileKernels() {
  const names = kernelNames()
  if (names.length === 0) return true
  const hash = createHash('sha256').update(JSON.stringify([KERNEL_OPTIONS, KERNEL_BUILDS]))
  const manifest = join(dirname(KERNEL_COMPILER), '..', 'package.json')
  if (existsSync(manifest)) hash.update(JSON.parse(readFileSync(manifest, 'utf8')).version)
  for (const path of filesBelow(join(ROOT, KERNELS), (name) => name.endsWith('.as.ts')))
    hash.update(`${path.slice(ROOT.length)}\0`).update(readFileSync(path))
  const stamp = hash.digest('hex')
  const isStamped = existsSync(KERNEL_STAMP) && readFileSync(KERNEL_STAMP, 'utf8') === stamp
  if (isStamped && names.every((name) => existsSync(kernelOutput(name)))) return true
  rmSync(KERNEL_STAMP, { force: true })
  mkdirSync(join(DIST, KERNELS), { recursive: true })
  for (const name of names) if (!compileKernel(name)) return false
  writeFileSync(KERNEL_STAMP, stamp)
  return true
}

function compileKernel(name) {
  const binary = join(DIST, KERNELS, `${name}.${process.pid}.wasm`)
  // Node knows no way to import WebAssembly that needs neither a flag nor the file system.
  let text = 'const decode = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))\n'
  try {
    for (const [build, options] of Object.entries(KERNEL_BUILDS)) {
      const run = spawnSync(
        process.execPath,
        [KERNEL_COMPILER, `${KERNELS}/${name}.as.ts`, '--outFile', binary, ...KERNEL_OPTIONS, ...options],
        { cwd: ROOT, encoding: 'utf8' },
      )
      if (run.status !== 0) {
        process.stderr.write(`${run.stdout ?? ''}${run.stderr ?? ''}${run.error ? `${run.error.message}\n` : ''}`)
        return false
      }
      text += `export const ${build} = decode('${readFileSync(binary, 'base64')}')\n`
    }
    writeFileSync(`${binary}.js.new`, text)
    renameSync(`${binary}.js.new`, kernelOutput(name))
    return true
  } finally {
    rmSync(binary, { force: true })
  }
}

function kernelNames() {
  if (!existsSync(join(ROOT, KERNELS))) return []
  const suffix = '.as.ts'
  const files = readdirSync(join(ROOT, KERNELS)).filter((file) => file.endsWith(suffix))
  return files.map((file) => file.slice(0, -suffix.length)).sort()
}

function kernelOutput(name) {
  return join(DIST, KERNELS, `${name}.wasm.js`)
}

/** Paths, times and sizes of everything that a build is made of: a removed source changes it too. */
function fingerprint() {
  const hash = createHash('sha256')
  const add = (path) => {
    const { mtimeMs, size } = statSync(path)
    hash.update(`${path}\0${mtimeMs}\0${size}\n`)
  }
  for (const file of BUILD_INPUTS) if (existsSync(join(ROOT, file))) add(join(ROOT, file))
  for (const folder of SOURCE_FOLDERS) {
    for (const path of filesBelow(join(ROOT, folder), (name) => name.endsWith('.ts'))) add(path)
  }
  return hash.digest('hex')
}

function* filesBelow(folder, isWanted) {
  let entries
  try {
    entries = readdirSync(folder, { withFileTypes: true })
  } catch {
    return
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* filesBelow(path, isWanted)
    else if (isWanted(entry.name)) yield path
  }
}

/** Removes compiled files whose source is gone. */
function removeOrphans(outputs, sources) {
  for (const path of filesBelow(outputs, (name) => /\.js(\.map)?$/.test(name))) {
    const source = join(sources, path.slice(outputs.length))
      .replace(/\.wasm\.js$/, '.as.ts')
      .replace(/\.js(\.map)?$/, '.ts')
    if (!existsSync(source)) rmSync(path, { force: true })
  }
}

/** Waits for the lock of the build; that of a process that is gone is broken. @returns {() => void} gives it back */
function lock() {
  const own = `${LOCK}.${process.pid}`
  writeFileSync(own, String(process.pid))
  const sleep = new Int32Array(new SharedArrayBuffer(4))
  try {
    for (;;) {
      try {
        // A link carries its content from the first moment on, which an exclusive create does not.
        linkSync(own, LOCK)
        return () => rmSync(LOCK, { force: true })
      } catch (error) {
        if (error.code !== 'EEXIST') throw error
      }
      const owner = staleOwner()
      if (owner !== undefined) breakLock(owner)
      else Atomics.wait(sleep, 0, 0, LOCK_POLL_MS)
    }
  } finally {
    rmSync(own, { force: true })
  }
}

/** @returns {string | undefined} what the lock says, if its owner is gone */
function staleOwner() {
  try {
    const owner = readFileSync(LOCK, 'utf8')
    if (Date.now() - statSync(LOCK).mtimeMs > LOCK_STALE_MS || !isAlive(Number(owner))) return owner
  } catch {
    // Given back meanwhile.
  }
  return undefined
}

/** Takes the lock away; if that was another one, taken meanwhile, it is put back. */
function breakLock(owner) {
  const aside = `${LOCK}.stale.${process.pid}`
  try {
    renameSync(LOCK, aside)
    if (readFileSync(aside, 'utf8') !== owner) linkSync(aside, LOCK)
  } catch {
    // Another process was faster.
  }
  rmSync(aside, { force: true })
}

function isAlive(pid) {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

// --- the node ---

/** Runs the node in a child, forwards signals to it, ends as it ends, and starts it again after an abort. */
function runNode() {
  let child
  let waiting
  let backoffMs = RESTART_MIN_MS
  const start = () => {
    waiting = undefined
    const startedAt = Date.now()
    // The node itself knows its configuration: it says over the channel whether it wants to be restarted.
    let restarts = false
    // The channel also tells the node that its launcher is gone.
    child = spawn(process.execPath, [...process.execArgv, MAIN, ...args], {
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    })
    child.on('message', (message) => {
      if (typeof message?.restart === 'boolean') restarts = message.restart
    })
    child.on('error', (error) => {
      console.error(`troupe: cannot start the node: ${error.message}`)
      process.exit(EXIT_FAILED)
    })
    child.on('exit', (code, signal) => {
      child = undefined
      const aborted = signal === null ? code === EXIT_ABORTED || code === EXIT_RESTART : ABORT_SIGNALS.includes(signal)
      const exitCode = signal === null ? code : 128 + constants.signals[signal]
      if (!aborted || !restarts || stopping) process.exit(exitCode)
      if (Date.now() - startedAt >= HEALTHY_MS) backoffMs = RESTART_MIN_MS
      console.error(
        `troupe: the node ended with ${signal ?? `code ${code}`}; starting it again in ${backoffMs / 1000} s`,
      )
      waiting = setTimeout(start, backoffMs)
      backoffMs = Math.min(2 * backoffMs, RESTART_MAX_MS)
    })
  }
  let stopping = false
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      stopping = true
      if (waiting !== undefined) process.exit(128 + constants.signals[signal])
      // Ctrl-C in a terminal reaches the whole process group, so the node has it already.
      if (signal === 'SIGINT' && process.stdin.isTTY) return
      child?.kill(signal)
    })
  }
  start()
}
