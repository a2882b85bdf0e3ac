import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Makes a directory and those above it that are not there. Level by level: Node's own recursive form never comes back where a file
 * system refuses directories, as /proc does, and its thread can then not be ended.
 * @throws the error of the level that cannot be made
 */
export async function makeDirectories(path: string, mode?: number): Promise<void> {
  try {
    await mkdir(path, mode === undefined ? {} : { mode })
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException
    if (code === 'EEXIST' && (await isDirectory(path))) return
    const parent = dirname(path)
    if (code !== 'ENOENT' || parent === path || (await isDirectory(parent))) throw thrown
    await makeDirectories(parent, mode)
    await makeDirectories(path, mode)
  }
}

const isDirectory = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
