/** The one function that says which compiled file stands for a module: threads load compiled JavaScript only. */
import { fileURLToPath, pathToFileURL } from 'node:url'

/** The directory above `runtime/`: of the sources in a checkout, of the build when this file runs compiled. */
const HERE = fileURLToPath(new URL('..', import.meta.url))

/**
 * `file:` URL of the compiled module for the URL of a source (`…/actors/chain/chain.ts`) or compiled module
 * (`…/dist/actors/chain/chain.js`); the latter is returned as it is.
 */
export function compiledModule(url: string): string {
  if (!url.endsWith('.ts')) return url
  const path = fileURLToPath(url)
  if (import.meta.url.endsWith('.js')) return url.replace(/\.ts$/, '.js')
  if (!path.startsWith(HERE)) throw new Error(`${url} is outside of the project`)
  return pathToFileURL(`${HERE}dist/${path.slice(HERE.length).replace(/\.ts$/, '.js')}`).href
}
