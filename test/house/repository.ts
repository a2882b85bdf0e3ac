/** The repository's own files, read once for all rules. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Sources } from './violation.ts'

export const SOURCE_FOLDERS = ['runtime', 'protocols', 'storage', 'actors', 'commands'] as const
export type SourceFolder = (typeof SOURCE_FOLDERS)[number]

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Text of one file of the repository; undefined where there is none. */
export const repositoryFile = (path: string): string | undefined =>
  existsSync(join(ROOT, path)) ? readFileSync(join(ROOT, path), 'utf8') : undefined

/** TypeScript of the folders named. Kernels (`*.as.ts`) are AssemblyScript and not looked at. */
export function repositorySources(folders: readonly string[]): Sources {
  const sources = new Map<string, string>()
  for (const folder of folders) {
    if (!existsSync(join(ROOT, folder))) continue
    const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).sort()
    for (const file of files) {
      const path = `${folder}/${file.replaceAll('\\', '/')}`
      if (path.endsWith('.ts') && !path.endsWith('.as.ts')) sources.set(path, readFileSync(join(ROOT, path), 'utf8'))
    }
  }
  return sources
}

/** Names of the packages an installed node has: `dependencies`, not `devDependencies`. */
export function dependencies(): ReadonlySet<string> {
  return new Set(Object.keys(JSON.parse(repositoryFile('package.json') ?? '{}').dependencies ?? {}))
}
