/**
 * The data directory and the lock on it. The lock is a tiny LevelDB of its own in `LOCK/`: LevelDB holds an advisory lock of
 * the operating system, which ends with the process however it ends, so `kill -9` leaves nothing to clean up, and no process
 * id is ever compared with a recycled one. It is apart from the chain database, so that this may be opened by several threads
 * of the process that holds the lock. The file `LOCK/pid` only names the holder in messages; nothing depends on it.
 */
import { access, mkdir, readFile, writeFile } from 'node:fs/promises'
import { homedir, platform } from 'node:os'
import { dirname, join } from 'node:path'
import { Level } from 'level'
import { err, ok, type Result } from '../protocols/result.ts'
import { databaseError } from './database-error.ts'

export type DataDirectory = {
  readonly root: string
  /** Of this program; beside it in `root` stands what users handle. */
  readonly instance: string
  readonly chainDatabase: string
  readonly lock: string
  /** Path of the IPC socket; a named pipe on Windows. */
  readonly ipc: string
}

export const dataDirectory = (root: string): DataDirectory => ({
  root,
  instance: join(root, 'troupe'),
  chainDatabase: join(root, 'troupe', 'chaindata'),
  lock: join(root, 'troupe', 'LOCK'),
  ipc: platform() === 'win32' ? '\\\\.\\pipe\\troupe.ipc' : join(root, 'troupe.ipc'),
})

/** Where a user of each system expects a program's data. */
export function defaultDataRoot(): string {
  switch (platform()) {
    case 'darwin':
      return join(homedir(), 'Library', 'Troupe')
    case 'win32':
      return join(process.env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'Troupe')
    default:
      return join(homedir(), '.troupe')
  }
}

export type DataDirectoryError =
  | {
      readonly code: 'DATA_DIRECTORY_LOCKED'
      readonly directory: string
      /** Of the holder, when it has told. */
      readonly pid: number | undefined
      readonly message: string
    }
  | { readonly code: 'DATA_DIRECTORY_IO'; readonly directory: string; readonly message: string }

/** Held until `release`, which may be called again; or until the process ends. */
export type DataDirectoryLock = { readonly directory: DataDirectory; release(): Promise<void> }

/** Makes the directories (mode 0700: keys and the IPC socket stand in them) and takes the lock. */
export async function lockDataDirectory(root: string): Promise<Result<DataDirectoryLock, DataDirectoryError>> {
  const directory = dataDirectory(root)
  const pidFile = join(directory.lock, 'pid')
  let level: Level
  try {
    // First: a store begins to open as soon as it is made, and makes what it lacks of its path for everybody to read.
    await makeDirectories(directory.instance)
    // Without `multithreading`, so that a second node of this very process is refused as well.
    level = new Level(directory.lock)
    await level.open()
  } catch (thrown) {
    const error = databaseError(root, thrown)
    if (error.code === 'DATABASE_LOCKED') {
      const pid = await readPid(pidFile)
      const holder = pid === undefined ? 'another process' : `process ${pid}`
      const message = `The data directory ${root} is in use by ${holder}: stop it, or choose another --datadir.`
      return err({ code: 'DATA_DIRECTORY_LOCKED', directory: root, pid, message })
    }
    const cause = thrown instanceof Error ? thrown.message : String(thrown)
    const detail = 'cause' in error ? error.cause : cause
    return err({ code: 'DATA_DIRECTORY_IO', directory: root, message: `The data directory ${root}: ${detail}` })
  }
  try {
    await writeFile(pidFile, `${process.pid}\n`)
  } catch {
    // A message without a pid is worth less than a node that starts.
  }
  return ok({ directory, release: () => level.close() })
}

/** Makes the directories that a store stands in, without the lock. @returns whether they are there. */
export const prepareDataDirectory = (root: string): Promise<boolean> =>
  makeDirectories(dataDirectory(root).instance).then(
    () => true,
    () => false,
  )

/** Level by level: Node's own recursive form never comes back where a file system refuses directories, as /proc does. */
async function makeDirectories(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    const parent = dirname(path)
    if (code !== 'ENOENT' || parent === path || (await exists(parent))) throw thrown
    await makeDirectories(parent)
    await makeDirectories(path)
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

async function readPid(file: string): Promise<number | undefined> {
  try {
    const pid = Number.parseInt(await readFile(file, 'utf8'), 10)
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined
  } catch {
    return undefined
  }
}
