/** The real import command in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Database, openDatabase } from '../../../storage/database.ts'

/** What the launcher runs in its own process once the build is up to date; it would build again whenever a source changed. */
function commandFile(): string {
  let directory = fileURLToPath(new URL('.', import.meta.url))
  while (!existsSync(join(directory, 'package-lock.json'))) directory = join(directory, '..')
  return join(directory, 'dist', 'commands', 'main.js')
}

export type ImportProcess = {
  readonly child: ChildProcess
  /** Settles when the node accepts blocks, or the process has ended. */
  readonly ready: Promise<void>
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
  /** What it has written so far. */
  output(): string
  /** High-water mark of its resident memory in bytes, as the kernel knows it; 0 where it tells none. */
  peakBytes(): number
}

export function startImport(dataDirectory: string, file: string, flags: readonly string[]): ImportProcess {
  // What is built for tests has no seals, and what is real would take so long that nothing else is seen.
  const settings = ['--datadir', dataDirectory, '--ipcdisable', '--seal-check', 'none']
  const argv = [commandFile(), 'import', ...settings, ...flags, file]
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'], env: plainEnvironment() })
  let output = ''
  let isReady = () => {}
  const ready = new Promise<void>((resolve) => {
    isReady = resolve
  })
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8')
      if (output.includes('Importing into ')) isReady()
    })
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.on('close', (code, signal) => {
      isReady()
      resolve({ code, signal })
    })
  })
  return { child, ready, ended, output: () => output, peakBytes: () => peakOf(child.pid) }
}

/** Without what would configure the node. */
const plainEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TROUPE_')))

function peakOf(pid: number | undefined): number {
  try {
    const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return Number(kilobytes ?? 0) * 1024
  } catch {
    return 0
  }
}

/** The store that the command wrote into; undefined when it came to make none. */
export async function openImported(dataDirectory: string): Promise<Database | undefined> {
  const directory = join(dataDirectory, 'troupe', 'chaindata')
  if (!existsSync(directory)) return undefined
  const opened = await openDatabase({ engine: 'level', directory })
  if (!opened.ok) throw new Error(`${opened.error.code} ${JSON.stringify(opened.error)}`)
  return opened.value
}
