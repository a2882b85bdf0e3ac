/** Which actor a file belongs to: the nearest folder at or above it that has a messages file. */
import { posix } from 'node:path'
import type { Sources } from './violation.ts'

/** `chain` or `chain/trie-committer`; the file's own folder below `actors/` where no messages file stands above it. */
export function actorOf(file: string, sources: Sources): string {
  const own = posix.dirname(file)
  for (let folder = own; folder !== 'actors' && folder.startsWith('actors/'); folder = posix.dirname(folder))
    if (sources.has(`${folder}/messages.ts`)) return folder.slice('actors/'.length)
  return own.slice('actors/'.length)
}

export const actorNames = (sources: Sources): string[] =>
  [...sources.keys()]
    .filter((file) => file.startsWith('actors/') && file.endsWith('/messages.ts'))
    .map((file) => posix.dirname(file).slice('actors/'.length))
