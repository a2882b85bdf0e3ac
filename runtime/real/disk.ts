import { constants } from 'node:fs'
import { type FileHandle, lstat, open, readdir, rename, rmdir, unlink } from 'node:fs/promises'
import type { Disk, DiskError, DiskFile } from '../capabilities.ts'
import { err, ok, type Result } from '../result.ts'
import { makeDirectories } from './directories.ts'

/** Reads longer than this are cut to what the file holds before a buffer is allocated. */
const READ_UNCHECKED_BYTES_MAX = 65536

const FLAGS = {
  read: constants.O_RDONLY,
  'read-write': constants.O_RDWR,
  create: constants.O_RDWR | constants.O_CREAT,
  'create-exclusive': constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
} as const

/**
 * The file system. `create` opens what exists and does not truncate it; `makeDirectory` creates missing parents and accepts an
 * existing directory; `remove` takes a file or an empty directory (`DISK_EXISTS` when it is not empty); `list` is sorted.
 */
export const realDisk: Disk = {
  open: (path, mode, permissions) =>
    attempt(path, async () => file(path, await open(path, FLAGS[mode], permissions), mode !== 'read')),
  makeDirectory: (path, permissions) => attempt(path, () => makeDirectories(path, permissions)),
  list: (path) => attempt(path, async () => (await readdir(path)).sort()),
  remove: (path) =>
    attempt(path, async () => ((await lstat(path)).isDirectory() ? await rmdir(path) : await unlink(path))),
  rename: (from, to) => attempt(from, () => rename(from, to)),
  async syncDirectory(path) {
    // Windows opens no directory as a file; its file system journals names itself.
    if (process.platform === 'win32') return ok(undefined)
    return attempt(path, async () => {
      const handle = await open(path, constants.O_RDONLY)
      try {
        await handle.sync()
      } finally {
        await handle.close()
      }
    })
  },
}

function file(path: string, handle: FileHandle, writable: boolean): DiskFile {
  let closing: Promise<void> | undefined

  function whileOpen<T>(action: () => Promise<T>): Promise<Result<T, DiskError>> {
    if (closing !== undefined) return Promise.resolve(err(closed(path)))
    return attempt(path, action)
  }
  function whileWritable<T>(action: () => Promise<T>): Promise<Result<T, DiskError>> {
    if (!writable) return Promise.resolve(err({ code: 'DISK_DENIED', path, cause: 'opened for reading' }))
    return whileOpen(action)
  }

  return {
    path,
    size: () => whileOpen(async () => (await handle.stat()).size),
    read: (offset, length) =>
      whileOpen(async () => {
        const wanted =
          length <= READ_UNCHECKED_BYTES_MAX
            ? length
            : Math.min(length, Math.max(0, (await handle.stat()).size - offset))
        const bytes = new Uint8Array(wanted)
        let filled = 0
        while (filled < wanted) {
          const { bytesRead } = await handle.read(bytes, filled, wanted - filled, offset + filled)
          if (bytesRead === 0) break
          filled += bytesRead
        }
        return filled === wanted ? bytes : bytes.slice(0, filled)
      }),
    write: (offset, bytes) =>
      whileWritable(async () => {
        let written = 0
        while (written < bytes.length) {
          const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, offset + written)
          written += bytesWritten
        }
      }),
    truncate: (size) => whileWritable(() => handle.truncate(size)),
    sync: () => whileOpen(() => handle.sync()),
    close() {
      // Operations under way are finished first. A failure to close cannot be acted on: `sync` is what promises durability.
      closing ??= handle.close().catch(() => undefined)
      return closing
    },
  }
}

async function attempt<T>(path: string, action: () => Promise<T>): Promise<Result<T, DiskError>> {
  try {
    return ok(await action())
  } catch (error) {
    if (!isSystemError(error)) throw error
    return err({ code: CODES[error.code] ?? 'DISK_IO', path, cause: error.message })
  }
}

const CODES: { readonly [errno: string]: DiskError['code'] } = {
  ENOENT: 'DISK_NOT_FOUND',
  ENOTDIR: 'DISK_NOT_FOUND',
  EEXIST: 'DISK_EXISTS',
  ENOTEMPTY: 'DISK_EXISTS',
  ENOSPC: 'DISK_FULL',
  EDQUOT: 'DISK_FULL',
  EACCES: 'DISK_DENIED',
  EPERM: 'DISK_DENIED',
  EROFS: 'DISK_DENIED',
  EBADF: 'DISK_CLOSED',
}

const closed = (path: string): DiskError => ({ code: 'DISK_CLOSED', path, cause: 'the file is closed' })

/** What the system refused, as against a wrong argument, which is a bug. */
function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string'
}
