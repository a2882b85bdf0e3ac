/** The one function that says which compiled file stands for a module: threads load compiled JavaScript only. */
import { fileURLToPath, pathToFileURL } from 'node:url'

/** The directory above `runtime/`: of the sources in a checkout, of the build when this file runs compiled. */
const HERE = fileURLToPath(new URL('..', import.meta.url))
const COMPILED = import.meta.url.endsWith('.js')

/**
 * `file:` URL of the compiled module for the URL of a source (`…/actors/chain/chain.ts`) or compiled module
 * (`…/dist/actors/chain/chain.js`); the latter is returned as it is. A source may also be named by its place in the
 * build (`…/dist/actors/chain/chain.ts`), as compiled code does.
 */
export function compiledModule(url: string): string {
  if (!url.endsWith('.ts')) return url
  const path = fileURLToPath(url)
  const build = COMPILED ? HERE : `${HERE}dist/`
  const sources = COMPILED ? fileURLToPath(new URL('../..', import.meta.url)) : HERE
  const inside = path.startsWith(build) ? build : sources
  if (!path.startsWith(inside)) throw new Error(`${url} is outside of the project`)
  return pathToFileURL(`${build}${path.slice(inside.length).replace(/\.ts$/, '.js')}`).href
}
